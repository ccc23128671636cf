package create_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/mirrorkeeper/mirrorkeeper/create"
	"github.com/mirrorkeeper/mirrorkeeper/deb"
	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/rpm"
	"github.com/mirrorkeeper/mirrorkeeper/signature"
	"github.com/mirrorkeeper/mirrorkeeper/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// each runs a test for every format.
func each(t *testing.T, test func(t *testing.T, f repo.Format)) {
	t.Parallel()
	for _, f := range []repo.Format{deb.Format{}, rpm.Format{}} {
		t.Run(f.Name(), func(t *testing.T) {
			t.Parallel()
			test(t, f)
		})
	}
}

// ourKey is the key that signs, made once: that takes long.
var ourKey = sync.OnceValues(func() (*signature.Signing, error) {
	key, err := signature.Generate("test")
	if err != nil {
		return nil, err
	}
	return signature.NewSigning(context.Background(), key)
})

// workshop is a directory of package files, and what is made of it.
type workshop struct {
	t      *testing.T
	format repo.Format
	in     string // directory of package files
	job    *create.Job
	tick   func() // a second passes, so that no run waits for it
}

func newWorkshop(t *testing.T, f repo.Format) *workshop {
	t.Helper()
	dir := t.TempDir()
	w := &workshop{t: t, format: f, in: filepath.Join(dir, "in")}
	sign, err := ourKey()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(w.in, 0o755); err != nil {
		t.Fatal(err)
	}
	w.job = &create.Job{
		Name: "ours", Format: f, Creator: creatorOf(f), Inputs: []create.Input{{Path: w.in}}, Sign: sign,
		Store: open(t, filepath.Join(dir, "out")), Grace: time.Hour,
	}
	clock := time.Now().Add(-time.Hour)
	w.job.Now = func() time.Time { return clock }
	w.tick = func() { clock = clock.Add(time.Second) }
	return w
}

func open(t *testing.T, dir string) *store.Store {
	t.Helper()
	s, err := store.Open(dir, filepath.Join(dir, ".mirrorkeeper"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func creatorOf(f repo.Format) repo.Creator {
	if f.Name() == "rpm" {
		return &rpm.Creator{Title: "ours"}
	}
	return &deb.Creator{Suite: "stable"}
}

// add writes package files, which are described as [repotest.Repository.AddText] has it.
func (w *workshop) add(text string) []string {
	w.t.Helper()
	return repotest.WritePackages(w.t, w.format.Name(), w.in, text)
}

func (w *workshop) run() *create.Report {
	w.t.Helper()
	w.tick()
	r, err := create.Run(w.t.Context(), w.job)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w *workshop) fails() error {
	w.t.Helper()
	if _, err := create.Run(w.t.Context(), w.job); err != nil {
		return err
	}
	w.t.Fatal("the run succeeded")
	return nil
}

// holds wants the published indexes to list these packages.
func (w *workshop) holds(want ...string) {
	w.t.Helper()
	if got := w.published(); !cmp.Equal(got, want) {
		w.t.Errorf("the repository holds %q, expected %q", got, want)
	}
}

// published are "NAME VERSION" of the packages that the published indexes list.
func (w *workshop) published() (names []string) {
	w.t.Helper()
	tree := os.DirFS(filepath.Join(w.job.Store.Destination(), "ours"))
	found, err := w.format.Find(tree)
	if err != nil || len(found) == 0 {
		w.t.Fatal("no repository is published:", err)
	}
	for _, x := range found {
		for _, p := range readTree(w.t, w.format, x, filepath.Join(w.job.Store.Destination(), "ours"), w.job.Sign) {
			names = append(names, p.Name+" "+strings.TrimSuffix(p.Version, "-1"))
		}
	}
	slices.Sort(names)
	return names
}

func TestCreate(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		w := newWorkshop(t, f)
		w.add("b 1.0\nb 2.0\na 1.0 all\n Depends: b\n")
		r := w.run()
		if !r.Changed || r.Added != 3 || r.Files != 3 || r.Read != 3 || r.Packages != 3 {
			t.Errorf("first run: %+v", r)
		}
		w.holds("a 1.0", "b 1.0", "b 2.0")

		first := r.Generation
		if r := w.run(); r.Changed || r.Read != 0 || r.Generation != first {
			t.Errorf("run after no change: %+v", r)
		}
		w.add("c 1.0\n")
		if r := w.run(); !r.Changed || r.Read != 1 || r.Added != 1 || r.Removed != 0 {
			t.Errorf("run after one more: %+v", r)
		}
		w.holds("a 1.0", "b 1.0", "b 2.0", "c 1.0")
	})
}

// A file that has the same size, time and inode is not read again, unless a check asks
// for it.
func TestKnownFilesAreNotRead(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		w := newWorkshop(t, f)
		w.job.Copy = true
		file := w.add("a 1.0\n")[0]
		w.run()
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		clear(content)
		if err := os.WriteFile(file, content, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, info.ModTime(), info.ModTime()); err != nil {
			t.Fatal(err)
		}
		if r := w.run(); r.Changed || r.Read != 0 {
			t.Errorf("the file was read: %+v", r)
		}
		w.job.Check = true
		var refused *create.RefusedError
		if err := w.fails(); !errors.As(err, &refused) {
			t.Error("the check has not found what is wrong:", err)
		}
	})
}

// A directory may be named by a link. Links to directories inside are not followed, since
// they may lead round in circles; those to files are.
func TestLinks(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		w := newWorkshop(t, f)
		file := w.add("a 1.0\n")[0]
		dir := t.TempDir()
		other := repotest.WritePackages(t, f.Name(), filepath.Join(dir, "other"), "b 1.0\n")[0]
		link := filepath.Join(dir, "link")
		for from, to := range map[string]string{
			link: w.in, filepath.Join(w.in, "round"): w.in, filepath.Join(w.in, filepath.Base(other)): other,
		} {
			if err := os.Symlink(to, from); err != nil {
				t.Fatal(err)
			}
		}
		w.job.Inputs = []create.Input{{Path: link}, {Path: filepath.Join(link, filepath.Base(file))}}
		if r := w.run(); r.Files != 2 {
			t.Errorf("%d files were found", r.Files)
		}
		w.holds("a 1.0", "b 1.0")
	})
}

// A file that is touched is read again, and nothing is published when it is the same.
func TestTouchedFile(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		w := newWorkshop(t, f)
		file := w.add("a 1.0\n")[0]
		w.run()
		if err := os.Chtimes(file, time.Time{}, time.Now().Add(-time.Minute)); err != nil {
			t.Fatal(err)
		}
		if r := w.run(); r.Changed || r.Read != 1 {
			t.Errorf("after a touch: %+v", r)
		}
		if r := w.run(); r.Changed || r.Read != 0 {
			t.Errorf("after that: %+v", r)
		}
	})
}

func TestAddRemoveKeep(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		w := newWorkshop(t, f)
		w.add("a 1.0\na 2.0\na 3.0\nb 1.0\nlibc 1.0\n")
		w.run()
		in := w.job.Inputs
		w.job.Inputs = nil
		w.job.Remove = []create.Removal{{Pattern: "lib*"}, {Pattern: "a", Op: repo.Less, Version: "2.0"}}
		if r := w.run(); r.Read != 0 || r.Removed != 2 {
			t.Errorf("remove: %+v", r)
		}
		w.holds("a 2.0", "a 3.0", "b 1.0")

		w.job.Remove = nil
		w.job.Keep = 1
		w.run()
		w.holds("a 3.0", "b 1.0")

		w.job.Inputs, w.job.Add, w.job.Keep = in, true, 2
		w.run()
		w.holds("a 2.0", "a 3.0", "b 1.0", "libc 1.0")

		w.job.Add, w.job.Keep = false, 0
		if err := os.RemoveAll(w.in); err != nil {
			t.Fatal(err)
		}
		w.add("b 1.0\n")
		w.run()
		w.holds("b 1.0")
	})
}
