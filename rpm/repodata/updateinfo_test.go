package repodata

import (
	"bytes"
	stdxml "encoding/xml"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

const updateinfo = `<?xml version="1.0" encoding="UTF-8"?>
<updates>
  <update status="final" from="a@example.org" version="2.0" type="security">
    <id>EX-2024:1</id>
    <title>bash &amp; <![CDATA[<more>]]></title>
    <issued date="2024-01-01 00:00:00"/>
    <!-- inside -->
    <references/>
    <pkglist>
      <collection short="base">
        <name>Base</name>
        <package src="bash-5-1.src.rpm" name="bash" epoch="0" version="5" release="1" arch="x86_64">
          <filename>bash-5-1.x86_64.rpm</filename>
          <reboot_suggested/>
        </package>
        <package name="bash-doc" version="5" release="1" arch="noarch"><filename>a</filename></package> <package name="bash-doc" version="5" release="1" arch="src"/>
      </collection>
      <collection short="nodejs">
        <name>Module</name>
        <module name="nodejs" stream="18" version="1" context="c0ffee" arch="x86_64"/>
        <package name="nodejs" epoch="1" version="18" release="1.module" arch="x86_64"/>
      </collection>
    </pkglist>
  </update>
  <update type="newpackage">
    <id>EX-2024:2</id>
    <pkglist><collection><package name="chess" version="1" release="1" arch="noarch"/></collection></pkglist>
  </update>
  <update>
    <id>EX-2024:3</id>
    <pkglist/>
  </update>
</updates>
`

func everyPackage(string, string, string, string, string) bool { return true }

func trimUpdateinfo(t testing.TB, text string, has func(name, epoch, version, release, arch string) bool) (string, int) {
	t.Helper()
	var out bytes.Buffer
	updates, err := TrimUpdateinfo(strings.NewReader(text), "updateinfo.xml", &out, has)
	if err != nil {
		t.Fatal(err)
	}
	return out.String(), updates
}

func TestTrimUpdateinfo(t *testing.T) {
	remove := func(parts ...[2]string) string {
		s := updateinfo
		for _, p := range parts {
			start := strings.Index(s, p[0])
			end := start + strings.Index(s[max(start, 0):], p[1]) + len(p[1])
			if start < 0 || end < start+len(p[1]) {
				t.Fatalf("there is no part from %q to %q", p[0], p[1])
			}
			s = s[:start] + s[end:]
		}
		return s
	}
	second := [2]string{"\n  <update type=\"newpackage\"", "</update>"}
	for _, test := range []struct {
		name    string
		has     func(nevra string) bool
		want    string
		updates int
	}{
		{"all is there", func(string) bool { return true }, updateinfo, 3},
		{"nothing is there", func(string) bool { return false }, remove([2]string{"\n  <update status", "</update>"}, second), 1},
		{"packages", func(nevra string) bool { return nevra != "bash-0:5-1.x86_64" && nevra != "bash-doc-0:5-1.src" }, remove(
			[2]string{"\n        <package src", "</package>"}, [2]string{"<package name=\"bash-doc\" version=\"5\" release=\"1\" arch=\"src\"", "/>"}), 3},
		{"a collection and an update", func(nevra string) bool { return strings.HasPrefix(nevra, "bash") }, remove(
			[2]string{"\n      <collection short=\"nodejs\"", "</collection>"}, second), 2},
		{"all but the module's", func(nevra string) bool { return nevra == "nodejs-1:18-1.module.x86_64" }, remove(
			[2]string{"\n      <collection short=\"base\"", "</collection>"}, second), 2},
	} {
		got, updates := trimUpdateinfo(t, updateinfo, func(name, epoch, version, release, arch string) bool {
			return test.has(fmt.Sprintf("%s-%s:%s-%s.%s", name, epoch, version, release, arch))
		})
		if diff := cmp.Diff(test.want, got); diff != "" || updates != test.updates {
			t.Errorf("%s: %d updates are left, expected %d, and updateinfo differs (-expected +trimmed):\n%s", test.name, updates, test.updates, diff)
		}
	}
}

// An update is read anew where the reader's buffer is too small for it: what is left
// does not depend on it.
func TestTrimUpdateinfoInPieces(t *testing.T) {
	var text strings.Builder
	text.WriteString("<updates>\n")
	for i := range 50 {
		text.WriteString("<update><pkglist><collection>\n")
		for k := range 10 * i {
			fmt.Fprintf(&text, "<package name=\"p%d\" version=\"1\" release=\"1\" arch=\"noarch\"><filename>%s</filename></package>\n", k%7, strings.Repeat("x", k))
		}
		text.WriteString("</collection></pkglist></update>\n")
	}
	text.WriteString("</updates>\n")
	has := func(name, _, _, _, _ string) bool { return name != "p3" }
	want, _ := trimUpdateinfo(t, text.String(), has)
	var got bytes.Buffer
	if _, err := TrimUpdateinfo(iotest.HalfReader(strings.NewReader(text.String())), "updateinfo.xml", &got, has); err != nil {
		t.Fatal(err)
	}
	if got.String() != want || strings.Contains(want, "p3") || strings.Count(want, "<package ") != strings.Count(text.String(), "<package ")-strings.Count(text.String(), `"p3"`) {
		t.Error("what is left in pieces differs from what is left in one")
	}
}

func TestTrimUpdateinfoOfNothing(t *testing.T) {
	for _, text := range []string{"<updates/>", "<updates></updates>", `<x:updates xmlns:x="urn:x" a=">"/>`} {
		got, updates := trimUpdateinfo(t, text, everyPackage)
		var any struct{}
		if err := stdxml.Unmarshal([]byte(got), &any); err != nil || updates != 0 {
			t.Errorf("%q with %d updates is left of %q: %v", got, updates, text, err)
		}
	}
}

func TestTrimUpdateinfoRefuses(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"nothing", "", "there is no element"},
		{"a page", "<html></html>", "updateinfo.xml:1: the document is <html>, expected <updates>"},
		{"a cut file", "<updates>\n<update>", "the document ends within <update>"},
		{"wrong nesting", "<updates>\n<update><pkglist></update></updates>", "updateinfo.xml:2"},
		{"an entity", "<updates>&a;</updates>", "updateinfo.xml:1"},
		{"a document type", "<!DOCTYPE updates><updates/>", "updateinfo.xml:1"},
		{"a second document", "<updates/>\n<updates/>", "updateinfo.xml:2: malformed XML: a second outermost element"},
	} {
		_, err := TrimUpdateinfo(strings.NewReader(test.text), "updateinfo.xml", io.Discard, everyPackage)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: the error is %v, expected %q", test.name, err, test.want)
		}
	}
	full := failure("disk full")
	if _, err := TrimUpdateinfo(strings.NewReader(updateinfo), "updateinfo.xml", full, everyPackage); err != full {
		t.Errorf("the error is %v, expected the writer's", err)
	}
}

// failure is a writer that fails.
type failure string

func (f failure) Error() string             { return string(f) }
func (f failure) Write([]byte) (int, error) { return 0, f }

// libsolv reads what is left.
func TestLibsolvReadsUpdateinfo(t *testing.T) {
	trimmed, _ := trimUpdateinfo(t, updateinfo, func(name, _, _, _, _ string) bool { return name != "bash-doc" && name != "chess" })
	dump := string(run(t, "", run(t, "", []byte(trimmed), "updateinfoxml2solv"), "dumpsolv"))
	for _, want := range []string{"patch:EX-2024:1", "patch:EX-2024:3", "update:collection:name: bash", "update:collection:name: nodejs", "bash & <more>"} {
		if !strings.Contains(dump, want) {
			t.Errorf("libsolv does not see %q in:\n%s", want, dump)
		}
	}
	for _, unwanted := range []string{"bash-doc", "chess", "EX-2024:2"} {
		if strings.Contains(dump, unwanted) {
			t.Errorf("libsolv sees %q in:\n%s", unwanted, dump)
		}
	}
}

// advisories lists the packages of all updates as encoding/xml reads them.
func advisories(t testing.TB, content []byte, has func(name, epoch, version, release, arch string) bool) (list []string) {
	t.Helper()
	var updates struct {
		Updates []struct {
			Packages []struct {
				Name    string `xml:"name,attr"`
				Epoch   string `xml:"epoch,attr"`
				Version string `xml:"version,attr"`
				Release string `xml:"release,attr"`
				Arch    string `xml:"arch,attr"`
			} `xml:"pkglist>collection>package"`
		} `xml:"update"`
	}
	if err := stdxml.Unmarshal(content, &updates); err != nil {
		t.Fatalf("encoding/xml does not read it: %v\n%q", err, content)
	}
	for _, u := range updates.Updates {
		for _, p := range u.Packages {
			if has(p.Name, p.Epoch, p.Version, p.Release, p.Arch) {
				list = append(list, fmt.Sprint(p.Name, p.Epoch, p.Version, p.Release, p.Arch))
			}
		}
	}
	return list
}

func FuzzTrimUpdateinfo(f *testing.F) {
	f.Add([]byte(updateinfo))
	f.Add([]byte("<updates><update><pkglist><collection><package name=\"ab\"/>\r\n \t<package/></collection></pkglist></update>x<!-- -->y<other/></updates>"))
	f.Fuzz(func(t *testing.T, content []byte) {
		var all, trimmed bytes.Buffer
		updates, err := TrimUpdateinfo(bytes.NewReader(content), "updateinfo.xml", &all, everyPackage)
		if err != nil {
			return
		}
		has := func(name, _, _, _, _ string) bool { return len(name)%2 == 0 }
		left, err := TrimUpdateinfo(bytes.NewReader(content), "updateinfo.xml", &trimmed, has)
		if err != nil || left > updates {
			t.Fatalf("%d of %d updates are left, error %v", left, updates, err)
		}
		for _, from := range []*bytes.Buffer{&all, &trimmed} {
			var again bytes.Buffer
			if _, err := TrimUpdateinfo(bytes.NewReader(from.Bytes()), "again", &again, everyPackage); err != nil || !bytes.Equal(again.Bytes(), from.Bytes()) {
				t.Errorf("what is left reads otherwise, error %v:\n%q\n%q", err, from.Bytes(), again.Bytes())
			}
		}
		if diff := cmp.Diff(advisories(t, all.Bytes(), has), advisories(t, trimmed.Bytes(), everyPackage)); diff != "" {
			t.Errorf("packages differ (-expected +left):\n%s", diff)
		}
	})
}
