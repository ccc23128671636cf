package transport

import (
	"compress/gzip"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// echo answers with what it was asked.
func echo(w http.ResponseWriter, r *http.Request) {
	user, password, _ := r.BasicAuth()
	io.WriteString(w, strings.Join([]string{r.Proto, r.UserAgent(), user, password, r.Header.Get("X-Token")}, "|"))
}

func serveHTTP(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func get(t *testing.T, c *http.Client, url string) string {
	t.Helper()
	resp, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestClientIntroducesItself(t *testing.T) {
	server := serveHTTP(t, echo)
	host := strings.TrimPrefix(server.URL, "http://")
	netrc := filepath.Join(t.TempDir(), "netrc")
	write(t, netrc, "machine "+host+" login net password rc\ndefault login any password one\n")
	withUser := "http://in:url@" + host
	for name, c := range map[string]struct {
		options   Options
		url, want string
	}{
		"nothing":       {Options{}, server.URL, "HTTP/1.1|mirrorkeeper|||"},
		"agent, header": {Options{UserAgent: "x/1", Headers: http.Header{"X-Token": {"t"}}}, server.URL, "HTTP/1.1|x/1|||t"},
		"in the URL":    {Options{Netrc: netrc}, withUser, "HTTP/1.1|mirrorkeeper|in|url|"},
		"netrc":         {Options{Netrc: netrc}, server.URL, "HTTP/1.1|mirrorkeeper|net|rc|"},
		"netrc default": {Options{Netrc: netrc}, strings.Replace(server.URL, "127.0.0.1", "localhost", 1), "HTTP/1.1|mirrorkeeper|any|one|"},
		"credentials":   {Options{Netrc: netrc, Credentials: []Credential{{"elsewhere.example.org", "a", "b"}, {host, "c", "d"}}}, server.URL, "HTTP/1.1|mirrorkeeper|c|d|"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := get(t, newClient(t, c.options), c.url); got != c.want {
				t.Errorf("the server saw %q, expected %q", got, c.want)
			}
		})
	}
}

func TestRedirectsKeepSecrets(t *testing.T) {
	other := serveHTTP(t, echo)
	var target string
	server := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, other.URL, http.StatusFound)
		case "/home":
			http.Redirect(w, r, target, http.StatusFound)
		default:
			echo(w, r)
		}
	})
	target = server.URL + "/landed"
	host, otherHost := strings.TrimPrefix(server.URL, "http://"), strings.TrimPrefix(other.URL, "http://")
	headers := http.Header{"X-Token": {"t"}}
	for name, c := range map[string]struct {
		options   Options
		url, want string
	}{
		"URL's own, same host":    {Options{Headers: headers}, "http://in:url@" + host + "/home", "HTTP/1.1|mirrorkeeper|in|url|t"},
		"URL's own, other host":   {Options{Headers: headers}, "http://in:url@" + host + "/away", "HTTP/1.1|mirrorkeeper|||"},
		"credential, other host":  {Options{Credentials: []Credential{{host, "a", "b"}}}, server.URL + "/away", "HTTP/1.1|mirrorkeeper|||"},
		"default, other host":     {Options{Credentials: []Credential{{"*", "a", "b"}}}, server.URL + "/away", "HTTP/1.1|mirrorkeeper|||"},
		"the other host's own":    {Options{Credentials: []Credential{{host, "a", "b"}, {otherHost, "c", "d"}}}, server.URL + "/away", "HTTP/1.1|mirrorkeeper|c|d|"},
		"credential, same host":   {Options{Credentials: []Credential{{host, "a", "b"}}}, server.URL + "/home", "HTTP/1.1|mirrorkeeper|a|b|"},
		"default, same host":      {Options{Credentials: []Credential{{"*", "a", "b"}}}, server.URL + "/home", "HTTP/1.1|mirrorkeeper|a|b|"},
		"credential by its path":  {Options{Credentials: []Credential{{host + "/landed", "a", "b"}}}, server.URL + "/home", "HTTP/1.1|mirrorkeeper|a|b|"},
		"credential of elsewhere": {Options{Credentials: []Credential{{"x" + host, "a", "b"}}}, server.URL + "/home", "HTTP/1.1|mirrorkeeper|||"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := get(t, newClient(t, c.options), c.url); got != c.want {
				t.Errorf("the last server saw %q, expected %q", got, c.want)
			}
		})
	}
}

func TestRedirectsRefused(t *testing.T) {
	plain := serveHTTP(t, echo)
	hops := 0
	handler := func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/downgrade":
			http.Redirect(w, r, plain.URL, http.StatusFound)
		case "/file":
			w.Header().Set("Location", "file:///etc/passwd")
			w.WriteHeader(http.StatusFound)
		case "/loop":
			hops++
			http.Redirect(w, r, "/loop", http.StatusFound)
		}
	}
	secure := httptest.NewTLSServer(http.HandlerFunc(handler))
	t.Cleanup(secure.Close)
	server := serveHTTP(t, handler)
	client := newClient(t, Options{CA: []string{certificateFile(t, secure)}})
	for _, url := range []string{secure.URL + "/downgrade", server.URL + "/file", server.URL + "/loop"} {
		resp, err := client.Get(url)
		if !errors.Is(err, ErrRedirect) {
			t.Errorf("%s: got %v, %v, expected a refused redirect", url, resp, err)
		}
	}
	if hops != 11 {
		t.Errorf("%d requests in a loop of redirects, expected 11", hops)
	}
}

func TestBodiesComeAsTheyAre(t *testing.T) {
	server := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		io.WriteString(z, "packed")
		z.Close()
	})
	if got := get(t, newClient(t, Options{}), server.URL); !strings.HasPrefix(got, "\x1f\x8b") {
		t.Errorf("the body was unpacked: %q", got)
	}
}

func TestTLS(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(echo))
	server.EnableHTTP2 = true
	server.Config.ErrorLog = quiet
	server.StartTLS()
	t.Cleanup(server.Close)
	ca := certificateFile(t, server)
	if got := get(t, newClient(t, Options{CA: []string{ca}}), server.URL); !strings.HasPrefix(got, "HTTP/1.1") {
		t.Errorf("by default: %s", got)
	}
	if got := get(t, newClient(t, Options{CA: []string{ca}, HTTP2: true}), server.URL); !strings.HasPrefix(got, "HTTP/2.0") {
		t.Errorf("with HTTP/2 allowed: %s", got)
	}
	if _, err := newClient(t, Options{}).Get(server.URL); err == nil {
		t.Error("an unknown certificate authority is trusted")
	}
}

func TestClientCertificate(t *testing.T) {
	cert, key := clientCertificate(t)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(cert)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, r.TLS.PeerCertificates[0].Subject.CommonName)
	}))
	server.TLS = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool}
	server.Config.ErrorLog = quiet
	server.StartTLS()
	t.Cleanup(server.Close)
	ca := certificateFile(t, server)

	dir := t.TempDir()
	certFile, keyFile, both := filepath.Join(dir, "cert"), filepath.Join(dir, "key"), filepath.Join(dir, "both")
	write(t, certFile, string(cert))
	write(t, keyFile, string(key))
	write(t, both, string(cert)+string(key))
	for _, o := range []Options{
		{CA: []string{ca}, ClientCert: certFile, ClientKey: keyFile},
		{CA: []string{ca}, ClientCert: both},
	} {
		if got := get(t, newClient(t, o), server.URL); got != "mirror" {
			t.Errorf("the server knows the client as %q", got)
		}
	}
	if _, err := newClient(t, Options{CA: []string{ca}}).Get(server.URL); err == nil {
		t.Error("a client without certificate was let in")
	}
}

func TestWrongOptionsAreToldWithoutSecrets(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	write(t, empty, "")
	for _, o := range []Options{
		{Proxy: "ftp://user:secret@proxy.example.org"},
		{Proxy: "http://user:sec%zzret@proxy.example.org"},
		{Proxy: "user:sec/ret@proxy.example.org"},
		{Proxy: "http://"},
		{CA: []string{empty}},
		{CA: []string{empty + "-missing"}},
		{ClientCert: empty},
		{Netrc: empty + "-missing"},
		{Credentials: []Credential{{"", "user", "secret"}}},
		{Credentials: []Credential{{"user:secret@example.org", "user", "secret"}}},
	} {
		_, err := New(o)
		if err == nil {
			t.Errorf("%+v is accepted", o)
		} else if text := err.Error(); strings.Contains(text, "secret") || strings.Contains(text, "ret@") || strings.Contains(text, "user:") {
			t.Errorf("the error tells a secret: %v", err)
		}
	}
}

func TestStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		resp, err := Stalling(slowServer{}, 10*time.Second).RoundTrip(request(t))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if !errors.Is(err, ErrStalled) || string(body) != "abc" {
			t.Errorf("got %q, %v", body, err)
		}
		if took := time.Since(begun); took != 3*9*time.Second+10*time.Second {
			t.Errorf("ended after %s", took)
		}
	})
}

// slowServer sends a byte every nine seconds, three in all, then nothing.
type slowServer struct{}

func (slowServer) RoundTrip(req *http.Request) (*http.Response, error) {
	r, w := io.Pipe()
	go func() {
		for _, b := range []byte("abc") {
			time.Sleep(9 * time.Second)
			w.Write([]byte{b})
		}
		<-req.Context().Done()
		w.CloseWithError(req.Context().Err())
	}()
	return &http.Response{Body: r}, nil
}

func TestStallOnTheNetwork(t *testing.T) {
	server := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "half")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	resp, err := newClient(t, Options{StallTimeout: 50 * time.Millisecond}).Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); !errors.Is(err, ErrStalled) || string(body) != "half" {
		t.Errorf("got %q, %v", body, err)
	}
}

func TestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size, speed = 10_000_000, 1_000_000
		layer := &limited{body(make([]byte, size)), NewLimiter(speed)}
		begun := time.Now()
		resp, err := layer.RoundTrip(request(t))
		if err != nil {
			t.Fatal(err)
		}
		if n, err := io.Copy(io.Discard, resp.Body); err != nil || n != size {
			t.Fatalf("%d bytes, %v", n, err)
		}
		if took := time.Since(begun); took < 9*time.Second || took > 10*time.Second {
			t.Errorf("10 MB at 1 MB/s took %s", took)
		}
	})
	if NewLimiter(0) != nil {
		t.Error("0 is a limit")
	}
}

func TestRateEndsWithItsRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		resp, err := (&limited{body(make([]byte, 1<<20)), NewLimiter(1)}).RoundTrip(request(t).WithContext(ctx))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, resp.Body); err == nil {
			t.Error("a limited transfer outlives its request")
		}
	})
}

// body answers with itself.
type body string

func (b body) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{Body: io.NopCloser(strings.NewReader(string(b)))}, nil
}

func request(t *testing.T) *http.Request {
	t.Helper()
	u, err := url.Parse("http://example.org/")
	if err != nil {
		t.Fatal(err)
	}
	return (&http.Request{Method: "GET", URL: u, Header: http.Header{}}).WithContext(t.Context())
}

// certificateFile writes the certificate of a test server.
func certificateFile(t *testing.T, s *httptest.Server) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "ca.pem")
	write(t, name, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})))
	return name
}

// clientCertificate makes a certificate for "mirror", signed by itself.
func clientCertificate(t *testing.T) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mirror"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, IsCA: true, BasicConstraintsValid: true,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})
}
