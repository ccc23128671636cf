package transport

import (
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Route is a client for a URL and those below it.
type Route struct {
	Prefix string
	Client *http.Client
}

// Router sends each request through the client with the longest matching prefix, or
// through another where none does: sources differ in proxies and certificates, and
// one fetcher serves them all. Routes may be added while requests are sent: some
// prefixes are known only when a list of mirrors was read.
type Router struct {
	otherwise *http.Client
	mu        sync.RWMutex
	routes    []Route // longest prefix first
}

// NewRouter returns a router without routes.
func NewRouter(otherwise *http.Client) *Router { return &Router{otherwise: otherwise} }

// Add adds a route, in the place of one with the same prefix.
func (r *Router) Add(route Route) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i, known := slices.BinarySearchFunc(r.routes, route, func(a, b Route) int {
		if n := len(b.Prefix) - len(a.Prefix); n != 0 {
			return n
		}
		return strings.Compare(a.Prefix, b.Prefix)
	})
	if known {
		r.routes[i] = route
		return
	}
	r.routes = slices.Insert(r.routes, i, route)
}

// Client returns a client that sends its requests through the router.
func (r *Router) Client() *http.Client {
	return &http.Client{
		Transport: r,
		// The client behind the route has followed the redirects that it allows.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// RoundTrip implements [http.RoundTripper].
func (r *Router) RoundTrip(q *http.Request) (*http.Response, error) {
	client := r.client(q.URL.String())
	if q.URL.User != nil {
		// It was made of the URL. The next client makes it anew, for each host that a
		// redirect leads to, and would take this one for a header to pass on.
		q = q.Clone(q.Context())
		q.Header.Del("Authorization")
	}
	return client.Do(q)
}

func (r *Router) client(url string) *http.Client {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, x := range r.routes {
		if below(x.Prefix, url) {
			return x.Client
		}
	}
	return r.otherwise
}

// below reports whether the URL is the prefix or lies in it as in a directory.
func below(prefix, url string) bool {
	rest, ok := strings.CutPrefix(url, prefix)
	return ok && (rest == "" || strings.HasSuffix(prefix, "/") || rest[0] == '/' || rest[0] == '?')
}

// CloseIdleConnections closes those of all clients.
func (r *Router) CloseIdleConnections() {
	r.mu.RLock()
	defer r.mu.RUnlock()
	r.otherwise.CloseIdleConnections()
	for _, x := range r.routes {
		x.Client.CloseIdleConnections()
	}
}
