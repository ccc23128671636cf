package main

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
)

// debs makes a deb repository that is served, and a configuration with the mirrors, whose
// sources are "debian".
func debs(t *testing.T, text, mirrors string) (config string) {
	t.Helper()
	d := repotest.NewDeb(t)
	d.AddText(text)
	dir, served := t.TempDir(), t.TempDir()
	d.Publish(served)
	key := filepath.Join(dir, "debian.asc")
	d.Key.WriteFile(t, key)
	return write(t, filepath.Join(dir, "mirrorkeeper.yaml"), fmt.Sprintf(
		"destination: out\nsources:\n  debian: {type: deb, url: %s, suites: stable, components: main, architectures: amd64, keys: %s}\nmirrors:\n%s",
		repotest.Serve(t, served).URL, key, mirrors))
}

// some packages: a shop with a database, and others.
const someDebs = `shop 1.0 amd64
 Depends: database (>= 14), libssl3 | libssl1.1
 Recommends: mail-transport-agent
database 14.2 amd64
 Depends: libssl3
database 15.1 amd64
 Depends: libssl3
libssl3 3.0 amd64
libssl1.1 1.1 amd64
postfix 3.5 amd64
 Provides: mail-transport-agent
exim4 4.9 amd64
 Provides: mail-transport-agent
 Depends: missing
cache 1.0 amd64
 Replaces: oldcache (<< 2)
broken 1.0 amd64
 Depends: missing
`

const shopMirror = "  m: {from: debian, packages: [shop], exclude: [cache]}\n"

// wants wants lines in what a command line prints, and no others from the list.
func wants(t *testing.T, code int, lines []string, args ...string) {
	t.Helper()
	r := mirrorkeeper(args...)
	if got := strings.Split(strings.TrimSpace(r.out), "\n"); r.code != code || !cmp.Equal(lines, got) {
		t.Errorf("%v: exit code %d, expected %d; %s%s", args, r.code, code, cmp.Diff(lines, got), r.errs)
	}
}

func TestSearch(t *testing.T) {
	c := debs(t, someDebs, shopMirror+"  other: {from: debian, packages: [cache]}\n")
	for _, test := range []struct {
		args string
		want string // lines, separated by commas
	}{
		{"--name *ssl*", "libssl3 3.0,libssl1.1 1.1"},
		{"--name database=14.2", "database 14.2"},
		{"--provides mail-transport-agent", "postfix 3.5,exim4 4.9"},
		{"--requires libssl3", "shop 1.0,database 14.2,database 15.1"},
		{"--requires database<14", ""},
		{"--requires missing --provides mail-transport-agent", "exim4 4.9"},
		{"--requires missing --name b* --name *n", "broken 1.0"},
		{"--obsoletes oldcache", "cache 1.0"},
		{"--name cache --all", "cache 1.0"},
	} {
		args := append([]string{"packages", "-c", c, "--column", "name", "--column", "version", "--sep", " "}, strings.Fields(test.args)...)
		wants(t, 0, strings.Split(test.want, ","), args...)
	}
	for args, want := range map[string]string{
		"--file /bin/sh":   "in deb repositories list no files",
		"--file sh":        "whole path",
		"--name (1)":       "--name: seed",
		"--requires lib/x": "--requires: seed",
	} {
		r := mirrorkeeper(append([]string{"packages", "-c", c}, strings.Fields(args)...)...)
		if r.code != exitUsage || !strings.Contains(r.errs, want) {
			t.Errorf("%s: exit code %d, expected %d with %q in:\n%s", args, r.code, exitUsage, want, r.errs)
		}
	}
}

// Files are searched for in all that a repository lists, also those that no package
// requires; hidden packages are not found, as clients do not find them.
func TestSearchFiles(t *testing.T) {
	r := newRPMs(t, twoPackages)
	r.Publish(r.served)
	c := r.configured("url: URL, keys: KEY", ", packages: [app]")
	r.want(0, "lib 1.0-1\n", "packages", "-c", c, "--file", "/usr/share/lib/version", "--column", "name", "--column", "version", "--sep", " ")
	r.want(0, "lib 1.0-1 app", "packages", "-c", c, "--provides", "/usr/share/lib/version", "--column", "name", "--column", "version", "--column", "repository", "--sep", " ")
	r.want(0, "app 1.0-1\nlib 1.0-1\n", "packages", "-c", c, "--file", "/usr/share/*/version", "--column", "name", "--column", "version", "--sep", " ")
	wants(t, 0, []string{""}, "packages", "-c", c, "--file", "/usr/share/other", "--sep", " ")
	wants(t, 0, []string{""}, "packages", "-c", c, "--file", "/usr/share/other/*", "--sep", " ")
}

// A seed may be a glob of files: packages that have some that match are seeds.
func TestSeedsOfFiles(t *testing.T) {
	r := newRPMs(t, twoPackages+"tool 2-1 noarch\n")
	r.Publish(r.served)
	c := r.configured("url: URL, keys: KEY", ", packages: ['/usr/share/[lt]*/version']")
	r.want(0, "lib 1.0-1\ntool 2-1\n", "packages", "-c", c, "--column", "name", "--column", "version", "--sep", " ")
}

func TestWhyAll(t *testing.T) {
	c := debs(t, someDebs, "  m: {from: debian, packages: [shop, database]}\n")
	wants(t, 0, []string{
		"m:", "  shop 1.0 amd64 (seed shop)", "    libssl3 3.0 amd64 (shop 1.0 requires libssl3 | libssl1.1)",
		"m:", "  database 15.1 amd64 (seed database)", "    libssl3 3.0 amd64 (database 15.1 requires libssl3)",
		"m:", "  shop 1.0 amd64 (seed shop)", "    database 15.1 amd64 (shop 1.0 requires database (>= 14))", "      libssl3 3.0 amd64 (database 15.1 requires libssl3)",
	}, "why", "libssl3", "--all", "-c", c)
	wants(t, 0, []string{
		"m:", "  shop 1.0 amd64 (seed shop)", "    libssl3 3.0 amd64 (shop 1.0 requires libssl3 | libssl1.1)",
		"there are more; --most sets how many are printed",
	}, "why", "libssl3", "--all", "--most", "1", "-c", c)
	if r := mirrorkeeper("why", "broken", "-c", c); r.code != exitIncomplete || !strings.Contains(r.errs, "why-not") {
		t.Errorf("exit code %d: %s", r.code, r.errs)
	}
	if r := mirrorkeeper("why", "shop", "--most", "0", "-c", c); r.code != exitUsage {
		t.Errorf("exit code %d: %s", r.code, r.errs)
	}
}

func TestWhyNot(t *testing.T) {
	c := debs(t, someDebs, shopMirror)
	for of, want := range map[string][]string{
		"shpo":      {"m: shpo", "  no package has or provides this name; did you mean shop?"},
		"cache":     {"m: cache 1.0 amd64", "  the configuration of the mirror excludes it by cache"},
		"database":  {"m: database 14.2 amd64", "  shop 1.0 requires database (>= 14), for which there is database 15.1, a higher version"},
		"libssl1.1": {"m: libssl1.1 1.1 amd64", "  shop 1.0 requires libssl3 | libssl1.1, for which there is libssl3 3.0, which clients try first"},
		"broken":    {"m: broken 1.0 amd64", "  nothing in the mirror asks for it", "  it cannot be installed: broken 1.0 requires missing: no package has or provides it"},
	} {
		wants(t, 0, want, "why-not", of, "-c", c)
	}
	if r := mirrorkeeper("why-not", "shop", "-c", c); r.code != exitIncomplete || !strings.Contains(r.errs, "hold every package that shop names") {
		t.Errorf("exit code %d: %s", r.code, r.errs)
	}
	var got struct {
		WhyNot []absent `json:"why_not"`
	}
	if err := json.Unmarshal([]byte(mirrorkeeper("why-not", "cache", "-c", c, "-o", "json").out), &got); err != nil {
		t.Fatal(err)
	}
	want := []absent{{"m", "cache", "1.0", "amd64", "debian", []string{"the configuration of the mirror excludes it by cache"}}}
	if diff := cmp.Diff(want, got.WhyNot); diff != "" {
		t.Error(diff)
	}
}

// What a source or modules hide is told of, although no client sees it.
func TestWhyNotHidden(t *testing.T) {
	r := newRPMs(t, twoPackages+"node 18-1 noarch\n")
	r.Modules = `---
document: modulemd
version: 2
data:
  name: nodejs
  stream: 18
  version: 1
  context: c
  arch: noarch
  summary: S
  description: D
  license: {module: [MIT]}
  artifacts: {rpms: [node-0:18-1.noarch]}
`
	r.Publish(r.served)
	c := r.configured("url: URL, keys: KEY, exclude: [lib]", ", packages: [app]")
	r.want(0, "the module stream nodejs:18, which is not active", "why-not", "node", "-c", c)
	r.want(0, "the source app excludes packages of this name by lib", "why-not", "lib", "-c", c)
}

func TestTree(t *testing.T) {
	c := debs(t, someDebs, shopMirror)
	wants(t, 0, []string{
		"m: shop 1.0 amd64",
		"├── database 15.1 amd64 (>= 14)",
		"│   └── libssl3 3.0 amd64",
		"├── libssl3 3.0 amd64 (requires libssl3 | libssl1.1)",
		"└── postfix 3.5 amd64 (recommends mail-transport-agent)",
	}, "tree", "shop", "-c", c)
	wants(t, 0, []string{
		"m: libssl3 3.0 amd64",
		"├── shop 1.0 amd64 (requires libssl3 | libssl1.1)",
		"└── database 15.1 amd64 (requires libssl3) ...",
	}, "tree", "libssl3", "--reverse", "--depth", "1", "-c", c)
	var got struct{ Trees []map[string]any }
	if err := json.Unmarshal([]byte(mirrorkeeper("tree", "shop", "-c", c, "-o", "json").out), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Trees) != 1 || got.Trees[0]["mirror"] != "m" || got.Trees[0]["reason"] != "seed shop" || len(got.Trees[0]["branches"].([]any)) != 3 {
		t.Errorf("%v", got)
	}
}

func TestTreeOfFullMirror(t *testing.T) {
	c := debs(t, someDebs, "  full: {from: debian}\n")
	wants(t, 0, []string{"full: database 15.1 amd64", "└── libssl3 3.0 amd64"}, "tree", "database=15.1", "-c", c)
}

func TestGraph(t *testing.T) {
	c := debs(t, someDebs, shopMirror+"  other: {from: debian, packages: [cache]}\n")
	for _, test := range []struct {
		args  string
		boxes int
	}{{"", 4}, {"libssl3", 1}, {"database", 2}, {"libssl3 --reverse", 3}, {"shop --depth 1", 4}} {
		args := append(append([]string{"tree"}, strings.Fields(test.args)...), "-c", c, "--mirror", "m", "--graph")
		dot := mirrorkeeper(append(args, "dot")...)
		if got := strings.Count(dot.out, "label="); dot.code != 0 || got != test.boxes {
			t.Errorf("%s: %d boxes, expected %d\n%s%s", test.args, got, test.boxes, dot.out, dot.errs)
		}
		svg := mirrorkeeper(append(args, "svg")...)
		if err := xml.Unmarshal([]byte(svg.out), new(struct{})); err != nil {
			t.Errorf("%s: %v", test.args, err)
		}
		if got := strings.Count(svg.out, "<rect"); svg.code != 0 || got != test.boxes {
			t.Errorf("%s: %d boxes, expected %d\n%s%s", test.args, got, test.boxes, svg.out, svg.errs)
		}
	}
	for args, want := range map[string]string{
		"":                      "takes the name of a package",
		"shop --graph png":      "it is dot or svg",
		"shop --graph dot":      "choose one with --mirror",
		"--graph dot --depth 1": "go with a package",
		"shop --depth -1":       "--depth is -1",
	} {
		if r := mirrorkeeper(append([]string{"tree", "-c", c}, strings.Fields(args)...)...); r.code != exitUsage || !strings.Contains(r.errs, want) {
			t.Errorf("%s: exit code %d, expected %d with %q in:\n%s", args, r.code, exitUsage, want, r.errs)
		}
	}
	if r := mirrorkeeper("tree", "nothing", "-c", c); r.code != exitIncomplete {
		t.Errorf("exit code %d: %s", r.code, r.errs)
	}
}

// With --from-system the package is its own seed where no other is named.
func TestTreeFromSystem(t *testing.T) {
	m := newMachine(t)
	m.useApt()
	wants(t, 0, []string{"mirror: app 1.0 all", "└── lib 1.0 all"}, "tree", "app", "--from-system", "--root", m.root, "--to", t.TempDir())
}

func TestCheck(t *testing.T) {
	c := debs(t, someDebs, shopMirror+"  odd: {from: debian, packages: [broken]}\n  full: {from: debian}\n")
	wants(t, 0, []string{"4 packages, 0 of them cannot be installed"}, "check", "-c", c, "--mirror", "m")
	wants(t, exitIncomplete, []string{
		"broken 1.0 amd64 (debian): broken 1.0 requires missing: no package has or provides it",
		"1 packages, 1 of them cannot be installed",
	}, "check", "-c", c, "--mirror", "odd")
	for _, args := range [][]string{{"--mirror", "full"}, {"--mirror", "odd", "--all"}} {
		r := mirrorkeeper(append([]string{"check", "-c", c, "-o", "json"}, args...)...)
		var got struct {
			Packages int
			Broken   []brokenPackage
		}
		if err := json.Unmarshal([]byte(r.out), &got); err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, x := range got.Broken {
			names = append(names, x.Name)
		}
		if diff := cmp.Diff([]string{"exim4", "broken"}, names); diff != "" || got.Packages != 9 || r.code != exitIncomplete {
			t.Errorf("%v: exit code %d, %d packages; %s%s", args, r.code, got.Packages, diff, r.errs)
		}
	}
}
