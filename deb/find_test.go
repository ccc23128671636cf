package deb

import (
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func TestFind(t *testing.T) {
	tree := fstest.MapFS{}
	for _, name := range []string{
		"debian/dists/bookworm/InRelease",
		"debian/dists/bookworm/main/binary-amd64/Packages.gz",
		"debian/dists/bookworm/main/binary-amd64/Release",
		"debian/dists/bookworm/main/binary-all/Packages.gz",
		"debian/dists/bookworm/contrib/source/Sources.xz",
		"debian/dists/buster/updates/Release",
		"debian/dists/buster/updates/main/binary-i386/Packages",
		"debian/pool/main/d/Release",
		"flat/Release", "flat/Packages.xz",
		"other/Release",
	} {
		tree[name] = &fstest.MapFile{}
	}
	all, err := Format{}.Find(tree)
	if err != nil {
		t.Fatal(err)
	}
	type found struct {
		Dir, Suite                string
		Components, Architectures []string
	}
	var got []found
	for _, f := range all {
		got = append(got, found{f.Dir, f.Repository.Name, f.Repository.Source.Components, f.Repository.Source.Architectures})
	}
	want := []found{
		{"debian", "bookworm", []string{"contrib", "main"}, []string{"amd64"}},
		{"debian", "buster/updates", []string{"main"}, []string{"i386"}},
		{"flat", "./", nil, nil},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
