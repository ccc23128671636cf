package rpm

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/rpm/repodata"
)

var date = time.Date(2026, 11, 22, 11, 0, 0, 0, time.UTC)

// rewritten holds the packages, all of the mirror's.
func rewritten(t tester, of repo.Reading, packages []*repo.Package) (archive, *repo.Manifest) {
	t.Helper()
	out := archive{}
	m, err := Format{}.Rewrite(rewriting(of, packages, out))
	if err != nil {
		t.Fatal(err)
	}
	out.checkManifest(t, m)
	return out, m
}

func rewriting(of repo.Reading, packages []*repo.Package, out archive) *repo.Rewriting {
	names := map[string]bool{}
	for _, p := range packages {
		names[p.Name] = true
	}
	return &repo.Rewriting{
		Repository: of.Repository, Root: of.Root, Packages: packages, Names: names, Open: of.Open,
		Signer: sealer{keys}, Date: date, Put: out.put,
	}
}

// checkManifest checks that the manifest is unique and has what was stored.
func (a archive) checkManifest(t tester, m *repo.Manifest) {
	t.Helper()
	left := map[string]bool{}
	for name := range a {
		left[name] = true
	}
	for _, f := range slices.Concat(m.Indexes, m.Root) {
		if !left[f.Path] || f != fileOf(f.Path, a[f.Path]) {
			t.Errorf("%+v stands in the manifest, and is not stored or twice", f)
		}
		delete(left, f.Path)
	}
	for name := range left {
		t.Errorf("%s is stored and not in the manifest", name)
	}
}

// listOf is a filelists.xml or other.xml of the packages.
func listOf(kind string, names ...string) [2]string {
	element := map[string]string{"filelists": "filelists", "other": "otherdata"}[kind]
	var b strings.Builder
	fmt.Fprintf(&b, "<%s xmlns=\"http://linux.duke.edu/metadata/%s\" packages=\"%d\">\n", element, kind, len(names))
	for _, name := range names {
		fmt.Fprintf(&b, "<package pkgid=\"%s\" name=\"%s\" arch=\"x\"><file>/usr/share/%s</file></package>\n", digestOf(name), name, name)
	}
	fmt.Fprintf(&b, "</%s>\n", element)
	return [2]string{kind, b.String()}
}

// content is the plain content of the index of a kind.
func (a archive) content(t tester, r *repo.Repository, kind string) string {
	t.Helper()
	var text []byte
	of := repo.Reading{Repository: r, Root: a.root(t, r), Open: a.open}
	if err := readIndex(of, kind, func(in io.Reader, _ string) (err error) {
		text, err = io.ReadAll(in)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var pkgid = regexp.MustCompile(`pkgid="([0-9a-f]{64})"`)

// What is written reads back as the packages that were to be held, in the same words
// and in upstream's order, and filelists and other have the same packages.
func TestRewriteRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) string {
			return fmt.Sprintf("%s-%d:%d-1.%s", rapid.StringMatching(`[a-c]{1,2}`).Draw(t, "name"), rapid.IntRange(0, 1).Draw(t, "epoch"),
				rapid.IntRange(1, 2).Draw(t, "version"), rapid.SampledFrom([]string{"noarch", "x86_64", "src"}).Draw(t, "architecture"))
		}), 0, 12, rapid.ID).Draw(t, "packages")
		var elements []string
		for _, name := range names {
			more := rapid.SampledFrom([]string{"", "<!-- a comment -->", "<rpm:license>M&amp;T</rpm:license>", "<file type='dir'>/etc/é</file>", "\n  <rpm:provides/>\n"}).Draw(t, "more")
			elements = append(elements, element(name, more))
		}
		shuffled := rapid.Permutation(names).Draw(t, "order of filelists")
		base := rapid.SampledFrom([]string{"", "https://rpm.example.org/el9/os", "https://cdn.example.org/pool"}).Draw(t, "xml:base")
		text := primary(elements...)
		if base != "" {
			text[1] = strings.ReplaceAll(text[1], "<location ", `<location xml:base="`+base+`" `)
		}
		r := only(t, source())
		of := publish(t, text, listOf("filelists", shuffled...), listOf("other", names...)).reading(t, r)
		var held []*repo.Package
		for _, p := range of.Packages {
			if rapid.Bool().Draw(t, "hold "+p.String()) {
				held = append(held, p)
			}
		}
		out, m := rewritten(t, of, held)
		back := out.packages(t, r)
		if d := cmp.Diff(shown(held), shown(back)); d != "" {
			t.Fatal(d)
		}
		ids := map[string]bool{}
		for i, p := range held {
			ids[p.File.Digest.Hex()] = true
			if m.Packages[i] != p.File || back[i].File != p.File || back[i].Upstream != "" {
				t.Errorf("%s is %v in the manifest, and reads back as %v from %q", p, m.Packages[i], back[i].File, back[i].Upstream)
			}
		}
		for _, kind := range []string{"filelists", "other"} {
			text := out.content(t, r, kind)
			if !strings.Contains(text, fmt.Sprintf(`packages="%d"`, len(held))) || strings.Count(text, "<package ") != len(held) {
				t.Errorf("%s is not of %d packages: %s", kind, len(held), text)
			}
			for _, id := range pkgid.FindAllStringSubmatch(text, -1) {
				if !ids[id[1]] {
					t.Errorf("%s has the package %s", kind, id[1])
				}
			}
		}
		again, _ := rewritten(t, of, held)
		if d := cmp.Diff(out, again); d != "" {
			t.Fatalf("written again it differs: %s", d)
		}
	})
}

// shown are packages by what they are and the digests of their elements.
func shown(packages []*repo.Package) (all []string) {
	for _, p := range packages {
		all = append(all, fmt.Sprintf("%s %x", p, p.Raw))
	}
	return all
}

// Elements stay as they are written, byte for byte.
func TestRewriteKeepsElements(t *testing.T) {
	elements := []string{element("a-0:1-1.noarch", "<x:y xmlns:x='urn:x'/>"), element("b-0:1-1.noarch", ""), element("c-0:1-1.noarch", "  <rpm:license >x</rpm:license>")}
	text := primary(elements...)
	text[1] = strings.Replace(text[1], `xmlns:rpm="`, `xmlns:z="urn:z" xmlns:rpm="`, 1)
	r := only(t, source())
	of := publish(t, text).reading(t, r)
	out, _ := rewritten(t, of, []*repo.Package{of.Packages[0], of.Packages[2]})
	want := strings.Replace(strings.Replace(text[1], elements[1]+"\n", "", 1), `packages="3"`, `packages="2"`, 1)
	got := out.content(t, r, packagesKind)
	body := func(s string) string { return s[strings.Index(s, "<package "):] }
	if d := cmp.Diff(body(want), body(got)); d != "" {
		t.Error(d)
	}
	if !strings.Contains(got, `xmlns:z="urn:z"`) || !strings.Contains(got, `packages="2"`) {
		t.Errorf("the document begins with %s", strings.TrimSuffix(got, body(got)))
	}
}

func TestRewriteRoot(t *testing.T) {
	icons := gzipped(t, "icons")
	a := publish(t,
		primary(element("a-0:1-1.noarch", ""), element("b-0:1-1.noarch", "")), listOf("filelists", "a-0:1-1.noarch"), listOf("other", "b-0:1-1.noarch"),
		[2]string{"primary_db", "x"}, [2]string{"prestodelta", "x"}, [2]string{"filelists-ext", "x"}, [2]string{"susedata.de", "x"}, [2]string{"patterns", "x"},
		[2]string{"group", strings.NewReplacer(">a<", ">absent<", ">b<", ">a<").Replace(sampleComps)}, [2]string{"productid", "certificate"}, [2]string{"appstream-icons", icons},
		[2]string{"gone", "x"},
	)
	main := string(a[rootName])
	main = strings.Replace(main, "  <data ", `  <tags><content>binary</content><distro cpeid="cpe:/o:x">X</distro></tags><data `, 1)
	a["repodata/0123456789abcdef0123456789abcdef-icons.tar.gz"] = []byte(icons)
	main = strings.Replace(main, "repodata/10-appstream-icons", "repodata/0123456789abcdef0123456789abcdef-icons.tar.gz", 1)
	a[rootName] = []byte(main)
	a.sealRoot("")
	r := only(t, source())
	of := a.reading(t, r)
	for name := range a {
		if strings.HasSuffix(name, "-gone") {
			delete(a, name) // listed and not there
		}
	}
	out, m := rewritten(t, of, of.Packages[:1])
	if got := []string{m.Root[0].Path, m.Root[1].Path}; len(m.Root) != 2 || got[0] != signatureName || got[1] != rootName {
		t.Errorf("the root is %v", m.Root)
	}
	back := out.root(t, r)
	if !back.Date.Equal(date) || len(back.Warnings) > 0 {
		t.Errorf("the date is %s, warnings %q", back.Date, back.Warnings)
	}
	written := back.Detail.(*repodata.Repomd)
	if d := cmp.Diff([]repodata.Tag{{Name: "content", Value: "binary"}, {Name: "distro", CPEID: "cpe:/o:x", Value: "X"}}, written.Tags); d != "" {
		t.Error(d)
	}
	if written.Revision != fmt.Sprint(date.Unix()) {
		t.Errorf("the revision is %s", written.Revision)
	}
	var got []string
	for _, record := range written.Records {
		digest, name, _ := strings.Cut(path.Base(record.Href), "-")
		if digest != record.Checksum.Hex() || record.Size != int64(len(out[record.Href])) || !record.Timestamp.Equal(date) {
			t.Errorf("record %+v", record)
		}
		if strings.HasSuffix(name, ".gz") != (record.OpenSize > 0) {
			t.Errorf("%s has the open size %d", record.Href, record.OpenSize)
		}
		got = append(got, record.Type+" "+name)
	}
	want := []string{
		"primary primary.xml.gz", "filelists filelists.xml.gz", "other other.xml.gz", "group comps.xml", "group_gz comps.xml.gz",
		"productid 9-productid", "appstream-icons icons.tar.gz",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if other := out.content(t, r, otherKind); !strings.Contains(other, `packages="0"`) {
		t.Errorf("other, which does not have the package, is %s", other)
	}
	comps := out.content(t, r, groupKind)
	if !strings.Contains(comps, ">a</packagereq>") || strings.Contains(comps, ">c</packagereq>") || strings.Contains(comps, "absent") {
		t.Errorf("comps is %s", comps)
	}
	for _, ix := range back.Indexes {
		if ix.Kind == "appstream-icons" || ix.Kind == "productid" {
			in, err := out.open(ix)
			if err != nil {
				t.Fatal(err)
			}
			if b, err := io.ReadAll(in); err != nil || string(b) != map[string]string{"productid": "certificate", "appstream-icons": "icons"}[ix.Kind] {
				t.Errorf("%s is %q, error %v", ix.Kind, b, err)
			}
		}
	}
}

func gzipped(t tester, text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, text); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A module is kept with the packages of it that are held, and with what it requires.
func TestRewriteModules(t *testing.T) {
	tests := []struct {
		groups []string
		hold   string
		want   []string
	}{
		{[]string{"node:18"}, "npm 1-1 x86_64", []string{"node:18:2:c:x86_64 npm-0:1-1.x86_64", "perl:5.30:1:c:x86_64 "}},
		{[]string{"node:18"}, "node 1:18-1 x86_64", []string{"node:18:1:c:x86_64 node-1:18-1.x86_64", "perl:5.30:1:c:x86_64 "}},
		{nil, "node 16-1 x86_64", []string{"node:16:1:c:x86_64 node-0:16-1.x86_64", "node 16"}},
		{nil, "other 1-1 x86_64", nil},
	}
	for _, test := range tests {
		r := only(t, source())
		of := modular(t).reading(t, r)
		packages, err := Format{}.Link([]repo.Reading{of}, repo.Wanted{Groups: test.groups})
		if err != nil {
			t.Fatal(err)
		}
		packages = slices.DeleteFunc(packages, func(p *repo.Package) bool { return p.String() != test.hold })
		out, _ := rewritten(t, of, packages)
		m, err := readModules([]repo.Reading{out.reading(t, r)})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, b := range m.builds {
			got = append(got, b.String()+" "+strings.Join(b.Artifacts, " "))
		}
		for _, module := range []string{"node", "perl", "dbi"} {
			if stream := m.defaults[module]; stream != "" {
				got = append(got, module+" "+stream)
			}
		}
		if d := cmp.Diff(test.want, got); d != "" {
			t.Errorf("with %s: %s", test.hold, d)
		}
		if len(got) > 0 {
			if seen := linked(t, test.groups, out); len(seen) != 1 || seen[0].String() != test.hold {
				t.Errorf("of the written repository one sees %v", seen)
			}
		}
	}
}

// What a module requires may be in another repository of the mirror.
func TestRewriteModulesThatRequireOthers(t *testing.T) {
	r := only(t, source())
	modules := module("app:1", 1, "here:1 there:1", "", "app-0:1-1.x86_64") + module("here:1", 1, "", "", "here-0:1-1.x86_64") + module("here:2", 1, "", "", "here-0:2-1.x86_64")
	of := publish(t, primary(element("app-0:1-1.x86_64", ""), element("here-0:1-1.x86_64", "")), [2]string{"modules", modules}).reading(t, r)
	out, _ := rewritten(t, of, of.Packages[:1])
	got := out.content(t, r, modulesKind)
	if !strings.Contains(got, "name: app") || !strings.Contains(got, "name: here\n  stream: \"1\"") || strings.Contains(got, "stream: \"2\"") {
		t.Errorf("the modules are %s", got)
	}
}

func TestRewriteUpdateinfo(t *testing.T) {
	update := func(id string, packages ...string) string {
		var b strings.Builder
		fmt.Fprintf(&b, "<update type=\"security\"><id>%s</id><pkglist><collection>", id)
		for _, name := range packages {
			n, _ := parseNEVRA(name)
			v := ParseVersion(n.version)
			fmt.Fprintf(&b, `<package name="%s" epoch="%s" version="%s" release="%s" arch="%s"><filename>x</filename></package>`, n.name, epoch(v), v.Version, v.Release, n.architecture)
		}
		return b.String() + "</collection></pkglist></update>"
	}
	updates := "<updates>" + update("one", "a-0:1-1.noarch", "b-1:1-1.noarch") + update("two", "b-1:1-1.noarch") + update("three", "a-0:2-1.noarch") + "</updates>"
	r := only(t, source())
	of := publish(t, primary(element("a-0:1-1.noarch", ""), element("b-1:1-1.noarch", ""), element("c-0:1-1.noarch", "")), [2]string{"updateinfo", updates}).reading(t, r)
	for _, test := range []struct {
		hold int
		want string
	}{{0, "<updates>" + update("one", "a-0:1-1.noarch") + "</updates>"}, {1, "<updates>" + update("one", "b-1:1-1.noarch") + update("two", "b-1:1-1.noarch") + "</updates>"}, {2, ""}} {
		out, _ := rewritten(t, of, of.Packages[test.hold:test.hold+1])
		_, got, _ := strings.Cut(out.content(t, r, updateinfoKind), "?>\n")
		if d := cmp.Diff(test.want, strings.TrimSpace(got)); d != "" {
			t.Error(d)
		}
	}
}

func TestRewriteBelowRoot(t *testing.T) {
	s := source()
	s.Root = ".."
	r := only(t, s)
	text := primary(strings.Replace(element("a-0:1-1.noarch", ""), "Packages/", "../packages/", 1), strings.Replace(element("b-0:1-1.noarch", ""), "<location ", `<location xml:base="https://cdn.example.org" `, 1))
	a := archive{}
	for name, content := range publish(t, text) {
		a["os/"+name] = content
	}
	of := a.reading(t, r)
	out, m := rewritten(t, of, of.Packages)
	if m.Packages[0].Path != "packages/a-0_1-1.noarch.rpm" || m.Packages[1].Path != "os/Packages/b/b-0_1-1.noarch.rpm" || m.Root[1].Path != "os/repodata/repomd.xml" {
		t.Errorf("packages are at %v, the root at %v", m.Packages, m.Root)
	}
	if d := cmp.Diff(shown(of.Packages), shown(out.packages(t, r))); d != "" {
		t.Error(d)
	}
}

func TestRewriteErrors(t *testing.T) {
	elements := []string{element("a-0:1-1.noarch", ""), strings.Replace(element("b-0:1-1.noarch", ""), "Packages/b", "Packages/a", 1), element("c-0:1-1.noarch", "")}
	r := only(t, source())
	a := publish(t, primary(elements...))
	of := a.reading(t, r)
	stray, changed, later := *of.Packages[0], *of.Packages[0], *of.Packages[0]
	stray.Listed = nil
	changed.Raw = "x"
	later.Listed = []repo.Listing{{Index: "primary", Position: 7}}
	tests := []struct {
		packages []*repo.Package
		change   func(*repo.Rewriting)
		want     string
	}{
		{of.Packages[:2], nil, "another package has Packages/a-0_1-1.noarch.rpm with digest"},
		{[]*repo.Package{&stray}, nil, "a 1-1 noarch does not stand in primary"},
		{[]*repo.Package{&changed}, nil, "a 1-1 noarch is not there any more"},
		{[]*repo.Package{&later}, nil, "has not all of the packages any more"},
		{of.Packages[:1], func(w *repo.Rewriting) { w.Signer = nil }, "no key to sign with"},
		{of.Packages[:1], func(w *repo.Rewriting) { w.Root = &repo.Root{} }, "not one of an rpm repository"},
		{of.Packages[:1], func(w *repo.Rewriting) { w.Open = archive{}.open }, "file does not exist"},
	}
	for _, test := range tests {
		w := rewriting(of, test.packages, archive{})
		if test.change != nil {
			test.change(w)
		}
		m, err := Format{}.Rewrite(w)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("manifest is %v and error %v, expected %q", m, err, test.want)
		}
	}
}
