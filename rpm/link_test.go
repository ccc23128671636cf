package rpm

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// linked are the packages of archives of one mirror, as seeds see them.
func linked(t tester, groups []string, archives ...archive) []*repo.Package {
	t.Helper()
	var all []repo.Reading
	for i, a := range archives {
		s := source()
		s.Name = fmt.Sprint("s", i)
		all = append(all, a.reading(t, only(t, s)))
	}
	packages, err := Format{}.Link(all, repo.Wanted{Groups: groups})
	if err != nil {
		t.Fatal(err)
	}
	return packages
}

const sampleComps = `<?xml version="1.0" encoding="UTF-8"?>
<comps>
  <group><id>core</id><name>Core</name><packagelist>
    <packagereq type="mandatory">a</packagereq><packagereq type="default">b</packagereq>
    <packagereq type="optional">c</packagereq><packagereq type="conditional" requires="b">d</packagereq>
    <packagereq type="conditional" requires="z">e</packagereq><packagereq type="mandatory">absent</packagereq>
  </packagelist></group>
  <group><id>web</id><name>web</name><packagelist>
    <packagereq type="default">f</packagereq><packagereq type="optional">a</packagereq>
  </packagelist></group>
  <environment><id>server-env</id><name>Server</name><grouplist><groupid>core</groupid><groupid>missing</groupid></grouplist>
    <optionlist><groupid>web</groupid></optionlist></environment>
</comps>`

func TestGroups(t *testing.T) {
	var elements []string
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g"} {
		elements = append(elements, element(name+"-0:1-1.noarch", ""))
	}
	elements = append(elements, element("a-0:1-1.src", ""))
	// Groups hold for the packages of all repositories of the mirror.
	packages := linked(t, nil, publish(t, primary(elements[4:]...)), publish(t, primary(elements[:4]...), [2]string{"group", sampleComps}))
	got := map[string][]string{}
	var mandatory []string
	for _, p := range packages {
		if p.IsSource() {
			if p.Groups != nil {
				t.Errorf("%s is in groups %v", p, p.Groups)
			}
			continue
		}
		got[p.Name] = slices.Sorted(slices.Values(p.Groups))
		if p.Mandatory {
			mandatory = append(mandatory, p.Name)
		}
	}
	want := map[string][]string{
		"a": {"Core", "Core/mandatory", "Server", "Server/mandatory", "core", "core/mandatory", "server-env", "server-env/mandatory", "web/optional"},
		"b": {"Core", "Core/default", "Server", "Server/default", "core", "core/default", "server-env", "server-env/default"},
		"c": {"Core/optional", "core/optional"},
		"d": {"Core", "Server", "core", "server-env"},
		"e": nil,
		"f": {"Server/optional", "server-env/optional", "web", "web/default"},
		"g": nil,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"a", "b", "d"}, slices.Sorted(slices.Values(mandatory))); d != "" {
		t.Error(d)
	}
}

// module is a document of modules.yaml. requires are "module:stream" or "module".
func module(name string, version int, requires string, profiles string, artifacts ...string) string {
	name, stream, _ := strings.Cut(name, ":")
	stream, context, _ := strings.Cut(stream, ":")
	var b strings.Builder
	fmt.Fprintf(&b, "---\ndocument: modulemd\nversion: 2\ndata:\n  name: %s\n  stream: \"%s\"\n  version: %d\n  context: c%s\n  arch: x86_64\n  summary: s\n  description: d\n  license:\n    module: [MIT]\n",
		name, stream, version, context)
	b.WriteString("  dependencies:\n  - requires:\n      platform: [el9]\n")
	for _, r := range strings.Fields(requires) {
		m, s, _ := strings.Cut(r, ":")
		fmt.Fprintf(&b, "      %s: [%s]\n", m, s)
	}
	if profiles != "" {
		b.WriteString("  profiles:\n")
		for _, p := range strings.Fields(profiles) {
			profile, packages, _ := strings.Cut(p, "=")
			fmt.Fprintf(&b, "    %s:\n      rpms: [%s]\n", profile, packages)
		}
	}
	b.WriteString("  artifacts:\n    rpms:\n")
	for _, a := range artifacts {
		fmt.Fprintf(&b, "    - %s\n", a)
	}
	b.WriteString("...\n")
	return b.String()
}

func defaults(module, stream string) string {
	return fmt.Sprintf("---\ndocument: modulemd-defaults\nversion: 1\ndata:\n  module: %s\n  stream: \"%s\"\n  profiles: {}\n...\n", module, stream)
}

// modular is a repository of two modules, node and perl, of which node:18 needs a perl.
func modular(t tester) archive {
	elements := []string{
		element("node-0:16-1.x86_64", ""), element("node-1:18-1.x86_64", ""), element("node-1:18-2.x86_64", ""), element("node-0:20-1.x86_64", ""),
		element("node-0:5-1.x86_64", ""), // of no module
		element("npm-0:1-1.x86_64", ""), element("docs-0:1-1.noarch", ""),
		element("oldnode-0:1-1.x86_64", `<rpm:provides><rpm:entry name="node"/></rpm:provides>`),
		element("perl-0:5.26-1.x86_64", ""), element("perl-0:5.30-1.x86_64", ""), element("perl-0:5.32-1.x86_64", ""),
		element("dbi-0:1-26.x86_64", ""), element("dbi-0:1-30.x86_64", ""),
		element("other-0:1-1.x86_64", ""), element("node-0:18-1.src", ""),
	}
	modules := module("node:16", 1, "", "common=node", "node-0:16-1.x86_64") +
		module("node:18", 1, "perl:5.30", "common=node", "node-1:18-1.x86_64") +
		module("node:18", 2, "perl:5.30", "common=node,npm dev=docs,npm", "node-1:18-2.x86_64", "npm-0:1-1.x86_64", "node-0:18-1.src") +
		module("node:20", 1, "impossible:1", "", "node-0:20-1.x86_64") +
		module("perl:5.26", 1, "", "", "perl-0:5.26-1.x86_64") + module("perl:5.30", 1, "", "", "perl-0:5.30-1.x86_64") +
		module("perl:5.32", 1, "", "", "perl-0:5.32-1.x86_64") +
		module("dbi:1:a", 1, "perl:5.26", "", "dbi-0:1-26.x86_64") + module("dbi:1:b", 1, "perl:5.30", "", "dbi-0:1-30.x86_64") +
		defaults("node", "16") + defaults("perl", "5.26") + defaults("dbi", "1")
	return publish(t, primary(elements...), [2]string{"modules", modules})
}

func TestModules(t *testing.T) {
	tests := []struct {
		groups []string
		want   string // the packages that are seen, with their groups
	}{
		{nil, `
			node 16-1 x86_64: node:16 node node:16/common node/common
			docs 1-1 noarch:
			perl 5.26-1 x86_64: perl:5.26 perl
			dbi 1-26 x86_64: dbi:1 dbi
			other 1-1 x86_64:`},
		{[]string{"node:18/common", "perl"}, `
			node 1:18-1 x86_64: node:18 node:18/common
			node 1:18-2 x86_64: node:18 node:18/common
			npm 1-1 x86_64: node:18 node:18/common node:18/dev
			docs 1-1 noarch: node:18/dev
			perl 5.26-1 x86_64: perl:5.26 perl
			perl 5.30-1 x86_64: perl:5.30
			dbi 1-26 x86_64: dbi:1 dbi
			dbi 1-30 x86_64: dbi:1 dbi
			other 1-1 x86_64:
			node 18-1 src:`},
		{[]string{"perl:5.32", "unknown:1", "node:unknown"}, `
			node 16-1 x86_64: node:16 node node:16/common node/common
			docs 1-1 noarch:
			perl 5.32-1 x86_64: perl:5.32
			other 1-1 x86_64:`},
		{[]string{"node:20"}, `
			node 20-1 x86_64: node:20
			docs 1-1 noarch:
			perl 5.26-1 x86_64: perl:5.26 perl
			dbi 1-26 x86_64: dbi:1 dbi
			other 1-1 x86_64:`},
	}
	for _, test := range tests {
		t.Run(strings.Join(test.groups, " "), func(t *testing.T) {
			var got []string
			for _, p := range linked(t, test.groups, modular(t)) {
				got = append(got, strings.TrimSpace(p.String()+": "+strings.Join(p.Groups, " ")))
			}
			var want []string
			for line := range strings.Lines(test.want) {
				if line = strings.TrimSpace(line); line != "" {
					want = append(want, line)
				}
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// Modules may require each other, in circles and in long chains.
func TestModulesThatRequireEachOther(t *testing.T) {
	elements := []string{element("a-0:1-1.x86_64", ""), element("b-0:1-1.x86_64", ""), element("c-0:1-1.x86_64", "")}
	circle := module("a:1", 1, "b:1", "", "a-0:1-1.x86_64") + module("b:1", 1, "a:1", "", "b-0:1-1.x86_64") + module("c:1", 1, "c:2", "", "c-0:1-1.x86_64")
	if got := linked(t, []string{"a:1"}, publish(t, primary(elements...), [2]string{"modules", circle})); len(got) != 2 {
		t.Errorf("of the circle one sees %v", got)
	}
	for _, end := range []string{"", "missing"} {
		const length = 2000
		var chain strings.Builder
		for i := range length {
			next := fmt.Sprintf("m%d:1", i+1)
			if i == length-1 {
				next = end
			}
			chain.WriteString(module(fmt.Sprintf("m%d:1", i), 1, next, "", fmt.Sprintf("a-0:%d-1.x86_64", length-i)))
		}
		chain.WriteString(defaults("m0", "1"))
		want := 1
		if end != "" {
			want = 0 // no client can enable any of it
		}
		if got := linked(t, nil, publish(t, primary(elements[0]), [2]string{"modules", chain.String()})); len(got) != want {
			t.Errorf("of the chain that ends in %q one sees %v", end, got)
		}
	}
}

func TestModulesOfHotfixes(t *testing.T) {
	s := source()
	s.ModuleHotfixes = true
	of := modular(t).reading(t, only(t, s))
	packages, err := Format{}.Link([]repo.Reading{of}, repo.Wanted{})
	if err != nil || len(packages) != len(of.Packages) {
		t.Errorf("%d of %d packages are seen, error %v", len(packages), len(of.Packages), err)
	}
}

func TestRequiredFiles(t *testing.T) {
	requires := func(names ...string) string {
		var b strings.Builder
		b.WriteString("<rpm:requires>")
		for _, name := range names {
			fmt.Fprintf(&b, `<rpm:entry name="%s"/>`, name)
		}
		b.WriteString("</rpm:requires>")
		return b.String()
	}
	filelists := func(of map[string]string) [2]string {
		var b strings.Builder
		b.WriteString(`<filelists xmlns="http://linux.duke.edu/metadata/filelists" packages="1">`)
		for name, file := range of {
			fmt.Fprintf(&b, `<package pkgid="%s" name="x" arch="x"><version epoch="0" ver="1" rel="1"/><file>%s</file><file type="dir">/unwanted</file></package>`, digestOf(name), file)
		}
		return [2]string{"filelists", b.String() + "</filelists>"}
	}
	one := publish(t,
		primary(
			element("a-0:1-1.noarch", requires("/usr/bin/tool", "/usr/share/deep", "(/opt/x or y)", "/bin/sh")+"<file>/usr/bin/a</file>"),
			element("tool-0:1-1.noarch", "<file>/usr/bin/tool</file><file>/usr/bin/other</file>"),
			element("tool2-0:1-1.noarch", "<file>/usr/bin/tool</file>"),
			element("sh-0:1-1.noarch", `<rpm:provides><rpm:entry name="/bin/sh"/></rpm:provides>`),
		),
		filelists(map[string]string{"tool-0:1-1.noarch": "/opt/x", "a-0:1-1.noarch": "/bin/sh", "tool2-0:1-1.noarch": "/usr/bin/tool"}))
	two := publish(t, primary(element("deep-0:1-1.noarch", "")), filelists(map[string]string{"deep-0:1-1.noarch": "/usr/share/deep"}))
	got := map[string][]string{}
	for _, p := range linked(t, nil, one, two) {
		for _, x := range p.Provides {
			got[p.Name] = append(got[p.Name], x.Name)
		}
	}
	want := map[string][]string{"tool": {"/usr/bin/tool", "/opt/x"}, "tool2": {"/usr/bin/tool"}, "sh": {"/bin/sh"}, "deep": {"/usr/share/deep"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// filelists is large: where primary tells all, it is not read.
func TestFilelistsAreReadOnlyWhenNeeded(t *testing.T) {
	r := only(t, source())
	of := publish(t, primary(
		element("a-0:1-1.noarch", `<rpm:requires><rpm:entry name="/usr/bin/tool"/></rpm:requires>`), element("tool-0:1-1.noarch", "<file>/usr/bin/tool</file>"),
	), [2]string{"filelists", "broken"}).reading(t, r)
	open := of.Open
	of.Open = func(ix repo.Index) (io.ReadCloser, error) {
		if ix.Kind == filelistsKind {
			t.Error("filelists is read")
		}
		return open(ix)
	}
	if _, err := (Format{}).Link([]repo.Reading{of}, repo.Wanted{}); err != nil {
		t.Error(err)
	}
}

func TestLinkErrors(t *testing.T) {
	for _, kind := range []string{"group", "modules", "filelists"} {
		a := publish(t, primary(element("a-0:1-1.noarch", `<rpm:requires><rpm:entry name="/x"/></rpm:requires>`)), [2]string{kind, "<\x00"})
		_, err := Format{}.Link([]repo.Reading{a.reading(t, only(t, source()))}, repo.Wanted{})
		if err == nil || !strings.Contains(err.Error(), kind) || !strings.HasPrefix(err.Error(), "s: ") {
			t.Errorf("%s: the error is %v", kind, err)
		}
	}
}

// Linking tens of thousands of packages is a matter of some tenths of a second.
func BenchmarkLink(b *testing.B) {
	var elements []string
	for i := range 60_000 {
		elements = append(elements, element(fmt.Sprintf("p%d-0:1-1.noarch", i),
			fmt.Sprintf("<rpm:provides><rpm:entry name=\"x%d\"/></rpm:provides><rpm:requires><rpm:entry name=\"/usr/bin/%d\"/><rpm:entry name=\"x%d\"/></rpm:requires><file>/usr/bin/%d</file><file>/etc/%d</file>", i, i/2, i+1, i, i)))
	}
	of := publish(b, primary(elements...), [2]string{"group", sampleComps}).reading(b, only(b, source()))
	packages := of.Packages
	for b.Loop() {
		b.StopTimer()
		of.Packages = nil
		for _, p := range packages {
			fresh := *p
			of.Packages = append(of.Packages, &fresh)
		}
		b.StartTimer()
		if _, err := (Format{}).Link([]repo.Reading{of}, repo.Wanted{}); err != nil {
			b.Fatal(err)
		}
	}
}
