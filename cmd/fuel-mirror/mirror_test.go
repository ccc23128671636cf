package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mirrorkeeper/mirrorkeeper/internal/nailguntest"
	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
)

const pattern = `
fuel_release_match:
  version: $openstack_version
  operating_system: Ubuntu
repos:
  - &ubuntu
    name: ubuntu
    uri: "URL/ubuntu"
    suite: trusty
    section: "main"
    type: deb
    priority: null
    main: true
  - &mos
    name: mos
    uri: "URL/mos/$mos_version"
    suite: mos$mos_version
    section: main
    type: deb
    priority: 1050
groups:
  ubuntu: [*ubuntu]
  mos: [*mos]
inheritance: {ubuntu: mos}
osname: ubuntu
requirements:
  ubuntu: [ubuntu-standard]
`

type site struct {
	t    *testing.T
	dir  string
	fuel *nailguntest.Server
}

func newSite(t *testing.T) *site {
	s := &site{t: t, dir: t.TempDir(), fuel: nailguntest.New(t)}
	served := t.TempDir()
	mos, base := repotest.NewDeb(t), repotest.NewDeb(t)
	mos.Suite("mos9.0").Add(repotest.ParsePackages(t, "nova 9.0 amd64\n Depends: python\n")...)
	base.Suite("trusty").Add(repotest.ParsePackages(t, "python 2.7 amd64\nubuntu-standard 1.0 amd64\nunneeded 1.0 amd64\n")...)
	mos.Publish(filepath.Join(served, "mos/9.0"))
	base.Publish(filepath.Join(served, "ubuntu"))
	upstream := repotest.Serve(t, served)
	s.write("patterns/ubuntu.yaml", strings.ReplaceAll(pattern, "URL", upstream.URL))
	s.write("config.yaml", fmt.Sprintf(`
threads_num: 4
ignore_errors_num: 0
target_dir: %[1]s/www/mirrors
pattern_dir: %[1]s/patterns
base_url: "http://{FUEL_SERVER_IP}:8080/mirrors/"
fuel_server: %[2]s
`, s.dir, s.fuel.URL))
	s.write("astute.yaml", "ADMIN_NETWORK: {ipaddress: 10.20.0.2}\nFUEL_ACCESS: {user: admin, password: "+s.fuel.Password+"}\n")
	s.fuel.AddCluster(1, "prod", 1, "operational")
	s.fuel.AddCluster(2, "centos", 2, "new")
	return s
}

func (s *site) write(name, text string) {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) want(code int, text string, args ...string) {
	s.t.Helper()
	var out, errs bytes.Buffer
	args = append(args, "--config", filepath.Join(s.dir, "config.yaml"), "--astute", filepath.Join(s.dir, "astute.yaml"))
	got := run(args, &out, &errs, func(string) (string, bool) { return "", false })
	if all := out.String() + errs.String(); got != code || !strings.Contains(all, text) || strings.Contains(all, s.fuel.Password) {
		s.t.Errorf("%v: exit code %d, expected %d with %q in:\n%s", args, got, code, text, all)
	}
}

// Mirroring tells the server nothing; applying puts the mirrors into what is for them.
func TestCreateAndApply(t *testing.T) {
	s := newSite(t)
	s.want(0, "ubuntu: published", "create", "-P", "ubuntu", "-G", "mos", "ubuntu")
	if len(s.fuel.Writes()) > 0 {
		t.Errorf("create has changed the server: %v", s.fuel.Writes())
	}
	for name, want := range map[string]bool{"python": true, "ubuntu-standard": true, "unneeded": false} {
		found, err := filepath.Glob(filepath.Join(s.dir, "www/mirrors/ubuntu/pool/main/*", name, name+"_*.deb"))
		if err != nil || (len(found) == 1) != want {
			t.Errorf("of %s the mirror holds %v (%v)", name, found, err)
		}
	}
	s.want(0, "- Auxiliary", "apply", "-P", "ubuntu", "--dry-run", "--replace", "-G", "ubuntu")
	if len(s.fuel.Writes()) > 0 {
		t.Errorf("a dry run has changed the server: %v", s.fuel.Writes())
	}
	s.want(0, "release 1", "apply", "-I", filepath.Join(s.dir, "patterns/ubuntu.yaml"), "--default", "--env", "1")
	for name, list := range map[string][]nailguntest.Object{"environment": s.fuel.Repositories(1), "release": s.fuel.ReleaseRepositories(1)} {
		var got []string
		for _, x := range list {
			got = append(got, fmt.Sprint(x["name"], " ", x["uri"]))
			if x["main"] != nil {
				t.Errorf("main is none of the server's: %v", x)
			}
		}
		if len(got) != 8 || got[0] != "ubuntu http://10.20.0.2:8080/mirrors/ubuntu/" || !slices.Contains(got, "mos http://10.20.0.2:8080/mirrors/mos/9.0/") {
			t.Errorf("the %s has %v", name, got)
		}
	}
	if len(s.fuel.Repositories(2)) != 4 {
		t.Error("another system was changed, too")
	}
	s.fuel.Releases[1]["version"] = "mitaka-9.1"
	s.want(1, "nothing on the Fuel server is for what was mirrored", "apply", "-P", "ubuntu")
}

func TestWrongUsage(t *testing.T) {
	s := newSite(t)
	for want, args := range map[string][]string{
		"one of --pattern and --input-file":                 {"create"},
		`there is no group "nope"; the file has`:            {"create", "-P", "ubuntu", "-G", "nope"},
		"no such file":                                      {"create", "-P", "debian"},
		"there is no environment 7":                         {"apply", "-P", "ubuntu", "-e", "7"},
		"broken.yaml:3: sauce: is not known here":           {"create", "-I", filepath.Join(s.dir, "broken.yaml")},
		`broken.yaml:1: inheritance: there is no group "b"`: {"create", "-I", filepath.Join(s.dir, "broken2.yaml")},
	} {
		s.write("broken.yaml", "repos: []\ngroups: {}\nsauce: 1\n")
		s.write("broken2.yaml", "groups: {a: [{name: x, uri: 'http://x', suite: s}]}\ninheritance: {b: a}\n")
		if strings.HasPrefix(want, "broken.yaml:1") {
			want = strings.Replace(want, "broken", "broken2", 1)
		}
		s.want(2, want, args...)
	}
	s.want(0, "apply", "help")
}
