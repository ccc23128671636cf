package transport

import (
	"net/http"
	"net/url"
	"strings"
)

// introduced says to the server who asks: it adds the user agent, the headers and
// the credentials. Credentials for one host never reach another one: they are
// chosen anew for every request, those that follow a redirect included.
type introduced struct {
	next        http.RoundTripper
	agent       string
	headers     http.Header
	credentials []Credential
}

func (i *introduced) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	first := firstRequest(req)
	home := sameHost(first.URL, req.URL)
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", i.agent)
	}
	if home {
		for name, values := range i.headers {
			if req.Header.Get(name) == "" {
				req.Header[http.CanonicalHeaderKey(name)] = values
			}
		}
	}
	if req.Header.Get("Authorization") == "" {
		if user, password, ok := i.basic(req.URL, first.URL, home); ok {
			req.SetBasicAuth(user, password)
		}
	}
	return i.next.RoundTrip(req)
}

func (i *introduced) CloseIdleConnections() { closeIdle(i.next) }

// basic chooses the credentials for a URL that was reached from first: those in
// the URLs themselves, or the first that match.
func (i *introduced) basic(u, first *url.URL, home bool) (user, password string, ok bool) {
	in := u.User
	if in == nil && home {
		in = first.User
	}
	if in != nil {
		password, _ = in.Password()
		return in.Username(), password, true
	}
	for _, c := range i.credentials {
		if c.matches(u, home) {
			return c.User, c.Password, true
		}
	}
	return "", "", false
}

// firstRequest is the request that redirects led away from.
func firstRequest(req *http.Request) *http.Request {
	for req.Response != nil && req.Response.Request != nil {
		req = req.Response.Request
	}
	return req
}

func sameHost(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

// port is the port of a URL, that of its scheme where none is written.
func port(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	switch u.Scheme {
	case "http":
		return "80"
	case "https":
		return "443"
	}
	return ""
}
