package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/internal/nailguntest"
	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
)

// site is what is to be mirrored, the server that is told, and the configuration.
type site struct {
	t         *testing.T
	dir       string
	mos, base *repotest.Deb
	served    string
	upstream  *repotest.Server
	fuel      *nailguntest.Server
	config    string
	env       map[string]string
}

func newSite(t *testing.T) *site {
	s := &site{t: t, dir: t.TempDir(), mos: repotest.NewDeb(t), base: repotest.NewDeb(t), served: t.TempDir(), fuel: nailguntest.New(t)}
	s.mos.Suite("mos9.0").Add(repotest.ParsePackages(t, "nova 9.0 amd64\n Depends: python, libvirt | qemu\n")...)
	s.mos.Suite("mos9.0-updates").Add(repotest.ParsePackages(t, "nova 9.1 amd64\n Depends: python (>= 2), qemu\n")...)
	s.base.Suite("trusty").Add(repotest.ParsePackages(t, "python 2.7 amd64\n Depends: libc6\nlibc6 2.19 amd64\nqemu 2.0 amd64\nubuntu-standard 1.0 amd64\nunneeded 1.0 amd64\n")...)
	s.base.Suite("trusty-updates").Add(repotest.ParsePackages(t, "libc6 2.20 amd64\nunneeded 2.0 amd64\n")...)
	s.publish()
	s.upstream = repotest.Serve(t, s.served)
	s.fuel.AddCluster(1, "prod", 1, "operational")
	s.fuel.AddCluster(2, "centos", 2, "new")
	s.fuel.AddCluster(3, "busy", 1, "deployment")
	s.config = filepath.Join(s.dir, "config.yaml")
	s.env = map[string]string{"FUEL_PASSWORD": s.fuel.Password}
	s.mos.Key.WriteFile(t, filepath.Join(s.dir, "mos.asc"))
	s.base.Key.WriteFile(t, filepath.Join(s.dir, "base.asc"))
	s.configure("")
	return s
}

func (s *site) publish() {
	s.mos.Publish(filepath.Join(s.served, "mos"))
	s.base.Publish(filepath.Join(s.served, "ubuntu"))
}

func (s *site) configure(common string) {
	text := fmt.Sprintf(`common:
  fuel_url: %s
  fuel_user: admin
  destination: %s
  base_url: http://10.20.0.2:8080/
%sversions: {ubuntu_version: trusty}
sources:
  - name: mos
    osname: ubuntu
    type: deb
    baseurl: %s/mos
    keys: mos.asc
    repositories: ["mos{mos_version} main", "mos{mos_version}-updates main"]
    requirements: [ubuntu-standard]
  - name: ubuntu
    osname: ubuntu
    type: deb
    master: mos
    baseurl: %s/ubuntu
    keys: base.asc
    repositories: ["{ubuntu_version} main", "{ubuntu_version}-updates main"]
`, s.fuel.URL, filepath.Join(s.dir, "www"), common, s.upstream.URL, s.upstream.URL)
	if err := os.WriteFile(s.config, []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

// want runs a command line.
func (s *site) want(code int, text string, args ...string) string {
	s.t.Helper()
	var out, errs bytes.Buffer
	args = append(args, "--config", s.config, "--astute", filepath.Join(s.dir, "astute.yaml"))
	got := run(args, &out, &errs, func(name string) (string, bool) { v, ok := s.env[name]; return v, ok })
	all := out.String() + errs.String()
	if got != code || !strings.Contains(all, text) {
		s.t.Errorf("%v: exit code %d, expected %d with %q in:\n%s", args, got, code, text, all)
	}
	if strings.Contains(all, s.fuel.Password) {
		s.t.Errorf("the password is shown:\n%s", all)
	}
	return out.String()
}

func (s *site) names(dir, suite string) (names []string) {
	s.t.Helper()
	f, err := os.Open(filepath.Join(s.dir, "www", dir, "dists", suite, "main/binary-amd64/Packages.gz"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	plain, err := gzip.NewReader(f)
	if err != nil {
		s.t.Fatal(err)
	}
	content, err := io.ReadAll(plain)
	if err != nil {
		s.t.Fatal(err)
	}
	for line := range strings.Lines(string(content)) {
		if name, ok := strings.CutPrefix(line, "Package: "); ok {
			names = append(names, strings.TrimSpace(name))
		}
	}
	slices.Sort(names)
	return names
}

// lists is what an environment has, as "name uri suite".
func lists(all []nailguntest.Object) (out []string) {
	for _, x := range all {
		out = append(out, fmt.Sprint(x["name"], " ", x["uri"], " ", x["suite"]))
	}
	return out
}

func (s *site) unchangedServer() {
	s.t.Helper()
	if w := s.fuel.Writes(); len(w) > 0 {
		s.t.Errorf("the server was changed: %v", w)
	}
}

const (
	mosURL    = "http://10.20.0.2:8080/mos/"
	ubuntuURL = "http://10.20.0.2:8080/ubuntu/"
)

// A partial clone holds what is needed and nothing else, and environments of the system
// use it, locked ones too; all else that they use stays.
func TestClonePartial(t *testing.T) {
	s := newSite(t)
	before := lists(s.fuel.Repositories(1))
	s.want(0, "environment 1 (prod):\n  ~ ubuntu: deb http://archive.ubuntu.com/ubuntu/ trusty", "clone", "--partial")
	if d := cmp.Diff([]string{"python", "qemu", "ubuntu-standard"}, s.names("ubuntu", "trusty")); d != "" {
		t.Errorf("trusty (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"libc6"}, s.names("ubuntu", "trusty-updates")); d != "" {
		t.Errorf("trusty-updates (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"nova"}, s.names("mos", "mos9.0")); d != "" {
		t.Errorf("mos9.0 (-want +got):\n%s", d)
	}
	upstream, err := os.ReadFile(filepath.Join(s.served, "mos/dists/mos9.0/InRelease"))
	if err != nil {
		t.Fatal(err)
	}
	if ours, err := os.ReadFile(filepath.Join(s.dir, "www/mos/dists/mos9.0/InRelease")); err != nil || !bytes.Equal(upstream, ours) {
		t.Errorf("what is mirrored whole is not as upstream has it: %v", err)
	}
	want := slices.Clone(before)
	want[0], want[1] = "ubuntu "+ubuntuURL+" trusty", "ubuntu-updates "+ubuntuURL+" trusty-updates"
	want[3], want[4] = "mos "+mosURL+" mos9.0", "mos-updates "+mosURL+" mos9.0-updates"
	for _, id := range []int{1, 3} {
		if d := cmp.Diff(want, lists(s.fuel.Repositories(id))); d != "" {
			t.Errorf("environment %d (-want +got):\n%s", id, d)
		}
	}
	if d := cmp.Diff([]string{"PUT /api/v1/clusters/1/attributes/", "PUT /api/v1/clusters/3/attributes/"}, s.fuel.Writes()); d != "" {
		t.Errorf("written (-want +got):\n%s", d)
	}
	s.want(0, "environment 3 (busy): unchanged", "clone", "--partial")
	s.mos.Suite("mos9.0-updates").Add(repotest.ParsePackages(t, "nova 9.2 amd64\n Depends: unneeded\n")...)
	s.publish()
	s.want(0, "ubuntu: published", "clone", "--partial", "--no-apply")
	if d := cmp.Diff([]string{"libc6", "unneeded"}, s.names("ubuntu", "trusty-updates")); d != "" {
		t.Errorf("after an update, trusty-updates (-want +got):\n%s", d)
	}
	if n := len(s.fuel.Writes()); n != 2 {
		t.Errorf("%d writes, expected no more", n)
	}
}

// Options choose sources, environments and what is done.
func TestChoices(t *testing.T) {
	s := newSite(t)
	s.want(0, "to fetch", "clone", "--partial", "--dry-run", "--default")
	s.unchangedServer()
	if _, err := os.Stat(filepath.Join(s.dir, "www/mos")); err == nil {
		t.Error("a dry run mirrors")
	}
	s.want(2, "there is no environment 9; the server has 1 (prod), 2 (centos), 3 (busy)", "clone", "--env", "9")
	s.want(2, "nothing is chosen; there are the groups ubuntu-mos, ubuntu", "clone", "--centos")
	s.unchangedServer()
	s.want(0, "environment 1 (prod)", "clone", "--mos", "--env", "1", "--default", "--replace")
	want := []string{"mos " + mosURL + " mos9.0", "mos-updates " + mosURL + " mos9.0-updates"}
	if d := cmp.Diff(want, lists(s.fuel.Repositories(1))); d != "" {
		t.Errorf("environment 1 (-want +got):\n%s", d)
	}
	if d := cmp.Diff(want, lists(s.fuel.ReleaseRepositories(1))); d != "" {
		t.Errorf("release 1 (-want +got):\n%s", d)
	}
	if len(s.fuel.Repositories(3)) != 8 || len(s.fuel.ReleaseRepositories(2)) != 4 {
		t.Error("others were changed, too")
	}
	s.want(0, "environment 2 (centos) stays as it is: it is of another operating system", "clone", "--mos", "--env", "2")
	s.want(0, "Usage:", "help")
	s.want(0, "--partial", "help", "clone")
	s.want(2, "unknown command", "clown")
	s.want(2, "unknown flag", "clone", "--clown")
}

// Old servers take the whole release, and all of it is put back.
func TestOldServers(t *testing.T) {
	s := newSite(t)
	s.fuel.Old = true
	s.want(0, "release 1 (Mitaka on Ubuntu 14.04 mitaka-9.0):", "clone", "--mos", "--default", "--env", "1")
	if got := lists(s.fuel.ReleaseRepositories(1)); got[3] != "mos "+mosURL+" mos9.0" {
		t.Errorf("release 1 has %v", got)
	}
	delete(s.fuel.Attributes[1]["editable"].(nailguntest.Object), "repo_setup")
	s.want(0, "environment 1 (prod) stays as it is: it has no list of repositories: releases older than Fuel 6.1", "clone", "--mos", "--env", "1")
}

// The server hears nothing of a mirror that failed, and nothing is fetched for a server
// that cannot be told.
func TestFailures(t *testing.T) {
	s := newSite(t)
	s.upstream.Strike("/ubuntu/pool/", repotest.NotFound())
	s.want(1, "nothing was changed on the Fuel server", "clone")
	s.unchangedServer()
	s.upstream.Heal()
	s.upstream.Strike("/ubuntu/pool/", repotest.Times(1, repotest.Cut()))
	s.upstream.Strike("/mos/pool/", repotest.Times(1, repotest.Corrupt()))
	s.want(0, "environment 1 (prod):", "clone")
	if len(s.fuel.Writes()) != 2 {
		t.Errorf("written: %v", s.fuel.Writes())
	}
	for name, test := range map[string]struct {
		do   func(s *site)
		code int
		says string
	}{
		"no password":        {func(s *site) { s.env = nil }, 1, "FUEL_PASSWORD"},
		"may only look":      {func(s *site) { s.fuel.ReadOnly = true }, 1, "the user needs the role admin"},
		"the server breaks":  {func(s *site) { s.fuel.Broken = func(m, _ string) bool { return m == "PUT" } }, 1, "500 Internal Server Error"},
		"token expires":      {func(s *site) { s.fuel.TokenUses = 3 }, 0, "environment 3 (busy):"},
		"of another version": {func(s *site) { s.fuel.Releases[1]["version"] = "liberty-8.0" }, 1, "nothing on the Fuel server is for what was mirrored: it has the releases Ubuntu liberty-8.0"},
		"no configuration":   {func(s *site) { s.config += ".not" }, 2, "hint: copy fuel-createmirror.yaml from the examples"},
		"no address":         {func(s *site) { s.configure("  base_url: ''\n") }, 2, "stands here twice"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			test.do(s)
			s.want(test.code, test.says, "clone", "--mos")
			if test.code != 0 {
				s.unchangedServer()
			}
		})
	}
}

// What needs the server's password, and who may see it.
func TestAccess(t *testing.T) {
	s := newSite(t)
	s.env = nil
	if err := os.WriteFile(filepath.Join(s.dir, "astute.yaml"), []byte("ADMIN_NETWORK: {ipaddress: 10.20.0.7}\nFUEL_ACCESS: {user: admin, password: "+s.fuel.Password+"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(s.config)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.config, []byte(strings.Replace(string(content), "  base_url: http://10.20.0.2:8080/\n", "", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	s.want(0, "deb http://10.20.0.7:8080/mos/ mos9.0 main", "clone", "--mos", "--env", "1")
	if err := os.Remove(filepath.Join(s.dir, "astute.yaml")); err != nil {
		t.Fatal(err)
	}
	s.want(2, "hint: give it by --base-url", "clone", "--mos")
}

func TestJSON(t *testing.T) {
	s := newSite(t)
	var got struct {
		Mirrors []struct{ Mirror string }
		Server  []struct {
			Object  string
			Changes []string
		}
	}
	if err := json.Unmarshal([]byte(s.want(0, "", "clone", "--partial", "-o", "json", "--env", "1")), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Mirrors) != 2 || len(got.Server) != 1 || len(got.Server[0].Changes) != 4 {
		t.Errorf("%+v", got)
	}
}
