package transport

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadNetrc(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []Credential
	}{
		"one line":    {"machine example.org login apt password debian", []Credential{{"example.org", "apt", "debian"}}},
		"many lines":  {"machine example.org\n\tlogin apt\r\n password debian\n", []Credential{{"example.org", "apt", "debian"}}},
		"path":        {"machine example.org/debian/ login a password b", []Credential{{"example.org/debian/", "a", "b"}}},
		"several":     {"machine a login x password y machine b login z\ndefault login d password e", []Credential{{"a", "x", "y"}, {"b", "z", ""}, {"*", "d", "e"}}},
		"comments":    {"# machine no\nmachine a # login x\n  # password y\nlogin q password #hash", []Credential{{"a", "q", "#hash"}}},
		"quotes":      {`machine a login "x y" password "q\"\\ machine"`, []Credential{{"a", "x y", `q"\ machine`}}},
		"open quote":  {`machine a password "b c`, []Credential{{"a", "", "b c"}}},
		"macro":       {"macdef init\nmachine no login no\n\nmachine a login b password c", []Credential{{"a", "b", "c"}}},
		"account":     {"machine a account z login b password c", []Credential{{"a", "b", "c"}}},
		"no machine":  {"login a password b", nil},
		"unknown":     {"machine a wonder x login b", []Credential{{"a", "b", ""}}},
		"cut short":   {"machine a login", []Credential{{"a", "", ""}}},
		"nothing":     {"", nil},
		"blank lines": {"\n\n \t\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ReadNetrc(strings.NewReader(c.text))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
	if _, err := ReadNetrc(strings.NewReader("machine")); err == nil {
		t.Error("a machine without a host is accepted")
	}
	if _, err := ReadNetrc(strings.NewReader(strings.Repeat("x", maxNetrc+1))); err == nil {
		t.Error("a file without end is accepted")
	}
}

func FuzzReadNetrc(f *testing.F) {
	f.Add("machine example.org/a login \"x\\\"\" password #y\n# z\nmacdef m\n\ndefault login d")
	f.Fuzz(func(t *testing.T, text string) {
		all, err := ReadAptAuth(strings.NewReader(text))
		if err != nil {
			return
		}
		for _, c := range all {
			c.matches(&url.URL{Scheme: "https", Host: "example.org", Path: "/a"}, true)
		}
	})
}

func TestCredentialMatches(t *testing.T) {
	for _, c := range []struct {
		prefix, url string
		want        bool
	}{
		{"example.org", "https://example.org/debian", true},
		{"example.org", "http://example.org/debian", true},
		{"EXAMPLE.org", "http://example.ORG/debian", true},
		{"https://example.org", "http://example.org/debian", false},
		{"https://example.org", "https://example.org:8443/debian", true},
		{"example.org:443", "https://example.org/debian", true},
		{"example.org:443", "http://example.org/debian", false},
		{"example.org:8080", "http://example.org:8080/debian", true},
		{"[::1]:8080", "http://[::1]:8080/debian", true},
		{"example.org/deb", "https://example.org/debian", true},
		{"example.org/debian", "https://example.org/debian", true},
		{"example.org/debian/", "https://example.org/debian/dists", true},
		{"example.org/deb/", "https://example.org/debian", false},
		{"example.org/ubuntu", "https://example.org/debian", false},
		{"example.orga", "https://example.org/debian", false},
		{"ample.org", "https://example.org/debian", false},
		{"*", "https://example.org/debian", true},
		{"%zz", "https://example.org/debian", false},
	} {
		u, err := url.Parse(c.url)
		if err != nil {
			t.Fatal(err)
		}
		if got := (Credential{Prefix: c.prefix}).matches(u, true); got != c.want {
			t.Errorf("credentials for %q match %s: %v", c.prefix, c.url, got)
		}
	}
	if (Credential{Prefix: "*"}).matches(&url.URL{Scheme: "https", Host: "elsewhere.example.net"}, false) {
		t.Error("default credentials follow a redirect to another host")
	}
}

func TestReadAptAuthMeansHTTPSOnly(t *testing.T) {
	got, err := ReadAptAuth(strings.NewReader("machine example.org login a password b\nmachine http://example.net login c password d"))
	if err != nil {
		t.Fatal(err)
	}
	want := []Credential{{"https://example.org", "a", "b"}, {"http://example.net", "c", "d"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
