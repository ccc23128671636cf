package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
)

// machine is the root directory of a machine, and the repositories that it uses.
type machine struct {
	t        *testing.T
	root     string
	deb, rpm string // URLs
	keys     map[string][]byte
}

func newMachine(t *testing.T) *machine {
	d, r := repotest.NewDeb(t), repotest.NewRPM(t)
	d.AddText("app 1.0 all\n Depends: lib\nlib 1.0 all\n")
	r.Comps = `<comps><group><id>tools</id><name>Tools</name><packagelist><packagereq type="mandatory">app</packagereq></packagelist></group></comps>`
	r.AddText("app 1.0-1 noarch\n Requires: /usr/share/lib/version\nlib 1.0-1 noarch\n")
	served := t.TempDir()
	d.Publish(filepath.Join(served, "deb"))
	r.Publish(filepath.Join(served, "rpm"))
	server := repotest.Serve(t, served)
	m := &machine{deb: server.URL + "/deb", rpm: server.URL + "/rpm", keys: map[string][]byte{
		"etc/apt/trusted.gpg.d/deb.gpg": d.Key.Public(t, false),
		"etc/pki/rpm-gpg/app.asc":       r.Key.Public(t, true),
	}}
	return m.another(t)
}

// another is another machine that uses the same repositories.
func (m *machine) another(t *testing.T) *machine {
	n := *m
	n.t, n.root = t, t.TempDir()
	for path, key := range n.keys {
		write(t, filepath.Join(n.root, path), string(key))
	}
	return &n
}

func (m *machine) useApt() {
	write(m.t, filepath.Join(m.root, "etc/apt/sources.list"), "deb "+m.deb+" stable main\n")
}

func (m *machine) useDNF(lines ...string) {
	write(m.t, filepath.Join(m.root, "etc/yum.repos.d/app.repo"), "[app]\nname=app\n"+strings.Join(lines, "\n")+"\n")
}

func TestFromSystemTakesWhatTheMachineHas(t *testing.T) {
	first := newMachine(t)
	signed := []string{"repo_gpgcheck=1", "gpgkey=file:///etc/pki/rpm-gpg/app.asc"}
	for name, c := range map[string]struct {
		uses func(m *machine)
		args []string // default: app
		code int
		out  string // in the output
	}{
		"apt": {uses: (*machine).useApt, out: "lib 1.0 all"},
		"dnf": {
			uses: func(m *machine) { m.useDNF(append(signed, "baseurl="+m.rpm)...) },
			out:  "lib 1.0-1 noarch",
		},
		"dnf, a list of mirrors": {
			uses: func(m *machine) {
				list := write(m.t, filepath.Join(m.root, "srv/list"), m.rpm+"\n")
				m.useDNF(append(signed, "mirrorlist=file://"+strings.TrimPrefix(list, m.root))...)
			},
			out: "lib 1.0-1 noarch",
		},
		"dnf, a group": {
			uses: func(m *machine) { m.useDNF(append(signed, "baseurl="+m.rpm)...) },
			args: []string{"@tools"}, out: "group tools: app",
		},
		"dnf, a file": {
			uses: func(m *machine) { m.useDNF(append(signed, "baseurl="+m.rpm)...) },
			args: []string{"/usr/share/lib/version"}, out: "lib 1.0-1 noarch",
		},
		"dnf, hidden packages": {
			uses: func(m *machine) { m.useDNF(append(signed, "baseurl="+m.rpm, "exclude=lib")...) },
			code: exitIncomplete, out: "unresolved: /usr/share/lib/version",
		},
		"dnf, without the key": {
			uses: func(m *machine) { m.useDNF("repo_gpgcheck=1", "baseurl="+m.rpm) },
			code: exitFailed, out: "error:",
		},
		"dnf, a key that nobody has checked": {
			uses: func(m *machine) { m.useDNF("gpgcheck=1", "gpgkey=https://keys.example.org/a", "baseurl="+m.rpm) },
			code: exitUsage, out: "compare its fingerprint",
		},
		"both": {
			uses: func(m *machine) { m.useApt(); m.useDNF(append(signed, "baseurl="+m.rpm)...) },
			code: exitUsage, out: "--type deb or --type rpm",
		},
		"both, rpm is asked for": {
			uses: func(m *machine) { m.useApt(); m.useDNF(append(signed, "baseurl="+m.rpm)...) },
			args: []string{"app", "--type", "rpm"}, out: "lib 1.0-1 noarch",
		},
		"both, deb is asked for": {
			uses: func(m *machine) { m.useApt(); m.useDNF(append(signed, "baseurl="+m.rpm)...) },
			args: []string{"app", "--type", "deb"}, out: "lib 1.0 all",
		},
		"nothing":             {uses: func(*machine) {}, code: exitFailed, out: "no sources that can be mirrored"},
		"an unknown format":   {uses: (*machine).useApt, args: []string{"app", "--type", "tar"}, code: exitUsage, out: "the formats are deb, rpm"},
		"a format it has not": {uses: (*machine).useApt, args: []string{"app", "--type", "rpm"}, code: exitFailed, out: "no sources that can be mirrored"},
	} {
		t.Run(name, func(t *testing.T) {
			m := first.another(t)
			c.uses(m)
			if c.args == nil {
				c.args = []string{"app"}
			}
			r := mirrorkeeper(append([]string{"plan", "--from-system", "--root", m.root, "--to", t.TempDir()}, c.args...)...)
			if r.code != c.code || !strings.Contains(r.out+r.errs, c.out) {
				t.Errorf("exit code %d, expected %d with %q in:\n%s%s", r.code, c.code, c.out, r.out, r.errs)
			}
		})
	}
}
