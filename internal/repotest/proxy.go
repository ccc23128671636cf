package repotest

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"
)

// Proxy is a forward proxy on 127.0.0.1.
type Proxy struct {
	URL string
	*Log

	user, password string
	forward        *httputil.ReverseProxy
}

// Forward runs a forward proxy until the test ends, for http by full URLs and for
// anything by CONNECT. With a user it wants basic authentication.
func Forward(t testing.TB, user, password string) *Proxy {
	t.Helper()
	p := &Proxy{Log: newLog(), user: user, password: password, forward: &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.Out.Header.Del("Proxy-Authorization") },
		Transport: &http.Transport{DisableCompression: true}, // knows no proxy itself
	}}
	server := httptest.NewServer(p)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	p.URL = server.URL
	return p
}

// WithUser is the proxy's URL with user and password in it.
func (p *Proxy) WithUser() string {
	u, err := url.Parse(p.URL)
	if err != nil {
		return p.URL
	}
	u.User = url.UserPassword(p.user, p.password)
	return u.String()
}

// ServeHTTP forwards a request and remembers it.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	counted := &counter{ResponseWriter: w}
	end := p.begin(r.Method, r.URL.String(), r.Header)
	defer func() { end(counted.status, counted.bytes) }()
	switch {
	case !p.admits(r):
		counted.Header().Set("Proxy-Authenticate", `Basic realm="test"`)
		http.Error(counted, "407 who are you", http.StatusProxyAuthRequired)
	case r.Method == http.MethodConnect:
		tunnel(counted, r)
	case r.URL.Host == "":
		http.Error(counted, "400 this is a proxy", http.StatusBadRequest)
	default:
		p.forward.ServeHTTP(counted, r)
	}
}

func (p *Proxy) admits(r *http.Request) bool {
	if p.user == "" {
		return true
	}
	asked := http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}
	user, password, ok := asked.BasicAuth()
	return ok && user == p.user && password == p.password
}

// tunnel joins the client and the host that it asked for, until either closes.
func tunnel(w *counter, r *http.Request) {
	upstream, err := net.Dial("tcp", r.Host)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer upstream.Close()
	client, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer client.Close()
	w.status = http.StatusOK
	if _, err := io.WriteString(client, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return
	}
	done := make(chan struct{}, 2)
	go func() { io.Copy(upstream, buffered); done <- struct{}{} }()
	go func() { io.Copy(client, upstream); done <- struct{}{} }()
	<-done
}
