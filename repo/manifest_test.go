package repo

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// file makes a file whose digest is that of its content.
func file(path, content string) File {
	h := SHA256.New()
	h.Write([]byte(content))
	return File{Path: path, Size: int64(len(content)), Digest: NewDigest(SHA256, h.Sum(nil))}
}

func drawFiles(t *rapid.T, label string) (files []File) {
	paths := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-e]{1,2}(/[a-c +~]x)?`), 0, 8, rapid.ID)
	for _, p := range paths.Draw(t, label) {
		f := file(p, rapid.SampledFrom([]string{"", "old", "new"}).Draw(t, "content"))
		switch rapid.IntRange(0, 9).Draw(t, "metadata") {
		case 0:
			f.Digest = Digest{}
		case 1:
			f.Size = -1
		}
		files = append(files, f)
	}
	return files
}

// TestManifestText: a manifest is read back as it was written.
func TestManifestText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := &Manifest{Root: drawFiles(t, "root"), Indexes: drawFiles(t, "indexes"), Packages: drawFiles(t, "packages")}
		var text bytes.Buffer
		if err := want.Write(&text); err != nil {
			t.Fatal(err)
		}
		got, err := ReadManifest(&text)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateComparable(Digest{})); diff != "" {
			t.Errorf("manifest (-written +read):\n%s", diff)
		}
	})
}

func TestReadManifestRefuses(t *testing.T) {
	const head = "mirrorkeeper-manifest 1\n"
	digest := file("x", "").Digest.String()
	for text, reason := range map[string]string{
		"":                                     "first line",
		"mirrorkeeper-manifest 2\n":            "first line",
		head + "x " + digest + " 1 a\n":        "line 2: unknown part",
		head + "p sha256:12 1 a\n":             "line 2",
		head + "p " + digest + " one a\n":      "line 2",
		head + "p " + digest + " 1 /a\n":       "absolute",
		head + "p " + digest + " 1 ../a\n":     "leaves",
		head + "p " + digest + " 1\n":          "line 2",
		head + "p " + digest + " 1 a\n\n":      "line 3",
		head + "p " + strings.Repeat("a", 7e4): "too long",
	} {
		if _, err := ReadManifest(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("%.60q was read with error %v, expected one that says %q", text, err, reason)
		}
	}
}

func TestManifestOrder(t *testing.T) {
	m := &Manifest{
		Root:     []File{{Path: "Release.gpg"}, {Path: "Release"}},
		Indexes:  []File{{Path: "Packages"}},
		Packages: []File{{Path: "b.deb"}, {Path: "a.deb"}},
	}
	var got []string
	for f := range m.All {
		got = append(got, f.Path)
	}
	want := []string{"b.deb", "a.deb", "Packages", "Release.gpg", "Release"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("order of files (-want +got):\n%s", diff)
	}
	for range m.All {
		break
	}
}

func TestDiff(t *testing.T) {
	old := []File{file("same", "1"), file("changed", "1"), file("gone", "1")}
	now := []File{file("new", "1"), file("changed", "22"), file("same", "1")}
	want := Difference{Added: []File{now[0]}, Changed: []File{now[1]}, Removed: []File{old[2]}}
	if diff := cmp.Diff(want, Diff(old, now), cmpopts.EquateComparable(Digest{})); diff != "" {
		t.Errorf("difference (-want +got):\n%s", diff)
	}
	if d := Diff(old, old); !d.Empty() {
		t.Errorf("a manifest differs from itself: %v", d)
	}
}

// TestDiffLeadsFromOldToNew: taking away what is removed and changed and adding what
// is added and changed makes the new files of the old ones.
func TestDiffLeadsFromOldToNew(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		old, now := drawFiles(t, "old"), drawFiles(t, "now")
		d := Diff(old, now)
		var result []File
		for _, f := range old {
			gone := func(g File) bool { return g.Path == f.Path }
			if !slices.ContainsFunc(d.Removed, gone) && !slices.ContainsFunc(d.Changed, gone) {
				result = append(result, f)
			}
		}
		result = slices.Concat(result, d.Added, d.Changed)
		byPath := cmpopts.SortSlices(func(a, b File) bool { return a.Path < b.Path })
		if diff := cmp.Diff(now, result, byPath, cmpopts.EquateComparable(Digest{}), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("from %v to %v by %v (-want +got):\n%s", old, now, d, diff)
		}
	})
}

// FuzzReadManifest: what is read from any text can be written and read again.
func FuzzReadManifest(f *testing.F) {
	f.Add(manifestHeader + "\np " + file("a", "x").Digest.String() + " 1 a b\nr  -1 c\n")
	f.Add(manifestHeader)
	f.Fuzz(func(t *testing.T, text string) {
		m, err := ReadManifest(strings.NewReader(text))
		if err != nil {
			return
		}
		var again bytes.Buffer
		if err := m.Write(&again); err != nil {
			t.Fatal(err)
		}
		n, err := ReadManifest(&again)
		if err != nil {
			t.Fatalf("%q was read, but not what was written of it: %v", text, err)
		}
		if diff := cmp.Diff(m, n, cmpopts.EquateComparable(Digest{})); diff != "" {
			t.Errorf("manifest (-written +read):\n%s", diff)
		}
	})
}
