package store

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// tree is a published tree in a test: its content by path, one suite in dists/s.
type tree map[string]string

// generation makes the manifest of a tree, its files as objects.
func generation(t *testing.T, s *Store, files tree) *repo.Manifest {
	t.Helper()
	m := &repo.Manifest{}
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		f, err := s.Objects().Put(name, []byte(files[name]), epoch)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case filepath.Base(name) == "InRelease":
			m.Root = append(m.Root, f)
		case strings.HasPrefix(name, "dists/") && !strings.Contains(name, "/installer"):
			m.Indexes = append(m.Indexes, f)
		default:
			m.Packages = append(m.Packages, f)
		}
	}
	return m
}

func open(t *testing.T) *Store {
	t.Helper()
	dir := t.TempDir()
	s, err := Open(dir, filepath.Join(dir, ".mirrorkeeper"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// publication is the next generation of mirror m, with one repository.
func publication(t *testing.T, s *Store, now time.Time, indexDir string, files tree) *Publication {
	t.Helper()
	before, err := s.Current("m", now, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return &Publication{
		Mirror: "m", Before: before, Grace: time.Hour,
		Record: &Record{
			ID: fmt.Sprint(now.Unix()), Time: now,
			Repositories: []*Published{{Name: "a/s", Type: "deb", Place: "m", IndexDir: indexDir}},
		},
		Manifests: []*repo.Manifest{generation(t, s, files)},
	}
}

func publish(t *testing.T, s *Store, now time.Time, indexDir string, files tree) []Replaced {
	t.Helper()
	replaced, err := s.Publish(publication(t, s, now, indexDir, files))
	if err != nil {
		t.Fatal(err)
	}
	return replaced
}

// shown is what clients see of the mirror.
func shown(t *testing.T, s *Store) tree {
	t.Helper()
	got := tree{}
	top := filepath.Join(s.Destination(), "m")
	err := filepath.WalkDir(top, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		if e.IsDir() {
			if info.Mode().Perm() != 0o755 {
				t.Errorf("%s has mode %v", path, info.Mode())
			}
			return nil
		}
		if info.Mode() != 0o644 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		if d := info.ModTime().Sub(epoch); d < 0 || d > 10*time.Second { // each new content of a path is a second later
			t.Errorf("%s is of %v", path, info.ModTime())
		}
		content, err := os.ReadFile(path)
		name, _ := filepath.Rel(top, path)
		got[name] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

var (
	first  = tree{"dists/s/InRelease": "1", "dists/s/Packages": "p1", "dists/s/by-hash/1": "p1", "pool/a_1": "a1", "pool/b/b_1": "b1", "pool/c": "c"}
	second = tree{"dists/s/InRelease": "2", "dists/s/Packages": "p2", "dists/s/by-hash/2": "p2", "pool/a_2": "a2", "pool/c": "c"}
)

// merged is what a tree shows in the grace period: the new generation, and the
// files of the old one under their old paths.
func merged(old, now tree) tree {
	out := tree{}
	for _, x := range []tree{old, now} {
		for name, content := range x {
			out[name] = content
		}
	}
	return out
}

func TestPublish(t *testing.T) {
	t.Parallel()
	for name, dir := range map[string]string{"directory exchanged": "dists/s", "file by file": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			publish(t, s, epoch, dir, first)
			if d := cmp.Diff(first, shown(t, s)); d != "" {
				t.Error("first:", d)
			}
			publish(t, s, epoch.Add(time.Minute), dir, second)
			if d := cmp.Diff(merged(first, second), shown(t, s)); d != "" {
				t.Error("old files stay for the grace period:", d)
			}
			if swept, err := s.Sweep("m", epoch.Add(time.Minute+time.Hour)); !swept || err != nil {
				t.Error("sweep:", swept, err)
			}
			if d := cmp.Diff(second, shown(t, s)); d != "" {
				t.Error("after the grace period:", d)
			}
			for _, gone := range []string{"a1", "b1", "p1", "1"} {
				h := repo.SHA256.New()
				h.Write([]byte(gone))
				if s.Objects().Has(repo.File{Digest: repo.NewDigest(repo.SHA256, h.Sum(nil)), Size: -1}) {
					t.Errorf("the object of %q is still there", gone)
				}
			}
		})
	}
}

func TestPublishFilesAmongTheIndexes(t *testing.T) {
	t.Parallel()
	s := open(t)
	old := merged(first, tree{"dists/s/installer/1/linux": "l1", "dists/s/installer/same": "s"})
	now := merged(second, tree{"dists/s/installer/2/linux": "l2", "dists/s/installer/same": "s"})
	publish(t, s, epoch, "dists/s", old)
	if d := cmp.Diff(old, shown(t, s)); d != "" {
		t.Error(d)
	}
	publish(t, s, epoch.Add(time.Minute), "dists/s", now)
	if d := cmp.Diff(merged(old, now), shown(t, s)); d != "" {
		t.Error("in the grace period:", d)
	}
	if _, err := s.Sweep("m", epoch.Add(3*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(now, shown(t, s)); d != "" {
		t.Error("after it:", d)
	}
}

func TestPublishComesBack(t *testing.T) {
	t.Parallel()
	s := open(t)
	publish(t, s, epoch, "dists/s", first)
	publish(t, s, epoch.Add(time.Minute), "dists/s", second)
	publish(t, s, epoch.Add(2*time.Minute), "dists/s", first)
	if _, err := s.Sweep("m", epoch.Add(3*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(first, shown(t, s)); d != "" {
		t.Error("what came back must not be swept as retired:", d)
	}
}

func TestPublishReplacesContentUnderOnePath(t *testing.T) {
	t.Parallel()
	s := open(t)
	publish(t, s, epoch, "dists/s", first)
	changed := merged(first, tree{"pool/c": "another c", "dists/s/InRelease": "3"})
	replaced := publish(t, s, epoch.Add(time.Minute), "dists/s", changed)
	if d := cmp.Diff([]Replaced{{"m/pool/c"}}, replaced); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(changed, shown(t, s)); d != "" {
		t.Error(d)
	}
}

func TestPublishKeepsWhatAnotherRepositoryHolds(t *testing.T) {
	t.Parallel()
	s := open(t)
	two := func(now time.Time, a, b tree) {
		p := publication(t, s, now, "dists/s", a)
		p.Record.Repositories = append(p.Record.Repositories, &Published{Name: "a/u", Type: "deb", Place: "m", IndexDir: "dists/u"})
		p.Manifests = append(p.Manifests, nil)
		if b != nil {
			p.Manifests[1] = generation(t, s, b)
		}
		if _, err := s.Publish(p); err != nil {
			t.Fatal(err)
		}
	}
	updates := tree{"dists/u/InRelease": "u", "pool/b/b_1": "b1"}
	two(epoch, first, updates)
	two(epoch.Add(time.Minute), second, nil)
	if _, err := s.Sweep("m", epoch.Add(3*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(merged(second, updates), shown(t, s)); d != "" {
		t.Error(d)
	}
	// A repository that is no longer configured goes, with its packages.
	publish(t, s, epoch.Add(4*time.Hour), "dists/s", second)
	if _, err := s.Sweep("m", epoch.Add(6*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(second, shown(t, s)); d != "" {
		t.Error(d)
	}
}

// TestPublishInterrupted ends a publication after each of its steps, as a killed
// process does: readers see the old or the new indexes, all that either names is
// there, and the next run heals.
func TestPublishInterrupted(t *testing.T) {
	t.Parallel()
	for stop := 1; stop <= 8; stop++ {
		t.Run(fmt.Sprint(stop), func(t *testing.T) {
			t.Parallel()
			s := open(t)
			publish(t, s, epoch, "dists/s", first)
			p := publication(t, s, epoch.Add(time.Minute), "dists/s", second)
			root, err := os.OpenRoot(s.Destination())
			if err != nil {
				t.Fatal(err)
			}
			b := &publishing{Store: s, Publication: p, tree: root, objects: s.Objects()}
			for _, step := range []func() error{b.plan, b.announce, b.freshen, b.addPackages, b.stage, s.Sync, b.replacePackages, b.exchange}[:stop] {
				if err := step(); err != nil {
					t.Fatal(err)
				}
			}
			b.closeDir()
			root.Close()

			got := shown(t, s)
			complete := first
			if got["dists/s/InRelease"] == "2" {
				complete = second
			}
			for name, content := range complete {
				if got[name] != content {
					t.Errorf("%s shows %q, its root says %q", name, got[name], content)
				}
			}
			// Upstream has moved on to a third generation meanwhile.
			third := tree{"dists/s/InRelease": "3", "dists/s/Packages": "p3", "pool/a_3": "a3", "pool/c": "c"}
			publish(t, s, epoch.Add(2*time.Minute), "dists/s", third)
			if _, err := s.Sweep("m", epoch.Add(5*time.Hour)); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(third, shown(t, s)); d != "" {
				t.Error("what the interrupted run left behind stays for ever:", d)
			}
		})
	}
}

func TestRestoreMendsTheTree(t *testing.T) {
	t.Parallel()
	s := open(t)
	publish(t, s, epoch, "dists/s", first)
	top := filepath.Join(s.Destination(), "m")
	if err := os.Remove(filepath.Join(top, "pool/c")); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(top, "dists/s/Packages")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(top, "dists/s/Packages"), []byte("something else"), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := s.Published("m")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Restore("m", r, nil); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(first, shown(t, s)); d != "" {
		t.Error(d)
	}
}

func TestOpenRefusesANewerLayout(t *testing.T) {
	t.Parallel()
	s := open(t)
	if err := os.WriteFile(s.path("version"), []byte("999\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(s.destination, s.state); err == nil || !strings.Contains(err.Error(), "newer mirrorkeeper") {
		t.Error(err)
	}
}

func TestLockIsForOne(t *testing.T) {
	t.Parallel()
	s := open(t)
	unlock, err := s.Lock()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Lock(); err == nil || !strings.Contains(err.Error(), ErrLocked.Error()) {
		t.Error("second lock:", err)
	}
	unlock()
	if unlock, err = s.Lock(); err != nil {
		t.Error("after unlock:", err)
	} else {
		unlock()
	}
}

func TestPublishRefusesALinkOutOfTheTree(t *testing.T) {
	t.Parallel()
	s := open(t)
	outside := t.TempDir()
	if err := os.MkdirAll(filepath.Join(s.Destination(), "m"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(s.Destination(), "m", "pool")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Publish(publication(t, s, epoch, "dists/s", first)); err == nil {
		t.Error("published through a link that leaves the tree")
	}
	if left, _ := os.ReadDir(outside); len(left) > 0 {
		t.Error("wrote outside of the tree:", left)
	}
}
