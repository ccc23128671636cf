package create_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/create"
	"github.com/mirrorkeeper/mirrorkeeper/deb"
	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// write replaces a file, which then is an hour old.
func write(t *testing.T, file string, content []byte) {
	t.Helper()
	err := os.MkdirAll(filepath.Dir(file), 0o755)
	if err == nil {
		err = os.WriteFile(file, content, 0o644)
	}
	if err == nil {
		err = os.Chtimes(file, time.Time{}, time.Now().Add(-time.Hour))
	}
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// bases are the names of the files that were refused.
func bases(refused []create.Refused) (names []string) {
	for _, x := range refused {
		names = append(names, filepath.Base(x.File))
	}
	return names
}

// Everything that is wrong is told in one run, and nothing is published then.
func TestRefused(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		w := newWorkshop(t, f)
		good := w.add("a 1.0\n")[0]
		w.run()
		suffix := "." + f.Name()
		content := read(t, good)
		write(t, filepath.Join(w.in, "cut"+suffix), content[:len(content)/2])
		write(t, filepath.Join(w.in, "empty"+suffix), nil)
		write(t, filepath.Join(w.in, "html"+suffix), []byte("<!DOCTYPE html><html><body>no such file</body></html>"))
		write(t, filepath.Join(w.in, "misnamed"+suffix), content)
		rebuilt := repotest.WritePackages(t, f.Name(), t.TempDir(), "a 1.0\n Depends: other\n")[0]
		write(t, filepath.Join(w.in, "rebuilt", filepath.Base(good)), read(t, rebuilt))
		if err := os.Symlink("nowhere", filepath.Join(w.in, "dangling"+suffix)); err != nil {
			t.Fatal(err)
		}
		missing := filepath.Join(w.in, "missing"+suffix)
		w.job.Inputs = append(w.job.Inputs, create.Input{Path: missing}, create.Input{Path: w.in + "/*.none"}, create.Input{Path: good + ".asc"})
		write(t, good+".asc", []byte("a signature"))
		w.add("b 1.0\n")

		var refused *create.RefusedError
		if err := w.fails(); !errors.As(err, &refused) {
			t.Fatal(err)
		}
		want := []string{
			"*.none", filepath.Base(good), filepath.Base(good) + ".asc", "cut" + suffix, "dangling" + suffix, "empty" + suffix,
			"html" + suffix, "misnamed" + suffix, "missing" + suffix,
		}
		got := bases(refused.Files)
		slices.Sort(got)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("refused (-want +got):\n%s\n%v", d, refused)
		}
		if text := refused.Error(); !strings.Contains(text, good) || !strings.Contains(text, filepath.Join(w.in, "rebuilt")) {
			t.Errorf("the error does not name both files with one package:\n%s", text)
		}
		w.holds("a 1.0")

		w.job.KeepGoing = true
		if r := w.run(); len(r.Refused) != len(want) {
			t.Errorf("with keep-going, refused: %v", r.Refused)
		}
		w.holds("a 1.0", "b 1.0")
	})
}

// One content may be given any number of times.
func TestGivenTwice(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		w := newWorkshop(t, f)
		file := w.add("a 1.0\n")[0]
		write(t, filepath.Join(w.in, "again", filepath.Base(file)), read(t, file))
		w.job.Inputs = append(w.job.Inputs, create.Input{Path: file}, create.Input{Path: filepath.Join(w.in, "*")})
		w.run()
		w.holds("a 1.0")
		if r := w.run(); r.Changed || r.Read != 0 {
			t.Errorf("run after no change: %+v", r)
		}
	})
}

func TestNothingLeft(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		w := newWorkshop(t, f)
		file := w.add("a 1.0\n")[0]
		w.run()
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		if err := w.fails(); !errors.Is(err, create.ErrEmpty) {
			t.Error(err)
		}
		w.holds("a 1.0")
		w.job.AllowEmpty = true
		w.run()
		w.holds()
	})
}

// A repository cannot be made of what it publishes, and what lies in a directory that it
// is published in is not part of it.
func TestInputsAroundTheTree(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		w := newWorkshop(t, f)
		w.add("a 1.0\n")
		w.run()
		w.job.Inputs = []create.Input{{Path: filepath.Join(w.job.Store.Destination(), "ours")}}
		var refused *create.RefusedError
		if err := w.fails(); !errors.As(err, &refused) {
			t.Error(err)
		}
		w.job.Inputs = []create.Input{{Path: filepath.Dir(w.in)}}
		if r := w.run(); r.Files != 1 {
			t.Errorf("%d files were found", r.Files)
		}
		w.holds("a 1.0")
	})
}

// A file that its owner changes where it lies takes the object with it that it was by a
// hard link; the next run mends that.
func TestChangedInPlace(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		w := newWorkshop(t, f)
		file := w.add("a 1.0\n")[0]
		w.run()
		rebuilt := repotest.WritePackages(t, f.Name(), t.TempDir(), "a 1.0\n Depends: other\n")[0]
		write(t, file, read(t, rebuilt)) // in place
		r := w.run()
		if !r.Changed || r.Added != 1 {
			t.Errorf("after the change: %+v", r)
		}
		w.holds("a 1.0")
		if r := w.run(); r.Changed || r.Read != 0 {
			t.Errorf("run after that: %+v", r)
		}
	})
}

func TestCopy(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		for _, c := range []struct {
			copies bool
			mode   os.FileMode
			linked bool
		}{{false, 0o644, true}, {true, 0o644, false}, {false, 0o600, false}} {
			w := newWorkshop(t, f)
			file := w.add("a 1.0\n")[0]
			if err := os.Chmod(file, c.mode); err != nil {
				t.Fatal(err)
			}
			w.job.Copy = c.copies
			w.run()
			w.holds("a 1.0")
			found, err := filepath.Glob(filepath.Join(w.job.Store.State(), "objects", "sha256", "*", "*"))
			if err != nil {
				t.Fatal(err)
			}
			before, err := os.Stat(file)
			if err != nil {
				t.Fatal(err)
			}
			linked := slices.ContainsFunc(found, func(o string) bool {
				info, err := os.Stat(o)
				if err == nil && info.Mode().Perm() != 0o644 {
					t.Errorf("an object has the mode %s", info.Mode())
				}
				return err == nil && os.SameFile(info, before)
			})
			if before.Mode().Perm() != c.mode || linked && !c.linked {
				t.Errorf("%+v: mode %s, linked %t", c, before.Mode(), linked)
			}
		}
	})
}

// All of the inventory can be deleted, or damaged: what it had is found out again.
func TestInventoryLost(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		w := newWorkshop(t, f)
		file := w.add("a 1.0\nb 1.0\nc 1.0\n")[0]
		w.run()
		inventory := filepath.Join(w.job.Store.State(), "cache", "inventory", "ours", "*")
		damage := func(change func(content []byte) []byte) {
			files, err := filepath.Glob(inventory)
			if err != nil || len(files) == 0 {
				t.Fatalf("inventory: %q, %v", files, err)
			}
			for _, name := range files {
				content := change(read(t, name))
				if content == nil {
					err = os.Remove(name)
				} else {
					err = os.WriteFile(name, content, 0o600)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		for name, change := range map[string]func(content []byte) []byte{
			"lost":      func([]byte) []byte { return nil },
			"cut":       func(content []byte) []byte { return content[:len(content)-20] },
			"something": func([]byte) []byte { return []byte("something else") },
		} {
			damage(change)
			if r := w.run(); r.Changed || r.Read != 3 {
				t.Errorf("%s: %+v", name, r)
			}
			// Texts are read again from objects, whether their files are still there or not.
			damage(change)
			w.job.Inputs, w.job.Add = []create.Input{{Path: file}}, true
			w.job.ValidFor = time.Duration(len(name)) * time.Hour // has the indexes written anew
			if r := w.run(); !r.Changed || r.Packages != 3 {
				t.Errorf("%s, adding: %+v", name, r)
			}
			w.holds("a 1.0", "b 1.0", "c 1.0")
			w.job.Inputs, w.job.Add = []create.Input{{Path: w.in}}, false
			w.run()
		}
	})
}

// An object that is lost is taken again from its file; without that, nothing is
// published that lacks it.
func TestObjectLost(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		w := newWorkshop(t, f)
		w.job.Copy = true
		file := w.add("a 1.0\n")[0]
		w.run()
		lose := func() {
			found, err := filepath.Glob(filepath.Join(w.job.Store.State(), "objects", "sha256", "*", "*"))
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range found {
				if info, err := os.Stat(o); err == nil && info.Size() == int64(len(read(t, file))) {
					if err := os.Remove(o); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		lose()
		w.job.Check = true
		w.run()
		w.holds("a 1.0")
		w.job.Check = false

		lose()
		w.job.Inputs, w.job.Add = []create.Input{{Path: w.add("b 1.0\n")[0]}}, true
		if err := w.fails(); !errors.Is(err, create.ErrLost) {
			t.Error(err)
		}
		w.job.Inputs = []create.Input{{Path: w.in}}
		w.run()
		w.holds("a 1.0", "b 1.0")
	})
}

// What somebody removed from the tree is put back.
func TestTreeRemoved(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		w := newWorkshop(t, f)
		w.add("a 1.0\n")
		w.run()
		if err := os.RemoveAll(filepath.Join(w.job.Store.Destination(), "ours")); err != nil {
			t.Fatal(err)
		}
		w.run()
		w.holds("a 1.0")
	})
}

func TestNameOfAMirror(t *testing.T) {
	w := newWorkshop(t, deb.Format{})
	dir := filepath.Join(w.job.Store.State(), "mirrors", "ours")
	write(t, filepath.Join(dir, "current.json"), []byte(`{"id": "x", "repositories": [{"name": "debian/stable", "type": "deb", "place": "ours", "manifest": "x.manifest.zst"}]}`))
	if err := w.fails(); !errors.Is(err, create.ErrMirror) {
		t.Error(err)
	}
}
