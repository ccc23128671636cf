package main

import (
	"strings"
	"testing"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/config"
	"github.com/mirrorkeeper/mirrorkeeper/watch"
)

func TestNetworks(t *testing.T) {
	for _, c := range []struct {
		allow []string
		host  string
		want  string
	}{
		{nil, "mirror.example.org", ""},
		{nil, "10.1.2.3", "10.1.2.3/32"},
		{nil, "fd00::1", "fd00::1/128"},
		{[]string{"10.0.0.0/8", "192.168.1.7", "10.1.2.3/16"}, "mirror.example.org", "10.0.0.0/8 192.168.1.7/32 10.1.0.0/16"},
	} {
		got, err := networks(c.allow, c.host)
		var texts []string
		for _, p := range got {
			texts = append(texts, p.String())
		}
		if err != nil || strings.Join(texts, " ") != c.want {
			t.Errorf("%v, %s: %v, %v, expected %s", c.allow, c.host, texts, err, c.want)
		}
	}
	if _, err := networks([]string{"everywhere"}, ""); err == nil {
		t.Error("everywhere is no network")
	}
}

// TestProbedSite: flags add to what the configuration knows of a site, and there is nothing
// to wait for.
func TestProbedSite(t *testing.T) {
	q := &probeQuestion{schemes: []string{"rsync"}}
	configured := []config.Site{{URL: "https://a.example.org/pub/", Schemes: []string{"http"}, Architectures: []string{"amd64"}, Paused: true, SlowStart: 3}}
	got := q.site("https://a.example.org/pub", configured)
	if strings.Join(got.Schemes, " ") != "http rsync" || got.Scope == nil || got.Paused || got.SlowStart != 0 {
		t.Errorf("%+v", got)
	}
	q.scope.Components = []string{"main"}
	if got = q.site("https://b.example.org", configured); got.URL != "https://b.example.org" || got.Scope == nil || got.Scope.Components[0] != "main" {
		t.Errorf("%+v", got)
	}
}

func TestVerdictForPeople(t *testing.T) {
	four, six := watch.Endpoint{Scheme: "https", Family: 4}, watch.Endpoint{Scheme: "https", Family: 6}
	var b strings.Builder
	writeVerdict(&b, watch.Verdict{
		Site: "https://a.example.org", Repository: "pub", State: watch.HalfSynced, Reason: watch.MetadataAhead, Lag: 75 * time.Hour,
		Endpoints: []watch.EndpointVerdict{{Endpoint: four, State: watch.HalfSynced, Reason: watch.MetadataAhead}, {Endpoint: six, State: watch.InSync}},
		Evidence: []watch.Evidence{
			{Endpoint: four, Text: "x is missing", Detail: "404 Not Found"},
			{Endpoint: four, Text: "x is missing", Detail: "404 Not Found"},
			{Endpoint: six, Text: "all is well"},
			{Text: "the two differ"},
		},
	})
	want := `https://a.example.org, pub: HALF_SYNCED (META_AHEAD), stale for 3 days
  https over IPv4: HALF_SYNCED (META_AHEAD)
    x is missing (404 Not Found)
  https over IPv6: IN_SYNC
    all is well
  the two differ
  most likely:
    the mirror has copied the metadata before the packages, or its copying was cut: copy packages first, metadata last
`
	if b.String() != want {
		t.Errorf("printed:\n%s\nexpected:\n%s", b.String(), want)
	}
}
