package repodata

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const comps = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE comps
  PUBLIC '-//Red Hat, Inc.//DTD Comps info//EN'
  'comps.dtd'>
<comps>
  <!-- groups -->
  <group>
    <id>core</id>
    <name>Core</name>
    <name xml:lang="de">Kern &amp; mehr</name>
    <description>Smallest possible installation</description>
    <default>true</default>
    <uservisible>false</uservisible>
    <packagelist>
      <packagereq type="mandatory">bash</packagereq>
      <packagereq type="default" arch="x86_64"> dnf </packagereq><!-- why -->
      <packagereq>untyped</packagereq>
      <packagereq type="optional" basearchonly="true">glibc</packagereq>
      <packagereq type="conditional" requires="kde-base">bash-kde</packagereq>
    </packagelist>
  </group>
  <group><id>games</id><name xml:lang="de">Spiele</name><name>Games</name><packagelist><packagereq type="default">chess</packagereq></packagelist></group>
  <group>
    <id>meta</id>
    <name>No packages</name>
    <packagelist/>
  </group>
  <environment>
    <id>minimal</id>
    <name>Minimal</name>
    <grouplist>
      <groupid>core</groupid>
      <groupid>elsewhere</groupid>
    </grouplist>
    <optionlist>
      <groupid default="true">games</groupid>
      <groupid>meta</groupid>
    </optionlist>
  </environment>
  <environment>
    <id>fun</id>
    <name>Fun</name>
    <grouplist>
      <groupid>games</groupid>
    </grouplist>
  </environment>
  <category>
    <id>entertainment</id>
    <grouplist>
      <groupid>games</groupid>
    </grouplist>
  </category>
  <langpacks>
    <match install="bash-%s" name="bash"/>
    <match install="chess-%s" name="chess"/>
  </langpacks>
</comps>
`

func TestParseComps(t *testing.T) {
	got, err := ParseComps(strings.NewReader(comps), "comps.xml")
	if err != nil {
		t.Fatal(err)
	}
	want := &Comps{
		Groups: []Group{
			{ID: "core", Name: "Core", Packages: []GroupPackage{
				{Name: "bash", Kind: "mandatory"},
				{Name: "dnf", Kind: "default"},
				{Name: "untyped", Kind: "mandatory"},
				{Name: "glibc", Kind: "optional", BaseArchOnly: true},
				{Name: "bash-kde", Kind: "conditional", Requires: "kde-base"},
			}},
			{ID: "games", Name: "Games", Packages: []GroupPackage{{Name: "chess", Kind: "default"}}},
			{ID: "meta", Name: "No packages"},
		},
		Environments: []Environment{
			{ID: "minimal", Name: "Minimal", Groups: []string{"core", "elsewhere"}, Options: []string{"games", "meta"}},
			{ID: "fun", Name: "Fun", Groups: []string{"games"}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("comps differs (-expected +read):\n%s", diff)
	}
}

func everyName(string) bool { return true }

func TestTrimComps(t *testing.T) {
	part := func(from, to string) string {
		t.Helper()
		start := strings.Index(comps, from)
		end := strings.Index(comps[max(start, 0):], to)
		if start < 0 || end < 0 {
			t.Fatalf("there is no part from %q to %q", from, to)
		}
		return comps[start : start+end+len(to)]
	}
	remove := func(parts ...string) string {
		s := comps
		for _, p := range parts {
			s = strings.Replace(s, p, "", 1)
		}
		return s
	}
	for _, test := range []struct {
		name   string
		absent string
		want   string
	}{
		{"all is there", "", comps},
		{"a line", "bash-kde", remove(part("\n      <packagereq type=\"conditional\"", "</packagereq>"))},
		{"part of a line", "dnf", remove(part("\n      <packagereq type=\"default\" arch", "</packagereq>"))},
		{"a group, where it is listed, and what lists no other", "chess", remove(
			part("\n  <group><id>games", "</group>"), part("\n      <groupid default", "</groupid>"),
			part("\n  <environment>\n    <id>fun", "</environment>"), part("\n  <category>", "</category>"), part("\n    <match install=\"chess", "/>"),
		)},
	} {
		got, err := TrimComps(strings.NewReader(comps), "comps.xml", func(name string) bool { return name != test.absent })
		if diff := cmp.Diff(test.want, string(got)); err != nil || diff != "" {
			t.Errorf("%s: error %v, and comps differs (-expected +trimmed):\n%s", test.name, err, diff)
		}
	}
}

func TestTrimCompsToNothing(t *testing.T) {
	all := strings.Replace(comps, comps[strings.Index(comps, "  <group>\n    <id>meta"):strings.Index(comps, "  <environment>")], "", 1)
	all = strings.Replace(all, "      <groupid>elsewhere</groupid>\n", "", 1)
	all = strings.Replace(all, "      <groupid>meta</groupid>\n", "", 1)
	for _, text := range []string{all, "<comps/>", "<comps>text</comps>"} {
		got, err := TrimComps(strings.NewReader(text), "comps.xml", func(string) bool { return false })
		if got != nil || err != nil {
			t.Errorf("%q and error %v are left, expected nothing", got, err)
		}
	}
}

// One of two groups of an id is enough to keep what lists it.
func TestTrimCompsWithGroupsOfOneID(t *testing.T) {
	group := func(p string) string {
		return "<group><id>a</id><packagelist><packagereq>" + p + "</packagereq></packagelist></group>"
	}
	environment := "<environment><id>e</id><grouplist><groupid>a</groupid></grouplist></environment>"
	for _, text := range []string{group("x") + group("y"), group("y") + group("x")} {
		got, err := TrimComps(strings.NewReader("<comps>"+environment+text+"</comps>"), "comps.xml", func(name string) bool { return name == "x" })
		if want := "<comps>" + environment + group("x") + "</comps>"; err != nil || string(got) != want {
			t.Errorf("%s with error %v is left, expected %s", got, err, want)
		}
	}
}

func TestParseCompsRefuses(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"nothing", "", "comps.xml is no comps.xml: its outermost"},
		{"a page", "<html></html>", "its outermost element is not one <comps>"},
		{"two roots", "<comps/><comps/>", "its outermost element is not one <comps>"},
		{"a cut file", "<comps>\n<group>", "comps.xml:2: unexpected EOF"},
		{"entities", "<!DOCTYPE comps [<!ENTITY a 'aaaa'>]>\n<comps>&a;</comps>", "comps.xml:1: the document type declaration declares"},
		{"an undeclared entity", "<comps>\n&a;</comps>", "comps.xml:2: invalid character entity"},
		{"deep nesting", strings.Repeat("<comps>", 40), "nested more than 32 levels deep"},
	} {
		got, err := ParseComps(strings.NewReader(test.text), "comps.xml")
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: reads as %+v with error %v, expected %q", test.name, got, err, test.want)
		}
	}
}

// dnf and libsolv read what is left, and see in upstream's what we see.
func TestToolsReadComps(t *testing.T) {
	trimmed, err := TrimComps(strings.NewReader(comps), "comps.xml", func(name string) bool { return name != "dnf" && name != "chess" })
	if err != nil {
		t.Fatal(err)
	}
	t.Run("libsolv", func(t *testing.T) {
		dump := string(run(t, "", run(t, "", trimmed, "comps2solv"), "dumpsolv"))
		if !strings.Contains(dump, "group:core") || strings.Contains(dump, "games") || strings.Contains(dump, "chess") {
			t.Errorf("libsolv sees otherwise:\n%s", dump)
		}
	})
	for _, test := range []struct {
		name    string
		content []byte
		want    string
	}{
		{"upstream", []byte(comps), "Mandatory Packages: bash untyped Default Packages: dnf Optional Packages: glibc Conditional Packages: bash-kde"},
		{"trimmed", trimmed, "Mandatory Packages: bash untyped Optional Packages: glibc Conditional Packages: bash-kde"},
	} {
		t.Run("dnf "+test.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.MkdirAll(filepath.Join(dir, "root/var/log"), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "comps.xml"), test.content, 0o644); err != nil {
				t.Fatal(err)
			}
			run(t, dir, nil, "createrepo_c", "--quiet", "--groupfile=comps.xml", ".")
			out := run(t, dir, nil, "dnf", "--installroot="+filepath.Join(dir, "root"), "--setopt=cachedir="+filepath.Join(dir, "cache"), "--setopt=reposdir=/nonexistent",
				"--setopt=logdir="+filepath.Join(dir, "root/var/log"), "--releasever=9", "--repofrompath=mine,file://"+dir, "--repo=mine", "group", "info", "core")
			if got := strings.Join(strings.Fields(string(out)), " "); !strings.Contains(got, test.want) {
				t.Errorf("dnf says not %q but:\n%s", test.want, out)
			}
		})
	}
}

func FuzzTrimComps(f *testing.F) {
	f.Add([]byte(comps))
	f.Add([]byte("<comps><group><id>a</id><packagereq>b</packagereq></group>\r\n\t<environment><groupid>a</groupid></environment></comps>"))
	f.Fuzz(func(t *testing.T, content []byte) {
		before, err := ParseComps(bytes.NewReader(content), "comps.xml")
		if err != nil {
			return
		}
		all, err := TrimComps(bytes.NewReader(content), "comps.xml", everyName)
		if err != nil {
			t.Fatalf("cannot be trimmed: %v", err)
		}
		if all != nil && !bytes.Equal(all, content) {
			t.Errorf("where all is there, this is left:\n%q", all)
		}
		has := func(name string) bool { return len(name)%2 == 0 }
		trimmed, err := TrimComps(bytes.NewReader(content), "comps.xml", has)
		if err != nil || trimmed == nil {
			return
		}
		after, err := ParseComps(bytes.NewReader(trimmed), "trimmed")
		if err != nil {
			t.Fatalf("what is left cannot be read: %v\n%q", err, trimmed)
		}
		if diff := cmp.Diff(present(before, has), present(after, everyName)); diff != "" {
			t.Errorf("packages differ (-expected +left):\n%s", diff)
		}
	})
}

// present lists the packages of all groups that are there.
func present(c *Comps, has func(string) bool) (list []string) {
	for _, g := range c.Groups {
		for _, p := range g.Packages {
			if has(p.Name) {
				list = append(list, g.ID+"/"+p.Name+"/"+p.Kind)
			}
		}
	}
	return list
}
