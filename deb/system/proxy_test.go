package system

import (
	"maps"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// TestProxyAgreesWithApt asks apt's own methods for a file of a host where
// nobody listens, and learns from their failure which host they went to.
func TestProxyAgreesWithApt(t *testing.T) {
	const http, https = "http://127.0.0.9:9/x", "https://127.0.0.9:9/x"
	failure := regexp.MustCompile(`Could not connect to ([0-9.:]+)`)
	m := newMachine(t, nil)
	for _, tt := range []struct {
		uri           string
		configuration string // "name=value ..."
		environment   string
		want          string
	}{
		{http, "", "", ""},
		{http, "http::Proxy=http://127.0.0.2:1/", "", "127.0.0.2:1"},
		{https, "http::Proxy=http://127.0.0.2:1", "", "127.0.0.2:1"},
		{https, "http::Proxy=http://127.0.0.2:1 https::Proxy=DIRECT", "", ""},
		{https, "http::Proxy=http://127.0.0.2:1 https::Proxy=http://127.0.0.3:1", "", "127.0.0.3:1"},
		{http, "http::Proxy=http://127.0.0.2:1 https::Proxy=http://127.0.0.3:1", "", "127.0.0.2:1"},
		{http, "http::Proxy=http://127.0.0.2:1 http::Proxy::127.0.0.9=DIRECT", "", ""},
		{http, "http::Proxy::127.0.0.9=http://127.0.0.2:1", "", "127.0.0.2:1"},
		{http, "http::Proxy::127.0.0.8=http://127.0.0.2:1", "", ""},
		{https, "https::Proxy=http://127.0.0.2:1 http::Proxy::127.0.0.9=DIRECT", "", ""},
		{http, "http::Proxy=DIRECT", "http_proxy=http://127.0.0.4:1", ""},
		{http, "http::Proxy=false", "http_proxy=http://127.0.0.4:1", ""},
		{http, "", "http_proxy=http://127.0.0.4:1", "127.0.0.4:1"},
		{http, "", "HTTP_PROXY=http://127.0.0.4:1", ""},
		{http, "", "https_proxy=http://127.0.0.4:1", ""},
		{https, "", "http_proxy=http://127.0.0.4:1", "127.0.0.4:1"},
		{https, "", "http_proxy=http://127.0.0.4:1 https_proxy=http://127.0.0.5:1", "127.0.0.5:1"},
		{http, "http::Proxy=http://127.0.0.2:1", "no_proxy=.example.org,127.0.0.9", ""},
		{http, "http::Proxy=http://127.0.0.2:1", "no_proxy=0.0.9", ""},
		{http, "http::Proxy=http://127.0.0.2:1", "no_proxy=*", "127.0.0.2:1"},
		{http, "http::Proxy::127.0.0.9=http://127.0.0.2:1", "no_proxy=127.0.0.9", ""},
	} {
		var settings []string
		text := ""
		for _, s := range strings.Fields(tt.configuration) {
			name, value, _ := strings.Cut(s, "=")
			settings = append(settings, "Acquire::"+s)
			text += "Acquire::" + name + " \"" + value + "\";\n"
		}
		m.write(t, "etc/apt/apt.conf", text)
		before := maps.Clone(m.environment)
		for _, s := range strings.Fields(tt.environment) {
			name, value, _ := strings.Cut(s, "=")
			m.environment[name] = value
		}

		u, err := url.Parse(tt.uri)
		if err != nil {
			t.Fatal(err)
		}
		s, err := read("/", m.env)
		if err != nil {
			t.Fatal(err)
		}
		got := s.Proxy(u)
		if p, err := url.Parse(got); err == nil {
			got = p.Host
		}
		if got != tt.want {
			t.Errorf("with %s %s the proxy of %s is %q; expected %q", tt.configuration, tt.environment, tt.uri, got, tt.want)
		}
		reached := failure.FindStringSubmatch(m.fetch(t, tt.uri, settings...))
		if tt.want == "" {
			tt.want = u.Host
		}
		if reached == nil || reached[1] != tt.want {
			t.Errorf("with %s %s apt reaches %q for %s; expected %q", tt.configuration, tt.environment, reached, tt.uri, tt.want)
		}
		m.environment = before
	}
}

func TestProxyCredentials(t *testing.T) {
	m := newMachine(t, map[string]string{
		"etc/apt/apt.conf":  `Acquire::http::Proxy "http://proxy.example.net:3128"; Acquire::http::Proxy::a.example.org "http://u:p@proxy.example.net/";`,
		"etc/apt/auth.conf": "machine http://proxy.example.net login me password s@cret",
	})
	s, err := read("/", m.env)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ uri, want string }{
		{"http://x.example.org/d", "http://me:s%40cret@proxy.example.net:3128"},
		{"http://a.example.org/d", "http://u:p@proxy.example.net/"},
		{"file:///srv", ""},
	} {
		u, _ := url.Parse(tt.uri)
		if got := s.Proxy(u); got != tt.want {
			t.Errorf("the proxy of %s is %q; expected %q", tt.uri, got, tt.want)
		}
	}
}

func TestTLS(t *testing.T) {
	m := newMachine(t, map[string]string{"etc/apt/apt.conf": `
Acquire::https { CAInfo "/ca.pem"; CAInfo::a.example.org "/a.pem"; SSLCert::a.example.org "/cert.pem"; SSLKey::a.example.org "/key.pem"; };
Acquire::https::Verify-Peer::b.example.org "false";
Acquire::https::Verify-Host "no";
`})
	s, err := read("/", m.env)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		uri  string
		want TLS
	}{
		{"https://a.example.org/", TLS{Authorities: "/a.pem", Certificate: "/cert.pem", Key: "/key.pem", SkipHost: true}},
		{"https://b.example.org/", TLS{Authorities: "/ca.pem", SkipPeer: true, SkipHost: true}},
	} {
		u, _ := url.Parse(tt.uri)
		if got := s.TLS(u); got != tt.want {
			t.Errorf("TLS of %s is %+v; expected %+v", tt.uri, got, tt.want)
		}
	}
}
