package e2e_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
)

// snapshot is everything below a directory with mode and time, without the state
// directory: what a command that only looks must not touch.
func snapshot(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	walk(t, dir, func(path string, e fs.DirEntry) {
		info, err := e.Info()
		if err != nil {
			t.Error(err)
			return
		}
		all = append(all, path+" "+info.Mode().String()+" "+info.ModTime().String())
	})
	return all
}

func TestPlanIsWhatSyncDoes(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	u.AddText(someText)
	u.publish()
	server := repotest.Serve(t, u.dir)
	source := u.source("debian", server.URL)
	k := newKeeper(t, "sources:\n"+source+"mirrors:\n  full: {from: [debian]}\n  part: {from: [debian], packages: [app]}\n")
	for _, c := range []struct {
		text    string // that upstream gains
		gone    string // that it loses
		add     map[string]int
		removed int
	}{
		{add: map[string]int{"full": 5, "part": 4}},
		{add: map[string]int{"full": 0, "part": 0}},
		{text: "data 2.0 all\n Depends: base\nbase 1.0 amd64\n", gone: "data", add: map[string]int{"full": 2, "part": 2}, removed: 1},
	} {
		if c.gone != "" {
			u.Suite("stable").Remove(c.gone)
			u.AddText(c.text)
			u.publish()
		}
		before := snapshot(t, k.published())
		server.Reset()
		planned := decode[plan](k.exits(done, "plan", "--output", "json"))
		if diff := cmp.Diff(before, snapshot(t, k.published())); diff != "" {
			t.Errorf("plan changed the destination:\n%s", diff)
		}
		if got := server.Requests(allPackages); len(got) > 0 {
			t.Errorf("plan fetched packages: %v", got)
		}
		if len(planned.Mirrors) != 2 {
			t.Fatalf("plan tells of %d mirrors, expected 2", len(planned.Mirrors))
		}
		k.sync()
		for _, m := range planned.Mirrors {
			if m.Add != c.add[m.Name] || m.Remove != c.removed {
				t.Errorf("%s: plan says add %d, remove %d; expected %d and %d", m.Name, m.Add, m.Remove, c.add[m.Name], c.removed)
			}
			if (m.Bytes > 0) != (m.Add > 0) && m.Name == "full" {
				t.Errorf("%s: plan says %d bytes for %d packages", m.Name, m.Bytes, m.Add)
			}
			got := readTree(t, k.published(m.Name))
			names := map[string]bool{}
			for _, p := range m.Packages {
				names[p.Name] = true
				if got[p.File] == "" || fileSize(t, k.published(m.Name, p.File)) != p.Size {
					t.Errorf("%s: the plan's %s of %d bytes is not in the tree", m.Name, p.File, p.Size)
				}
				if p.Version == "" || p.Architecture == "" || p.Source != "debian" || p.Reason == "" {
					t.Errorf("%s: the plan's entry lacks something: %+v", m.Name, p)
				}
			}
			if inTree := packageFiles(t, k.published(m.Name)); len(names) != len(inTree) {
				t.Errorf("%s: the plan has %d packages, the tree %v", m.Name, len(names), inTree)
			}
		}
	}
}

func TestPlanForPeople(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	u.AddText(someText)
	u.publish()
	k := newKeeper(t, partialMirror(u.source("debian", "file://"+u.dir), "packages: [app]"))
	r := k.exits(done, "plan")
	for _, want := range []string{"app", "lib", "data", "doc"} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("plan says nothing of %s:\n%s", want, r.stdout)
		}
	}
	if strings.Contains(r.stdout, "other") {
		t.Errorf("plan speaks of a package that is not picked:\n%s", r.stdout)
	}
	if got := readTree(t, k.published()); len(got) > 0 {
		t.Errorf("plan published %v", got)
	}
}

func TestOfflineUsesTheCache(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	u.AddText(someText)
	u.publish()
	server := repotest.Serve(t, u.dir)
	k := newKeeper(t, partialMirror(u.source("debian", server.URL), "packages: [app]"))
	k.exits(failed, "plan", "--offline").says("offline")
	first := k.exits(done, "plan", "--output", "json")
	server.Reset()
	again := k.exits(done, "plan", "--output", "json", "--offline")
	if got := server.Requests("."); len(got) > 0 {
		t.Errorf("an offline run asked for %v", got)
	}
	if diff := cmp.Diff(first.stdout, again.stdout); diff != "" {
		t.Errorf("the offline plan differs:\n%s", diff)
	}
}

func TestPackages(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	u.AddText(someText)
	u.publish()
	source := u.source("debian", "file://"+u.dir)
	k := newKeeper(t, "sources:\n"+source+"mirrors:\n  full: {from: [debian]}\n  part: {from: [debian], packages: [app], recommends: false}\n")
	r := k.exits(done, "packages", "--mirror", "part", "--column", "name", "--column", "version", "--column", "requires", "--sort", "name", "--sep", ";")
	if diff := cmp.Diff("app;1.0;lib (>= 1.0), data\ndata;1.0;\nlib;1.0;\n", r.stdout); diff != "" {
		t.Errorf("packages (-want +got):\n%s", diff)
	}
	type listing struct{ Packages []map[string]any }
	if got := decode[listing](k.exits(done, "packages", "--mirror", "full", "--output", "json")); len(got.Packages) != 5 || got.Packages[0]["name"] != "app" {
		t.Errorf("packages of the full mirror: %v", got)
	}
	k.exits(misused, "packages", "--column", "colour").says("colour", "requires")
	k.exits(misused, "packages", "--mirror", "none").says("none", "full", "part")
}

func TestUnresolved(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	u.AddText(textA[:strings.Index(textA, "a-tool")] + textBroken + textB)
	u.publish()
	source := u.source("debian", "file://"+u.dir)
	k := newKeeper(t, partialMirror(source, "packages: [a-broken, a-app]"))
	got := decode[struct{ Unresolved []unresolved }](k.exits(findings, "unresolved", "--output", "json"))
	if len(got.Unresolved) != 1 || !strings.Contains(got.Unresolved[0].Requirement, "no-such-package") || !strings.Contains(got.Unresolved[0].WantedBy, "a-broken") || got.Unresolved[0].Reason == "" {
		t.Errorf("unresolved: %+v", got)
	}
	if r := k.exits(findings, "unresolved"); !regexp.MustCompile(`no-such-package +>= 3 `).MatchString(r.stdout) {
		t.Errorf("unresolved says nothing of the relation:\n%s", r.stdout)
	}
	k = newKeeper(t, partialMirror(source, "packages: [a-app]"))
	k.exits(done, "unresolved")
	k.exits(findings, "unresolved", "--all")
}

func TestWhy(t *testing.T) {
	t.Parallel()
	sources, _ := repositoriesAB(t)
	k := newKeeper(t, partialMirror(sources, "packages: [a-app]", "recommends: false"))
	r := k.exits(done, "why", "b-base")
	app, lib, base := strings.Index(r.stdout, "a-app"), strings.Index(r.stdout, "b-lib1"), strings.Index(r.stdout, "b-base")
	if app < 0 || lib < app || base < lib {
		t.Errorf("the chain does not lead from a-app over b-lib1 to b-base:\n%s", r.stdout)
	}
	k.exits(findings, "why", "b-unused1").says("b-unused1")
}

func TestCompareVersions(t *testing.T) {
	t.Parallel()
	k := newKeeper(t, "")
	k.exits(0, "compare-versions", "deb", "1.0~rc1-1", "lt", "1.0")
	k.exits(1, "compare-versions", "deb", "1:0", "lt", "2.0")
	k.exits(2, "compare-versions", "deb", "1.0", "like", "2.0")
	k.exits(2, "compare-versions", "tar", "1.0", "lt", "2.0")
	k.exits(done, "version")
}

func TestSystemSourcesGoByHostAndPath(t *testing.T) {
	t.Parallel()
	k := newKeeper(t, "")
	k.exits(misused, "sync", "--from-system", "hello").says("--to")
	k.exits(misused, "sync", "--from-system", "--to", "mirror").says("package")
}

func TestConfigurationsThatAreWrong(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	u.AddText(someText)
	u.publish()
	good := partialMirror(u.source("debian", "file://"+u.dir), "packages: [app]")
	for name, c := range map[string]struct {
		config string
		says   []string
	}{
		"unknown key":    {strings.Replace(good, "packages:", "package:", 1), []string{`mirrorkeeper\.yaml`, "package", "packages"}},
		"wrong type":     {strings.Replace(good, "packages: [app]", "recommends: perhaps", 1), []string{"recommends"}},
		"no such source": {strings.Replace(good, "from: [debian]", "from: [debain]", 1), []string{"debain", "debian"}},
		"no YAML":        {"sources: [", []string{`mirrorkeeper\.yaml`}},
		"no keys":        {strings.Replace(good, "keys:", "languages:", 1), []string{"keys", "trusted"}},
	} {
		k := newKeeper(t, c.config)
		t.Run(name, func(t *testing.T) {
			k.t = t
			k.exits(misused, "sync").says(c.says...)
		})
	}
	k := newKeeper(t, good)
	k.exits(misused, "sync", "--colour").says("colour")
	k.exits(misused, "sync", "nothing").says("nothing")
	k.exits(misused, "sink")
	k.exits(misused, "sync", "--config", "absent.yaml").says(`absent\.yaml`)
	k.exits(misused, "sync", "--output", "xml").says("xml")
}

func TestDetailedExitCodes(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	u.AddText(someText + textBroken)
	u.publish()
	k := newKeeper(t, partialMirror(u.source("debian", "file://"+u.dir), "packages: [app]"))
	k.exits(changed, "plan", "--detailed-exit-codes")
	k.exits(changed, "sync", "--detailed-exit-codes")
	k.exits(done, "sync", "--detailed-exit-codes")
	k.exits(done, "plan", "--detailed-exit-codes")
	k = newKeeper(t, partialMirror(u.source("debian", "file://"+u.dir), "packages: [a-broken]"))
	k.exits(findings, "sync", "--detailed-exit-codes")
	k.exits(findings, "sync", "--detailed-exit-codes")
}

// report is the JSON of sync.
type report struct {
	Mirrors []struct {
		Mirror     string
		Changed    bool
		Generation string
		Added      int
		Packages   int
		Unresolved []unresolved
	}
}

func TestSyncAsJSON(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	u.AddText(someText)
	u.publish()
	k := newKeeper(t, fullMirror(u.source("debian", "file://"+u.dir)))
	first := decode[report](k.sync("--output", "json"))
	again := decode[report](k.sync("--output", "json"))
	if len(first.Mirrors) != 1 || len(again.Mirrors) != 1 {
		t.Fatalf("reports of %d and %d mirrors", len(first.Mirrors), len(again.Mirrors))
	}
	a, b := first.Mirrors[0], again.Mirrors[0]
	if a.Mirror != "full" || !a.Changed || a.Packages != 5 || a.Added != 5 || a.Generation == "" || b.Changed || b.Generation != a.Generation || b.Added != 0 {
		t.Errorf("first %+v, again %+v", a, b)
	}
}

func TestQuietSaysNothing(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	u.AddText(someText)
	u.publish()
	k := newKeeper(t, fullMirror(u.source("debian", "file://"+u.dir)))
	if r := k.sync("--quiet"); r.stdout+r.stderr != "" {
		t.Errorf("a quiet run that succeeds says:\n%s%s", r.stdout, r.stderr)
	}
}

func TestCommandAndMetricsAfterASync(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	u.AddText(someText)
	u.publish()
	server := repotest.Serve(t, u.dir)
	k := newKeeper(t, "")
	script := filepath.Join(k.dir, "after.sh")
	write(t, script, "#!/bin/sh\nenv | grep ^MIRRORKEEPER_ >>"+filepath.Join(k.dir, "told")+"\necho ran >>"+filepath.Join(k.dir, "told")+"\n")
	if err := os.Chmod(script, 0o755); err != nil {
		t.Fatal(err)
	}
	k.configure("metrics: {textfile: mirrorkeeper.prom}\ntransfer: {retries: 0}\nsources:\n" + u.source("debian", server.URL) + "mirrors:\n  full: {from: [debian], run-after: [" + script + "]}\n")
	told := func() (ran int, metrics string) {
		t.Helper()
		log, err := os.ReadFile(filepath.Join(k.dir, "told"))
		if err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(filepath.Join(k.dir, "mirrorkeeper.prom"))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Count(string(log), "ran\n"), string(content)
	}
	k.sync()
	ran, metrics := told()
	if ran != 1 || !strings.Contains(metrics, "mirrorkeeper_") || !strings.Contains(metrics, `"full"`) {
		t.Errorf("after a sync the command ran %d times, the metrics are:\n%s", ran, metrics)
	}
	server.Strike(".", repotest.Unavailable(""))
	k.exits(failed, "sync")
	if again, other := told(); again != 2 || other == metrics {
		t.Errorf("after a failed sync the command ran %d times, the metrics are:\n%s", again, other)
	}
}

func TestSyncOfNamedMirrorsOnly(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	u.AddText(someText)
	u.publish()
	source := u.source("debian", "file://"+u.dir)
	k := newKeeper(t, "sources:\n"+source+"mirrors:\n  one: {from: [debian]}\n  two: {from: [debian]}\n")
	k.sync("two")
	entries, err := os.ReadDir(k.published())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if !slices.Contains(names, "two") || slices.Contains(names, "one") {
		t.Errorf("the destination holds %v", names)
	}
}
