package assembly

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/mirrorkeeper/mirrorkeeper/config"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/transport"
)

// What a source's servers are told stays with the servers that the configuration
// names: hosts that only a list of mirrors names see neither password nor headers,
// but are reached in the source's way.
func TestSecretsStayWithConfiguredHosts(t *testing.T) {
	serve := func() string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			user, password, _ := r.BasicAuth()
			fmt.Fprintf(w, "%s|%s|%s|%s", r.UserAgent(), user, password, r.Header.Get("X-Token"))
		}))
		t.Cleanup(s.Close)
		return s.URL
	}
	named, listed, foreign := serve(), serve(), serve()
	c, err := newClients(&config.Transfer{UserAgent: "standard"})
	if err != nil {
		t.Fatal(err)
	}
	o := c.standard
	o.UserAgent = "source"
	o.Credentials = []transport.Credential{{Prefix: named, User: "me", Password: "secret"}}
	o.Headers = http.Header{"X-Token": {"t0ken"}}
	listing := []*repo.Repository{{List: named + "/list?arch=x86_64"}}
	found, err := c.routeSource(listing, func(*url.URL) transport.Options { return o }, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	client := c.router.Client()
	defer client.CloseIdleConnections()
	look := func(url, want string) {
		t.Helper()
		r, err := client.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		var got string
		if _, err := fmt.Fscan(r.Body, &got); err != nil || got != want {
			t.Errorf("%s was told %q, expected %q (%v)", url, got, want, err)
		}
	}
	look(named+"/list?arch=x86_64", "source|me|secret|t0ken")
	look(listed+"/os/repodata/repomd.xml", "standard|||")
	found([]string{listed + "/os", named + "/os"})
	look(listed+"/os/repodata/repomd.xml", "source|||")
	look(named+"/os/repodata/repomd.xml", "source|me|secret|t0ken")
	look(foreign+"/os/repodata/repomd.xml", "standard|||")
}

// Sources that are reached in the same way share connections.
func TestEqualSettingsShareOneClient(t *testing.T) {
	c, err := newClients(&config.Transfer{})
	if err != nil {
		t.Fatal(err)
	}
	o := c.standard
	o.Credentials = []transport.Credential{{Prefix: "https://a.example.org", User: "me"}}
	for _, base := range []string{"https://a.example.org/1", "https://a.example.org/2"} {
		if err := c.route(base, o); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.route("https://b.example.org", c.standard); err != nil {
		t.Fatal(err)
	}
	if len(c.made) != 2 {
		t.Errorf("%d clients were made, expected 2", len(c.made))
	}
}
