package repotest_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
)

// content is what the servers of these tests serve as /file.
var content = bytes.Repeat([]byte("0123456789abcdef"), 8192)

func serve(t *testing.T) *repotest.Server {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), content, 0o644); err != nil {
		t.Fatal(err)
	}
	return repotest.Serve(t, dir)
}

// get asks for a URL, with header lines, and returns what came.
func get(t *testing.T, client *http.Client, url string, header ...string) (*http.Response, []byte, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := client.Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response, body, err
}

func TestServerWithoutFaults(t *testing.T) {
	t.Parallel()
	s := serve(t)
	client := &http.Client{}
	whole, body, err := get(t, client, s.URL+"/file")
	if err != nil || !bytes.Equal(body, content) {
		t.Fatalf("%d bytes, %v", len(body), err)
	}
	part, body, err := get(t, client, s.URL+"/file", "Range", "bytes=100-", "If-Range", whole.Header.Get("ETag"))
	if err != nil || part.StatusCode != http.StatusPartialContent || !bytes.Equal(body, content[100:]) {
		t.Errorf("range: status %d, %d bytes, %v", part.StatusCode, len(body), err)
	}
	same, _, err := get(t, client, s.URL+"/file", "If-None-Match", whole.Header.Get("ETag"))
	if err != nil || same.StatusCode != http.StatusNotModified {
		t.Errorf("conditional: status %d, %v", same.StatusCode, err)
	}
	requests := s.Requests("^/file$")
	if len(requests) != 3 || requests[0].Bytes != int64(len(content)) || !requests[2].Conditional() || requests[2].Bytes != 0 {
		t.Errorf("the log is %v", requests)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	old := t.TempDir()
	if err := os.WriteFile(filepath.Join(old, "file"), []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		fault  repotest.Fault
		header []string
		status int
		check  func(body []byte, err error) bool
	}{
		"cut": {fault: repotest.Cut(), status: 200, check: func(body []byte, err error) bool {
			return errors.Is(err, io.ErrUnexpectedEOF) && bytes.Equal(body, content[:len(content)/2])
		}},
		"corrupt": {fault: repotest.Corrupt(), status: 200, check: func(body []byte, err error) bool {
			return err == nil && len(body) == len(content) && !bytes.Equal(body, content)
		}},
		"no ranges": {fault: repotest.NoRanges(), header: []string{"Range", "bytes=100-"}, status: 200, check: func(body []byte, err error) bool {
			return err == nil && bytes.Equal(body, content)
		}},
		"corrupt range": {fault: repotest.Corrupt(), header: []string{"Range", "bytes=100-"}, status: 206, check: func(body []byte, err error) bool {
			return err == nil && len(body) == len(content)-100 && !bytes.Equal(body, content[100:])
		}},
		"not found":   {fault: repotest.NotFound(), status: 404},
		"unavailable": {fault: repotest.Unavailable("7"), status: 503},
		"page":        {fault: repotest.HTML(), status: 200, check: func(body []byte, _ error) bool { return bytes.HasPrefix(body, []byte("<!DOCTYPE")) }},
		"stale":       {fault: repotest.From(old), status: 200, check: func(body []byte, _ error) bool { return string(body) == "old" }},
		"password":    {fault: repotest.BasicAuth("u", "p"), status: 401},
		"slow":        {fault: repotest.Slow(time.Millisecond), status: 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t)
			s.Strike("^/file$", c.fault)
			response, body, err := get(t, &http.Client{}, s.URL+"/file", c.header...)
			if response == nil || response.StatusCode != c.status {
				t.Fatalf("%v, %v; expected status %d", response, err, c.status)
			}
			if c.check != nil && !c.check(body, err) {
				t.Errorf("%d bytes, %v", len(body), err)
			}
			s.Heal()
			if _, body, err := get(t, &http.Client{}, s.URL+"/file"); err != nil || !bytes.Equal(body, content) {
				t.Errorf("after the fault: %d bytes, %v", len(body), err)
			}
		})
	}
}

func TestStallLastsUntilTheClientGoes(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.Strike("file", repotest.Stall())
	response, err := http.Get(s.URL + "/file")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(response.Body, make([]byte, len(content)/2)); err != nil {
		t.Errorf("the first half: %v", err)
	}
	response.Body.Close()
}

func TestTimesCountsForEachPath(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.Strike(".", repotest.Times(1, repotest.Unavailable("")))
	for _, c := range []struct {
		path   string
		status int
	}{{"/file", 503}, {"/other", 503}, {"/file", 200}, {"/other", 404}} {
		response, _, err := get(t, &http.Client{}, s.URL+c.path)
		if err != nil || response.StatusCode != c.status {
			t.Errorf("%s: %v, %v; expected status %d", c.path, response, err, c.status)
		}
	}
}

func TestProxyWantsItsPassword(t *testing.T) {
	t.Parallel()
	s := serve(t)
	p := repotest.Forward(t, "user", "secret")
	for _, c := range []struct {
		proxy  string
		status int
	}{{p.URL, http.StatusProxyAuthRequired}, {p.WithUser(), http.StatusOK}} {
		u, err := url.Parse(c.proxy)
		if err != nil {
			t.Fatal(err)
		}
		client := &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(u), DisableKeepAlives: true}}
		response, _, err := get(t, client, s.URL+"/file")
		if err != nil || response.StatusCode != c.status {
			t.Errorf("through %s: %v, %v; expected status %d", c.proxy, response, err, c.status)
		}
	}
	if n := len(s.Requests(".")); n != 1 {
		t.Errorf("%d requests came through, expected 1", n)
	}
}
