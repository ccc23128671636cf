package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
)

func TestRoundTrips(t *testing.T) {
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "answer to "+r.URL.Path)
	}))
	defer origin.Close()
	to, err := url.Parse(origin.URL)
	if err != nil {
		t.Fatal(err)
	}
	var trips atomic.Int32
	far := httptest.NewUnstartedServer(nil)
	far.Config = newServer(to, func() { trips.Add(1) })
	far.Start()
	defer far.Close()

	get := func(c *http.Client, u string) string {
		t.Helper()
		answer, err := c.Get(u)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	proxied := &http.Client{Transport: &http.Transport{Proxy: func(*http.Request) (*url.URL, error) { return url.Parse(far.URL) }}}
	for _, step := range []struct {
		what   string
		client *http.Client
		url    string
		trips  int32
	}{
		{"a new connection", far.Client(), far.URL + "/a", 2},
		{"the same connection", far.Client(), far.URL + "/b", 1},
		{"as a proxy, for another host", proxied, "http://elsewhere.example.org/c", 2},
		{"the same connection to the proxy", proxied, "http://elsewhere.example.org/d", 1},
	} {
		trips.Store(0)
		path := step.url[len(step.url)-2:]
		if got, want := get(step.client, step.url), "answer to "+path; got != want {
			t.Errorf("%s: got %q, want %q", step.what, got, want)
		}
		if got := trips.Load(); got != step.trips {
			t.Errorf("%s: %d round trips, want %d", step.what, got, step.trips)
		}
	}
}
