package transport

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestFilesAnswersAsAWebServer asks the same of file:// and of net/http's server.
func TestFilesAnswersAsAWebServer(t *testing.T) {
	dir := t.TempDir()
	content := strings.Repeat("0123456789", 100)
	name := filepath.Join(dir, "a+b%3a c")
	write(t, name, content)
	write(t, filepath.Join(dir, "empty"), "")
	modified := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	if err := os.Chtimes(name, modified, modified); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "directory"), 0o755); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.FileServer(http.Dir(dir)))
	defer server.Close()
	client := newClient(t, Options{})

	type seen struct {
		Status       int
		Body         string
		Length       int64
		ContentRange string
		LastModified string
	}
	ask := func(base, path string, header http.Header) seen {
		req, err := http.NewRequest("GET", URL(base, path), nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header = header.Clone()
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		s := seen{Status: resp.StatusCode, ContentRange: resp.Header.Get("Content-Range")}
		if resp.StatusCode < 400 {
			s.Body, s.LastModified = string(body), resp.Header.Get("Last-Modified")
		}
		if resp.StatusCode < 300 {
			s.Length = resp.ContentLength
		}
		return s
	}
	date, later, earlier := "Wed, 01 May 2024 12:00:00 GMT", "Wed, 01 May 2024 12:00:01 GMT", "Wed, 01 May 2024 11:59:59 GMT"
	for _, h := range []http.Header{
		{},
		{"Range": {"bytes=0-"}},
		{"Range": {"bytes=999-"}},
		{"Range": {"bytes=10-19"}},
		{"Range": {"bytes=990-5000"}},
		{"Range": {"bytes=1000-"}},
		{"Range": {"bytes=2000-3000"}},
		{"Range": {"bytes=10-"}, "If-Range": {date}},
		{"Range": {"bytes=10-"}, "If-Range": {earlier}},
		{"Range": {"bytes=10-"}, "If-Range": {`"other"`}},
		{"If-Modified-Since": {date}},
		{"If-Modified-Since": {later}},
		{"If-Modified-Since": {earlier}},
		{"If-Modified-Since": {"nonsense"}},
		{"If-Modified-Since": {date}, "If-None-Match": {`"other"`}},
	} {
		want := ask(server.URL, "a+b%3a c", h)
		got := ask("file://"+dir, "a+b%3a c", h)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%v (-http +file)\n%s", h, d)
		}
	}
	for path, want := range map[string]int{"empty": 200, "missing": 404, "directory": 404, "a+b%3a c/x": 404} {
		if got := ask("file://"+dir, path, nil); got.Status != want {
			t.Errorf("%s: status %d, expected %d", path, got.Status, want)
		}
	}
}

func TestFilesValidateByETag(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a")
	write(t, name, "first")
	client := newClient(t, Options{})
	ask := func(header, value string) *http.Response {
		req, _ := http.NewRequest("GET", "file://localhost"+name, nil)
		req.Header.Set(header, value)
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp
	}
	etag := ask("Accept", "*/*").Header.Get("Etag")
	if got := ask("If-None-Match", `"x", `+etag).StatusCode; got != 304 {
		t.Errorf("unchanged: status %d, expected 304", got)
	}
	write(t, name, "second")
	if got := ask("If-None-Match", etag).StatusCode; got != 200 {
		t.Errorf("changed: status %d, expected 200", got)
	}
}

func TestFilesRefuse(t *testing.T) {
	client := newClient(t, Options{})
	if _, err := client.Get("file://elsewhere.example.org/etc/passwd"); err == nil {
		t.Error("a file of another host was read")
	}
	resp, err := client.Post("file:///etc/passwd", "text/plain", strings.NewReader("x"))
	if err != nil || resp.StatusCode != 405 {
		t.Errorf("writing: %v, %v", resp, err)
	}
}

func write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func newClient(t *testing.T, o Options) *http.Client {
	t.Helper()
	if o.Proxy == "" {
		o.Proxy = "none"
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdleConnections)
	return c
}
