package mirror_test

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/mirrorkeeper/mirrorkeeper/mirror"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// lay writes a file of another program.
func lay(t *testing.T, dir, name string, content []byte) string {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

func (u *upstream) content(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(u.dir, u.File(name)))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

const fourPackages = "a 1\nb 1\nc 1\nd 1\n"

func TestAdoptedPackagesAreNotFetched(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		u := newUpstream(t, f, fourPackages)
		for _, selected := range []bool{false, true} {
			old := t.TempDir()
			lay(t, old, "pool/"+path.Base(u.File("a")), u.content(t, "a"))
			lay(t, old, "ab/cd/under-another-name", u.content(t, "b"))
			wrong := bytes.Clone(u.content(t, "c"))
			wrong[len(wrong)-1] ^= 1
			lay(t, old, u.File("c"), wrong) // the name and the size are right
			lay(t, old, u.File("d"), u.content(t, "d")[1:])
			before := digests(t, old)

			j := newJob(t, u.source(t, "s"))
			j.Adopt = []string{old}
			if selected {
				partial(t, j, "a", "b", "c", "d")
			}
			u.server.Reset()
			r := run(t, j)
			if r.Adopted != 2 || r.Packages != 4 {
				t.Errorf("the report is %+v, expected 2 adopted of 4", r)
			}
			if got, want := fetched(u, allPackages), sortedPaths(u.File("c"), u.File("d")); !slices.Equal(got, want) {
				t.Errorf("packages fetched: %v, expected %v", got, want)
			}
			verifyTree(t, j)
			if after := digests(t, old); !maps.Equal(before, after) {
				t.Error("the files of the other program were changed")
			}
			if r := run(t, j); r.Changed || r.Adopted != 0 {
				t.Errorf("the second run: %+v", r)
			}
		}
	})
}

// TestAdoptInPlace publishes into the tree that another program left.
func TestAdoptInPlace(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		u := newUpstream(t, f, fourPackages)
		j := newJob(t, u.source(t, "s"))
		old := filepath.Join(j.Store.Destination(), "m")
		if err := os.CopyFS(old, os.DirFS(u.dir)); err != nil {
			t.Fatal(err)
		}
		j.Adopt = []string{j.Store.Destination()}
		u.server.Reset()
		r := run(t, j)
		if got := fetched(u, allPackages); len(got) > 0 || r.Adopted != 4 || len(r.Replaced) > 0 {
			t.Errorf("fetched %v, the report is %+v", got, r)
		}
		verifyTree(t, j)
		info, err := os.Stat(filepath.Join(old, u.File("a")))
		if err != nil {
			t.Fatal(err)
		}
		if links := info.Sys().(*syscall.Stat_t).Nlink; links != 2 {
			t.Errorf("the package has %d links, expected the tree's and the object's", links)
		}
	})
}

func TestWhatCannotBeAdopted(t *testing.T) {
	t.Parallel()
	f := formats[0]
	u := newUpstream(t, f, fourPackages)
	old := t.TempDir()
	outside := lay(t, t.TempDir(), "a", u.content(t, "a"))
	if err := os.Symlink(outside, filepath.Join(old, "a")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(old, "fifo"), 0o644); err != nil {
		t.Fatal(err)
	}
	j := newJob(t, u.source(t, "s"))
	j.Adopt = []string{old}
	if r := run(t, j); r.Adopted != 0 || r.Packages != 4 {
		t.Errorf("the report is %+v", r)
	}

	j = newJob(t, u.source(t, "s"))
	j.Adopt = []string{filepath.Join(old, "none")}
	if _, err := mirror.Run(context.Background(), j); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v, expected that there is no such directory", err)
	}
}

// digests are the files below a directory with their content and times.
func digests(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(file string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		content, err := os.ReadFile(file)
		all[file] = info.ModTime().String() + info.Mode().String() + string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
