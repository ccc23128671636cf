package probe

import (
	"testing"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/store"
	"github.com/mirrorkeeper/mirrorkeeper/watch"
)

// TestWhichIndexesAreReadWhole: small ones always, large ones once for what brings them, as
// far as the bytes for them suffice, and each content under one name.
func TestWhichIndexesAreReadWhole(t *testing.T) {
	t.Parallel()
	file := func(path, content string, size int64) repo.File {
		h := repo.SHA256.New()
		h.Write([]byte(content))
		f := repo.File{Path: path, Size: size, Digest: repo.NewDigest(repo.SHA256, h.Sum(nil))}
		if path == "by-hash" {
			f.Path += "/" + f.Digest.Hex()
		}
		return f
	}
	const mib = 1 << 20
	small, twin := file("small", "small", 1000), file("by-hash", "small", 1000)
	same, fresh, huge := file("same", "same", mib), file("fresh", "fresh", 2*mib), file("huge", "huge", 40*mib)
	alone := file("by-hash", "alone", 3*mib)
	root := func(name string) repo.File { return file("root", name, 1) }
	l := store.OpenLedger(t.TempDir())
	for name, indexes := range map[string][]repo.File{"old": {same}, "new": {small, twin, same, fresh, huge, alone}} {
		if err := l.Add(store.Generation{Root: root(name).Digest, Main: "root"}, &repo.Manifest{Root: []repo.File{root(name)}, Indexes: indexes}); err != nil {
			t.Fatal(err)
		}
	}
	s := &Source{Root: watch.Root{Name: "s"}, Ledger: l}
	task := watch.Task{Root: "s", Level: watch.LevelIndexes, Generation: root("new").Digest}
	done := watch.Check{Level: watch.LevelIndexes, Root: task.Generation, Checked: 6, Of: 6}
	for name, c := range map[string]struct {
		known watch.Known
		want  []repo.File
	}{
		"nothing known":             {watch.Known{}, []repo.File{small, same, fresh, alone}},
		"the generation before":     {watch.Known{Roots: []watch.KnownRoot{{Name: "s", Held: root("old").Digest}}}, []repo.File{small, fresh, alone}},
		"all of them were read":     {watch.Known{Roots: []watch.KnownRoot{{Name: "s", Held: root("new").Digest, Checks: []watch.Check{done}}}}, []repo.File{small}},
		"another one was read once": {watch.Known{Roots: []watch.KnownRoot{{Name: "other", Checks: []watch.Check{done}}}}, []repo.File{small, same, fresh, alone}},
	} {
		p := New(Options{})
		v := p.Visit(Target{Site: watch.Site{URL: "http://mirror.example.org"}, Repository: &watch.Repository{}})
		look := &look{Visit: v, known: c.known}
		whole := look.readWhole(s, task, namesOfIndexes(s, task))
		var got []repo.File
		for _, f := range []repo.File{small, twin, same, fresh, huge, alone} {
			if whole(f) {
				got = append(got, f)
			}
		}
		if len(got) != len(c.want) {
			t.Errorf("%s: %v, expected %v", name, got, c.want)
			continue
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%s: %v, expected %v", name, got[i], c.want[i])
			}
		}
		v.Close()
	}
}
