package transport

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestURL(t *testing.T) {
	for _, c := range []struct{ base, path, want string }{
		{"http://example.org/debian", "dists/bookworm/InRelease", "http://example.org/debian/dists/bookworm/InRelease"},
		{"http://example.org/debian//", "a", "http://example.org/debian/a"},
		{"http://example.org", "a", "http://example.org/a"},
		{"http://example.org/d", "g++_1.0~rc1.deb", "http://example.org/d/g%2b%2b_1.0%7erc1.deb"},
		{"http://example.org/d", "a%3ab", "http://example.org/d/a%253ab"},
		{"http://example.org/d", "a:b", "http://example.org/d/a:b"},
		{"http://example.org/d", "a b?c#d", "http://example.org/d/a%20b%3fc%23d"},
		{"http://example.org/d", "ä", "http://example.org/d/%c3%a4"},
		{"http://example.org/a%20b", "c", "http://example.org/a%20b/c"},
		{"https://example.org/d?token=x", "a/b", "https://example.org/d/a/b?token=x"},
		{"https://example.org/d#part", "a", "https://example.org/d/a"},
		{"https://example.org/mirrorlist?repo=9", "", "https://example.org/mirrorlist?repo=9"},
		{"file:///srv/debian", "pool/x", "file:///srv/debian/pool/x"},
	} {
		if got := URL(c.base, c.path); got != c.want {
			t.Errorf("URL(%q, %q) = %q, expected %q", c.base, c.path, got, c.want)
		}
	}
}

func TestURLIsReadBackAsThePath(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		path := rapid.StringMatching(`[^/].*`).Draw(t, "path")
		req, err := http.NewRequest("GET", URL("http://example.org/base?q=1", path), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.TrimPrefix(req.URL.Path, "/base/"); got != path || req.URL.RawQuery != "q=1" {
			t.Fatalf("%q became %q, query %q", path, got, req.URL.RawQuery)
		}
		sent, err := url.ParseRequestURI(req.URL.RequestURI())
		if err != nil || sent.Path != "/base/"+path {
			t.Fatalf("%q arrives as %q: %v", path, sent.Path, err)
		}
	})
}

func TestRedacted(t *testing.T) {
	for _, c := range []struct{ raw, want string }{
		{"http://example.org/a/b", "http://example.org/a/b"},
		{"http://user:secret@example.org/a", "http://example.org/a"},
		{"http://secret@example.org:8080", "http://example.org:8080"},
		{"http://u:sec@ret@example.org/a", "http://example.org/a"},
		{"https://example.org/a?token=secret", "https://example.org/a?..."},
		{"https://example.org/a?", "https://example.org/a?"},
		{"https://example.org/a#secret", "https://example.org/a"},
		{"http://user:sec/ret@example.org/", "(not a URL)"},
		{"http://user:sec%zzret@example.org/", "(not a URL)"},
		{"file:///srv/a@b", "file:///srv/a@b"},
		{"example.org/a", "example.org/a"},
	} {
		if got := Redacted(c.raw); got != c.want {
			t.Errorf("Redacted(%q) = %q, expected %q", c.raw, got, c.want)
		}
	}
}

func FuzzRedacted(f *testing.F) {
	f.Add("http://user:secret@example.org/a?b#c")
	f.Fuzz(func(t *testing.T, raw string) {
		got := Redacted(raw)
		if u, err := url.Parse(got); err == nil && (u.User != nil || u.Fragment != "") {
			t.Errorf("Redacted(%q) = %q still has credentials or a fragment", raw, got)
		}
	})
}
