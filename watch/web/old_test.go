package web_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/watch"
	"github.com/mirrorkeeper/mirrorkeeper/watch/web"
)

var now = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// stamped is a snapshot of sites that are judged by timestamps.
func stamped() *watch.Snapshot {
	s := &watch.Snapshot{
		Repositories: []watch.Repository{{Name: "resources"}, {Name: "second"}},
		Origins:      []watch.Site{{}, {URL: "https://origin.example.org/second"}},
		Verdicts:     map[watch.Key]*watch.Verdict{},
		Known:        map[watch.Key][]watch.Known{},
	}
	add := func(url, repository string, age time.Duration, state watch.State, site watch.Site) {
		site.URL, site.Repositories = url, []string{repository}
		v := &watch.Verdict{Site: url, Repository: repository, State: state, At: now, Lag: -1, Endpoints: []watch.EndpointVerdict{{At: now}}}
		if age >= 0 {
			s.Known[watch.Key{Site: url, Repository: repository}] = []watch.Known{{Stamps: []watch.KnownStamp{
				{Directory: "a", Stamp: now.Add(-age)}, {Directory: "b", Stamp: now.Add(-age / 2)}, {Directory: "never"},
			}}}
			v.Stamp, v.Lag = now.Add(-age), 0
			if state == watch.Behind {
				v.Lag = age
			}
		}
		s.Sites = append(s.Sites, site)
		s.Verdicts[watch.Key{Site: url, Repository: repository}] = v
	}
	add("http://fresh.example.net/pub", "resources", 90*time.Second, watch.InSync, watch.Site{})
	add("https://stale.example.net/pub/deep", "resources", 50*time.Hour, watch.Behind, watch.Site{})
	add("http://never.example.net", "resources", -1, watch.Unknown, watch.Site{})
	add("http://white.example.net/pub", "resources", 60*time.Hour, watch.Behind, watch.Site{Whitelisted: true})
	add("http://two.example.net", "second", 0, watch.InSync, watch.Site{})
	return s
}

func newOld(t *testing.T, s *watch.Snapshot) *httptest.Server {
	t.Helper()
	server, err := web.New(web.Options{
		Snapshot: func() *watch.Snapshot { return s },
		Now:      func() time.Time { return now },
		Old: []web.Old{
			{
				Repository: "resources", Prefix: "/mirrors", YumRequest: "yum/mirrorlist-ovirt-{version}-{dist}",
				YumResponse: "ovirt-{version}/rpm/{dist}/", YumThreshold: 12 * time.Hour, Metrics: "/metrics",
			},
			{Repository: "second", Prefix: "/other", YumRequest: "yum/{x}", YumResponse: "{x}/{y}"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(server)
	t.Cleanup(h.Close)
	return h
}

func get(t *testing.T, address string) (status int, contentType, body string) {
	t.Helper()
	r, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, r.Header.Get("Content-Type"), readAll(t, r)
}

// The bytes are those that mirrorchecker answered with.
func TestOldInterface(t *testing.T) {
	h := newOld(t, stamped())
	for path, want := range map[string]string{
		"/mirrors": `{"mirrors": {"http://fresh.example.net/pub": {"in_seconds": 90, "in_minutes": 1.5, "in_hours": 0.03}, ` +
			`"https://stale.example.net/pub/deep": {"in_seconds": 180000, "in_minutes": 3000.0, "in_hours": 50.0}, ` +
			`"http://never.example.net": -1, "http://white.example.net/pub": {"in_seconds": 216000, "in_minutes": 3600.0, "in_hours": 60.0}}}`,
		"/mirrors/fresh.example.net_pub":        `{"http://fresh.example.net/pub": 90}`,
		"/mirrors/stale.example.net_pub_deep":   `{"https://stale.example.net/pub/deep": 180000}`,
		"/mirrors/never.example.net":            `{"http://never.example.net": -1}`,
		"/mirrors/yum/mirrorlist-ovirt-4.4-el8": "http://fresh.example.net/pub/ovirt-4.4/rpm/el8/\nhttp://white.example.net/pub/ovirt-4.4/rpm/el8/\n",
		"/other":                                `{"mirrors": {"http://two.example.net": {"in_seconds": 0, "in_minutes": 0.0, "in_hours": 0.0}}}`,
		"/other/yum/a":                          "http://two.example.net/a/{y}\n",
	} {
		if status, _, body := get(t, h.URL+path); status != http.StatusOK || body != want {
			t.Errorf("%s: status %d\n got %s\nwant %s", path, status, body, want)
		}
	}
	_, _, body := get(t, h.URL+"/metrics")
	for _, line := range []string{
		"# HELP mirror_health_check ", "# TYPE mirror_health_check gauge",
		`mirror_health_check{url="http://fresh.example.net/pub"} 90`, `mirror_health_check{url="https://stale.example.net/pub/deep"} 180000`,
		`mirror_health_check{url="http://never.example.net"} -1`,
	} {
		if !strings.Contains(body, line) {
			t.Errorf("the metrics lack %s:\n%s", line, body)
		}
	}
	for _, path := range []string{"/mirrors/nobody.example.net", "/mirrors/two.example.net", "/mirrors/yum/mirrorlist-ovirt-4.4", "/elsewhere", "/mirrorsx"} {
		if status, _, _ := get(t, h.URL+path); status != http.StatusNotFound {
			t.Errorf("%s: status %d", path, status)
		}
	}
	if _, kind, _ := get(t, h.URL+"/mirrors"); kind != "application/json; charset=utf-8" {
		t.Errorf("content type %s", kind)
	}
}

// A list is never empty.
func TestOldListHasSomething(t *testing.T) {
	s := stamped()
	for key, v := range s.Verdicts {
		v.State, v.Lag, v.Stamp = watch.Unreachable, -1, now.Add(-100*time.Hour)
		_ = key
	}
	s.Sites[3].Whitelisted = false
	h := newOld(t, s)
	if _, _, body := get(t, h.URL+"/other/yum/a"); body != "https://origin.example.org/second/a/{y}\n" {
		t.Errorf("the source does not stand in: %q", body)
	}
}

func TestOldRequests(t *testing.T) {
	_, err := web.New(web.Options{Old: []web.Old{{Repository: "r", Prefix: "/m", YumRequest: "{a}-{a}"}}})
	if err == nil {
		t.Error("a word may stand twice")
	}
}
