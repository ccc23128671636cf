package deb

import (
	"archive/tar"
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/deb/control"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// packageFile makes a package file of a control file, without compression.
func packageFile(t testing.TB, text string) []byte {
	t.Helper()
	pack := func(name, content string) []byte {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content)), Typeflag: tar.TypeReg, Format: tar.FormatGNU}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	var b bytes.Buffer
	b.WriteString("!<arch>\n")
	for _, m := range []struct {
		name    string
		content []byte
	}{{"debian-binary", []byte("2.0\n")}, {"control.tar", pack("./control", text)}, {"data.tar", pack("./file", "x")}} {
		fmt.Fprintf(&b, "%-16s%-12d%-6d%-6d%-8s%-10d`\n%s", m.name, 0, 0, 0, "100644", len(m.content), m.content)
	}
	return b.Bytes()
}

// dpkgAccepts asks dpkg-deb whether it takes the control file.
func dpkgAccepts(t testing.TB, content []byte) (bool, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "p.deb")
	if err := os.WriteFile(file, content, 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(tool(t, "dpkg-deb"), "--show", file).CombinedOutput()
	return err == nil, string(out)
}

const leastControl = "Package: hello\nVersion: 1.0\nArchitecture: amd64\nMaintainer: Test <test@example.org>\nDescription: friendly\n"

// Control files that are refused, and what dpkg does with them: mostly the same.
func TestBadControl(t *testing.T) {
	field := func(name, value string) string {
		var b strings.Builder
		for line := range strings.Lines(leastControl) {
			if !strings.HasPrefix(line, name+":") {
				b.WriteString(line)
			}
		}
		if value != "-" {
			b.WriteString(name + ": " + value + "\n")
		}
		return b.String()
	}
	for _, test := range []struct {
		name, text, want string
		dpkg             bool // dpkg accepts it
	}{
		{name: "nothing", text: "", want: "control is empty"},
		{name: "no name", text: field("Package", "-"), want: "field Package is missing"},
		{name: "no version", text: field("Version", "-"), want: "field Version is missing"},
		{name: "no architecture", text: field("Architecture", "-"), want: "field Architecture is missing", dpkg: true},
		{name: "empty name", text: "Package:\n" + field("Package", "-"), want: "field Package is missing"},
		{name: "name with a slash", text: field("Package", "../../etc/passwd"), want: "not a name of a package"},
		{name: "upper-case name", text: field("Package", "Hello"), want: "not a name of a package", dpkg: true},
		{name: "name with underscore", text: field("Package", "hello_there"), want: "not a name of a package", dpkg: true},
		{name: "name of two words", text: field("Package", "hello there"), want: "not a name of a package"},
		{name: "name with a sign in front", text: field("Package", "-hello"), want: "not a name of a package"},
		{name: "version with a slash", text: field("Version", "1/2"), want: "invalid character"},
		{name: "version that begins with a letter", text: field("Version", "v1"), want: "does not begin with a digit"},
		{name: "version of an epoch alone", text: field("Version", "1:"), want: "upstream version is empty"},
		{name: "version with an empty revision", text: field("Version", "1.0-"), want: "revision is empty"},
		{name: "version with a huge epoch", text: field("Version", "99999999999:1"), want: "too big"},
		{name: "version on the next line", text: field("Version", "\n 1.0"), want: "field Version"},
		{name: "architecture with a slash", text: field("Architecture", "a/b"), want: "is not an architecture", dpkg: true},
		{name: "two architectures", text: field("Architecture", "amd64 i386"), want: "is not an architecture", dpkg: true},
		{name: "any architecture", text: field("Architecture", "any"), want: "not the architecture of a package", dpkg: true},
		{name: "architecture of sources", text: field("Architecture", "source"), want: "not the architecture of a package", dpkg: true},
		{name: "source with a slash", text: field("Source", "../x"), want: "field Source", dpkg: true},
		{name: "twice the name", text: leastControl + "Package: evil\n", want: "field Package stands there twice"},
		{name: "twice a field, in another case", text: leastControl + "Homepage: a\nhomePage: b\n", want: "field homePage stands there twice"},
		{name: "another stanza", text: leastControl + "\nPackage: evil\nVersion: 1\nArchitecture: amd64\n", want: "more than one stanza"},
		{name: "another stanza behind many lines", text: leastControl + "\n\n\n\nPackage: evil\n", want: "more than one stanza"},
		{name: "a stanza behind a line of blanks", text: leastControl + " \nPackage: evil\nVersion: 1\n", want: "nothing but blanks"},
		{name: "a stanza behind a line of a tab", text: leastControl + "\t\nX-Field: evil\n", want: "nothing but blanks"},
		{name: "a stanza behind a carriage return", text: leastControl + "\r\nPackage: evil\n", want: "more than one stanza"},
		{name: "a stanza behind a form feed", text: leastControl + "\f\nX-Field: evil\n", want: "control character"},
		{name: "a carriage return inside", text: field("Description", "a\rPackage: evil"), want: "control character", dpkg: true},
		{name: "a NUL", text: field("Description", "a\x00b"), want: "control character", dpkg: true},
		{name: "an escape sequence", text: field("Description", "a\x1b[2Jb"), want: "control character", dpkg: true},
		{name: "a vertical tab begins a line", text: leastControl + "\vgoes on\n", want: "control character", dpkg: true},
		{name: "DOS's end of file", text: leastControl + "\x1a\n", want: "control character", dpkg: true},
		{name: "the last field is empty", text: leastControl + "Homepage:\n", want: "which is empty"},
		{name: "no end of line", text: strings.TrimSuffix(leastControl, "\n"), want: "ends without an end of line"},
		{name: "no colon", text: leastControl + "word\n", want: "not \"Name: value\""},
		{name: "name of two words", text: leastControl + "Two Words: x\n", want: "is not the name of a field"},
		{name: "name of one letter", text: leastControl + "X: x\n", want: "is not the name of a field"},
		{name: "no name of a field", text: leastControl + ": x\n", want: "not \"Name: value\""},
		{name: "comment", text: leastControl + "#comment: x\n", want: "is not the name of a field", dpkg: true},
		{name: "name with a sign in front", text: leastControl + "-Name: x\n", want: "is not the name of a field"},
		{name: "name of other letters", text: leastControl + "Größe: x\n", want: "is not the name of a field", dpkg: true},
		{name: "first line goes on", text: " x\n" + leastControl, want: "continuation line"},
		{name: "status", text: leastControl + "Status: install ok installed\n", want: "dpkg's own database"},
		{name: "configured version", text: leastControl + "Config-Version: 1.0\n", want: "dpkg's own database"},
		{name: "conffiles", text: leastControl + "Conffiles:\n /etc/x 0123\n", want: "dpkg's own database", dpkg: true},
		{name: "triggers", text: leastControl + "Triggers-Pending: x\n", want: "dpkg's own database"},
		{name: "revision", text: leastControl + "Revision: 2\n", want: "obsolete", dpkg: true},
		{name: "essential or not", text: leastControl + "Essential: maybe\n", want: "none of yes, no"},
		{name: "multi-arch or not", text: leastControl + "Multi-Arch: both\n", want: "none of same"},
		{name: "priority with more", text: leastControl + "Priority: Optional x\n", want: "with more behind it"},
		{name: "same of all", text: field("Architecture", "all") + "Multi-Arch: same\n", want: "cannot be said of a package for all"},
		{name: "variant of another architecture", text: leastControl + "Architecture-Variant: all\n", want: "is no variant of amd64", dpkg: true},
		{name: "relation without comma", text: leastControl + "Depends: a b\n", want: "where a comma"},
		{name: "relation ends with a comma", text: leastControl + "Depends: a,\n", want: "where a package name is expected"},
		{name: "relation begins with a comma", text: leastControl + "Depends: , a\n", want: "where a package name is expected"},
		{name: "relation begins on the next line", text: leastControl + "Depends:\n a\n", want: "where a package name is expected"},
		{name: "relation to a bad name", text: leastControl + "Depends: a/b\n", want: "not a name of a package"},
		{name: "relation with a bad version", text: leastControl + "Depends: a (>= x)\n", want: "does not begin with a digit"},
		{name: "relation with an open bracket", text: leastControl + "Depends: a (>= 1\n", want: "after the version"},
		{name: "relation with a bad operator", text: leastControl + "Depends: a (== 1)\n", want: "after the version"},
		{name: "relation with no operator of binaries", text: leastControl + "Depends: a (!= 1)\n", want: "after the version"},
		{name: "relation with a bad architecture", text: leastControl + "Depends: a:b/c\n", want: "not an architecture"},
		{name: "relation with restrictions", text: leastControl + "Depends: a [amd64]\n", want: "where a comma"},
		{name: "alternatives in Conflicts", text: leastControl + "Conflicts: a | b\n", want: "alternatives"},
		{name: "alternatives in Provides", text: leastControl + "Provides: a | b\n", want: "alternatives"},
	} {
		content := packageFile(t, test.text)
		_, _, err := inspect(&Creator{Suite: "stable"}, "hello_1.0_amd64.deb", content, true)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error is %v, expected %q", test.name, err, test.want)
		}
		if ok, out := dpkgAccepts(t, content); ok != test.dpkg {
			t.Errorf("%s: dpkg-deb accepts it: %t, expected %t: %s", test.name, ok, test.dpkg, out)
		}
	}
}

// Control files that dpkg takes are taken, odd as they are, and give one stanza.
func TestOddControl(t *testing.T) {
	for name, text := range map[string]string{
		"least":                   leastControl,
		"nobody maintains it":     "Package: hello\nVersion: 1.0\nArchitecture: amd64\nDescription: friendly\n",
		"nothing describes it":    "Package: hello\nVersion: 1.0\nArchitecture: amd64\nMaintainer: Test <test@example.org>\n",
		"blank lines around":      "\n\n" + leastControl + "\n\n\n",
		"blanks before the colon": leastControl + "Homepage : https://example.org\n",
		"other case":              strings.ToUpper("Package: ") + strings.TrimPrefix(leastControl, "Package: "),
		"lines of DOS":            strings.ReplaceAll(leastControl, "\n", "\r\n"),
		"tabs":                    leastControl + "X-Field: a\n\tb\n",
		"empty fields":            "Homepage:\nDepends:\nEssential:\nMulti-Arch:\nPriority:\n" + leastControl,
		"empty field at the end":  leastControl + "Homepage:\n\n",
		"old operators":           leastControl + "Depends: a (< 1), b (> 2), c (3), d(=4), e ( >=5 ) |f\n",
		"dpkg's names":            leastControl + "Depends: A_b+c.d-e, x:any\n",
		"priority of its own":     leastControl + "Priority: very high\n",
		"provides with operator":  leastControl + "Provides: a (>= 1)\n",
		"essential":               leastControl + "Essential: YES\nProtected: No\n",
		"files of its own":        leastControl + "Filename: x\nSize: 1\nMD5sum: 0\nSHA256: 0\n",
		"long":                    leastControl + "X-Long: " + strings.Repeat("long ", 100000) + "\n",
		"not UTF-8":               leastControl + "X-Latin: \xfc\n",
	} {
		content := packageFile(t, text)
		if ok, out := dpkgAccepts(t, content); !ok {
			t.Errorf("%s: dpkg-deb refuses it: %s", name, out)
		}
		p, _, err := inspect(&Creator{Suite: "stable"}, "hello_1.0_amd64.deb", content, true)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		checkStanza(t, name, p)
	}
}

// checkStanza checks that the text of a package is one stanza, and says the same as the
// package.
func checkStanza(t *testing.T, name string, p *repo.Inspected) {
	t.Helper()
	text := p.Texts[stanzaText]
	all := stanzas(t, string(text)+"Filename: x\n")
	fields := all[p.Name+" "+p.Version+" "+p.Architecture]
	if len(all) != 1 || fields == nil || fields["filename"] != "x" || fields["size"] != "" {
		t.Errorf("%s: the stanza of %s %s %s is %q", name, p.Name, p.Version, p.Architecture, text)
	}
}

// FuzzControl inspects any text as a control file: what is taken gives one stanza.
func FuzzControl(f *testing.F) {
	f.Add([]byte(leastControl))
	f.Add([]byte(leastControl + "Depends: a (>= 1) | b, c:any\nMulti-Arch: same\nX-Y:\n z\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if p, err := inspectControl(text); err == nil {
			checkStanza(t, fmt.Sprintf("%q", text), p)
		}
	})
}

// Of control files in which something was changed, dpkg takes all that are taken.
func TestControlMutants(t *testing.T) {
	tries := 150
	if os.Getenv("PROVE") != "" {
		tries = 5000
	}
	seeds := []string{
		leastControl + "Depends: a (>= 1:2.0~rc1-3), b | c (<< 2) | d:any, e\nConflicts: f (= 1)\nProvides: g (= 2), h\nEssential: yes\n",
		"Package: libfoo1\nSource: foo (1.0)\nVersion: 2:1.0+dfsg-1\nArchitecture: all\nMulti-Arch: foreign\nPre-Depends: dpkg (>= 1.15)\nPriority: optional\nSection: libs\nDescription: foo\n text\n .\n more\n",
	}
	signs := "\n\n :;,|()<>=~+-._/019azAZ\t\r\x00\x7f\xff#[]"
	r := rand.New(rand.NewPCG(3, 4))
	taken := 0
	for i := range tries {
		text := []byte(seeds[i%len(seeds)])
		for range 1 + r.IntN(3) {
			at := r.IntN(len(text))
			switch sign := signs[r.IntN(len(signs))]; r.IntN(4) {
			case 0:
				text[at] = sign
			case 1:
				text = slices.Insert(text, at, sign)
			case 2:
				text = slices.Delete(text, at, min(at+1+r.IntN(4), len(text)))
			case 3: // a line is moved
				line := bytes.SplitAfterN(text[at:], []byte("\n"), 2)[0]
				to := r.IntN(len(text))
				text = slices.Insert(slices.Clone(text), to, line...)
			}
		}
		if _, err := inspectControl(text); err != nil {
			continue
		}
		taken++
		if ok, out := dpkgAccepts(t, packageFile(t, string(text))); !ok {
			t.Errorf("%q is taken, but not by dpkg: %s", text, out)
		}
	}
	if taken == 0 {
		t.Error("no mutant was taken")
	}
}

func TestFileNames(t *testing.T) {
	content := packageFile(t, strings.Replace(leastControl, "1.0", "2:1.0+b~c-3", 1))
	for name, want := range map[string]bool{
		"hello_1.0+b~c-3_amd64.deb":           true,
		"hello_2:1.0+b~c-3_amd64.deb":         true,
		"hello_2%3a1.0+b~c-3_amd64.deb":       true,
		"hello_2%3A1.0%2bb%7ec-3_amd64.deb":   true,
		"hello_1.0%2Bb~c-3_amd64.deb":         true,
		"hello_1.0+b~c-3_amd64.ddeb":          true,
		"hello_1.0+b~c-3_amd64.udeb":          true,
		"hello_3:1.0+b~c-3_amd64.deb":         false,
		"hello_1.0+b~c-4_amd64.deb":           false,
		"hello_1.0+b~c-3_i386.deb":            false,
		"hallo_1.0+b~c-3_amd64.deb":           false,
		"hello.deb":                           false,
		"hello_1.0+b~c-3.deb":                 false,
		"hello_1.0+b~c-3_amd64%zz.deb":        false,
		"dir%2fhello_1.0+b~c-3_amd64.deb":     false,
		"hello_1.0+b~c-3_amd64_something.deb": false,
	} {
		_, _, err := inspect(&Creator{Suite: "stable"}, name, content, false)
		if (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && !strings.Contains(err.Error(), "should be named hello_1.0+b~c-3_amd64.deb") {
			t.Errorf("%s: %v does not tell the right name", name, err)
		}
		for _, c := range []*Creator{{Suite: "stable", AnyName: true}, {Flat: true, AnyName: true}} {
			p, _, err := inspect(c, name, content, false)
			if err != nil {
				t.Errorf("%s, any name: %v", name, err)
				continue
			}
			place, err := c.Place(p, "some/dir/"+name)
			if strings.HasSuffix(name, ".udeb") && c.Flat {
				if err == nil {
					t.Errorf("%s is placed in a flat repository, at %s", name, place)
				}
				continue
			}
			right := "hello_1.0+b~c-3_amd64" + filepath.Ext(name)
			wanted := "pool/main/h/hello/" + right
			if c.Flat && want {
				wanted = "some/dir/" + name
			} else if c.Flat {
				wanted = "some/dir/" + right
			}
			if err != nil || place != wanted {
				t.Errorf("%s is placed at %s, %v, expected %s", name, place, err, wanted)
			}
		}
	}
}

func TestPlace(t *testing.T) {
	for want, test := range map[string]struct {
		creator Creator
		fields  string
	}{
		"pool/main/h/hello/hello_1.0_amd64.deb":           {Creator{Suite: "s"}, ""},
		"pool/main/g/greetings/hello_1.0_amd64.deb":       {Creator{Suite: "s"}, "Source: greetings\n"},
		"pool/main/libg/libgreetings/hello_1.0_amd64.deb": {Creator{Suite: "s"}, "Source: libgreetings (1.0-1)\n"},
		"pool/main/l/lib/hello_1.0_amd64.deb":             {Creator{Suite: "s"}, "Source: lib\n"},
		"pool/non-free/3/3d/hello_1.0_amd64.deb":          {Creator{Suite: "s", Component: "non-free"}, "Source: 3d\n"},
		"pool/updates/main/h/hello/hello_1.0_amd64.deb":   {Creator{Suite: "s", Component: "updates/main"}, ""},
		"found/here/hello_1.0_amd64.deb":                  {Creator{Flat: true}, ""},
		"top/found/here/hello_1.0_amd64.deb":              {Creator{Flat: true, Dir: "top/"}, ""},
		"pool/main/x/x264/hello_1.0_amd64.deb":            {Creator{Suite: "s", Architectures: []string{"amd64"}}, "Source: x264\n"},
		"it is for amd64, the suite has arm64, armhf":     {Creator{Suite: "s", Architectures: []string{"arm64", "armhf"}}, ""},
	} {
		p, _, err := inspect(&test.creator, "hello_1.0_amd64.deb", packageFile(t, leastControl+test.fields), false)
		if err != nil {
			t.Fatal(err)
		}
		place, err := test.creator.Place(p, "found/here/hello_1.0_amd64.deb")
		if err != nil {
			place = err.Error()
		}
		if place != want {
			t.Errorf("%s is placed at %s", want, place)
		}
	}
}

const sampleDsc = `Format: 3.0 (quilt)
Source: hello
Binary: hello, hello-doc
Architecture: any all
Version: 1:1.0-1
Maintainer: Test <test@example.org>
Checksums-Sha256:
 0123456789012345678901234567890123456789012345678901234567890123 10 hello_1.0.orig.tar.gz
 0123456789012345678901234567890123456789012345678901234567890124 20 hello_1.0-1.debian.tar.xz
Files:
 01234567890123456789012345678901 10 hello_1.0.orig.tar.gz
 01234567890123456789012345678902 20 hello_1.0-1.debian.tar.xz
`

const sampleChanges = `Format: 1.8
Source: hello
Architecture: source amd64
Version: 1:1.0-1
Checksums-Sha1:
 0123456789012345678901234567890123456789 30 hello_1.0-1.dsc
Checksums-Sha256:
 0123456789012345678901234567890123456789012345678901234567890125 30 hello_1.0-1.dsc
Files:
 01234567890123456789012345678903 30 devel optional hello_1.0-1.dsc
 01234567890123456789012345678904 40 devel optional hello_1.0-1_amd64.deb
`

// signedText is a text as it is signed; the signature is not looked at.
func signedText(text string) string {
	return "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n" + text + "\n-----BEGIN PGP SIGNATURE-----\n\nwsBz\n-----END PGP SIGNATURE-----\n"
}

func TestInspectSource(t *testing.T) {
	for _, text := range []string{sampleDsc, signedText(sampleDsc)} {
		for _, name := range []string{"hello_1.0-1.dsc", "hello_1%3a1.0-1.dsc"} {
			p, _, err := inspect(&Creator{Suite: "stable"}, name, []byte(text), true)
			if err != nil {
				t.Fatal(err)
			}
			var files []string
			for _, f := range p.Files {
				files = append(files, fmt.Sprintf("%s %d %s", f.Path, f.Size, f.Digest.Algorithm()))
			}
			if !p.SourcePackage || p.Lists || p.Name != "hello" || p.Version != "1:1.0-1" || p.Architecture != SourceArchitecture || p.Base != "hello_1.0-1.dsc" ||
				!slices.Equal(files, []string{"hello_1.0.orig.tar.gz 10 sha256", "hello_1.0-1.debian.tar.xz 20 sha256"}) {
				t.Errorf("%s: %+v", name, *p)
			}
			if place, err := (&Creator{Suite: "stable"}).Place(p, name); err != nil || place != "pool/main/h/hello/hello_1.0-1.dsc" {
				t.Errorf("%s is placed at %s, %v", name, place, err)
			}
		}
	}
	for _, text := range []string{sampleChanges, signedText(sampleChanges)} {
		p, _, err := inspect(&Creator{Suite: "stable"}, "hello_1.0-1_amd64.changes", []byte(text), true)
		if err != nil {
			t.Fatal(err)
		}
		want := []repo.File{
			{Path: "hello_1.0-1.dsc", Size: 30, Digest: digest(t, repo.SHA256, "0123456789012345678901234567890123456789012345678901234567890125")},
			{Path: "hello_1.0-1_amd64.deb", Size: 40, Digest: digest(t, repo.MD5, "01234567890123456789012345678904")},
		}
		if d := cmp.Diff(want, p.Files, cmp.Comparer(func(a, b repo.Digest) bool { return a == b })); !p.Lists || d != "" {
			t.Errorf("%+v: %s", p, d)
		}
	}
}

func digest(t *testing.T, a repo.Algorithm, text string) repo.Digest {
	t.Helper()
	d, err := repo.ParseHex(a, text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestBadSource(t *testing.T) {
	change := func(old, now string) string { return strings.Replace(sampleDsc, old, now, 1) }
	for _, test := range []struct{ name, base, text, want string }{
		{"no name", "hello_1.0-1.dsc", change("Source: hello\n", ""), "the name is empty"},
		{"bad name", "hello_1.0-1.dsc", change("Source: hello\n", "Source: ../hello\n"), "not a name of a package"},
		{"bad version", "hello_1.0-1.dsc", change("1:1.0-1", "1/0"), "invalid character"},
		{"name of another", "hallo_1.0-1.dsc", sampleDsc, "should be named hello_1.0-1.dsc"},
		{"file in a directory", "hello_1.0-1.dsc", change(" hello_1.0.orig", " dir/hello_1.0.orig"), "is not a file beside it"},
		{"file above", "hello_1.0-1.dsc", change(" hello_1.0.orig.tar.gz", " .."), ".."},
		{"sizes differ", "hello_1.0-1.dsc", change(" 10 hello", " 11 hello"), "sizes 11 and 10"},
		{"bad digest", "hello_1.0-1.dsc", change(" 0123", " x123"), "is not a sha256 digest"},
		{"no files", "hello_1.0-1.dsc", "Source: hello\nVersion: 1:1.0-1\n", "lists no files"},
		{"two stanzas", "hello_1.0-1.dsc", sampleDsc + "\nSource: evil\n", "more than one stanza"},
		{"binary", "hello_1.0-1.dsc", "\x7fELF", "control"},
		{"huge", "hello_1.0-1.dsc", sampleDsc + "X: " + strings.Repeat("x", maxDescription), "at most"},
	} {
		_, _, err := inspect(&Creator{Suite: "stable"}, test.base, []byte(test.text), true)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error is %v, expected %q", test.name, err, test.want)
		}
	}
	if _, _, err := inspect(&Creator{Suite: "stable"}, "hello.txt", nil, true); err == nil || !strings.Contains(err.Error(), "neither a package") {
		t.Errorf("a text: error is %v", err)
	}
}

// FuzzSource inspects any text as a .dsc and a .changes.
func FuzzSource(f *testing.F) {
	f.Add([]byte(sampleDsc))
	f.Add([]byte(signedText(sampleChanges)))
	f.Fuzz(func(t *testing.T, text []byte) {
		c := &Creator{Suite: "stable", AnyName: true}
		if p, _, err := inspect(c, "hello_1.0-1.dsc", text, true); err == nil {
			if _, err := control.ReadText(p.Texts[stanzaText], "stanza").Next(); err != nil {
				t.Errorf("its text cannot be read: %v", err)
			}
			if place, err := c.Place(p, "x"); err != nil || !strings.HasPrefix(place, "pool/main/") {
				t.Errorf("placed at %q, %v", place, err)
			}
		}
		if p, _, err := inspect(c, "hello_1.0-1_amd64.changes", text, true); err == nil && len(p.Files) == 0 {
			t.Error("it lists nothing")
		}
	})
}

// A package for a variant of an architecture is in the variant's index, and says the
// architecture in its stanza.
func TestArchitectureVariant(t *testing.T) {
	c := &Creator{Suite: "stable"}
	p, _, err := inspect(c, "hello_1.0_amd64v3.deb", packageFile(t, leastControl+"Architecture-Variant: amd64v3\n"), false)
	if err != nil {
		t.Fatal(err)
	}
	if p.Architecture != "amd64v3" || !strings.Contains(string(p.Texts[stanzaText]), "Architecture: amd64\n") {
		t.Errorf("architecture %s, stanza %q", p.Architecture, p.Texts[stanzaText])
	}
}
