package probe_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
	"github.com/mirrorkeeper/mirrorkeeper/watch"
	"github.com/mirrorkeeper/mirrorkeeper/watch/probe"
)

// certificate makes a certificate for 127.0.0.1 that signs itself.
func certificate(t *testing.T, from, to time.Time) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mirror"}, NotBefore: from, NotAfter: to,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func serveTLS(t *testing.T, handler http.Handler, c tls.Certificate) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{c}}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

func trusting(c tls.Certificate) *probe.Prober {
	pool := x509.NewCertPool()
	pool.AddCert(c.Leaf)
	return probe.New(probe.Options{Allowed: loopback, Rate: -1, RootCAs: pool})
}

// TestCertificates: when a certificate expires is told, and one that has expired, or is not
// trusted, keeps everybody out.
func TestCertificates(t *testing.T) {
	t.Parallel()
	w := newWorld(t, formats[0], 1)
	s := w.site(0)
	now := time.Now()
	good, old := certificate(t, now.Add(-time.Hour), now.Add(240*time.Hour)), certificate(t, now.Add(-100*time.Hour), now.Add(-time.Hour))
	early := certificate(t, now.Add(time.Hour), now.Add(100*time.Hour))
	look := func(c tls.Certificate, p *probe.Prober) watch.Observation {
		target := w.target(serveTLS(t, s.Server, c).URL)
		target.Endpoint.Scheme = "https"
		return p.Look(t.Context(), target, []watch.Task{w.rootTask()}, watch.Known{})
	}
	if o := look(good, trusting(good)); o.Fault != "" || o.Roots[0].Digest != w.roots[0] || !o.NotAfter.Equal(good.Leaf.NotAfter) {
		t.Errorf("a good certificate: %+v", o)
	}
	o := look(old, trusting(old))
	if o.Fault != watch.FaultUnreachable || !strings.Contains(o.Detail, "expired on "+old.Leaf.NotAfter.UTC().Format(time.RFC1123)) || !o.NotAfter.Equal(old.Leaf.NotAfter) {
		t.Errorf("an expired certificate: %+v", o)
	}
	if o := look(early, trusting(early)); o.Fault != watch.FaultUnreachable || !strings.Contains(o.Detail, "valid only from") {
		t.Errorf("a certificate of tomorrow: %+v", o)
	}
	if o := look(good, trusting(old)); o.Fault != watch.FaultUnreachable || !strings.Contains(o.Detail, "not good") {
		t.Errorf("a certificate of a stranger: %+v", o)
	}
}

// TestDowngrade: a redirect from https to http is a fault.
func TestDowngrade(t *testing.T) {
	t.Parallel()
	w := newWorld(t, formats[0], 1)
	plain, s := w.site(0), w.site(0)
	s.Strike(".", repotest.Redirect(plain.URL))
	c := certificate(t, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	o := trusting(c).Look(t.Context(), probe.Target{
		Site: watch.Site{URL: serveTLS(t, s.Server, c).URL}, Endpoint: watch.Endpoint{Scheme: "https"}, Repository: w.repository, Sources: []*probe.Source{w.source},
	}, []watch.Task{w.rootTask()}, watch.Known{})
	if len(o.Roots) != 1 || o.Roots[0].Fault != watch.FaultRedirect || !strings.Contains(o.Roots[0].Detail, "from https to http") || len(o.Redirects) != 1 {
		t.Errorf("%+v", o)
	}
	if n := len(plain.Requests(".")); n != 0 {
		t.Errorf("%d requests went to the address without TLS", n)
	}
}
