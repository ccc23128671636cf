package probe_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/watch"
)

var (
	overHTTP  = watch.Endpoint{Scheme: "http", Family: 4}
	overHTTPS = watch.Endpoint{Scheme: "https", Family: 4}
)

// rootFile matches root files, and packageFiles packages.
const (
	rootFile     = "InRelease|repomd.xml$"
	packageFiles = `\.(deb|rpm)$`
)

// TestSeededFaults puts one fault after the other into sites behind real servers, and wants
// for each exactly its state, with evidence that tells it.
func TestSeededFaults(t *testing.T) {
	for name, c := range map[string]struct {
		only   string // format, "" for each
		shows  int    // generation, of 0 to 2
		damage func(s *site)
		serve  func(s *site, x *watching) // where more is to be done than files say
		each   func(s *site, x *watching) // before each round
		rounds int                        // default 1
		state  watch.State
		reason watch.Reason
		tells  string // what the evidence says of it
	}{
		"sound":             {shows: 2, rounds: 3, state: watch.InSync, tells: "the newest one"},
		"a stale tree":      {shows: 1, state: watch.Behind, tells: "has published 1 newer one"},
		"a very stale tree": {shows: 0, state: watch.Behind, tells: "has published 2 newer ones"},
		"packages missing": {
			shows: 2, damage: func(s *site) { os.Remove(s.file(s.w.File("stays"))) },
			state: watch.HalfSynced, reason: watch.Incomplete, tells: "FILE:stays missing",
		},
		"packages truncated": {
			shows: 2, damage: func(s *site) { os.Truncate(s.file(s.w.File("stays")), 7) },
			state: watch.HalfSynced, reason: watch.Corrupt, tells: `FILE:stays wrong-size \S+.* 7`,
		},
		"same size, other bytes": {
			shows: 2, damage: func(s *site) { s.Strike("stays", repotest.Corrupt()) },
			state: watch.HalfSynced, reason: watch.Corrupt, tells: "FILE:stays wrong-digest",
		},
		"metadata newer than packages": {
			shows: 2, damage: func(s *site) { os.Remove(s.file(s.w.File("comes"))) },
			state: watch.HalfSynced, reason: watch.MetadataAhead, tells: "FILE:comes missing",
		},
		"mixed indexes": {
			only: "deb", shows: 2, damage: func(s *site) { s.from(1, "dists/stable/main/binary-amd64/Packages.*") },
			state: watch.HalfSynced, reason: watch.Mixed, tells: "Packages.* wrong-",
		},
		"old packages deleted under old metadata": {
			shows: 0, damage: func(s *site) { os.Remove(s.file(s.w.File("goes"))) },
			state: watch.HalfSynced, reason: watch.MetadataBehind, tells: "FILE:goes missing",
		},
		"a fresh timestamp on a stale tree": {
			shows: 1, each: func(s *site, x *watching) { s.w.stamps(x.now()); stamp(s.w, s.dir, x.now()) },
			state: watch.Behind, tells: "has published 1 newer one",
		},
		"a stale timestamp on a fresh tree": {
			shows: 2, each: func(s *site, x *watching) { s.w.stamps(x.now()); stamp(s.w, s.dir, x.now().Add(-50*time.Hour)) },
			state: watch.Behind, reason: watch.StampStale, tells: "50h.* older than that of the source",
		},
		"a timestamp of the future": {
			shows: 2, each: func(s *site, x *watching) { s.w.stamps(x.now()); stamp(s.w, s.dir, x.now().Add(48*time.Hour)) },
			state: watch.Foreign, reason: watch.StampFuture, tells: "of the future",
		},
		"pages for packages": {
			shows: 2, damage: func(s *site) { s.Strike(packageFiles, repotest.HTML()) },
			state: watch.HalfSynced, reason: watch.MetadataAhead, tells: "HTML",
		},
		"pages for all": {
			shows: 2, damage: func(s *site) { s.Strike(".", repotest.HTML()) },
			state: watch.HalfSynced, reason: watch.RootMissing, tells: "page of HTML",
		},
		"a redirect loop": {
			shows: 2, damage: func(s *site) { s.Strike(".", repotest.Redirect(s.URL)) }, rounds: 3,
			state: watch.Unreachable, tells: "redirect",
		},
		"a redirect to a private address": {
			shows: 2, damage: func(s *site) { s.Strike(".", repotest.Redirect("http://10.1.2.3")) }, rounds: 3,
			state: watch.Unreachable, tells: `10\.1\.2\.3`,
		},
		"packages redirected to a private address": {
			shows: 2, damage: func(s *site) { s.Strike(packageFiles, repotest.Redirect("http://10.1.2.3")) },
			state: watch.HalfSynced, tells: `FILE:stays redirect.*10\.1\.2\.3`,
		},
		"two back ends that disagree": {
			shows: 2, serve: alternating, rounds: 7, state: watch.Incoherent, reason: watch.Flapping, tells: "several servers",
		},
		"IPv6 unlike IPv4": {
			shows: 2, serve: familiesApart, rounds: 3, state: watch.Incoherent, reason: watch.Disagreement, tells: "IPv6|::1",
		},
		"nobody by IPv6": {
			shows: 2, serve: noIPv6, rounds: 3, state: watch.Incoherent, reason: watch.EndpointDown, tells: "refused",
		},
		"a slow loris":                    {shows: 2, serve: slowLoris, rounds: 3, state: watch.Unreachable, tells: "no answer within"},
		"an endless body":                 {shows: 2, damage: func(s *site) { s.Strike(rootFile, endless()) }, rounds: 3, state: watch.Unreachable, tells: "more than"},
		"a certificate that has expired":  {shows: 2, serve: overTLS(-time.Hour, "127.0.0.1"), rounds: 3, state: watch.Unreachable, tells: "expired on"},
		"a certificate of another host":   {shows: 2, serve: overTLS(time.Hour, "localhost"), rounds: 3, state: watch.Unreachable, tells: "localhost"},
		"a good certificate":              {shows: 2, serve: overTLS(time.Hour, "127.0.0.1"), rounds: 3, state: watch.InSync, tells: "the newest one"},
		"a root that has expired":         {only: "deb", shows: 0, serve: expiring, state: watch.Expired, tells: "was valid until"},
		"a foreign root":                  {shows: 2, damage: func(s *site) { s.Strike(rootFile, repotest.Corrupt()) }, rounds: 9, state: watch.Foreign, tells: "never published|did not sign"},
		"a cache that holds an old state": {shows: 2, damage: oldCache, state: watch.Behind, tells: "Age: 86400.*X-Cache: HIT"},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, f repo.Format) {
				if c.only != "" && c.only != f.Name() {
					return
				}
				p := publicationOf(t, f.Name(), 0)
				if c.state == watch.Expired {
					p = expiringPublication(t)
				}
				w := worldOf(t, f, p, 3)
				s := w.site(c.shows)
				if c.damage != nil {
					c.damage(s)
				}
				x := w.watching(s.URL, overHTTP)
				if c.serve != nil {
					c.serve(s, x)
				}
				for range max(1, c.rounds) {
					if c.each != nil {
						c.each(s, x)
					}
					x.round()
				}
				v := x.verdict
				if v.State != c.state || v.Reason != c.reason && (c.reason != "" || c.state == watch.InSync || c.state == watch.Behind) {
					t.Errorf("%s (%s), expected %s (%s)\n%s", v.State, v.Reason, c.state, c.reason, told(v))
				}
				tells := c.tells
				for _, name := range []string{"stays", "goes", "comes"} {
					tells = strings.ReplaceAll(tells, "FILE:"+name, regexp.QuoteMeta(w.File(name)))
				}
				if !regexp.MustCompile(tells).MatchString(told(v)) {
					t.Errorf("nothing of %q in the evidence:\n%s", tells, told(v))
				}
			})
		})
	}
}

// alternating has every other look meet a server that is older.
func alternating(s *site, x *watching) {
	older := s.w.site(1)
	n := atomic.Int64{}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		handler := s.Server
		if n.Load()%2 == 1 {
			handler = older.Server
		}
		handler.ServeHTTP(rw, r)
	}))
	s.w.t.Cleanup(server.Close)
	x.site.URL, x.looked = server.URL, func(o watch.Observation) {
		if len(o.Roots) > 0 && len(o.Roots[0].Checks) == 0 {
			n.Add(1)
		}
	}
}

// listenBoth listens at one port of both families.
func listenBoth(s *site, x *watching) (four, six net.Listener) {
	for range 20 {
		var err error
		if four, err = net.Listen("tcp4", "127.0.0.1:0"); err != nil {
			s.w.t.Fatal(err)
		}
		_, port, _ := net.SplitHostPort(four.Addr().String())
		if six, err = net.Listen("tcp6", "[::1]:"+port); err == nil {
			x.site.URL = "http://localhost:" + port
			x.endpoints = []*endpointWatched{
				{Endpoint: watch.Endpoint{Scheme: "http", Family: 4, Addr: netip.MustParseAddr("127.0.0.1")}},
				{Endpoint: watch.Endpoint{Scheme: "http", Family: 6, Addr: netip.IPv6Loopback()}},
			}
			return four, six
		}
		four.Close()
	}
	s.w.t.Skip("this machine has no IPv6")
	return nil, nil
}

func serveOn(s *site, l net.Listener, h http.Handler) {
	server := httptest.NewUnstartedServer(h)
	server.Listener.Close()
	server.Listener = l
	server.Start()
	s.w.t.Cleanup(server.Close)
}

// familiesApart shows an older generation by IPv6.
func familiesApart(s *site, x *watching) {
	four, six := listenBoth(s, x)
	serveOn(s, four, s.Server)
	serveOn(s, six, s.w.site(1).Server)
}

func noIPv6(s *site, x *watching) {
	four, six := listenBoth(s, x)
	serveOn(s, four, s.Server)
	six.Close()
}

// slowLoris sends a header that does not end, a byte now and then.
func slowLoris(s *site, x *watching) {
	x.options.Timeout = 500 * time.Millisecond
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		s.w.t.Fatal(err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nX-Slow: ")
			for err == nil {
				time.Sleep(20 * time.Millisecond)
				_, err = conn.Write([]byte("x"))
			}
			conn.Close()
		}
	}()
	s.w.t.Cleanup(func() { l.Close(); <-served })
	x.site.URL = "http://" + l.Addr().String()
}

func endless() repotest.Fault {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			chunk := make([]byte, 1<<20)
			for r.Context().Err() == nil {
				if _, err := rw.Write(chunk); err != nil {
					return
				}
			}
		})
	}
}

// overTLS serves with a certificate for 127.0.0.1 that ends after so long, at a host.
func overTLS(ends time.Duration, host string) func(s *site, x *watching) {
	return func(s *site, x *watching) {
		c := certificate(s.w.t, time.Now().Add(-100*time.Hour), time.Now().Add(ends))
		url := serveTLS(s.w.t, s.Server, c).URL
		x.site.URL = strings.Replace(url, "127.0.0.1", host, 1)
		x.options.RootCAs = trusting(c).RootCAs
		x.endpoints = []*endpointWatched{{Endpoint: overHTTPS}}
	}
}

// expiringPublication is one whose first generation is valid for a day.
func expiringPublication(t *testing.T) *publication {
	t.Helper()
	p := &publication{key: repotest.NewKey(t), files: map[string]string{}}
	d := repotest.NewDeb(t)
	d.Key = p.key
	suite := d.Suite("stable")
	for i := range 3 {
		d.AddText(fmt.Sprintf("p%d 1.0\n", i))
		suite.ValidUntil = time.Time{}
		if i == 0 {
			suite.ValidUntil = time.Now().Add(24 * time.Hour)
		}
		tree := filepath.Join(t.TempDir(), fmt.Sprint(i))
		d.Publish(tree)
		p.trees = append(p.trees, tree)
	}
	return p
}

func expiring(_ *site, x *watching) { x.pass(25 * time.Hour) }

// oldCache answers with the root and the indexes of the generation before.
func oldCache(s *site) {
	old := repotest.From(s.w.trees[1])(nil)
	s.Strike("dists/|repodata/", func(http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			rw.Header().Set("Age", "86400")
			rw.Header().Set("X-Cache", "HIT from cache.example.net")
			old.ServeHTTP(rw, r)
		})
	})
}
