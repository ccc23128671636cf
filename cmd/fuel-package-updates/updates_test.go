package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mirrorkeeper/mirrorkeeper/internal/nailguntest"
	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
)

type site struct {
	t        *testing.T
	dir, url string
	fuel     *nailguntest.Server
}

func newSite(t *testing.T) *site {
	s := &site{t: t, dir: t.TempDir(), fuel: nailguntest.New(t)}
	served := t.TempDir()
	mos := repotest.NewDeb(t)
	for _, suite := range []string{"mos9.0-updates", "mos9.0-security"} {
		x := mos.Suite(suite)
		x.Components = []string{"main", "restricted"}
		x.Add(repotest.ParsePackages(t, "nova 9.1 amd64\n")...)
	}
	mos.Publish(filepath.Join(served, "ubuntu/9.0"))
	s.url = repotest.Serve(t, served).URL
	s.fuel.AddCluster(1, "prod", 1, "operational")
	return s
}

func (s *site) want(code int, text string, args ...string) string {
	s.t.Helper()
	var out, errs bytes.Buffer
	args = append(args, "--fuel-url", s.fuel.URL, "--fuel-user", "admin", "--astute", filepath.Join(s.dir, "astute.yaml"), "--destination", filepath.Join(s.dir, "www"))
	env := func(name string) (string, bool) { return s.fuel.Password, name == "OS_PASSWORD" }
	got := run(args, &out, &errs, env)
	if all := out.String() + errs.String(); got != code || !strings.Contains(all, text) || strings.Contains(all, s.fuel.Password) {
		s.t.Errorf("%v: exit code %d, expected %d with %q in:\n%s", args, got, code, text, all)
	}
	return out.String()
}

func (s *site) updates(more ...string) []string {
	return append([]string{"-d", "ubuntu", "-r", "9.0", "-u", s.url + "/{distribution}/{release}", "--base-url", "http://10.20.0.2:8080"}, more...)
}

// What is printed is what a later run, or a person, puts into environments.
func TestPrinted(t *testing.T) {
	s := newSite(t)
	const updates = "deb http://10.20.0.2:8080/9.0/ubuntu/ mos9.0-updates main restricted\n"
	s.want(0, updates, s.updates("-i")...)
	if _, err := os.Stat(filepath.Join(s.dir, "www/9.0/ubuntu/dists/mos9.0-security/InRelease")); err != nil {
		t.Error(err)
	}
	if len(s.fuel.Requests()) > 0 {
		t.Error("the server was asked, and nobody wanted that")
	}
	yaml := s.want(0, "name: mos-updates\n", s.updates("-N")...)
	file := filepath.Join(s.dir, "entries.yaml")
	if err := os.WriteFile(file, []byte(yaml), 0o644); err != nil {
		t.Fatal(err)
	}
	s.want(0, updates, s.updates("-N", "-i", "-f", file)...)
	s.want(0, "centos\nubuntu\n", "-l")
	s.want(0, "Usage:", "help")
}

// Environments get the updates beside what they have, and give up what is deleted.
func TestApplied(t *testing.T) {
	s := newSite(t)
	file := filepath.Join(s.dir, "more.yaml")
	if err := os.WriteFile(file, []byte("- {name: mos-holdback, delete: true}\n- {name: own, type: deb, uri: 'http://10.20.0.2:8080/own', suite: own, section: main, priority: 1200}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s.want(0, "release 1", s.updates("-a", "-e", "1", "--default", "-f", file)...)
	for _, list := range [][]nailguntest.Object{s.fuel.Repositories(1), s.fuel.ReleaseRepositories(1)} {
		var got []string
		for _, x := range list {
			got = append(got, fmt.Sprint(x["name"], " ", x["priority"]))
		}
		if text := strings.Join(got, ", "); text != "ubuntu <nil>, ubuntu-updates <nil>, ubuntu-security <nil>, mos 1050, mos-updates 1050, mos-security 1050, Auxiliary 1150, own 1200" {
			t.Errorf("the list is %s", text)
		}
	}
	s.want(0, "unchanged", s.updates("-a", "-N", "-e", "1")...)
	n := len(s.fuel.Writes())
	s.want(0, "release 1", s.updates("-a", "-N", "--default", "--replace")...)
	if w := s.fuel.Writes()[n:]; len(w) != 1 || w[0] != "PUT /api/v1/releases/1/attributes_metadata/" {
		t.Errorf("written: %v", w)
	}
}

func TestRefused(t *testing.T) {
	s := newSite(t)
	for want, args := range map[string][]string{
		"--distro, --release and --url":            {},
		`there is no distribution "debian"`:        {"-d", "debian", "-r", "9.0", "-u", s.url, "--base-url", "http://10.20.0.2:8080"},
		`"nine" is no release`:                     {"-d", "ubuntu", "-r", "nine", "-u", s.url, "--base-url", "http://10.20.0.2:8080"},
		"--apply needs what is to get the updates": {"-d", "ubuntu", "-r", "9.0", "-u", s.url, "--base-url", "http://10.20.0.2:8080", "-a"},
		"older than Fuel 6.1":                      {"-d", "ubuntu", "-r", "6.0", "-u", s.url, "--base-url", "http://10.20.0.2:8080", "-a", "-e", "1"},
		"the address at which machines find":       {"-d", "ubuntu", "-r", "9.0", "-u", s.url},
		"is no address of a repository":            {"-d", "ubuntu", "-r", "9.0", "-u", "mirror", "--base-url", "http://10.20.0.2:8080"},
	} {
		s.want(2, want, args...)
	}
	s.want(1, "nothing was changed on the Fuel server", "-d", "ubuntu", "-r", "9.0", "-u", s.url+"/nothing", "--base-url", "http://10.20.0.2:8080", "-a", "-e", "1")
	if w := s.fuel.Writes(); len(w) > 0 {
		t.Errorf("the server was changed: %v", w)
	}
}
