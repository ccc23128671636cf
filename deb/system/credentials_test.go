package system

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestCredentialsAgreeWithApt lets apt's own method fetch from a server that
// notes the credentials.
func TestCredentialsAgreeWithApt(t *testing.T) {
	seen := make(chan string, 8)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		login, password, _ := r.BasicAuth()
		seen <- login + ":" + password
		http.NotFound(w, r)
	}))
	defer server.Close()
	address := strings.TrimPrefix(server.URL, "http://")
	m := newMachine(t, nil)
	for _, tt := range []struct {
		main, part string
		path       string
		want       string
	}{
		{"machine http://127.0.0.1 login a password b", "", "/d/x", "a:b"},
		{"machine http://HOST login a password b", "", "/d/x", "a:b"},
		{"machine http://127.0.0.1:1 login a password b", "", "/d/x", ":"},
		{"machine 127.0.0.1 login a password b", "", "/d/x", ":"},
		{"machine https://127.0.0.1 login a password b", "", "/d/x", ":"},
		{"machine http://HOST/d login a password b", "", "/debian/x", "a:b"},
		{"machine http://HOST/d/ login a password b", "", "/debian/x", ":"},
		{"machine\thttp://127.0.0.1\n\n  password b\n  account z\n  login a\nmachine other login c password d", "", "/d/x", "a:b"},
		{"machine http://127.0.0.1 login a password b machine http://127.0.0.1 login c password d", "", "/d/x", "a:b"},
		{"machine http://HOST/e login a password b\nmachine http://127.0.0.1 login c password d", "", "/d/x", "c:d"},
		{"machine http://127.0.0.1 login a password b", "machine http://127.0.0.1 login c password d", "/d/x", "a:b"},
		{"", "machine http://127.0.0.1 login c password d", "/d/x", "c:d"},
		{"machine http://127.0.0.1", "machine http://127.0.0.1 login c password d", "/d/x", "c:d"},
		{"login a password b machine http://127.0.0.1 login", "", "/d/x", ":"},
	} {
		m.write(t, "etc/apt/auth.conf", strings.ReplaceAll(tt.main, "HOST", address))
		m.write(t, "etc/apt/auth.conf.d/10part", strings.ReplaceAll(tt.part, "HOST", address))
		s, err := read("/", m.env)
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(server.URL + tt.path)
		if err != nil {
			t.Fatal(err)
		}
		login, password, ok := s.Credential(u)
		if got := login + ":" + password; got != tt.want || ok != (tt.want != ":") {
			t.Errorf("%s\n%s\nread has %q for %s; expected %q", tt.main, tt.part, got, tt.path, tt.want)
		}
		m.fetch(t, u.String())
		if got := <-seen; got != tt.want {
			t.Errorf("%s\n%s\napt has %q for %s; expected %q", tt.main, tt.part, got, tt.path, tt.want)
		}
	}
}

func TestCredentialOfURLGoesFirst(t *testing.T) {
	s := &System{Credentials: []Credential{{Machine: "x.example.org", Login: "a", Password: "b"}}}
	u, _ := url.Parse("https://me:mine@x.example.org/d")
	login, password, ok := s.Credential(u)
	if diff := cmp.Diff([]any{"me", "mine", true}, []any{login, password, ok}); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCredentialsThatCannotBeReadAreNoted(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root reads everything")
	}
	m := newMachine(t, map[string]string{"etc/apt/auth.conf": "machine x.example.org login a password b"})
	if err := os.Chmod(filepath.Join(m.dir, "etc/apt/auth.conf"), 0); err != nil {
		t.Fatal(err)
	}
	s, err := read("/", m.env)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Credentials) != 0 || len(s.Notes) != 1 || !strings.Contains(s.Notes[0], "auth.conf") {
		t.Errorf("credentials %v, notes %q; expected a note about auth.conf", s.Credentials, s.Notes)
	}
}
