package transport

import (
	"errors"
	"net/http"
	"strings"
	"testing"
)

func TestRouter(t *testing.T) {
	other := serveHTTP(t, echo)
	server := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/away"):
			http.Redirect(w, r, other.URL, http.StatusFound)
		case strings.HasSuffix(r.URL.Path, "/file"):
			w.Header().Set("Location", "file:///etc/passwd")
			w.WriteHeader(http.StatusFound)
		default:
			echo(w, r)
		}
	})
	host := strings.TrimPrefix(server.URL, "http://")
	router := NewRouter(newClient(t, Options{UserAgent: "otherwise"}))
	client := router.Client()
	if got := get(t, client, server.URL+"/debian"); got != "HTTP/1.1|otherwise|||" {
		t.Errorf("without a route the server saw %q", got)
	}
	router.Add(Route{server.URL + "/debian", newClient(t, Options{UserAgent: "replaced"})})
	router.Add(Route{server.URL + "/debian/security/", newClient(t, Options{UserAgent: "security"})})
	router.Add(Route{"http://in:url@" + host + "/private", newClient(t, Options{UserAgent: "private"})})
	router.Add(Route{server.URL + "/debian", newClient(t, Options{UserAgent: "debian"})})
	defer client.CloseIdleConnections()
	for url, want := range map[string]string{
		server.URL + "/debian":                         "HTTP/1.1|debian|||",
		server.URL + "/debian/dists":                   "HTTP/1.1|debian|||",
		server.URL + "/debian?x=1":                     "HTTP/1.1|debian|||",
		server.URL + "/debian/security/a":              "HTTP/1.1|security|||",
		server.URL + "/debian-ports":                   "HTTP/1.1|otherwise|||",
		other.URL:                                      "HTTP/1.1|otherwise|||",
		server.URL + "/debian/away":                    "HTTP/1.1|debian|||",
		"http://in:url@" + host + "/private/a":         "HTTP/1.1|private|in|url|",
		"http://in:url@" + host + "/private/away":      "HTTP/1.1|private|||",
		"http://in:url@" + host + "/elsewhere":         "HTTP/1.1|otherwise|in|url|",
		"http://in:other@" + host + "/private/a?token": "HTTP/1.1|otherwise|in|other|",
	} {
		if got := get(t, client, url); got != want {
			t.Errorf("%s: the last server saw %q, expected %q", url, got, want)
		}
	}
	if _, err := client.Get(server.URL + "/debian/file"); !errors.Is(err, ErrRedirect) {
		t.Errorf("got %v, expected a refused redirect", err)
	}
}
