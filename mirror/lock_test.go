package mirror_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mirrorkeeper/mirrorkeeper/mirror"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/solver"
)

// lockOf is what the mirror would hold now, read back from a lock file.
func lockOf(t *testing.T, j *mirror.Job) *mirror.LockedMirror {
	t.Helper()
	p, err := mirror.Plan(context.Background(), j)
	if err != nil {
		t.Fatal(err)
	}
	lock, file := &mirror.Lock{}, filepath.Join(t.TempDir(), "mirrorkeeper.lock")
	lock.Set(p.Lock())
	if err := lock.Write(file); err != nil {
		t.Fatal(err)
	}
	again, err := mirror.ReadLock(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(lock, again, cmp.Comparer(func(a, b repo.Digest) bool { return a == b })); d != "" {
		t.Fatalf("the lock file reads back as something else (-want +got):\n%s", d)
	}
	return again.Find("m")
}

// versions are the versions of a package in the tree.
func versions(t *testing.T, j *mirror.Job, name string) (found []string) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(j.Store.Destination(), "m"), func(path string, _ os.DirEntry, err error) error {
		if rest, ok := strings.CutPrefix(filepath.Base(path), name); ok && packageFile.MatchString(filepath.ToSlash(path)) {
			found = append(found, strings.Trim(rest, "-_")[:3])
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestLockedMirrorStaysWhileUpstreamMoves(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		u := newUpstream(t, f, "a 1.0\n Depends: b\nb 1.0\n")
		j := newJob(t, u.source(t, "s"))
		partial(t, j, "a")
		lock := lockOf(t, j)
		if len(lock.Packages) != 2 {
			t.Fatalf("locked: %+v", lock.Packages)
		}
		u.AddText("a 2.0\n Depends: c\nc 1.0\n")
		u.Publish(u.dir)

		locked := *j
		locked.Locked = lock
		run(t, &locked)
		if d := cmp.Diff([]string{"1.0"}, versions(t, j, "a")); d != "" {
			t.Error("with the lock:", d)
		}
		if r := run(t, &locked); r.Changed {
			t.Error("locked again, something has changed")
		}
		if now := lockOf(t, j); lock.Difference(now).IsZero() || len(lock.Difference(now).Added) != 2 {
			t.Errorf("the difference to the lock: %+v", lock.Difference(now))
		}
		run(t, j)
		if d := cmp.Diff([]string{"a", "a", "b", "c"}, held(t, j)); d != "" { // a 1.0 for the time of grace
			t.Error("without the lock:", d)
		}
	})
}

func TestWhatIsLockedIsGone(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		u := newUpstream(t, f, "a 1.0\n Depends: b\nb 1.0\n")
		j := newJob(t, u.source(t, "s"))
		partial(t, j, "a")
		before := run(t, j)
		j.Locked = lockOf(t, j)
		u.change("a", "2.0")
		_, err := mirror.Run(context.Background(), j)
		if !errors.Is(err, mirror.ErrLockGone) || !strings.Contains(err.Error(), "a 1.0") || !strings.Contains(err.Error(), "2.0") {
			t.Error("a locked version is gone:", err)
		}
		u.Remove("a")
		u.AddText("a 1.0\n Depends: b\n Conflicts: other\n")
		u.Publish(u.dir)
		if _, err := mirror.Run(context.Background(), j); !errors.Is(err, mirror.ErrLockGone) || !strings.Contains(err.Error(), "sha256:") {
			t.Error("a locked version has other bytes:", err)
		}
		if now, err := j.Store.Published("m"); err != nil || now.ID != before.Generation {
			t.Error("the published state has changed:", now, err)
		}
	})
}

func TestLockedRootsOfAFullMirror(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		u := newUpstream(t, f, "a 1.0\n")
		j := newJob(t, u.source(t, "s"))
		j.Locked = lockOf(t, j)
		if len(j.Locked.Roots) != 1 || len(j.Locked.Packages) > 0 {
			t.Errorf("locked: %+v", j.Locked)
		}
		run(t, j)
		u.change("a", "2.0")
		if _, err := mirror.Run(context.Background(), j); !errors.Is(err, mirror.ErrLockGone) {
			t.Error(err)
		}
	})
}

// A lock is of one selection, wherever the sources are.
func TestLockOfAnotherSelection(t *testing.T) {
	u := newUpstream(t, formats[0], "a 1.0\nb 1.0\n")
	j := newJob(t, u.source(t, "s"))
	partial(t, j, "a")
	lock := lockOf(t, j)
	for name, c := range map[string]struct {
		change func(m *mirror.Mirror)
		same   bool
	}{
		"nothing": {func(*mirror.Mirror) {}, true},
		"address": {func(m *mirror.Mirror) {
			m.Sources[0].URLs = append(slices.Clone(m.Sources[0].URLs), u.server.URL+"/other")
		}, true},
		"strict":       {func(m *mirror.Mirror) { m.Strict = true }, true},
		"seeds":        {func(m *mirror.Mirror) { m.Packages = []solver.Seed{{Pattern: "b", Label: "b"}} }, false},
		"recommends":   {func(m *mirror.Mirror) { m.Recommends = false }, false},
		"prefer":       {func(m *mirror.Mirror) { m.Prefer = []string{"b"} }, false},
		"together":     {func(m *mirror.Mirror) { m.Together = true }, false},
		"alternatives": {func(m *mirror.Mirror) { m.Alternatives = solver.AlternativesAll }, false},
		"assumed":      {func(m *mirror.Mirror) { m.Installed.From = "dpkg" }, false},
		"components":   {func(m *mirror.Mirror) { m.Sources[0].Components = []string{"contrib"} }, false},
		"exclude":      {func(m *mirror.Mirror) { m.Exclude = exclusion(t, "/x/") }, false},
	} {
		changed, m := *j, *j.Mirror
		source := *m.Sources[0].Source
		m.Sources = []mirror.Source{m.Sources[0]}
		m.Sources[0].Source = &source
		changed.Mirror, changed.Locked = &m, lock
		c.change(&m)
		_, err := mirror.Run(context.Background(), &changed)
		if errors.Is(err, mirror.ErrLockOutdated) == c.same {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestReadLockFindsMistakes(t *testing.T) {
	const head = `{"lock":1}` + "\n"
	sum := strings.Repeat("0", 64)
	section := `{"mirror":"m","selection":"sha256:` + sum + `"}` + "\n"
	file := `{"path":"pool/a.deb","size":1,"digest":"sha256:` + sum + `"}`
	packageLine := `{"name":"a","version":"1","architecture":"amd64","repository":"s/stable","files":[` + file + "]}\n"
	if _, err := readLockText(t, head+section+packageLine); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ text, want string }{
		"empty":               {"", ":1: the file is empty"},
		"no header":           {section, ":1: "},
		"another version":     {`{"lock":2}` + "\n", ":1: the lock file is of version 2"},
		"package first":       {head + packageLine, ":2: this belongs to no mirror"},
		"conflict of a merge": {head + section + "<<<<<<< HEAD\n" + packageLine, ":3: this is no line of a lock file"},
		"mirror twice":        {head + section + section, ":3: mirror \"m\" is in the file already"},
		"unknown key":         {head + section + strings.Replace(packageLine, `"name"`, `"nam"`, 1), ":3: this is no line of a lock file"},
		"blanks":              {head + section + strings.Replace(packageLine, ",", ", ", 1), ":3: this is not as mirrorkeeper writes it"},
		"no files":            {head + section + strings.Replace(packageLine, file, "", 1), ":3: a 1 has no files"},
		"no digest":           {head + section + strings.Replace(packageLine, "sha256:"+sum, "", 1), ":3: pool/a.deb has no digest"},
		"path":                {head + section + strings.Replace(packageLine, "pool/", "../", 1), ":3: path"},
		"digest":              {head + section + strings.Replace(packageLine, "sha256:00", "sha256:0", 1), ":3: this is no line"},
		"long line":           {head + section + strings.Repeat("x", 2<<20), ":3: the line is too long"},
	} {
		if _, err := readLockText(t, c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, expected %s", name, err, c.want)
		}
	}
	if _, err := mirror.ReadLock(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("no file:", err)
	}
}

func readLockText(t testing.TB, text string) (*mirror.Lock, error) {
	file := filepath.Join(t.TempDir(), "mirrorkeeper.lock")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return mirror.ReadLock(file)
}

// What is written is read back, whatever names and versions are, and written again the
// same.
func TestLockFilesReadBack(t *testing.T) {
	word := rapid.StringMatching(`[a-zA-Z0-9<&"' ü.:~+-]{1,8}`)
	digest := rapid.Map(rapid.SliceOfN(rapid.Byte(), 32, 32), func(b []byte) repo.Digest { return repo.NewDigest(repo.SHA256, b) })
	file := rapid.Custom(func(t *rapid.T) repo.File {
		return repo.File{Path: "pool/a" + word.Draw(t, "path"), Size: rapid.Int64Range(-1, 1<<40).Draw(t, "size"), Digest: digest.Draw(t, "digest")}
	})
	locked := rapid.Custom(func(t *rapid.T) mirror.LockedPackage {
		return mirror.LockedPackage{
			Name: word.Draw(t, "name"), Version: word.Draw(t, "version"), Architecture: word.Draw(t, "architecture"),
			Repository: word.Draw(t, "repository"), Files: rapid.SliceOfN(file, 1, 3).Draw(t, "files"),
		}
	})
	path := filepath.Join(t.TempDir(), "mirrorkeeper.lock")
	rapid.Check(t, func(t *rapid.T) {
		lock := &mirror.Lock{}
		for i := range rapid.IntRange(0, 3).Draw(t, "mirrors") {
			lock.Set(mirror.LockedMirror{
				Name: string(rune('a' + i)), Selection: digest.Draw(t, "selection"), Packages: rapid.SliceOfN(locked, 1, 3).Draw(t, "packages"),
			})
		}
		if err := lock.Write(path); err != nil {
			t.Fatal(err)
		}
		first, _ := os.ReadFile(path)
		again, err := mirror.ReadLock(path)
		if err != nil {
			t.Fatalf("%v, in:\n%s", err, first)
		}
		slices.Reverse(again.Mirrors)
		if err := again.Write(path); err != nil {
			t.Fatal(err)
		}
		if second, _ := os.ReadFile(path); !bytes.Equal(first, second) {
			t.Fatalf("written again it is another file:\n%s\n%s", first, second)
		}
	})
}

// Whatever the file is, it is refused or can be written again.
func FuzzReadLock(f *testing.F) {
	f.Add(`{"lock":1}` + "\n")
	f.Add(`{"lock":1}` + "\n" + `{"mirror":"m","selection":""}` + "\n" + `{"repository":"s","root":""}` + "\n")
	f.Fuzz(func(t *testing.T, text string) {
		lock, err := readLockText(t, text)
		if err != nil {
			return
		}
		if err := lock.Write(filepath.Join(t.TempDir(), "again")); err != nil {
			t.Error(err)
		}
	})
}
