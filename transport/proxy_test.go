package transport

import (
	"bufio"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
)

var quiet = log.New(io.Discard, "", 0)

// httpProxy passes on requests and tunnels of a user with a password, and counts them.
type httpProxy struct {
	mu               sync.Mutex
	plain, tunnelled int
	wg               sync.WaitGroup
}

func (p *httpProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Proxy-Authorization") != "Basic "+base64.StdEncoding.EncodeToString([]byte("user:secret")) {
		http.Error(w, "who are you?", http.StatusProxyAuthRequired)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.Method != http.MethodConnect {
		p.plain++
		r.RequestURI = ""
		r.Header.Del("Proxy-Authorization")
		resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer resp.Body.Close()
		w.WriteHeader(resp.StatusCode)
		io.Copy(w, resp.Body)
		return
	}
	p.tunnelled++
	out, err := net.Dial("tcp", r.Host)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	in, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	io.WriteString(in, "HTTP/1.1 200 OK\r\n\r\n")
	p.wg.Go(func() { tunnel(in, buffered, out) })
}

// tunnel joins two connections until either ends.
func tunnel(in net.Conn, buffered io.Reader, out net.Conn) {
	var wg sync.WaitGroup
	closeBoth := func() { in.Close(); out.Close() }
	wg.Go(func() { defer closeBoth(); io.Copy(out, buffered) })
	wg.Go(func() { defer closeBoth(); io.Copy(in, out) })
	wg.Wait()
}

func TestHTTPProxy(t *testing.T) {
	proxy := &httpProxy{}
	front := httptest.NewServer(proxy)
	t.Cleanup(func() { front.Close(); proxy.wg.Wait() })
	plain := serveHTTP(t, echo)
	secure := httptest.NewTLSServer(http.HandlerFunc(echo))
	secure.Config.ErrorLog = quiet
	t.Cleanup(secure.Close)
	ca := []string{certificateFile(t, secure)}
	address := strings.TrimPrefix(front.URL, "http://")

	for _, proxyURL := range []string{"http://user:secret@" + address, "user:secret@" + address} {
		proxy.plain, proxy.tunnelled = 0, 0
		client := newClient(t, Options{Proxy: proxyURL, CA: ca})
		get(t, client, plain.URL)
		get(t, client, secure.URL)
		client.CloseIdleConnections()
		if proxy.plain != 1 || proxy.tunnelled != 1 {
			t.Errorf("%d requests and %d tunnels went through the proxy, expected 1 and 1", proxy.plain, proxy.tunnelled)
		}
	}

	proxy.plain = 0
	get(t, newClient(t, Options{Proxy: "http://user:secret@" + address, NoProxy: []string{"127.0.0.0/8"}}), plain.URL)
	if proxy.plain != 0 {
		t.Error("an excepted host went through the proxy")
	}

	wrong := newClient(t, Options{Proxy: "http://user:wrong@" + address, CA: ca})
	if _, err := wrong.Get(secure.URL); err == nil || strings.Contains(err.Error(), "wrong") {
		t.Errorf("with a wrong password: %v", err)
	}
	resp, err := wrong.Get(plain.URL)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusProxyAuthRequired {
		t.Errorf("with a wrong password: status %d", resp.StatusCode)
	}
}

func TestHTTPSProxy(t *testing.T) {
	proxy := &httpProxy{}
	front := httptest.NewTLSServer(proxy)
	t.Cleanup(func() { front.Close(); proxy.wg.Wait() })
	plain := serveHTTP(t, echo)
	get(t, newClient(t, Options{
		Proxy: strings.Replace(front.URL, "https://", "https://user:secret@", 1), CA: []string{certificateFile(t, front)},
	}), plain.URL)
	if proxy.plain != 1 {
		t.Error("the request did not go through the proxy")
	}
}

// socks is a SOCKS5 server (RFC 1928, RFC 1929) for one user. It sends everything
// to one address, whatever name is asked for.
type socks struct {
	listener net.Listener
	to       string
	wg       sync.WaitGroup
	mu       sync.Mutex
	asked    []string
}

func newSOCKS(t *testing.T, to string) *socks {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &socks{listener: l, to: to}
	s.wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.wg.Go(func() {
				defer conn.Close()
				s.serve(conn)
			})
		}
	})
	t.Cleanup(func() { l.Close(); s.wg.Wait() })
	return s
}

func (s *socks) serve(conn net.Conn) error {
	r := bufio.NewReader(conn)
	take := func(n byte) []byte {
		b := make([]byte, n)
		io.ReadFull(r, b)
		return b
	}
	take(take(2)[1]) // version, methods
	conn.Write([]byte{5, 2})
	user := string(take(take(2)[1]))
	password := string(take(take(1)[0]))
	if user != "user" || password != "secret" {
		conn.Write([]byte{1, 1})
		return errors.New("wrong password")
	}
	conn.Write([]byte{1, 0})
	if head := take(4); head[3] != 3 {
		conn.Write([]byte{5, 8, 0, 1, 0, 0, 0, 0, 0, 0})
		return errors.New("not asked by name")
	}
	host := string(take(take(1)[0]))
	binary.BigEndian.Uint16(take(2))
	s.mu.Lock()
	s.asked = append(s.asked, host)
	s.mu.Unlock()
	out, err := net.Dial("tcp", s.to)
	if err != nil {
		return err
	}
	conn.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	tunnel(conn, r, out)
	return nil
}

func TestSOCKSProxy(t *testing.T) {
	server := serveHTTP(t, echo)
	proxy := newSOCKS(t, strings.TrimPrefix(server.URL, "http://"))
	for _, scheme := range []string{"socks5", "socks5h"} {
		client := newClient(t, Options{Proxy: scheme + "://user:secret@" + proxy.listener.Addr().String()})
		get(t, client, "http://archive.example.org/debian")
		client.CloseIdleConnections()
	}
	if got := strings.Join(proxy.asked, " "); got != "archive.example.org archive.example.org" {
		t.Errorf("the proxy was asked for %q", got)
	}
	_, err := newClient(t, Options{Proxy: "socks5://user:wrong@" + proxy.listener.Addr().String()}).Get("http://archive.example.org")
	if err == nil || strings.Contains(err.Error(), "wrong") {
		t.Errorf("with a wrong password: %v", err)
	}
}

func TestNoProxy(t *testing.T) {
	for _, c := range []struct {
		pattern, url string
		want         bool
	}{
		{"*", "http://example.org/", true},
		{"example.org", "http://example.org/", true},
		{"Example.org", "http://EXAMPLE.org./", true},
		{"example.org", "http://a.example.org/", true},
		{"example.org", "http://anexample.org/", false},
		{".example.org", "http://a.example.org/", true},
		{".example.org", "http://example.org/", false},
		{"*.example.org", "http://a.example.org/", true},
		{"example.org:8080", "http://example.org:8080/", true},
		{"example.org:8080", "http://example.org/", false},
		{"example.org:443", "https://example.org/", true},
		{"127.0.0.1", "http://127.0.0.1:8080/", true},
		{"127.0.0.1:80", "http://127.0.0.1:8080/", false},
		{"10.0.0.0/8", "http://10.1.2.3/", true},
		{"10.0.0.0/8", "http://11.1.2.3/", false},
		{"10.0.0.0/8", "http://example.org/", false},
		{"::1", "http://[::1]/", true},
		{"[::1]:80", "http://[::1]/", true},
		{"", "http://example.org/", false},
	} {
		u, err := url.Parse(c.url)
		if err != nil {
			t.Fatal(err)
		}
		if got := excepts(c.pattern, u); got != c.want {
			t.Errorf("no proxy for %q covers %s: %v", c.pattern, c.url, got)
		}
	}
}
