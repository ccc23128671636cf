package rpm

import (
	"maps"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
)

func TestFind(t *testing.T) {
	t.Parallel()
	tree := fstest.MapFS{}
	add := func(dir string, a archive) {
		for name, content := range a {
			tree[dir+name] = &fstest.MapFile{Data: content}
		}
	}
	flat := repotest.NewRPM(t)
	flat.AddText("a 1.0\n")
	add("web/", made(t, flat))
	above := repotest.NewRPM(t)
	above.Dir = "x86_64/os"
	above.AddText("b 1.0\n")
	add("el9/", made(t, above))
	tree["broken/repodata/repomd.xml"] = &fstest.MapFile{Data: []byte("<html>")}
	tree["none/repodata/primary.xml"] = &fstest.MapFile{}
	tree[".mirrorkeeper/x/repodata/repomd.xml"] = &fstest.MapFile{}
	all, err := Format{}.Find(tree)
	if err != nil {
		t.Fatal(err)
	}
	type found struct{ Dir, Name, IndexDir string }
	var got []found
	for _, f := range all {
		got = append(got, found{f.Dir, f.Repository.String(), f.Repository.IndexDir})
	}
	want := []found{{"broken", "broken", "repodata"}, {"el9", "os", "x86_64/os/repodata"}, {"web", "web", "repodata"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d, slices.Sorted(maps.Keys(tree)))
	}
}

func TestFindAtTheTop(t *testing.T) {
	all, err := Format{}.Find(fstest.MapFS{"repodata/repomd.xml": &fstest.MapFile{}, "x/repodata/repomd.xml": &fstest.MapFile{}})
	if err != nil || len(all) != 2 || all[0].Dir != "." || all[1].Dir != "x" || all[0].Repository.IndexDir != "repodata" {
		t.Errorf("found %+v, error %v", all, err)
	}
}
