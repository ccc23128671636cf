package probe_test

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/watch"
	"github.com/mirrorkeeper/mirrorkeeper/watch/probe"
)

// TestUnchangedRoot: a site that is what it was costs one conditional request a root.
func TestUnchangedRoot(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		w := newWorld(t, f, 1)
		s := w.site(0)
		var known watch.Known
		for i, want := range []bool{false, true, true} {
			tasks := []watch.Task{w.rootTask()}
			if len(known.Roots) > 0 {
				tasks[0].Generation = known.Roots[0].Digest
			}
			s.Reset()
			o := w.prober().Look(t.Context(), w.target(s.URL), tasks, known)
			known = watch.Learn(known, o, watch.Settings{})
			r := o.Roots[0]
			if r.Digest != w.roots[0] || r.NotModified != want {
				t.Errorf("look %d: %+v", i, r)
			}
			if r.Headers["Etag"] == "" || r.Headers["Last-Modified"] == "" || r.Headers["Date"] == "" {
				t.Errorf("look %d: headers %v", i, r.Headers)
			}
			got := s.Requests(".")
			if len(got) != 1 || o.Requests != 1 || got[0].Conditional() != want {
				t.Errorf("look %d: %d requests, the server saw %v", i, o.Requests, got)
			}
			if agent := got[0].Header.Get("User-Agent"); agent != "mirrorkeeper" || got[0].Header.Get("Accept-Encoding") != "identity" {
				t.Errorf("headers of the request: %v", got[0].Header)
			}
			if want && o.Bytes > 1200 {
				t.Errorf("look %d: an unchanged root costs %d bytes", i, o.Bytes)
			}
		}
	})
}

// TestRootsOfSites: what a site shows for its root is told for what it is.
func TestRootsOfSites(t *testing.T) {
	for name, c := range map[string]struct {
		damage func(s *site)
		fault  watch.Fault
		says   string
	}{
		"missing":         {func(s *site) { s.Strike("InRelease|repomd", repotest.NotFound()) }, watch.FaultMissing, "404"},
		"gone":            {func(s *site) { s.Strike("InRelease|repomd", repotest.Answer(410, "")) }, watch.FaultMissing, "410"},
		"a page":          {func(s *site) { s.Strike("InRelease|repomd", repotest.HTML()) }, watch.FaultMissing, "HTML"},
		"forbidden":       {func(s *site) { s.Strike("InRelease|repomd", repotest.Answer(403, "")) }, watch.FaultForbidden, "403"},
		"a server error":  {func(s *site) { s.Strike("InRelease|repomd", repotest.Answer(502, "")) }, watch.FaultUnreachable, "502"},
		"cut":             {func(s *site) { s.Strike("InRelease|repomd", repotest.Cut()) }, watch.FaultUnreachable, "cut after"},
		"not modified":    {func(s *site) { s.Strike("InRelease|repomd", repotest.Answer(304, "")) }, watch.FaultUnreachable, "304"},
		"a redirect loop": {func(s *site) { s.Strike("InRelease|repomd", repotest.Redirect(s.URL)) }, watch.FaultRedirect, "more than"},
		"no place to go":  {func(s *site) { s.Strike("InRelease|repomd", repotest.Answer(302, "")) }, watch.FaultRedirect, "302"},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, f repo.Format) {
				w := newWorld(t, f, 1)
				s := w.site(0)
				c.damage(s)
				o := w.prober().Look(t.Context(), w.target(s.URL), append([]watch.Task{w.rootTask()}, w.tasks(0, watch.LevelSample)...), watch.Known{})
				fault, detail := o.Fault, o.Detail
				if len(o.Roots) == 1 {
					fault, detail = o.Roots[0].Fault, o.Roots[0].Detail
					if len(o.Roots[0].Checks) > 0 || !o.Roots[0].Digest.IsZero() {
						t.Errorf("%+v", o.Roots[0])
					}
				}
				if fault != c.fault || !containsOne(detail, c.says) {
					t.Errorf("%q, %q, expected %q and %q", fault, detail, c.fault, c.says)
				}
			})
		})
	}
}

func containsOne(text, words string) bool {
	return slices.ContainsFunc(strings.Split(words, "|"), func(w string) bool { return strings.Contains(text, w) })
}

// TestForgedRoots: a root that its signature does not belong to is certainly not the source's
// where both are one file; two files may be of two generations, or not all there yet.
func TestForgedRoots(t *testing.T) {
	for name, c := range map[string]struct {
		damage func(w *world, s *site)
		forged string // the formats of which it is
	}{
		"other bytes": {damage: func(_ *world, s *site) { s.Strike("InRelease|repomd.xml$", repotest.Corrupt()) }, forged: "deb"},
		"another key": {damage: func(w *world, s *site) {
			other := publicationOf(w.t, w.source.Type, 1).trees[1]
			for _, name := range []string{"dists/stable/InRelease", "repodata/repomd.xml.asc"} {
				if _, err := os.Stat(filepath.Join(other, name)); err == nil {
					copyFile(w.t, filepath.Join(other, name), filepath.Join(s.dir, name))
				}
			}
		}, forged: "deb rpm"},
		"an old signature": {damage: func(w *world, s *site) {
			if w.source.Type == "rpm" {
				s.from(0, "repodata/repomd.xml.asc")
			}
		}},
		"no signature": {damage: func(_ *world, s *site) { s.Strike(`repomd.xml.asc$`, repotest.NotFound()) }},
		"cut":          {damage: func(_ *world, s *site) { os.Truncate(s.file("dists/stable/InRelease"), 300) }},
		"a trusted source": {damage: func(w *world, s *site) {
			w.source.Repository.Source.Trusted = true
			s.Strike("InRelease|repomd.xml$", repotest.Corrupt())
		}},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, f repo.Format) {
				if name == "cut" && f.Name() == "rpm" || name == "no signature" && f.Name() == "deb" {
					return
				}
				w := newWorld(t, f, 1)
				s := w.site(1) // newer than what is known
				c.damage(w, s)
				o := w.prober().Look(t.Context(), w.target(s.URL), []watch.Task{w.rootTask()}, watch.Known{})
				want := strings.Contains(c.forged, f.Name())
				if r := o.Roots[0]; (r.Forged != "") != want || r.Digest.IsZero() {
					t.Errorf("%+v, expected forged: %t", r, want)
				}
			})
		})
	}
}

// TestUnknownRoots: of a root that the ledger lacks it is told whether it is the source's,
// and of when.
func TestUnknownRoots(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		w := newWorld(t, f, 1)
		old := w.site(0)
		fresh := worldOf(t, f, publicationOf(t, f.Name(), 1), 1) // another source, which the site is none of
		o := w.prober().Look(t.Context(), fresh.target(old.URL), []watch.Task{fresh.rootTask()}, watch.Known{})
		if r := o.Roots[0]; r.Signed || r.Digest != w.roots[0] || r.Fault != "" {
			t.Errorf("another's root: %+v", r)
		}
		// The same source, of which the ledger knows only what came later.
		w.publish()
		if err := os.RemoveAll(filepath.Join(ledgerDir(t, w))); err != nil {
			t.Fatal(err)
		}
		if _, err := w.source.Read(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := len(w.ledger().Generations); n != 1 {
			t.Fatalf("%d generations", n)
		}
		o = w.prober().Look(t.Context(), w.target(old.URL), []watch.Task{w.rootTask()}, watch.Known{})
		r := o.Roots[0]
		if !r.Signed || r.Forged != "" || r.Digest != w.roots[0] || r.Date.IsZero() || !r.Date.Before(w.ledger().Generations[0].Date) {
			t.Errorf("the source's old root: %+v", r)
		}
		client := w.prober().Client()
		defer client.CloseIdleConnections()
		if err := w.source.Recall(t.Context(), old.URL, client); err != nil {
			t.Fatal(err)
		}
		if l := w.ledger(); len(l.Generations) != 2 || l.Generations[0].Root != w.roots[0] || l.Generations[0].Pruned || l.Generations[0].Files == 0 {
			t.Errorf("%+v", l)
		}
		if err := fresh.source.Recall(t.Context(), old.URL, client); err == nil {
			t.Error("another's root was taken for the source's")
		}
	})
}

// ledgerDir is where the world's ledger is.
func ledgerDir(t *testing.T, w *world) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(w.state, "ledger", "*"))
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	return found[0]
}

// TestIndexOfAnotherGeneration: it is told of which generation an index is that does not
// fit the root.
func TestIndexOfAnotherGeneration(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		w := newWorld(t, f, 3)
		s := w.site(2)
		index := w.Index()
		if f.Name() == "deb" {
			s.from(1, index)
		} else { // named by digest: the old content under the new name
			old, err := filepath.Glob(filepath.Join(w.trees[1], index))
			if err != nil || len(old) != 1 {
				t.Fatal(old, err)
			}
			content, err := os.ReadFile(old[0])
			if err != nil {
				t.Fatal(err)
			}
			write(t, s.file(index), content)
		}
		o := w.prober().Look(t.Context(), w.target(s.URL), append([]watch.Task{w.rootTask()}, w.tasks(2, watch.LevelIndexes)...), watch.Known{})
		c := o.Roots[0].Checks[0]
		if c.BadCount != 1 || c.Checked != c.Of || c.Of < 3 {
			t.Fatalf("%+v", c)
		}
		b := c.Bad[0]
		if b.Fault != watch.FaultSize && b.Fault != watch.FaultDigest || b.Expected == "" || b.Seen == b.Expected {
			t.Errorf("%+v", b)
		}
		if f.Name() == "deb" && b.Matches != w.roots[1] {
			t.Errorf("it is that of %s, expected %s", b.Matches, w.roots[1])
		}
	})
}

// TestIndexesAreReadOnce: small indexes are read whole in each look, large ones once for
// each generation.
func TestIndexesAreReadOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, formats[0], 1)
	s := w.site(0)
	known, v := watch.Known{}, w.prober().Visit(w.target(s.URL))
	defer v.Close()
	o := v.Look(t.Context(), append([]watch.Task{w.rootTask()}, w.tasks(0, watch.LevelIndexes)...), known)
	known = watch.Learn(known, o, watch.Settings{})
	if len(known.Roots[0].Checks) != 1 || known.Roots[0].Checks[0].BadCount > 0 {
		t.Fatalf("%+v", known.Roots)
	}
	heads := 0
	for _, r := range s.Requests("by-hash") {
		if r.Method == http.MethodHead {
			heads++
		}
	}
	if all := s.Requests("by-hash"); heads != len(all) || heads == 0 {
		t.Errorf("what has a plain name is read once: %v", all)
	}
}

// TestWhatALookCosts: requests and bytes are those that the server sees, to the byte.
func TestWhatALookCosts(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		w := newWorld(t, f, 3)
		s := w.site(2)
		inner, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		listener := &countingListener{Listener: inner}
		server := httptest.NewUnstartedServer(s.Server)
		server.Listener.Close()
		server.Listener = listener
		server.Start()
		tasks := append([]watch.Task{w.rootTask()}, w.tasks(2, allLevels...)...)
		o := w.prober().Look(t.Context(), w.target(server.URL), tasks, watch.Known{})
		server.Close()
		if got := len(s.Requests(".")); got != o.Requests {
			t.Errorf("%d requests are told, the server saw %d", o.Requests, got)
		}
		if got := listener.bytes.Load(); got != o.Bytes {
			t.Errorf("%d bytes are told, the server saw %d", o.Bytes, got)
		}
		if o.FirstByte <= 0 || o.Took < o.FirstByte {
			t.Errorf("first byte after %s, took %s", o.FirstByte, o.Took)
		}
	})
}

type countingListener struct {
	net.Listener
	bytes atomic.Int64
}

func (l *countingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &countingConn{c, l}, nil
}

type countingConn struct {
	net.Conn
	l *countingListener
}

func (c *countingConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.l.bytes.Add(int64(n))
	return n, err
}

func (c *countingConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.l.bytes.Add(int64(n))
	return n, err
}

// TestHostsAreSpared: no host gets more requests at once than allowed, however many looks
// are under way.
func TestHostsAreSpared(t *testing.T) {
	t.Parallel()
	w := newWorld(t, formats[0], 3)
	s := w.site(2)
	var now, most atomic.Int64
	s.Strike(".", func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			n := now.Add(1)
			defer now.Add(-1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			next.ServeHTTP(rw, r)
		})
	})
	p := w.prober()
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			o := p.Look(t.Context(), w.target(s.URL), append([]watch.Task{w.rootTask()}, w.tasks(2, watch.LevelSweep)...), watch.Known{})
			if len(o.Roots) != 1 || len(bad(o)) > 0 {
				t.Errorf("%+v", o)
			}
		})
	}
	wg.Wait()
	if most.Load() > 2 {
		t.Errorf("%d requests at once", most.Load())
	}
}

// TestSiteThatAsksToBeLeftAlone: Retry-After ends the look, and none is made before.
func TestSiteThatAsksToBeLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, formats[0], 3)
	s := w.site(2)
	s.Strike(`\.deb$`, repotest.Answer(429, "slow down", "Retry-After", "600"))
	p := w.prober()
	o := p.Look(t.Context(), w.target(s.URL), append([]watch.Task{w.rootTask()}, w.tasks(2, watch.LevelSweep, watch.LevelSample)...), watch.Known{})
	if d := time.Until(o.NotBefore); d < 500*time.Second || d > 600*time.Second {
		t.Errorf("not before %s", o.NotBefore)
	}
	for _, c := range o.Roots[0].Checks {
		if c.Checked >= c.Of || !strings.Contains(c.Detail, "Retry-After") || c.BadCount > c.Unanswered {
			t.Errorf("%+v", c)
		}
	}
	if n := len(s.Requests(`\.deb$`)); n > 2 {
		t.Errorf("%d requests for packages", n)
	}
	s.Reset()
	o = p.Look(t.Context(), w.target(s.URL), []watch.Task{w.rootTask()}, watch.Known{})
	if o.Fault != watch.FaultUnreachable || o.NotBefore.IsZero() || !strings.Contains(o.Detail, "left alone") || len(s.Requests(".")) != 0 {
		t.Errorf("%+v, %v", o, s.Requests("."))
	}
}

// TestBudget: a look ends where its budget does, says so, and can be gone on with.
func TestBudget(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		w := newWorld(t, f, 3)
		s := w.site(2)
		p := probe.New(probe.Options{Allowed: loopback, Rate: -1, MaxRequests: 4})
		task := w.tasks(2, watch.LevelSweep)[0]
		var seen int
		for range 20 {
			s.Reset()
			o := p.Look(t.Context(), w.target(s.URL), []watch.Task{task}, watch.Known{})
			c := o.Roots[0].Checks[0]
			if o.Requests > 4 || len(s.Requests(".")) > 4 || c.Checked == 0 {
				t.Fatalf("%d requests, %+v", o.Requests, c)
			}
			seen += c.Checked
			if c.Last == "" {
				if seen != c.Of || c.Detail != "" {
					t.Errorf("%d of %d files, %q", seen, c.Of, c.Detail)
				}
				return
			}
			if !strings.Contains(c.Detail, "budget") {
				t.Errorf("it says %q", c.Detail)
			}
			task.After = c.Last
		}
		t.Error("the sweep comes to no end")
	})
}

// TestLimitAndSkip: what was looked at is not looked at again.
func TestLimitAndSkip(t *testing.T) {
	t.Parallel()
	w := newWorld(t, formats[0], 3)
	s := w.site(2)
	task := w.tasks(2, watch.LevelSample)[0]
	paths := map[string]bool{}
	for skip := range 3 {
		task.Skip, task.Limit = skip, 1
		s.Reset()
		o := w.prober().Look(t.Context(), w.target(s.URL), []watch.Task{task}, watch.Known{})
		c := o.Roots[0].Checks[0]
		if c.Checked != 1 || c.Of != 3 || c.Skip != skip {
			t.Errorf("%+v", c)
		}
		paths[s.Requests(".")[0].Path] = true
	}
	if len(paths) != 3 {
		t.Errorf("looked at %v", paths)
	}
}

// TestWithoutHead: sites that refuse HEAD are asked for the first byte.
func TestWithoutHead(t *testing.T) {
	for _, code := range []int{405, 501, 403} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			each(t, func(t *testing.T, f repo.Format) {
				w := newWorld(t, f, 3)
				s := w.site(2)
				os.Truncate(s.file(w.File("stays")), 100)
				s.Strike(".", func(next http.Handler) http.Handler {
					return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
						if r.Method == http.MethodHead {
							rw.WriteHeader(code)
							return
						}
						next.ServeHTTP(rw, r)
					})
				})
				for _, ranges := range []bool{true, false} {
					if !ranges {
						s.Strike(".", repotest.NoRanges())
					}
					s.Reset()
					o := w.prober().Look(t.Context(), w.target(s.URL), w.tasks(2, watch.LevelSample), watch.Known{})
					if got := bad(o); len(got) != 1 || got[0] != "sample wrong-size "+w.File("stays") {
						t.Errorf("ranges %v: %v", ranges, got)
					}
					if n := len(s.Requests(`stays|comes|changes`)); code != 403 && n > 5 {
						t.Errorf("%d requests for 3 files: %v", n, s.Requests("."))
					}
				}
			})
		})
	}
}

// TestEmptyFile: an empty file has no first byte.
func TestEmptyFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t, formats[0], 1)
	s := w.site(0)
	os.Truncate(s.file(w.File("stays")), 0)
	s.Strike(".", func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodHead {
				rw.WriteHeader(405)
				return
			}
			next.ServeHTTP(rw, r)
		})
	})
	o := w.prober().Look(t.Context(), w.target(s.URL), w.tasks(0, watch.LevelSample), watch.Known{})
	c := o.Roots[0].Checks[0]
	if c.BadCount != 1 || c.Bad[0].Fault != watch.FaultSize || c.Bad[0].Seen != "0 bytes" {
		t.Errorf("%+v", c)
	}
}

// TestOneLostAnswer: a file is asked for once more before it counts as not answered for.
func TestOneLostAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, formats[0], 3)
	s := w.site(2)
	s.Strike(`\.deb$`, repotest.Times(1, repotest.Unavailable("")))
	if got := bad(w.prober().Look(t.Context(), w.target(s.URL), w.tasks(2, watch.LevelSample), watch.Known{})); len(got) != 0 {
		t.Error(got)
	}
}

// TestSiteThatMoves: a site that changes while it is looked at is no worse for it.
func TestSiteThatMoves(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		w := newWorld(t, f, 3)
		s := w.site(0)
		var once sync.Once
		s.Strike(`\.(deb|rpm)$`, repotest.Before(func(*http.Request) {
			once.Do(func() {
				s.from(2, w.Root())
				os.Remove(s.file(w.File("goes")))
			})
		}))
		o := w.prober().Look(t.Context(), w.target(s.URL), append([]watch.Task{w.rootTask()}, w.tasks(0, watch.LevelSample)...), watch.Known{})
		if r := o.Roots[0]; !r.Moved || r.Digest != w.roots[0] {
			t.Errorf("%+v", r)
		}
		o = w.prober().Look(t.Context(), w.target(s.URL), append([]watch.Task{w.rootTask()}, w.tasks(2, watch.LevelDelta)...), watch.Known{})
		if r := o.Roots[0]; r.Moved || len(bad(o)) == 0 {
			t.Errorf("%+v", r)
		}
	})
}

// TestAgain looks again at files that were wrong.
func TestAgain(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		w := newWorld(t, f, 3)
		s := w.site(2)
		s.Strike("changes", repotest.Corrupt())
		task := w.tasks(2, watch.LevelAgain)[0]
		task.Paths = []string{w.File("stays"), w.File("changes"), "pool/is/not/named"}
		o := w.prober().Look(t.Context(), w.target(s.URL), []watch.Task{task}, watch.Known{})
		c := o.Roots[0].Checks[0]
		slices.Sort(c.Right)
		right := []string{w.File("stays"), "pool/is/not/named"}
		slices.Sort(right)
		if !slices.Equal(c.Right, right) || len(c.Bad) != 1 || c.Bad[0].Path != w.File("changes") || c.Bad[0].Fault != watch.FaultDigest {
			t.Errorf("%+v", c)
		}
	})
}

// TestScope: a site is asked only for the part that it holds.
func TestScope(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		w := newWorld(t, f, 1)
		s := w.site(0)
		target := w.target(s.URL)
		target.Site.Scope = &watch.Scope{Architectures: []string{"riscv64"}}
		o := w.prober().Look(t.Context(), target, w.tasks(0, watch.LevelSample), watch.Known{})
		if c := o.Roots[0].Checks[0]; c.Of != 0 || c.Checked != 0 {
			t.Errorf("%+v", c)
		}
		target.Site.Scope = &watch.Scope{Architectures: []string{"amd64", "x86_64"}}
		o = w.prober().Look(t.Context(), target, w.tasks(0, watch.LevelSample), watch.Known{})
		c := o.Roots[0].Checks[0]
		if c.Of != 3 || c.Checked != 3 || len(c.Parts) != 1 || c.Parts[0].Checked != 3 {
			t.Errorf("%+v", c)
		}
	})
}

// TestGenerationsThatAreNotKept: what nobody can tell is not told.
func TestGenerationsThatAreNotKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t, formats[0], 3)
	s := w.site(0)
	if err := w.source.Ledger.Prune(1, time.Hour, time.Now().Add(24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	o := w.prober().Look(t.Context(), w.target(s.URL), append([]watch.Task{w.rootTask()}, w.tasks(0, watch.LevelSample)...), watch.Known{})
	r := o.Roots[0]
	if r.Digest != w.roots[0] || len(r.Checks) != 1 || r.Checks[0].Checked != 0 || r.Checks[0].Detail == "" {
		t.Errorf("%+v", r)
	}
	if !w.ledger().Generations[0].Pruned || w.ledger().Generations[2].Pruned {
		t.Errorf("%+v", w.ledger())
	}
}

// TestServersThatDoNotEnd: whatever a server sends, and however slowly, a look ends.
func TestServersThatDoNotEnd(t *testing.T) {
	forever := func(every time.Duration, chunk int) repotest.Fault {
		return func(http.Handler) http.Handler {
			return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodHead { // of which nothing is sent
					<-r.Context().Done()
				}
				for r.Context().Err() == nil {
					if _, err := rw.Write(make([]byte, chunk)); err != nil {
						return
					}
					if every > 0 {
						http.NewResponseController(rw).Flush()
						select {
						case <-time.After(every):
						case <-r.Context().Done():
						}
					}
				}
			})
		}
	}
	for name, c := range map[string]struct {
		fault repotest.Fault
		want  watch.Fault
		says  string
	}{
		"a byte now and then": {forever(20*time.Millisecond, 1), watch.FaultEndless, "within"},
		"without an end":      {forever(0, 64<<10), watch.FaultEndless, "more than|within"},
		"silence":             {repotest.Slow(time.Hour), watch.FaultUnreachable, "no answer within"},
		"a stalled body":      {repotest.Stall(), watch.FaultEndless, "within"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, formats[0], 1)
			p := probe.New(probe.Options{Allowed: loopback, Rate: -1, Timeout: 300 * time.Millisecond, Slowest: 1 << 40})
			s := w.site(0)
			s.Strike("InRelease", c.fault)
			o := p.Look(t.Context(), w.target(s.URL), []watch.Task{w.rootTask()}, watch.Known{})
			fault, detail := o.Fault, o.Detail
			if len(o.Roots) == 1 {
				fault, detail = o.Roots[0].Fault, o.Roots[0].Detail
			}
			if fault != c.want || !containsOne(detail, c.says) {
				t.Errorf("the root: %q, %q", fault, detail)
			}
			s = w.site(0)
			s.Strike("stays", c.fault)
			o = p.Look(t.Context(), w.target(s.URL), append(w.tasks(0, watch.LevelAgain, watch.LevelSample), watch.Task{
				Root: w.source.Name, Level: watch.LevelAgain, Generation: w.roots[0], Paths: []string{w.File("stays")},
			}), watch.Known{})
			c2 := o.Roots[0].Checks[2]
			if c2.BadCount != 1 || c2.Unanswered != 1 || c2.Bad[0].Fault.Says() {
				t.Errorf("a file: %+v", c2)
			}
		})
	}
}

// TestRedirects: hosts are noted, and what leads to where clients must not go is refused.
func TestRedirects(t *testing.T) {
	t.Parallel()
	w := newWorld(t, formats[0], 1)
	there := w.site(0)
	here := w.site(0)
	here.Strike(".", repotest.Redirect(there.URL))
	o := w.prober().Look(t.Context(), w.target(here.URL), append([]watch.Task{w.rootTask()}, w.tasks(0, watch.LevelSample)...), watch.Known{})
	if len(o.Redirects) != 1 || "http://"+o.Redirects[0] != there.URL || o.Roots[0].Digest != w.roots[0] || len(bad(o)) > 0 {
		t.Errorf("%+v", o)
	}
	if want := len(here.Requests(".")) + len(there.Requests(".")); o.Requests != want {
		t.Errorf("%d requests, the servers saw %d", o.Requests, want)
	}
	// To another address than those that are allowed.
	p := probe.New(probe.Options{Allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, Rate: -1})
	here.Heal()
	here.Strike(".", repotest.Redirect("http://127.0.0.2:9"))
	o = p.Look(t.Context(), w.target(here.URL), []watch.Task{w.rootTask()}, watch.Known{})
	if o.Fault != watch.FaultRedirect || !strings.Contains(o.Detail, "127.0.0.2") {
		t.Errorf("%+v", o)
	}
	o = probe.New(probe.Options{}).Look(t.Context(), w.target(there.URL), []watch.Task{w.rootTask()}, watch.Known{})
	if o.Fault != watch.FaultRedirect || !strings.Contains(o.Detail, "no public address") {
		t.Errorf("a name that leads to this machine: %+v", o)
	}
	here.Heal()
	here.Strike(".", repotest.Answer(302, "", "Location", "ftp://127.0.0.1/"))
	if o = w.prober().Look(t.Context(), w.target(here.URL), []watch.Task{w.rootTask()}, watch.Known{}); o.Roots[0].Fault != watch.FaultRedirect {
		t.Errorf("%+v", o)
	}
}

// TestBackends: what the servers behind one name show is told apart, each asked by the name.
func TestBackends(t *testing.T) {
	t.Parallel()
	w := newWorld(t, formats[0], 2)
	port := 0
	for i, address := range []string{"127.0.0.2", "127.0.0.3"} {
		s := w.site(i)
		listener, err := net.Listen("tcp4", net.JoinHostPort(address, fmt.Sprint(port)))
		if err != nil {
			t.Skip("this machine has no such loopback address:", err)
		}
		port = listener.Addr().(*net.TCPAddr).Port
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if !strings.HasPrefix(r.Host, "mirror.example.org:") {
				http.Error(rw, "who is asked?", http.StatusNotFound)
				return
			}
			s.ServeHTTP(rw, r)
		}))
		server.Listener.Close()
		server.Listener = listener
		server.Start()
		defer server.Close()
	}
	for i, address := range []string{"127.0.0.2", "127.0.0.3"} {
		target := w.target(fmt.Sprintf("http://mirror.example.org:%d", port))
		target.Endpoint.Addr = netip.MustParseAddr(address)
		o := w.prober().Look(t.Context(), target, []watch.Task{w.rootTask()}, watch.Known{})
		if len(o.Roots) != 1 || o.Roots[0].Digest != w.roots[i] || o.Endpoint != target.Endpoint {
			t.Errorf("%s: %+v", address, o)
		}
	}
}

// TestFamilies: a site that is broken by one address family is so by that one alone.
func TestFamilies(t *testing.T) {
	t.Parallel()
	w := newWorld(t, formats[0], 1)
	s := w.site(0)
	four, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(four.Addr().String())
	server := httptest.NewUnstartedServer(s.Server)
	server.Listener.Close()
	server.Listener = four
	server.Start()
	defer server.Close()
	six, err := net.Listen("tcp6", "[::1]:"+port)
	if errors.Is(err, os.ErrPermission) || err != nil && strings.Contains(err.Error(), "assign requested address") {
		t.Skip("this machine has no IPv6:", err)
	}
	if err != nil {
		t.Skip("the port is taken:", err)
	}
	six.Close() // nobody listens there
	site := watch.Site{URL: "http://localhost:" + port}
	for family, want := range map[int]watch.Fault{4: watch.FaultNone, 6: watch.FaultUnreachable} {
		target := w.target(site.URL)
		target.Endpoint.Family = family
		target.Endpoint.Addr = map[int]netip.Addr{4: netip.MustParseAddr("127.0.0.1"), 6: netip.IPv6Loopback()}[family]
		o := w.prober().Look(t.Context(), target, []watch.Task{w.rootTask()}, watch.Known{})
		if o.Fault != want || family == 6 && !strings.Contains(o.Detail, "refused") {
			t.Errorf("IPv%d: %+v", family, o)
		}
	}
	endpoints, err := w.prober().Endpoints(t.Context(), watch.Site{URL: "http://127.0.0.1:" + port, Schemes: []string{"https"}})
	want := []watch.Endpoint{{Scheme: "http", Family: 4}, {Scheme: "https", Family: 4}}
	if err != nil || !slices.Equal(endpoints, want) {
		t.Errorf("%+v, %v", endpoints, err)
	}
	endpoints, err = w.prober().Endpoints(t.Context(), watch.Site{URL: "http://[::1]:" + port, EachAddress: true})
	if err != nil || len(endpoints) != 1 || endpoints[0].Addr != netip.IPv6Loopback() {
		t.Errorf("%+v, %v", endpoints, err)
	}
	if _, err := w.prober().Endpoints(t.Context(), watch.Site{URL: "http://no.such.name.invalid"}); err == nil {
		t.Error("a name that does not exist has endpoints")
	}
}
