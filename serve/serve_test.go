package serve

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// published is a tree with a state directory, and a secret beside it.
func published(t *testing.T) *os.Root {
	t.Helper()
	top := t.TempDir()
	dir := filepath.Join(top, "mirror")
	for name, content := range map[string]string{
		"mirror/web/dists/stable/InRelease": "root", "mirror/web/pool/a_1_amd64.deb": "0123456789", "mirror/web/.treeinfo": "tree",
		"mirror/.mirrorkeeper/release-key.asc": "secret", "mirror/hidden/state": "secret", "mirror/web/.mirrorkeeper-0123": "aside", "secret": "secret",
		"mirror/web/page/index.html": "<p>page</p>",
	} {
		file := filepath.Join(top, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, epoch, epoch); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{"out": "../../secret", "in": "pool/a_1_amd64.deb", "state": "../.mirrorkeeper"} {
		if err := os.Symlink(to, filepath.Join(dir, "web", link)); err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return root
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	h := Handler(Options{Root: published(t), Hidden: []string{"hidden"}, Log: &log})
	for _, c := range []struct {
		method, path, header, value string
		status                      int
		body, kind                  string
	}{
		{path: "/web/dists/stable/InRelease", status: 200, body: "root", kind: "text/plain; charset=utf-8"},
		{path: "/web/pool/a_1_amd64.deb", status: 200, body: "0123456789", kind: "application/vnd.debian.binary-package"},
		{path: "/web/pool/a_1_amd64.deb", header: "Range", value: "bytes=3-5", status: 206, body: "345"},
		{path: "/web/pool/a_1_amd64.deb", header: "Range", value: "bytes=30-", status: 416},
		{path: "/web/pool/a_1_amd64.deb", header: "If-Modified-Since", value: epoch.Format(http.TimeFormat), status: 304},
		{path: "/web/pool/a_1_amd64.deb", header: "If-Modified-Since", value: epoch.Add(-time.Second).Format(http.TimeFormat), status: 200, body: "0123456789"},
		{method: http.MethodHead, path: "/web/pool/a_1_amd64.deb", status: 200},
		{method: http.MethodPut, path: "/web/pool/a_1_amd64.deb", status: 405, body: "only GET and HEAD are answered\n"},
		{path: "/web/in", status: 200, body: "0123456789"},
		{path: "/web/.treeinfo", status: 200, body: "tree"},
		{path: "/web/page/index.html", status: 200, body: "<p>page</p>"},
		{path: "/web/pool", status: 301},
		{path: "/web/out", status: 404},
		{path: "/web/state/", status: 404},
		{path: "/web/state/release-key.asc", status: 404},
		{path: "/.mirrorkeeper/release-key.asc", status: 404},
		{path: "/.mirrorkeeper/", status: 404},
		{path: "/web/../.mirrorkeeper/release-key.asc", status: 404},
		{path: "/web/.mirrorkeeper-0123", status: 404},
		{path: "/hidden/state", status: 404},
		{path: "/../secret", status: 404},
		{path: "/%2e%2e/secret", status: 404},
		{path: "/absent", status: 404},
		{path: "/web/pool/a_1_amd64.deb/", status: 404},
	} {
		method := c.method
		if method == "" {
			method = http.MethodGet
		}
		r := httptest.NewRequest(method, c.path, nil)
		if c.header != "" {
			r.Header.Set(c.header, c.value)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		body := w.Body.String()
		if w.Code != c.status || c.body != "" && body != c.body || c.kind != "" && w.Header().Get("Content-Type") != c.kind || strings.Contains(body, "secret") && c.status == 200 {
			t.Errorf("%s %s: %d %q %v", method, c.path, w.Code, body, w.Header())
		}
	}
	if line := strings.SplitN(log.String(), "\n", 2)[0]; !strings.Contains(line, `"GET /web/dists/stable/InRelease HTTP/1.1" 200 4 "-" "-"`) {
		t.Error("log:", line)
	}
}

func TestDirectoriesHideTheState(t *testing.T) {
	t.Parallel()
	h := Handler(Options{Root: published(t), Hidden: []string{"hidden"}})
	for path, want := range map[string]string{"/": "web/", "/web/": "dists/"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		body := w.Body.String()
		if w.Code != 200 || !strings.Contains(body, want) || strings.Contains(body, "mirrorkeeper") || strings.Contains(body, "hidden") {
			t.Errorf("%s: %d\n%s", path, w.Code, body)
		}
	}
}

// TestRun serves by TLS, ends when it is told to, and lets a request under way end.
func TestRun(t *testing.T) {
	t.Parallel()
	certificate, key, pool := selfSigned(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	s := &Server{Handler: Handler(Options{Root: published(t)}), Certificate: certificate, Key: key, Log: slog.New(slog.DiscardHandler)}
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, listener) }()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	defer client.CloseIdleConnections()
	r, err := client.Get("https://" + listener.Addr().String() + "/web/dists/stable/InRelease")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r.Body)
	r.Body.Close()
	if string(body) != "root" || err != nil {
		t.Error(string(body), err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// selfSigned writes a certificate for 127.0.0.1.
func selfSigned(t *testing.T) (certificate, key string, pool *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	of := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, of, of, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certificate, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	pool = x509.NewCertPool()
	public := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	pool.AppendCertsFromPEM(public)
	if err := os.WriteFile(certificate, public, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600); err != nil {
		t.Fatal(err)
	}
	return certificate, key, pool
}
