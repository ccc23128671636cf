package probe_test

import (
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/watch"
	"github.com/mirrorkeeper/mirrorkeeper/watch/probe"
)

// question asks for the verdict on a site.
func (w *world) question(url string) probe.Question {
	return probe.Question{
		Site: watch.Site{URL: url}, Repository: w.repository, Sources: []*probe.Source{w.source}, Base: w.server.URL, Client: w.client,
		Levels: allLevels, Budget: watch.Budget{Files: 1 << 20, Bytes: 1 << 40},
	}
}

// TestVerdictsNow: each fault of a site gives its verdict in one go.
func TestVerdictsNow(t *testing.T) {
	for name, c := range map[string]struct {
		shows  int
		damage func(s *site)
		state  watch.State
		reason watch.Reason
		only   string // format
	}{
		"in sync":                    {shows: 2, state: watch.InSync},
		"stale":                      {shows: 1, state: watch.Behind},
		"very stale":                 {shows: 0, state: watch.Behind},
		"without the new package":    {shows: 2, state: watch.HalfSynced, reason: watch.MetadataAhead, damage: func(s *site) { os.Remove(s.file(s.w.File("comes"))) }},
		"stale, old package deleted": {shows: 0, state: watch.HalfSynced, reason: watch.MetadataBehind, damage: func(s *site) { os.Remove(s.file(s.w.File("goes"))) }},
		"a truncated package":        {shows: 2, state: watch.HalfSynced, reason: watch.Corrupt, damage: func(s *site) { os.Truncate(s.file(s.w.File("stays")), 7) }},
		"a package of other bytes":   {shows: 2, state: watch.HalfSynced, reason: watch.Corrupt, damage: func(s *site) { s.Strike("stays", repotest.Corrupt()) }},
		"mixed indexes":              {shows: 2, state: watch.HalfSynced, reason: watch.Mixed, only: "deb", damage: func(s *site) { s.from(1, "dists/stable/main/binary-amd64/Packages.*") }},
		"pages for packages": {shows: 2, state: watch.HalfSynced, reason: watch.MetadataAhead, damage: func(s *site) {
			s.Strike(`\.(deb|rpm)$`, repotest.HTML())
		}},
		"no root":         {shows: 2, state: watch.HalfSynced, reason: watch.RootMissing, damage: func(s *site) { s.Strike("InRelease|repomd.xml$", repotest.NotFound()) }},
		"a foreign root":  {shows: 2, state: watch.Foreign, damage: func(s *site) { s.Strike("InRelease|repomd.xml$", repotest.Corrupt()) }},
		"a server error":  {shows: 2, state: watch.Unreachable, damage: func(s *site) { s.Strike(".", repotest.Answer(503, "")) }},
		"may not be read": {shows: 2, state: watch.Unreachable, damage: func(s *site) { s.Strike(".", repotest.Answer(403, "")) }},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, f repo.Format) {
				if c.only != "" && c.only != f.Name() {
					return
				}
				w := newWorld(t, f, 3)
				s := w.site(c.shows)
				if c.damage != nil {
					c.damage(s)
				}
				v, err := w.prober().Judge(t.Context(), w.question(s.URL))
				if err != nil {
					t.Fatal(err)
				}
				if v.State != c.state || c.reason != "" && v.Reason != c.reason || len(v.Endpoints) != 1 || len(v.Evidence) == 0 {
					t.Errorf("%s (%s), expected %s (%s)\n%+v", v.State, v.Reason, c.state, c.reason, v.Evidence)
				}
				if v.State != watch.InSync && len(v.Causes()) == 0 && v.State != watch.Unreachable {
					t.Error("no cause comes to mind")
				}
			})
		})
	}
}

// TestSourceThatIsBroken: nobody is judged by a source that lacks what it names, and what
// cannot be read is no source.
func TestSourceThatIsBroken(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		w := newWorld(t, f, 2)
		s := w.site(1)
		w.server.Strike("changes", repotest.NotFound())
		v, err := w.prober().Judge(t.Context(), w.question(s.URL))
		if err != nil || v.State != watch.Unknown || v.Reason != watch.SourceBroken {
			t.Errorf("%s (%s), %v", v.State, v.Reason, err)
		}
		w.server.Strike(".", repotest.NotFound())
		if _, err := w.prober().Judge(t.Context(), w.question(s.URL)); err == nil || !strings.Contains(err.Error(), "cannot be read") {
			t.Error(err)
		}
	})
}

// TestSourceThatIsNewer: a site that has the newest generation before we know of it is in
// sync.
func TestSourceThatIsNewer(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		w := newWorld(t, f, 2)
		s := w.site(1)
		var once sync.Once
		s.Strike("InRelease|repomd.xml$", func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				once.Do(func() { // the source publishes, and the site is faster than we are
					os.RemoveAll(w.dir)
					copyTree(t, w.trees[2], w.dir)
					os.RemoveAll(s.dir)
					copyTree(t, w.trees[2], s.dir)
				})
				next.ServeHTTP(rw, r)
			})
		})
		v, err := w.prober().Judge(t.Context(), w.question(s.URL))
		if err != nil || v.State != watch.InSync {
			t.Errorf("%s (%s), %v: %+v", v.State, v.Reason, err, v.Evidence)
		}
	})
}

// TestWithoutHistory: the first question of all knows an old generation by its signature,
// and looks at its files.
func TestWithoutHistory(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		w := newWorld(t, f, 0)
		copyTree(t, w.trees[2], w.dir)
		whole, half := w.site(0), w.site(1)
		v, err := w.prober().Judge(t.Context(), w.question(whole.URL))
		if err != nil || v.State != watch.Behind || v.Complete != 1 || v.Lag <= 0 {
			t.Errorf("%s (%s), lag %s, %v: %+v", v.State, v.Reason, v.Lag, err, v.Evidence)
		}
		os.Remove(half.file(w.File("stays")))
		v, err = w.prober().Judge(t.Context(), w.question(half.URL))
		if err != nil || v.State != watch.HalfSynced {
			t.Errorf("%s (%s), %v: %+v", v.State, v.Reason, err, v.Evidence)
		}
	})
}
