package repodata

import (
	"bytes"
	encoding "encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mirrorkeeper/mirrorkeeper/compress"
	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/rpm/xml"
)

// plainPackage is what encoding/xml sees of a package, and what we see written out.
type plainPackage struct {
	Name    string `xml:"http://linux.duke.edu/metadata/common name"`
	Arch    string `xml:"http://linux.duke.edu/metadata/common arch"`
	Version struct {
		Epoch   string `xml:"epoch,attr"`
		Version string `xml:"ver,attr"`
		Release string `xml:"rel,attr"`
	} `xml:"http://linux.duke.edu/metadata/common version"`
	Checksum struct {
		Type string `xml:"type,attr"`
		Sum  string `xml:",chardata"`
	} `xml:"http://linux.duke.edu/metadata/common checksum"`
	Location struct {
		Href string `xml:"href,attr"`
		Base string `xml:"http://www.w3.org/XML/1998/namespace base,attr"`
	} `xml:"http://linux.duke.edu/metadata/common location"`
	Size struct {
		Package int64 `xml:"package,attr"`
	} `xml:"http://linux.duke.edu/metadata/common size"`
	Format plainFormat `xml:"http://linux.duke.edu/metadata/common format"`
	Raw    string      `xml:",innerxml"`
}

type plainFormat struct {
	Group       string       `xml:"http://linux.duke.edu/metadata/rpm group"`
	SourceRPM   string       `xml:"http://linux.duke.edu/metadata/rpm sourcerpm"`
	Provides    []plainEntry `xml:"http://linux.duke.edu/metadata/rpm provides>entry"`
	Requires    []plainEntry `xml:"http://linux.duke.edu/metadata/rpm requires>entry"`
	Conflicts   []plainEntry `xml:"http://linux.duke.edu/metadata/rpm conflicts>entry"`
	Obsoletes   []plainEntry `xml:"http://linux.duke.edu/metadata/rpm obsoletes>entry"`
	Recommends  []plainEntry `xml:"http://linux.duke.edu/metadata/rpm recommends>entry"`
	Suggests    []plainEntry `xml:"http://linux.duke.edu/metadata/rpm suggests>entry"`
	Supplements []plainEntry `xml:"http://linux.duke.edu/metadata/rpm supplements>entry"`
	Enhances    []plainEntry `xml:"http://linux.duke.edu/metadata/rpm enhances>entry"`
	Files       []string     `xml:"http://linux.duke.edu/metadata/common file"`
}

type plainEntry struct {
	Name    string `xml:"name,attr"`
	Flags   string `xml:"flags,attr"`
	Epoch   string `xml:"epoch,attr"`
	Version string `xml:"ver,attr"`
	Release string `xml:"rel,attr"`
	Pre     bool   `xml:"pre,attr"`
}

// decodePrimary is the oracle.
func decodePrimary(t testing.TB, text []byte) []plainPackage {
	var doc struct {
		XMLName  encoding.Name  `xml:"http://linux.duke.edu/metadata/common metadata"`
		Packages []plainPackage `xml:"http://linux.duke.edu/metadata/common package"`
	}
	if err := encoding.Unmarshal(text, &doc); err != nil {
		t.Fatalf("encoding/xml: %v\n%s", err, text)
	}
	for i := range doc.Packages {
		doc.Packages[i].trim()
	}
	return doc.Packages
}

// trim takes the blanks around the values of elements away, as the reader does.
func (p *plainPackage) trim() {
	for _, s := range []*string{&p.Name, &p.Arch, &p.Checksum.Sum, &p.Format.Group, &p.Format.SourceRPM} {
		*s = strings.Trim(*s, " \t\r\n")
	}
}

// written is a package written out, with the part of Raw that encoding/xml has.
func written(p *Package) (out plainPackage) {
	out.Name, out.Arch = string(p.Name), string(p.Arch)
	out.Version.Epoch, out.Version.Version, out.Version.Release = string(p.Epoch), string(p.Version), string(p.Release)
	out.Checksum.Type, out.Checksum.Sum = string(p.ChecksumType), string(p.Checksum)
	out.Location.Href, out.Location.Base = string(p.Href), string(p.Base)
	out.Size.Package = p.Size
	f := &out.Format
	f.Group, f.SourceRPM = string(p.Group), string(p.SourceRPM)
	for _, list := range []struct {
		from []Entry
		to   *[]plainEntry
	}{
		{p.Provides, &f.Provides},
		{p.Requires, &f.Requires},
		{p.Conflicts, &f.Conflicts},
		{p.Obsoletes, &f.Obsoletes},
		{p.Recommends, &f.Recommends},
		{p.Suggests, &f.Suggests},
		{p.Supplements, &f.Supplements},
		{p.Enhances, &f.Enhances},
	} {
		for _, e := range list.from {
			*list.to = append(*list.to, plainEntry{string(e.Name), string(e.Flags), string(e.Epoch), string(e.Version), string(e.Release), e.Pre})
		}
	}
	for _, file := range p.Files {
		f.Files = append(f.Files, string(file))
	}
	raw := string(p.Raw)
	_, raw, _ = strings.Cut(raw, ">")
	out.Raw = raw[:max(strings.LastIndex(raw, "</"), 0)] // of <package/> there is nothing
	return out
}

func readPrimary(in *PrimaryReader) (all []plainPackage, err error) {
	for {
		p, err := in.Next()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		all = append(all, written(p))
	}
}

// odd has packages with all kinds of relations and names that are written with
// references.
const odd = `
plain 1.0-2 x86_64
 Requires: a >= 1:2, b < 3~rc1, /usr/bin/tool, config(plain) = 1.0-2
 Requires(pre): d
 Requires(post): a >= 1:2
 Provides: l = 4-5, libx.so.1(X < 2 & Y > 3)(64bit), pkgconfig(y)
 Group: System & "Tools" <beta>
 SourceRPM: plain-suite-1.0-2.src.rpm
rich 3:1.0^git~1-2.el9 noarch
 Requires: ((a and b >= 2) or (c if d else e)), (x with y)
 Recommends: e, (f or g)
 Suggests: f < 2
 Supplements: (g and h)
 Enhances: i
 Conflicts: j > 1, (k unless m)
 Obsoletes: k <= 3
gtk+3.0-c++ 2-1 x86_64
lonely 1-1 i686
`

// metadata is what createrepo_c makes of the packages of odd: primary, filelists, other.
func metadata(t testing.TB) (primary, filelists, other []byte) {
	t.Helper()
	r := repotest.NewRPM(t)
	r.AddText(odd)
	p := repotest.Package{Name: "files", Version: "1-1", Architecture: "noarch", Files: map[string]string{
		"usr/bin/a&b": "", "etc/<odd> 'name'.conf": "", "usr/share/ü/é.txt": "", "usr/lib/sendmail": "",
	}}
	for i := range 300 {
		p.Files[fmt.Sprintf("usr/share/many/of them/file-%d.txt", i)] = ""
	}
	r.Add(p)
	tree := r.Tree()
	read := func(kind string) []byte {
		i := slices.IndexFunc(tree.Paths(), func(name string) bool { return strings.HasSuffix(name, "-"+kind+".xml.gz") })
		if i < 0 {
			t.Fatalf("there is no %s in %v", kind, tree.Paths())
		}
		in, err := compress.Reader(bytes.NewReader(tree.Content(tree.Paths()[i])), path.Ext(tree.Paths()[i]), 64<<20)
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	return read("primary"), read("filelists"), read("other")
}

func TestMetadataOfCreaterepo(t *testing.T) {
	primary, filelists, other := metadata(t)
	t.Run("primary", func(t *testing.T) { testPrimary(t, primary) })
	t.Run("copied", func(t *testing.T) { testCopies(t, primary, filelists, other) })
	t.Run("filelists", func(t *testing.T) { testFilelists(t, filelists) })
	t.Run("split", func(t *testing.T) { testSplitter(t, primary) })
}

func testPrimary(t *testing.T, primary []byte) {
	want := decodePrimary(t, primary)
	if len(want) != 5 {
		t.Fatalf("createrepo_c wrote %d packages", len(want))
	}
	for _, in := range []io.Reader{bytes.NewReader(primary), iotest.OneByteReader(bytes.NewReader(primary))} {
		got, err := readPrimary(NewPrimaryReader(in, "primary.xml"))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("encoding/xml sees other packages (-theirs +ours):\n%s", diff)
		}
	}
}

// testCopies: the head, the packages as they are and the end are the document.
func testCopies(t *testing.T, primary, filelists, other []byte) {
	copied := func(start, end []byte, raws [][]byte) []byte {
		return append(append(append(start, bytes.Join(raws, []byte("\n"))...), '\n'), end...)
	}
	in := NewPrimaryReader(bytes.NewReader(primary), "primary.xml")
	head, err := in.Head()
	if err != nil {
		t.Fatal(err)
	}
	var raws [][]byte
	for {
		p, err := in.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		raws = append(raws, slices.Clone(p.Raw))
	}
	// All but an end of line between packages is as createrepo_c has it.
	if diff := cmp.Diff(string(bytes.TrimSpace(primary)), string(bytes.TrimSpace(copied(head.Start(len(raws)), head.End(), raws)))); diff != "" {
		t.Errorf("primary differs:\n%s", diff)
	}
	for name, list := range map[string]*ListReader{
		"filelists": NewFilelistsReader(bytes.NewReader(filelists), "filelists.xml"),
		"other":     NewOtherReader(bytes.NewReader(other), "other.xml"),
	} {
		head, err := list.Head()
		if err != nil {
			t.Fatal(err)
		}
		raws, err := readRaws(list)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string][]byte{"filelists": filelists, "other": other}[name]
		if diff := cmp.Diff(strings.Fields(string(want)), strings.Fields(string(copied(head.Start(len(raws)), head.End(), raws)))); diff != "" {
			t.Errorf("%s differs:\n%s", name, diff)
		}
	}
}

func readRaws(in *ListReader) (raws [][]byte, err error) {
	for {
		e, err := in.Next()
		if err == io.EOF {
			return raws, nil
		}
		if err != nil {
			return nil, err
		}
		raws = append(raws, slices.Clone(e.Raw))
	}
}

func testFilelists(t *testing.T, filelists []byte) {
	var doc struct {
		Packages []struct {
			PkgID string   `xml:"pkgid,attr"`
			Files []string `xml:"file"`
		} `xml:"package"`
	}
	if err := encoding.Unmarshal(filelists, &doc); err != nil {
		t.Fatal(err)
	}
	in := NewFilelistsReader(bytes.NewReader(filelists), "filelists.xml")
	for _, want := range doc.Packages {
		e, err := in.Next()
		if err != nil {
			t.Fatal(err)
		}
		var files []string
		for _, f := range e.Files {
			files = append(files, string(f))
		}
		if string(e.PkgID) != want.PkgID || !slices.Equal(files, want.Files) {
			t.Errorf("package %s with %d files, expected %s with %d", e.PkgID, len(files), want.PkgID, len(want.Files))
		}
	}
	if _, err := in.Next(); err != io.EOF {
		t.Errorf("%v behind the last package", err)
	}
}

// drawPrimary makes a primary.xml as no createrepo would write it.
func drawPrimary(t *rapid.T) []byte {
	text := rapid.StringOfN(rapid.RuneFrom([]rune(`ab<>&"' ü]`)), 1, 6, -1)
	var b bytes.Buffer
	escape := func(s string) string {
		var e bytes.Buffer
		xml.Escape(&e, s)
		return e.String()
	}
	noise := func() string {
		return rapid.SampledFrom([]string{"", "", "\n  ", "<!-- </package> -->", "<?pi </package>?>", "<x:name xmlns:x='else'>no</x:name>", "<other><name>no</name></other>"}).Draw(t, "noise")
	}
	c, p := rapid.SampledFrom([]string{"", "c:"}).Draw(t, "common"), rapid.SampledFrom([]string{"rpm:", "r:"}).Draw(t, "rpm")
	content := func(s string) string {
		if rapid.Bool().Draw(t, "cdata") {
			return "<![CDATA[" + strings.ReplaceAll(s, "]]>", "") + "]]>"
		}
		return escape(s)
	}
	fmt.Fprintf(&b, "<%smetadata xmlns%s='%s' xmlns:%s=\"%s\" packages='1'>", c, strings.TrimSuffix(":"+c, ":"), commonSpace, strings.TrimSuffix(p, ":"), rpmSpace)
	for range rapid.IntRange(0, 3).Draw(t, "packages") {
		fmt.Fprintf(&b, "%s<%spackage type='rpm'>", noise(), c)
		field := func(element, attributes, value string) {
			fmt.Fprintf(&b, "%s<%s%s>%s</%[2]s>", noise(), element, attributes, value)
		}
		field(c+"name", "", content(text.Draw(t, "name")))
		field(c+"arch", "", "x86_64")
		field(c+"version", fmt.Sprintf(" rel='%s' epoch=\"0\" ver = '%s'", escape(text.Draw(t, "rel")), escape(text.Draw(t, "ver"))), "")
		field(c+"description", "", content(text.Draw(t, "description")+"</package>"))
		field(c+"checksum", " type='sha256'", "\n"+strings.Repeat("ab", 32))
		field(c+"size", " package='12'", "")
		field(c+"location", fmt.Sprintf(" xml:base='%s' href='%s'", escape(text.Draw(t, "base")), escape(text.Draw(t, "href"))), "")
		fmt.Fprintf(&b, "<%sformat>", c)
		field(p+"group", "", content(text.Draw(t, "group")))
		for _, list := range []string{"provides", "requires", "conflicts", "obsoletes", "recommends", "suggests", "supplements", "enhances"} {
			fmt.Fprintf(&b, "<%s%s>%s", p, list, noise())
			for range rapid.IntRange(0, 2).Draw(t, "entries") {
				fmt.Fprintf(&b, "<%sentry name='%s' flags='GE' epoch='1' ver='%s' rel='%s' pre='%d'/>", p, escape(text.Draw(t, "entry")),
					escape(text.Draw(t, "ver")), escape(text.Draw(t, "rel")), rapid.IntRange(0, 1).Draw(t, "pre"))
			}
			fmt.Fprintf(&b, "</%s%s>", p, list)
		}
		for range rapid.IntRange(0, 2).Draw(t, "files") {
			field(c+"file", " type='dir'", content("/"+text.Draw(t, "file")))
		}
		fmt.Fprintf(&b, "</%sformat></%[1]spackage>", c)
	}
	fmt.Fprintf(&b, "%s</%smetadata>\n", noise(), c)
	return b.Bytes()
}

func TestPrimaryAsEncodingXML(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text := drawPrimary(rt)
		got, err := readPrimary(NewPrimaryReader(bytes.NewReader(text), "primary.xml"))
		if err != nil {
			rt.Fatalf("%v\n%s", err, text)
		}
		if diff := cmp.Diff(decodePrimary(t, text), got); diff != "" {
			rt.Fatalf("encoding/xml sees other packages (-theirs +ours):\n%s\n%s", diff, text)
		}
	})
}

// onePackage is a document of a package with the given fields in the place of the usual ones.
func onePackage(fields string) string {
	return fmt.Sprintf("<metadata xmlns=%q xmlns:rpm=%q packages=\"1\">\n<package type=\"rpm\">\n<name>a</name>\n%s\n</package></metadata>\n", commonSpace, rpmSpace, fields)
}

func TestPrimaryRefuses(t *testing.T) {
	for _, test := range []struct {
		name, in, reason string
		line             int
	}{
		{"another document", "<a/>", "expected <metadata>", 1},
		{"another namespace", "\n<metadata xmlns='x'/>", "expected <metadata>", 2},
		{"no document", "<html>", "expected <metadata>", 1},
		{"two names", onePackage("<name>b</name>"), "<name> stands there twice", 4},
		{"two locations", onePackage("<location href='a'/><location href='b'/>"), "<location> stands there twice", 4},
		{"two checksums", onePackage("<checksum type='md5'/><checksum type='sha256'/>"), "<checksum> stands there twice", 4},
		{"two formats", onePackage("<format/>\n<format/>"), "<format> stands there twice", 5},
		{"a size that is no number", onePackage("<size package='1e3'/>"), "is not the size", 4},
		{"a negative size", onePackage("<size package='-1'/>"), "is not the size", 4},
		{"a cut document", strings.TrimSuffix(onePackage(""), "</metadata>\n"), "ends within <metadata>", 5},
		{"a prefix that is not declared", onePackage("<format><x:requires/></format>"), "declared nowhere", 4},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := readPrimary(NewPrimaryReader(strings.NewReader(test.in), "primary.xml"))
			if err == nil || !strings.Contains(err.Error(), test.reason) || !strings.HasPrefix(err.Error(), fmt.Sprintf("primary.xml:%d: ", test.line)) {
				t.Errorf("error %v, expected one in line %d with %q", err, test.line, test.reason)
			}
		})
	}
}

func TestListRefuses(t *testing.T) {
	for _, test := range []struct{ name, in, reason string }{
		{"another document", onePackage(""), "expected <filelists>"},
		{"no pkgid", fmt.Sprintf("<filelists xmlns=%q><package name='a'/></filelists>", filelistsSpace), "without pkgid"},
	} {
		if _, err := readRaws(NewFilelistsReader(strings.NewReader(test.in), "filelists.xml")); err == nil || !strings.Contains(err.Error(), test.reason) {
			t.Errorf("%s: error %v, expected one with %q", test.name, err, test.reason)
		}
	}
}

func TestDigest(t *testing.T) {
	sum := strings.Repeat("0a", 20)
	p := Package{ChecksumType: []byte("sha"), Checksum: []byte(sum)}
	if d, err := p.Digest(); err != nil || d.Algorithm() != repo.SHA1 || d.Hex() != sum {
		t.Errorf("digest %v, %v", d, err)
	}
	p.ChecksumType = []byte("sha256")
	if _, err := p.Digest(); err == nil {
		t.Error("half a digest is none")
	}
}

func TestRelocated(t *testing.T) {
	for _, location := range []string{"<location xml:base='http://x.example.org/' href=\"a/b\"/>", "<location\nhref='a'></location>", "<location/>"} {
		in := NewPrimaryReader(strings.NewReader(onePackage("<!-- "+location+" -->"+location)), "primary.xml")
		p, err := in.Next()
		if err != nil {
			t.Fatal(err)
		}
		text := onePackage("")
		text = strings.Replace(text, text[strings.Index(text, "<package"):strings.Index(text, "</metadata>")], string(p.Relocated("Packages/a&b.rpm")), 1)
		got, err := readPrimary(NewPrimaryReader(strings.NewReader(text), "primary.xml"))
		if err != nil || len(got) != 1 || got[0].Location.Href != "Packages/a&b.rpm" || got[0].Location.Base != "" {
			t.Errorf("%s became %+v, %v\n%s", location, got, err, text)
		}
	}
}

// readSplit reads the documents that the Splitter makes.
func readSplit(in io.Reader, size int) (all []plainPackage, documents int, err error) {
	s, err := NewSplitter(in, "primary.xml")
	if err != nil {
		return nil, 0, err
	}
	s.size = size
	var buffer []byte
	for {
		if buffer, err = s.Next(buffer); err == io.EOF {
			return all, documents, nil
		}
		if err != nil {
			return nil, 0, err
		}
		documents++
		some, err := readPrimary(NewPrimaryTextReader(buffer, "primary.xml"))
		if err != nil {
			return nil, 0, err
		}
		all = append(all, some...)
	}
}

func testSplitter(t *testing.T, primary []byte) {
	got, documents, err := readSplit(iotest.HalfReader(bytes.NewReader(primary)), 1000)
	if err != nil {
		t.Fatal(err)
	}
	if documents < 3 {
		t.Errorf("only %d documents", documents)
	}
	if diff := cmp.Diff(decodePrimary(t, primary), got); diff != "" {
		t.Errorf("the parts have other packages (-whole +parts):\n%s", diff)
	}
	broken := errors.New("the disk is on fire")
	in := io.MultiReader(bytes.NewReader(primary[:len(primary)/2]), iotest.ErrReader(broken))
	if _, _, err := readSplit(in, 1000); !errors.Is(err, broken) {
		t.Errorf("error %v, expected that of the stream", err)
	}
}

// The parts have the packages of the whole, or one of them is malformed. They never
// have what the whole does not.
func TestSplitterAsTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := drawPrimary(t)
		text = text[:rapid.IntRange(0, len(text)).Draw(t, "cut")]
		checkSplit(t, text, rapid.IntRange(1, 2000).Draw(t, "size"))
	})
}

func checkSplit(t interface{ Fatalf(string, ...any) }, text []byte, size int) {
	want, wholeErr := readPrimary(NewPrimaryReader(bytes.NewReader(text), "primary.xml"))
	got, _, err := readSplit(bytes.NewReader(text), size)
	switch {
	case err != nil:
	case wholeErr != nil:
		t.Fatalf("the parts are read, the whole is not: %v", wholeErr)
	default:
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("the parts have other packages (-whole +parts):\n%s", diff)
		}
	}
}

func FuzzPrimary(f *testing.F) {
	f.Add([]byte(onePackage("<format><rpm:requires><rpm:entry name='a'/></rpm:requires></format>")), 100)
	f.Add([]byte(onePackage("<!-- </package> --><![CDATA[</package>]]><package></package>")), 20)
	f.Fuzz(func(t *testing.T, text []byte, size int) {
		checkSplit(t, text, 1+size&0xfff)
		in := NewPrimaryReader(bytes.NewReader(text), "primary.xml")
		for {
			p, err := in.Next()
			if err != nil {
				return
			}
			_ = p.Relocated("a")
		}
	})
}
