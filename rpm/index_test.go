package rpm

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/rpm/repodata"
)

// read reads a root of the records.
func read(t testing.TB, s *repo.Source, records ...string) (*repo.Repository, *repo.Root, error) {
	t.Helper()
	r := only(t, s)
	files, dir := signed(repomd(records...)), baseDir(r)
	if dir != "" {
		files = repo.RootFiles{dir + "/" + rootName: files[rootName], dir + "/" + signatureName: files[signatureName]}
	}
	root, err := Format{}.ReadRoot(r, Format{}.RootForms(r)[0], files, keys, now)
	return r, root, err
}

func TestIndexes(t *testing.T) {
	_, root, err := read(t, source(),
		record("primary_zck", "repodata/1-primary.xml.zck", 1, ""),
		record("primary", "repodata/2-primary.xml.gz", 2, `<open-checksum type="sha512">`+strings.Repeat("a", 128)+"</open-checksum><open-size>900</open-size>"),
		record("filelists", "repodata/3-filelists.xml.zst", 3, ""),
		record("filelists-ext", "repodata/4-filelists-ext.xml.zst", 4, ""),
		record("group", "repodata/5-comps.xml", 5, ""),
		record("group_xz", "repodata/6-comps.xml.xz", 6, ""),
		record("group", "repodata/7-comps.xml", 7, ""),
		record("primary_db", "repodata/8-primary.sqlite.bz2", 8, ""),
		record("prestodelta", "repodata/9-prestodelta.xml.gz", 9, ""),
		record("productid", "repodata/productid", 0, ""),
	)
	if err != nil {
		t.Fatal(err)
	}
	type row struct {
		Name, Kind string
		Lists      bool
		Optional   bool
		Suffixes   string
	}
	var got []row
	for _, ix := range root.Indexes {
		var suffixes []string
		for _, v := range ix.Variants {
			suffixes = append(suffixes, v.Suffix)
		}
		got = append(got, row{ix.Name, ix.Kind, ix.ListsFiles, ix.Optional, strings.Join(suffixes, " ")})
	}
	want := []row{
		{"primary", "packages", true, false, ".zck .gz"},
		{"filelists", "filelists", false, false, ".zst"},
		{"filelists-ext", "filelists-ext", false, true, ".zst"},
		{"group", "group", false, false, ""},
		{"group_xz", "group", false, false, ".xz"},
		{"group#2", "group", false, false, ""},
		{"primary_db", "primary_db", false, true, ".bz2"},
		{"prestodelta", "prestodelta", true, true, ".gz"},
		{"productid", "productid", false, true, ""},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	digest, _ := repo.ParseHex(repo.SHA256, sum(2))
	plain, _ := repo.ParseHex(repo.SHA512, strings.Repeat("a", 128))
	v := repo.Variant{File: repo.File{Path: "repodata/2-primary.xml.gz", Size: 200, Digest: digest}, Suffix: ".gz", Plain: repo.Content{Size: 900, Digest: plain}}
	if d := cmp.Diff(v, root.Indexes[0].Variants[1], cmp.Comparer(func(a, b repo.Digest) bool { return a == b })); d != "" {
		t.Error(d)
	}
}

func TestIndexesBelowRoot(t *testing.T) {
	s := source()
	s.Root = ".."
	_, root, err := read(t, s, record("primary", "repodata/p.xml.gz", 1, ""))
	if err != nil {
		t.Fatal(err)
	}
	if got := root.Indexes[0].Variants[0].Path; got != "os/repodata/p.xml.gz" || root.Files[1].Path != "os/repodata/repomd.xml" {
		t.Errorf("primary is %s, the root %s", got, root.Files[1].Path)
	}
}

func TestHostileRecords(t *testing.T) {
	weak := strings.Replace(record("primary", "repodata/p", 1, ""), `type="sha256">`+sum(1), `type="sha">`+sum(1)[:40], 1)
	tests := []struct {
		root, record, want string
	}{
		{"", record("primary", "../repodata/p", 1, ""), "leaves the repository; set the source's root"},
		{"..", record("primary", "../repodata/p", 1, ""), "leaves the repository"},
		{"..", record("primary", "../../p", 1, ""), "leaves the repository"},
		{"", record("primary", "/etc/passwd", 1, ""), "no path in the repository"},
		{"", record("primary", "https://other.example.org/p", 1, ""), "no path in the repository"},
		{"", record("primary", "repodata/repomd.xml", 1, ""), "is that of the root"},
		{"..", record("primary", "repodata/../repodata/repomd.xml.asc", 1, ""), "is that of the root"},
		{"", record("primary", ".mirrorkeeper/p", 1, ""), "state directory"},
		{"", record("primary", "repodata/p&#x7f;", 1, ""), "control character"},
		{"", strings.Replace(record("primary", "repodata/p", 1, ""), "<location ", `<location xml:base="https://other.example.org/" `, 1), "its file lies elsewhere, at https://other.example.org/"},
		{"", record("primary", "repodata/p", 1, "") + record("filelists", "repodata/p", 2, ""), "repodata/p is listed with digests"},
		{"", weak, "only digests that prove nothing (md5, sha1); a trusted source"},
		{"", `<data type="primary"><location href="repodata/p"/></data>`, "it has no checksum"},
	}
	for _, test := range tests {
		s := source()
		s.Root = test.root
		_, root, err := read(t, s, test.record)
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "repomd.xml") {
			t.Errorf("%s: root %v, error %v, expected %q", test.record, root, err, test.want)
		}
	}
	s := source()
	if _, _, err := read(t, s, weak); !errors.Is(err, repo.ErrWeak) {
		t.Errorf("the error is %v", err)
	}
	s.Trusted = true
	if _, _, err := read(t, s, weak); err != nil {
		t.Errorf("of a trusted source: %v", err)
	}
	own := strings.Replace(record("primary", "repodata/p", 1, ""), "<location ", `<location xml:base="https://rpm.example.org/el9/os/" `, 1)
	if _, _, err := read(t, source(), own); err != nil {
		t.Errorf("with the repository's own URL: %v", err)
	}
}

func TestScopes(t *testing.T) {
	records := []string{
		record("primary", "repodata/p.gz", 1, ""), record("primary_db", "repodata/p.sqlite", 1, ""), record("other", "repodata/o.gz", 1, ""),
		record("filelists", "repodata/f.gz", 1, ""), record("filelists-ext", "repodata/fe.gz", 1, ""),
		record("group", "repodata/comps.xml", 1, ""), record("group_gz", "repodata/comps.xml.gz", 1, ""), record("updateinfo", "repodata/u.xz", 1, ""),
		record("modules", "repodata/m.gz", 1, ""), record("prestodelta", "repodata/d.gz", 1, ""), record("susedata.de", "repodata/s.gz", 1, ""),
		record("productid", "repodata/id", 1, ""), record("license", "repodata/l.tar.gz", 1, ""), record("novelty", "repodata/n", 1, ""),
		strings.Replace(record("huge", "repodata/h", 1, ""), "<size>100", "<size>100000000", 1),
	}
	r, root, err := read(t, source(), records...)
	if err != nil {
		t.Fatal(err)
	}
	all, err := Format{}.InScope(r, root)
	if err != nil || len(all) != len(records) {
		t.Errorf("in scope are %d, error %v; expected %d", len(all), err, len(records))
	}
	picked, err := Format{}.CatalogIndexes(r, root)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, ix := range picked {
		got = append(got, ix.Name)
	}
	if d := cmp.Diff([]string{"primary", "filelists", "other", "group_gz", "updateinfo", "modules", "productid", "license", "novelty"}, got); d != "" {
		t.Error(d)
	}
	if _, err := (Format{}).CatalogIndexes(r, &repo.Root{}); err == nil || !strings.Contains(err.Error(), "not one of an rpm repository") {
		t.Errorf("a root of another format: %v", err)
	}
	_, root, err = read(t, source(), records[2])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (Format{}).CatalogIndexes(r, root); err == nil || !strings.Contains(err.Error(), "lists no primary") {
		t.Errorf("without a primary: %v", err)
	}
}

// No path of a root leads out of the repository's tree, whatever upstream writes.
func FuzzFollow(f *testing.F) {
	for _, s := range []string{"repodata/x", "../x", "a/../../x", "/x", "http://x", "..", "a//..//../b", "\\..\\x"} {
		f.Add(s)
	}
	below := source()
	below.Root = ".."
	at := []*repo.Repository{only(f, source()), only(f, below)}
	f.Fuzz(func(t *testing.T, href string) {
		for _, r := range at {
			name, err := resolve(r, href)
			if err != nil {
				continue
			}
			if clean, err := repo.CleanPath(name); err != nil || clean != name {
				t.Errorf("%q leads to %q: %v", href, name, err)
			}
			if slices.Contains([]string{r.IndexDir}, name) || strings.HasPrefix(name, r.IndexDir+"/") {
				t.Errorf("%q leads to the indexes: %q", href, name)
			}
			if _, err := indexPath(repodata.Record{Href: href}, r); err == nil && baseDir(r) != "" && !strings.HasPrefix(name, baseDir(r)+"/") {
				t.Errorf("%q leads an index to %q", href, name)
			}
		}
	})
}
