package web_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/mirrorkeeper/mirrorkeeper/mirrorlist"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/watch"
	"github.com/mirrorkeeper/mirrorkeeper/watch/web"
)

func digest(text string) repo.Digest {
	h := repo.SHA256.New()
	h.Write([]byte(text))
	return repo.NewDigest(repo.SHA256, h.Sum(nil))
}

// generations is a snapshot of sites that are judged by the generations of a repository
// with two parts.
func generations() *watch.Snapshot {
	s := &watch.Snapshot{
		At:           now,
		Repositories: []watch.Repository{{Name: "app", Roots: []watch.Root{{Name: "app/x86_64", Type: "rpm", Path: "x86_64"}, {Name: "app/aarch64", Type: "rpm", Path: "aarch64"}}}},
		Origins:      []watch.Site{{URL: "https://origin.example.org/app"}},
		Verdicts:     map[watch.Key]*watch.Verdict{},
		Sources: map[string]*watch.SourceKnown{"app": {Ledgers: []watch.Ledger{
			{Name: "app/x86_64", Generations: []watch.Generation{
				{Root: digest("old"), Main: "repodata/repomd.xml", Size: 2900, Published: now.Add(-30 * time.Hour), Complete: true},
				{Root: digest("new"), Size: 3000, Published: now.Add(-2 * time.Hour), Complete: true},
				{Root: digest("newest"), Size: 3100, Published: now.Add(-time.Minute)},
			}},
			{Name: "app/aarch64", Generations: []watch.Generation{{Root: digest("arm"), Size: 1000, Published: now.Add(-time.Hour), Complete: true}}},
		}}},
	}
	add := func(site watch.Site, state watch.State, root string, lag time.Duration) {
		site.Repositories = []string{"app"}
		x86 := watch.RootVerdict{Name: "app/x86_64", State: state, Root: digest(root), LagSeconds: int64(lag.Seconds())}
		arm := watch.RootVerdict{Name: "app/aarch64", State: watch.InSync, Root: digest("arm")}
		s.Sites = append(s.Sites, site)
		s.Verdicts[watch.Key{Site: site.URL, Repository: "app"}] = &watch.Verdict{
			Site: site.URL, Repository: "app", State: state, At: now, Lag: lag, Roots: []watch.RootVerdict{x86, arm}, Complete: 1,
			Endpoints: []watch.EndpointVerdict{{At: now, State: state}},
			Evidence:  []watch.Evidence{},
		}
	}
	add(watch.Site{URL: "https://good.example.net/app", Country: "DE"}, watch.InSync, "new", 0)
	add(watch.Site{URL: "http://far.example.net/app", Country: "US", Schemes: []string{"https"}}, watch.InSync, "new", 0)
	add(watch.Site{URL: "https://late.example.net/app", Country: "FR"}, watch.Behind, "old", 2*time.Hour)
	add(watch.Site{URL: "https://stale.example.net/app", Country: "DE"}, watch.Behind, "old", 90*time.Hour)
	add(watch.Site{URL: "https://broken.example.net/app", Country: "DE"}, watch.HalfSynced, "new", time.Hour)
	add(watch.Site{URL: "https://odd.example.net/app", Country: "DE"}, watch.Foreign, "odd", -1)
	add(watch.Site{URL: "https://part.example.net/app", Country: "SE", Scope: &watch.Scope{Architectures: []string{"aarch64"}}}, watch.InSync, "new", 0)
	return s
}

func newServer(t *testing.T, o web.Options) *httptest.Server {
	t.Helper()
	o.Now = func() time.Time { return now }
	server, err := web.New(o)
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(server)
	t.Cleanup(h.Close)
	return h
}

func serving(s *watch.Snapshot) web.Options {
	return web.Options{Snapshot: func() *watch.Snapshot { return s }}
}

// hosts are those of the lines of a list, sorted by the test itself where order is chance.
func hosts(list string) (all []string) {
	for line := range strings.Lines(list) {
		_, rest, _ := strings.Cut(line, "://")
		host, _, _ := strings.Cut(rest, ".")
		all = append(all, host)
	}
	return all
}

func TestMirrorlist(t *testing.T) {
	h := newServer(t, serving(generations()))
	for query, want := range map[string]string{
		"?country=DE":                       "good far part late",
		"?country=us":                       "far good part late",
		"?country=DE&protocol=https":        "good far part late",
		"?country=DE&protocol=http":         "far",
		"?country=DE&arch=x86_64":           "good far late",
		"?country=DE&root=aarch64&arch=ppc": "good far late stale broken odd",
		"?root=app%2Faarch64&country=SE":    "part good far late stale broken odd",
	} {
		status, kind, body := get(t, h.URL+"/mirrorlist/app"+query)
		got := hosts(body)
		if status != http.StatusOK || kind != "text/plain; charset=utf-8" || !sameSet(got, strings.Fields(want)) || got[0] != strings.Fields(want)[0] {
			t.Errorf("%s: status %d, %s: %v, expected %s", query, status, kind, got, want)
		}
		path := "x86_64"
		if strings.Contains(query, "root=") {
			path = "aarch64"
		}
		if !strings.HasSuffix(body, "/app/"+path+"\n") {
			t.Errorf("%s: %s", query, body)
		}
	}
	_, _, body := get(t, h.URL+"/mirrorlist/app?country=DE&protocol=https")
	if strings.Contains(body, "http://") {
		t.Errorf("an address of another protocol:\n%s", body)
	}
	if got := hosts(body); got[len(got)-1] != "late" {
		t.Errorf("who is behind is not last: %v", got)
	}
	if status, _, body := get(t, h.URL+"/mirrorlist/none"); status != http.StatusNotFound || !strings.HasPrefix(body, "# there is no repository") {
		t.Errorf("status %d: %s", status, body)
	}
}

func sameSet(a, b []string) bool {
	count := map[string]int{}
	for _, x := range a {
		count[x]++
	}
	for _, x := range b {
		count[x]--
	}
	for _, n := range count {
		if n != 0 {
			return false
		}
	}
	return true
}

// A metalink tells of the newest generation that the source holds completely, and of the
// older ones that listed sites serve.
func TestMetalink(t *testing.T) {
	s := generations()
	h := newServer(t, serving(s))
	parse := func() *mirrorlist.List {
		t.Helper()
		_, kind, body := get(t, h.URL+"/metalink/app?country=DE")
		if kind != "application/metalink+xml" {
			t.Errorf("content type %s", kind)
		}
		l, err := mirrorlist.Parse([]byte(body), "metalink", "repodata/repomd.xml")
		if err != nil {
			t.Fatalf("%v\n%s", err, body)
		}
		return l
	}
	same := cmp.Comparer(func(a, b repo.Digest) bool { return a == b })
	l := parse()
	want := []repo.Content{{Size: 3000, Digest: digest("new")}, {Size: 2900, Digest: digest("old")}}
	if diff := cmp.Diff(want, l.Roots, same); diff != "" {
		t.Error(diff)
	}
	if l.URLs[0] != "https://good.example.net/app/x86_64" || len(l.URLs) != 4 {
		t.Errorf("%v", l.URLs)
	}
	// What was advertised once does not go back, unless it is expired.
	back := generations()
	back.Sources["app"].Ledgers[0].Generations[1].Complete = false
	*s = *back
	h2 := parse()
	if h2.Roots[0].Digest != digest("new") {
		t.Errorf("it went back to %v", h2.Roots[0])
	}
	if status, _, body := get(t, h.URL+"/metalink/none"); status != http.StatusNotFound || !strings.Contains(body, "<!-- there is no repository") {
		t.Errorf("status %d: %s", status, body)
	}
	if status, kind, body := get(t, h.URL+"/metalink4/app"); status != http.StatusOK || kind != "application/metalink4+xml" || !strings.Contains(body, "sha-256") {
		t.Errorf("status %d, %s: %s", status, kind, body)
	}
}

func TestAptList(t *testing.T) {
	h := newServer(t, serving(generations()))
	_, _, body := get(t, h.URL+"/apt/app?country=DE")
	for _, line := range []string{
		"https://good.example.net/app/x86_64\tpriority:1\n", "https://late.example.net/app/x86_64\tpriority:2 type:deb\n",
		"https://part.example.net/app/x86_64\tpriority:1 arch:aarch64 arch:all\n",
	} {
		if !strings.Contains(body, line) {
			t.Errorf("lacks %q:\n%s", line, body)
		}
	}
}

func TestRedirect(t *testing.T) {
	h := newServer(t, serving(generations()))
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for path, want := range map[string]string{
		"/go/app/packages/a+b~1.rpm?country=DE": "https://good.example.net/app/x86_64/packages/a+b~1.rpm",
		"/go/app/x%20y?country=US":              "http://far.example.net/app/x86_64/x%20y",
	} {
		r, err := client.Get(h.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if r.StatusCode != http.StatusFound || r.Header.Get("Location") != want {
			t.Errorf("%s: %s to %q, expected %q", path, r.Status, r.Header.Get("Location"), want)
		}
	}
	for path, status := range map[string]int{"/go/none/x": 404, "/go/app/a/..%2f..%2fx": 400} {
		if got, _, _ := get(t, h.URL+path); got != status {
			t.Errorf("%s: status %d, expected %d", path, got, status)
		}
	}
}

func TestWhy(t *testing.T) {
	h := newServer(t, serving(generations()))
	_, _, body := get(t, h.URL+"/api/v1/why/app?country=DE")
	var got struct {
		watch.List
		Advertised string
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	var excluded []string
	for _, e := range got.Excluded {
		excluded = append(excluded, fmt.Sprint(e.State))
		if e.Why == "" {
			t.Errorf("%s is excluded for no reason", e.URL)
		}
	}
	if !sameSet(excluded, []string{"HALF_SYNCED", "FOREIGN", "BEHIND"}) || len(got.Entries) != 4 || got.Advertised != digest("new").String() {
		t.Errorf("%+v", got)
	}
}

// Clients are told apart by what a trusted proxy says of them, and by nothing else.
func TestClientsBehindProxies(t *testing.T) {
	o := serving(generations())
	o.Lists.Place = func(a netip.Addr) (string, uint32) {
		if a == netip.MustParseAddr("203.0.113.9") {
			return "US", 0
		}
		return "DE", 0
	}
	ask := func(o web.Options, forwarded string) string {
		t.Helper()
		h := newServer(t, o)
		r, _ := http.NewRequest(http.MethodGet, h.URL+"/mirrorlist/app", nil)
		r.Header.Set("X-Forwarded-For", forwarded)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		return hosts(readAll(t, answer))[0]
	}
	if got := ask(o, "203.0.113.9"); got != "good" {
		t.Errorf("a client says where it is: %s", got)
	}
	o.Lists.Trusted = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	if got := ask(o, "198.51.100.1, 203.0.113.9"); got != "far" {
		t.Errorf("a trusted proxy is not believed: %s", got)
	}
	if got := ask(o, "nonsense"); got != "good" {
		t.Errorf("nonsense is believed: %s", got)
	}
}

// Of equally good sites those come first that are there for the client's network, then those
// of its autonomous system, then those of its country.
func TestNetworks(t *testing.T) {
	s := generations()
	for i, networks := range map[int]string{0: "2001:db8::/32", 1: "198.51.0.0/16 198.51.100.128/25"} {
		for _, n := range strings.Fields(networks) {
			s.Sites[i].Networks = append(s.Sites[i].Networks, netip.MustParsePrefix(n))
		}
	}
	s.Sites[0].ASN = 64496
	add := watch.Site{URL: "https://campus.example.net/app", Repositories: []string{"app"}, Country: "SE", Networks: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}}
	s.Sites = append(s.Sites, add)
	verdict := *s.Verdicts[watch.Key{Site: s.Sites[0].URL, Repository: "app"}]
	verdict.Site = add.URL
	s.Verdicts[watch.Key{Site: add.URL, Repository: "app"}] = &verdict
	o := serving(s)
	o.Lists.Place = func(a netip.Addr) (string, uint32) {
		return "SE", map[string]uint32{"192.0.2.1": 64496}[a.String()]
	}
	o.Lists.Trusted = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	h := newServer(t, o)
	for client, want := range map[string]string{
		"198.51.100.7":   "campus", // the smaller of two networks
		"198.51.100.200": "far",    // the smallest of three
		"198.51.7.7":     "far",
		"2001:db8::1":    "good",
		"192.0.2.1":      "good",   // by its system
		"203.0.113.1":    "campus", // by its country, among those that are in sync
	} {
		r, _ := http.NewRequest(http.MethodGet, h.URL+"/mirrorlist/app", nil)
		r.Header.Set("X-Forwarded-For", client)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if got := hosts(readAll(t, answer)); !slices.Contains([]string{want, "part"}, got[0]) || got[0] == "part" && got[1] != want {
			t.Errorf("%s gets %v, expected %s first", client, got, want)
		}
		_, _, why := get(t, h.URL+"/api/v1/why/app?client="+client)
		var list watch.List
		if err := json.Unmarshal([]byte(why), &list); err != nil || len(list.Entries) == 0 {
			t.Errorf("%v: %s", err, why)
		}
	}
	if status, _, _ := get(t, h.URL+"/api/v1/why/app?client=nobody"); status != http.StatusBadRequest {
		t.Errorf("status %d", status)
	}
}

func TestSites(t *testing.T) {
	s := generations()
	h := newServer(t, serving(s))
	type answer struct {
		Sites []struct {
			URL          string
			Repositories []struct {
				State string
				Lag   int64 `json:"lag_seconds"`
			}
		}
		Next string
	}
	ask := func(query string) (a answer) {
		t.Helper()
		status, _, body := get(t, h.URL+"/api/v1/sites"+query)
		if status != http.StatusOK {
			t.Fatalf("%s: status %d: %s", query, status, body)
		}
		if err := json.Unmarshal([]byte(body), &a); err != nil {
			t.Fatal(err)
		}
		return a
	}
	if a := ask(""); len(a.Sites) != 7 || a.Next != "" || a.Sites[2].Repositories[0].Lag != 7200 || a.Sites[5].Repositories[0].Lag != -1 {
		t.Errorf("%+v", a)
	}
	if a := ask("?url=https://late.example.net/app/"); len(a.Sites) != 1 || a.Sites[0].Repositories[0].State != "BEHIND" {
		t.Errorf("%+v", a)
	}
	if a := ask("?state=FOREIGN&state=HALF_SYNCED"); len(a.Sites) != 2 {
		t.Errorf("%+v", a)
	}
	if a := ask("?country=de"); len(a.Sites) != 4 {
		t.Errorf("%+v", a)
	}
	var paged []string
	for after := ""; ; {
		a := ask("?limit=3&after=" + after)
		for _, x := range a.Sites {
			paged = append(paged, x.URL)
		}
		if after = a.Next; after == "" {
			break
		}
	}
	if len(paged) != 7 || paged[6] != s.Sites[6].URL {
		t.Errorf("%v", paged)
	}
	for _, query := range []string{"?limit=0", "?limit=many", "?after=nobody"} {
		if status, _, body := get(t, h.URL+"/api/v1/sites"+query); status != http.StatusBadRequest || !strings.Contains(body, `"error"`) {
			t.Errorf("%s: status %d: %s", query, status, body)
		}
	}
}

// Who has an answer already is not sent it again.
func TestETags(t *testing.T) {
	h := newServer(t, serving(generations()))
	first, err := http.Get(h.URL + "/api/v1/repositories/app")
	if err != nil {
		t.Fatal(err)
	}
	body := readAll(t, first)
	if !bytes.Contains([]byte(body), []byte(digest("newest").String())) {
		t.Errorf("lacks the newest generation: %s", body)
	}
	r, _ := http.NewRequest(http.MethodGet, h.URL+"/api/v1/repositories/app", nil)
	r.Header.Set("If-None-Match", `"x", W/`+first.Header.Get("ETag"))
	again, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if left := readAll(t, again); again.StatusCode != http.StatusNotModified || left != "" {
		t.Errorf("%s: %q", again.Status, left)
	}
}

// Metrics hold to Prometheus' conventions, as its own linter knows them.
func TestMetrics(t *testing.T) {
	s := generations()
	s.Known = map[watch.Key][]watch.Known{{Site: "https://good.example.net/app", Repository: "app"}: {{Last: now, NotAfter: now.Add(time.Hour)}}}
	server, err := web.New(web.Options{Snapshot: func() *watch.Snapshot { return s }, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	server.Looked(&watch.Observation{Took: time.Second, Requests: 3, Bytes: 900})
	server.Looked(&watch.Observation{Fault: watch.FaultUnreachable})
	h := httptest.NewServer(server)
	defer h.Close()
	_, _, body := get(t, h.URL+"/metrics")
	problems, err := promlint.New(strings.NewReader(body)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	for _, line := range []string{
		`mirror_state{mirror="https://late.example.net/app",repository="app",state="BEHIND"} 1`,
		`mirror_lag_seconds{mirror="https://late.example.net/app",repository="app"} 7200`,
		`mirror_listed{mirror="https://odd.example.net/app",repository="app"} 0`,
		`mirror_listed{mirror="https://good.example.net/app",repository="app"} 1`,
		`mirror_up{mirror="https://good.example.net/app",repository="app"} 1`,
		`mirror_tls_not_after_timestamp_seconds{mirror="https://good.example.net/app"} `,
		`mirror_checks_total{result="answered"} 1`, `mirror_checks_total{result="unreachable"} 1`,
		`mirror_check_bytes_total 900`, `mirror_check_duration_seconds_count 2`,
		`source_broken{repository="app"} 0`, `watch_blind 0`,
	} {
		if !strings.Contains(body, line) {
			t.Errorf("lacks %s", line)
		}
	}
	if strings.Contains(body, `mirror_lag_seconds{mirror="https://odd.example.net/app"`) {
		t.Error("a lag that cannot be told is told")
	}
}
