package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// publishKept publishes with a retention.
func publishKept(t *testing.T, s *Store, now time.Time, keep Retention, files tree) {
	t.Helper()
	p := publication(t, s, now, "dists/s", files)
	p.Keep = keep
	if _, err := s.Publish(p); err != nil {
		t.Fatal(err)
	}
}

func ids(t *testing.T, s *Store) (ids []string) {
	t.Helper()
	all, err := s.Generations("m")
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range all {
		ids = append(ids, k.ID)
	}
	return ids
}

func objectOf(content string) repo.File {
	h := repo.SHA256.New()
	h.Write([]byte(content))
	return repo.File{Digest: repo.NewDigest(repo.SHA256, h.Sum(nil)), Size: -1}
}

// states are generations that each add one package and drop one.
func states(n int) (out []tree) {
	for i := range n {
		out = append(out, tree{
			"dists/s/InRelease": fmt.Sprint("root", i), "dists/s/Packages": fmt.Sprint("index", i),
			fmt.Sprintf("pool/p_%d", i): fmt.Sprint("package", i), fmt.Sprintf("pool/p_%d", i+1): fmt.Sprint("package", i+1), "pool/same": "same",
		})
	}
	return out
}

// wantObjects wants exactly the objects of the generations to be there.
func wantObjects(t *testing.T, s *Store, kept ...tree) {
	t.Helper()
	want := map[string]bool{}
	for _, g := range kept {
		for _, content := range g {
			want[s.Objects().Path(objectOf(content).Digest)] = true
		}
	}
	got := map[string]bool{}
	files, err := filepath.Glob(s.path("objects", "*", "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		got[f] = true
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error("objects (-want +got):", d)
	}
}

func TestGenerationsAreKeptByNumberAndAge(t *testing.T) {
	t.Parallel()
	s := open(t)
	all := states(6)
	for i, files := range all {
		publishKept(t, s, epoch.Add(time.Duration(i)*24*time.Hour), Retention{Generations: 2, Age: 72 * time.Hour}, files)
	}
	if got := ids(t, s); len(got) != 4 {
		t.Error("of six generations in five days, those of three days are to be kept:", got)
	}
	if _, err := s.Sweep("m", epoch.Add(6*24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(all[5], shown(t, s)); d != "" {
		t.Error("the tree shows more than the published generation:", d)
	}
	wantObjects(t, s, all[2:]...)
	if err := s.DropGenerations("m", Retention{Generations: 2}, epoch.Add(30*24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	wantObjects(t, s, all[4:]...)
	kept, err := s.Generations("m")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(Step{Before: kept[0].ID, Added: 1, Removed: 1, AddedBytes: 8, RemovedBytes: 8}, kept[1].Step); d != "" {
		t.Error("what the last one changed:", d)
	}
	for _, k := range kept {
		for _, at := range k.Repositories {
			if m, err := s.Manifest("m", at); err != nil || len(m.Packages) != 3 {
				t.Error("manifest of a kept generation:", m, err)
			}
		}
	}
}

func TestContentThatComesBackIsKeptWithItsGenerations(t *testing.T) {
	t.Parallel()
	s := open(t)
	a, b := first, second
	for i, files := range []tree{a, b, a, b} {
		publishKept(t, s, epoch.Add(time.Duration(i)*24*time.Hour), Retention{Generations: 2}, files)
	}
	if _, err := s.Sweep("m", epoch.Add(10*24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	wantObjects(t, s, a, b)
	publishKept(t, s, epoch.Add(11*24*time.Hour), Retention{Generations: 1}, b)
	if _, err := s.Sweep("m", epoch.Add(20*24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	wantObjects(t, s, b)
}

func TestSnapshotsStayWhatTheyAre(t *testing.T) {
	t.Parallel()
	s := open(t)
	all := states(4)
	publishKept(t, s, epoch, Retention{Generations: 1}, all[0])
	kept, err := s.Generations("m")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.MakeSnapshot("m", &kept[0].Record, nil, map[string][]byte{"key.asc": []byte("key")}); err != nil {
		t.Fatal(err)
	}
	if err := s.Pin("m", kept[0], true); err != nil {
		t.Fatal(err)
	}
	for i := 1; i < 4; i++ {
		publishKept(t, s, epoch.Add(time.Duration(i)*24*time.Hour), Retention{Generations: 1}, all[i])
	}
	if _, err := s.Sweep("m", epoch.Add(10*24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(s.Destination(), kept[0].SnapshotDir())
	for name, content := range all[0] {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != content {
			t.Errorf("%s of the snapshot: %q, %v", name, got, err)
		}
	}
	wantObjects(t, s, all[0], all[3])
	if err := s.Pin("m", kept[0], false); err != nil {
		t.Fatal(err)
	}
	if err := s.DropGenerations("m", Retention{Generations: 1}, epoch.Add(20*24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(filepath.Dir(dir)); !os.IsNotExist(err) {
		t.Error("the snapshot is still there:", err)
	}
	wantObjects(t, s, all[3])
}

func TestCollect(t *testing.T) {
	t.Parallel()
	s := open(t)
	collect := func(c Collection) *Collected {
		t.Helper()
		c.Now, c.Keep = epoch, Retention{Generations: 2}
		out, err := s.Collect(context.Background(), c)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	all := states(3)
	for i, files := range all {
		publishKept(t, s, epoch.Add(time.Duration(i)*24*time.Hour), Retention{Generations: 2}, files)
	}
	if _, err := s.Sweep("m", epoch.Add(10*24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if out := collect(Collection{}); out.Deleted != 0 {
		t.Errorf("everything is needed: %+v", out)
	}
	put := func(content string) repo.File {
		f, err := s.Objects().Put("x", []byte(content), epoch)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	put("garbage")
	waited := put("waited for")
	if err := s.Want("other", []repo.File{waited}); err != nil {
		t.Fatal(err)
	}
	if out := collect(Collection{DryRun: true}); out.Deleted != 1 || out.DeletedBytes != 7 || !s.Objects().Has(objectOf("garbage")) {
		t.Errorf("dry run: %+v", out)
	}
	if out := collect(Collection{}); out.Deleted != 1 || s.Objects().Has(objectOf("garbage")) || !s.Objects().Has(waited) {
		t.Errorf("collected: %+v", out)
	}
	// A tree that somebody removed is put back from the objects.
	if err := os.RemoveAll(filepath.Join(s.Destination(), "m")); err != nil {
		t.Fatal(err)
	}
	if out := collect(Collection{}); out.Deleted != 0 {
		t.Errorf("the published generation was collected: %+v", out)
	}
	put(string(bytes.Repeat([]byte("much garbage"), 100)))
	if _, err := s.Collect(context.Background(), Collection{Now: epoch, Keep: Retention{Generations: 2}}); !errors.Is(err, ErrTooMuch) {
		t.Error("more than half was deleted:", err)
	}
	if out := collect(Collection{Force: true}); out.Deleted != 1 {
		t.Errorf("by force: %+v", out)
	}
}

// TestMigration opens a state directory as the program of layout version 1 wrote it.
func TestMigration(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/layout1")); err != nil {
		t.Fatal(err)
	}
	state := filepath.Join(dir, "state")
	s, err := Open(dir, state)
	if err != nil {
		t.Fatal(err)
	}
	if v, err := s.version(); err != nil || v != layoutVersion {
		t.Error(v, err)
	}
	all, err := s.Generations("m")
	if err != nil || len(all) != 1 || all[0].Dir != "m" || all[0].Repositories[0].Name != "a/s" {
		t.Fatalf("generations: %+v, %v", all, err)
	}
	if m, err := s.Manifest("m", all[0].Repositories[0]); err != nil || len(m.Packages) != 3 {
		t.Error(m, err)
	}
	publishKept(t, s, epoch.Add(time.Hour), Retention{Generations: 2}, second)
	if got := ids(t, s); len(got) != 2 {
		t.Error("the first generation was not kept:", got)
	}
}
