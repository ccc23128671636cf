package sshdial

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// here is a machine with files in its user's directory.
func here(t *testing.T, files map[string]string) Machine {
	t.Helper()
	home := t.TempDir()
	for name, text := range files {
		file := filepath.Join(home, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	env := map[string]string{"SSH_AUTH_SOCK": "/run/agent", "OTHER": "/run/other"}
	return Machine{Name: "watch.example.org", User: "me", Home: home, Env: func(name string) (string, bool) { v, set := env[name]; return v, set }}
}

// What is set counts before ssh_config, and that before the defaults.
func TestSettle(t *testing.T) {
	const config = `
Host origin
    HostName %h.example.org
    Port 2222
    User mirror
    IdentityFile ~/.ssh/%r_at_%h
    IdentityAgent $OTHER
    UserKnownHostsFile %d/known /etc/known
    GlobalKnownHostsFile none
    ProxyJump %r@gate,second:24
    ConnectTimeout 7
    AddressFamily inet6
Host proxied
    ProxyCommand nc %h %p
    HostKeyAlias the-host
    IdentitiesOnly yes
    ServerAliveInterval 9
`
	m := here(t, map[string]string{".ssh/config": config})
	files := []string{filepath.Join(m.Home, ".ssh", "config")}
	for _, x := range []struct {
		server Server
		want   settings
	}{
		{Server{Host: "origin"}, settings{
			host: "origin.example.org", user: "mirror", port: 2222, network: "tcp6", timeout: 7 * time.Second, keepAlive: DefaultKeepAlive, jump: []string{"mirror@gate", "second:24"},
			identities: []identity{{m.Home + "/.ssh/mirror_at_origin.example.org", false}}, agent: "/run/other",
			knownAs: "[origin.example.org]:2222", certifiedAs: "origin.example.org", knownHosts: []string{m.Home + "/known", "/etc/known"},
		}},
		{Server{
			Host: "origin", User: "root", Port: 22, Identities: []string{"/id"}, Agent: "none", Jump: "none", Timeout: time.Second,
			HostKeys: []string{"pinned"}, ProxyCommand: []string{"nc", "%n", "%p", "100%%"},
		}, settings{
			host: "origin.example.org", user: "root", port: 22, network: "tcp6", timeout: time.Second, keepAlive: DefaultKeepAlive, proxyCommand: []string{"nc", "origin", "22", "100%"},
			identities: []identity{{"/id", true}}, identitiesOnly: true, hostKeys: []string{"pinned"},
			knownAs: "origin.example.org", certifiedAs: "origin.example.org",
		}},
		{Server{Host: "proxied", KnownHosts: []string{"/known"}, Identities: []string{"none"}}, settings{
			host: "proxied", user: "me", port: 22, network: "tcp", timeout: DefaultTimeout, keepAlive: 9 * time.Second, proxyCommand: []string{"/bin/sh", "-c", "exec nc proxied 22"},
			identitiesOnly: true, agent: "/run/agent", knownAs: "the-host", certifiedAs: "the-host", knownHosts: []string{"/known"},
		}},
	} {
		x.server.ConfigFiles = files
		got, err := settle(x.server, m)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(&x.want, got, cmp.AllowUnexported(settings{}, identity{})); diff != "" {
			t.Errorf("%+v: -want +got:\n%s", x.server, diff)
		}
	}
}

func TestUnusableSettings(t *testing.T) {
	m := here(t, nil)
	for want, s := range map[string]struct {
		server Server
		config string
	}{
		"no host is named":                      {Server{}, ""},
		`"-oProxyCommand=x" cannot be the name`: {Server{Host: "-oProxyCommand=x"}, ""},
		`"a;b" cannot be the name of a host`:    {Server{Host: "a"}, "HostName a;b"},
		`"$(x)" cannot be the name of a user`:   {Server{Host: "a"}, "User $(x)"},
		`"0" is no port`:                        {Server{Host: "a"}, "Port 0"},
		`"70000" is no port`:                    {Server{Host: "a", Port: 70000}, ""},
		"the token %x, which is unknown":        {Server{Host: "a"}, "ProxyCommand %x"},
		"environment variable NONE is not set":  {Server{Host: "a"}, "IdentityFile ${NONE}/id"},
	} {
		file := filepath.Join(m.Home, "config")
		if err := os.WriteFile(file, []byte(s.config), 0o600); err != nil {
			t.Fatal(err)
		}
		s.server.ConfigFiles = []string{file}
		if _, err := settle(s.server, m); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, expected %q", s, err, want)
		}
	}
}

// Jump hosts may be written as ssh accepts them; what is the last host's own does not
// go to them.
func TestJumpServer(t *testing.T) {
	to := Server{Host: "origin", User: "mirror", Password: "hunter2", HostKeys: []string{"key"}, Identities: []string{"/id"}, Timeout: time.Second}
	for text, want := range map[string]Server{
		"gate":                   {Host: "gate"},
		"me@gate:2222":           {Host: "gate", User: "me", Port: 2222},
		"ssh://me@gate:2222":     {Host: "gate", User: "me", Port: 2222},
		"a@b@gate":               {Host: "gate", User: "a@b"},
		"[2001:db8::1]":          {Host: "2001:db8::1"},
		"me@[2001:db8::1]:2222 ": {Host: "2001:db8::1", User: "me", Port: 2222},
		"":                       {},
		"@gate":                  {},
		"gate:x":                 {},
	} {
		got, err := jumpServer(text, to)
		if want.Host == "" {
			if err == nil {
				t.Errorf("%q is taken for %+v", text, got)
			}
			continue
		}
		want.Identities, want.Timeout = to.Identities, to.Timeout
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%q: %v, -want +got:\n%s", text, err, diff)
		}
	}
}

// Configurations that send us in circles end.
func TestJumpsInCircles(t *testing.T) {
	m := here(t, map[string]string{".ssh/config": "Host a\nProxyJump b\nHost b\nProxyJump a"})
	_, err := Dial(t.Context(), Server{Host: "a", ConfigFiles: []string{filepath.Join(m.Home, ".ssh", "config")}}, m)
	if err == nil || !strings.Contains(err.Error(), "more than 8 hosts to jump through") {
		t.Errorf("Dial: %v", err)
	}
}

// The password answers one question, which hides what is typed, and no other.
func TestAnswers(t *testing.T) {
	s := &settings{password: "hunter2"}
	for _, x := range []struct {
		questions []string
		echos     []bool
		answered  bool
	}{
		{[]string{"Password: "}, []bool{false}, true},
		{nil, nil, true},
		{[]string{"User: "}, []bool{true}, false},
		{[]string{"Password: ", "Code: "}, []bool{false, false}, false},
	} {
		answers, err := s.answers()("", "", x.questions, x.echos)
		if (err == nil) != x.answered || err == nil && len(answers) != len(x.questions) {
			t.Errorf("%q: %q, %v", x.questions, answers, err)
		}
	}
	twice := s.answers()
	for i, good := range []bool{true, false} {
		if _, err := twice("", "", []string{"Password: "}, []bool{false}); (err == nil) != good {
			t.Errorf("question %d: %v", i+1, err)
		}
	}
}
