package transport

import (
	"net/http"
	"strings"
)

// Route is a client for a URL and those below it.
type Route struct {
	Prefix string
	Client *http.Client
}

// Routed returns a client that sends each request through the client with the
// longest matching prefix, or through otherwise: sources differ in proxies and
// certificates, and one fetcher serves them all.
func Routed(routes []Route, otherwise *http.Client) *http.Client {
	if len(routes) == 0 {
		return otherwise
	}
	return &http.Client{
		Transport: &router{routes, otherwise},
		// The client behind the route has followed the redirects that it allows.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

type router struct {
	routes    []Route
	otherwise *http.Client
}

// RoundTrip implements [http.RoundTripper].
func (r *router) RoundTrip(q *http.Request) (*http.Response, error) {
	url := q.URL.String()
	client, longest := r.otherwise, -1
	for _, x := range r.routes {
		if len(x.Prefix) > longest && below(x.Prefix, url) {
			client, longest = x.Client, len(x.Prefix)
		}
	}
	if q.URL.User != nil {
		// It was made of the URL. The next client makes it anew, for each host that a
		// redirect leads to, and would take this one for a header to pass on.
		q = q.Clone(q.Context())
		q.Header.Del("Authorization")
	}
	return client.Do(q)
}

// below reports whether the URL is the prefix or lies in it as in a directory.
func below(prefix, url string) bool {
	rest, ok := strings.CutPrefix(url, prefix)
	return ok && (rest == "" || strings.HasSuffix(prefix, "/") || rest[0] == '/' || rest[0] == '?')
}

// CloseIdleConnections closes those of all clients.
func (r *router) CloseIdleConnections() {
	r.otherwise.CloseIdleConnections()
	for _, x := range r.routes {
		x.Client.CloseIdleConnections()
	}
}
