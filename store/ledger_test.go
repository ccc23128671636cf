package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// manifestOf makes a manifest of a root and of packages, path to content.
func manifestOf(root string, packages map[string]string) (Generation, *repo.Manifest) {
	named := func(path, content string) repo.File {
		f := fileOf(content)
		f.Path = path
		return f
	}
	m := &repo.Manifest{
		Root:    []repo.File{named("Beside", "same"), named("Release.gpg", "signature of "+root), named("Release", root)},
		Indexes: []repo.File{named("Packages", fmt.Sprint(packages))},
	}
	for path, content := range packages {
		m.Packages = append(m.Packages, named(path, content))
	}
	slices.SortFunc(m.Packages, func(a, b repo.File) int { return strings.Compare(a.Path, b.Path) })
	return Generation{Root: m.Root[2].Digest, Main: "Release"}, m
}

func drawPackages(t *rapid.T) map[string]string {
	return rapid.MapOfN(rapid.SampledFrom([]string{"a", "b", "c", "d/e", "d/f"}), rapid.SampledFrom([]string{"one", "two"}), 0, 5).Draw(t, "packages")
}

var sameDigests = cmp.Options{cmpopts.EquateComparable(repo.Digest{}), cmpopts.EquateEmpty()}

var anyOrder = cmpopts.SortSlices(func(a, b repo.File) bool { return a.Path < b.Path })

// TestLedgerTellsEveryGeneration: whatever a source publishes, and in whatever order its
// generations are learned, every manifest and every difference is told exactly.
func TestLedgerTellsEveryGeneration(t *testing.T) {
	dir := inMemory(t)
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		l := OpenLedger(filepath.Join(dir, fmt.Sprint(n)))
		manifests := map[repo.Digest]*repo.Manifest{}
		count := rapid.IntRange(1, 3).Draw(t, "generations")
		for _, i := range rapid.Permutation(sequence(count)).Draw(t, "order") {
			g, m := manifestOf(fmt.Sprint("root ", i), drawPackages(t))
			g.Date, g.Published = epoch.Add(time.Duration(i)*time.Hour), epoch.Add(time.Duration(i)*time.Hour)
			manifests[g.Root] = m
			if err := l.Insert(g, m); err != nil {
				t.Fatal(err)
			}
		}
		l = OpenLedger(l.dir) // as another process
		all, err := l.Generations()
		if err != nil || len(all) != count {
			t.Fatal(all, err)
		}
		if !slices.IsSortedFunc(all, func(a, b Generation) int { return a.Date.Compare(b.Date) }) {
			t.Error("not in the order of their dates:", all)
		}
		for i, g := range all {
			got, err := l.Manifest(g.Root)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(manifests[g.Root], got, sameDigests); diff != "" {
				t.Errorf("manifest %d (-added +read):\n%s", i, diff)
			}
			for _, other := range all {
				mine, its, err := l.Difference(g.Root, other.Root)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(without(manifests[g.Root], manifests[other.Root]), mine, sameDigests, anyOrder); diff != "" {
					t.Errorf("files of the first (-expected +told):\n%s", diff)
				}
				if diff := cmp.Diff(without(manifests[other.Root], manifests[g.Root]), its, sameDigests, anyOrder); diff != "" {
					t.Errorf("files of the second (-expected +told):\n%s", diff)
				}
			}
		}
		path, content := rapid.SampledFrom([]string{"a", "d/e"}).Draw(t, "path"), fileOf("one").Digest
		want := repo.Digest{}
		for _, g := range all[:count-1] {
			if holds(manifests[g.Root], path, content) {
				want = g.Root
			}
		}
		if got, err := l.Which(path, content, all[count-1].Root); got != want || err != nil {
			t.Errorf("%s is of %s, expected %s: %v", path, got, want, err)
		}
	})
}

// inMemory is a directory that costs no writing to disk, where the machine has such.
func inMemory(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "mirrorkeeper-ledger-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func sequence(n int) (all []int) {
	for i := range n {
		all = append(all, i)
	}
	return all
}

// TestLedgerOfASourceThatGoesBack: one root may be published again.
func TestLedgerOfASourceThatGoesBack(t *testing.T) {
	t.Parallel()
	l := OpenLedger(t.TempDir())
	first, m1 := manifestOf("one", map[string]string{"a": "one"})
	second, m2 := manifestOf("two", map[string]string{"a": "two"})
	for i := range 3 {
		for _, x := range []struct {
			g Generation
			m *repo.Manifest
		}{{first, m1}, {second, m2}} {
			if err := l.Add(x.g, x.m); err != nil {
				t.Fatal(err)
			}
			if got, err := l.Manifest(x.g.Root); err != nil || !cmp.Equal(got, x.m, sameDigests) {
				t.Fatal(i, got, err)
			}
		}
	}
	if all, err := l.Generations(); len(all) != 6 || err != nil {
		t.Error(all, err)
	}
}

// TestLedgerCostsWhatChanged: many generations of one repository need little more room
// than one, and what is pruned is gone.
func TestLedgerCostsWhatChanged(t *testing.T) {
	t.Parallel()
	l := OpenLedger(t.TempDir())
	packages := map[string]string{}
	for i := range 2000 {
		packages[fmt.Sprintf("pool/p%04d", i)] = fmt.Sprint(i)
	}
	const generations = 20
	var roots []repo.Digest
	var one int64
	for i := range generations {
		packages[fmt.Sprintf("pool/new%02d", i)] = "new"
		delete(packages, fmt.Sprintf("pool/p%04d", i))
		g, m := manifestOf(fmt.Sprint(i), packages)
		g.Published = epoch.Add(time.Duration(i) * time.Hour)
		if err := l.Add(g, m); err != nil {
			t.Fatal(err)
		}
		roots = append(roots, g.Root)
		if i == 0 {
			one = sizeOf(t, l.dir)
		}
	}
	if size := sizeOf(t, l.dir); size > one+generations*2000 {
		t.Errorf("%d generations are %d bytes, one is %d", generations, size, one)
	}
	if err := l.Update(roots[generations-1], func(g *Generation) { g.Complete = true }); err != nil {
		t.Fatal(err)
	}
	if err := l.Prune(5, 3*time.Hour, epoch.Add(generations*time.Hour)); err != nil {
		t.Fatal(err)
	}
	all, err := l.Generations()
	if err != nil || len(all) != generations || !all[generations-1].Complete {
		t.Fatal(len(all), err)
	}
	for i, g := range all {
		m, err := l.Manifest(g.Root)
		if kept := i >= generations-4; kept != (err == nil) || !kept && !errors.Is(err, ErrNotKept) {
			t.Errorf("generation %d: %v, %v", i, m, err)
		}
	}
	if err := l.Prune(1, 0, epoch.Add(1000*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Manifest(roots[generations-1]); err != nil {
		t.Error("the newest one is never pruned:", err)
	}
	if found, err := filepath.Glob(filepath.Join(l.dir, "*.zst")); len(found) != 1 || err != nil {
		t.Error("left behind:", found, err)
	}
}

func sizeOf(t *testing.T, dir string) (n int64) {
	t.Helper()
	all, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		n += info.Size()
	}
	return n
}
