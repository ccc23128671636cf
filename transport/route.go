package transport

import (
	"net/http"
	"strings"
)

// Route is a client for the URLs that begin with a prefix.
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
		if len(x.Prefix) > longest && strings.HasPrefix(url, x.Prefix) {
			client, longest = x.Client, len(x.Prefix)
		}
	}
	return client.Do(q)
}

// CloseIdleConnections closes those of all clients.
func (r *router) CloseIdleConnections() {
	r.otherwise.CloseIdleConnections()
	for _, x := range r.routes {
		x.Client.CloseIdleConnections()
	}
}
