package probe_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/watch"
)

// shelf serves one of several generations and moves on to the next one between two
// requests. As whoever publishes atomically it keeps the files of the generation before,
// but for those whose path is that of other content now.
type shelf struct {
	trees []string
	now   atomic.Int64
	after atomic.Int64 // requests until it moves on; none where it is below 1
}

func (s *shelf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.after.Add(-1) == 0 {
		s.now.Add(1)
	}
	for g := s.now.Load(); g >= 0 && g >= s.now.Load()-1; g-- {
		name := filepath.Join(s.trees[g], filepath.FromSlash(r.URL.Path))
		if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() {
			w.Header().Set("ETag", fmt.Sprintf(`"%d"`, g)) // times are those of packages, and stay
			w.Header().Set("Content-Type", "application/octet-stream")
			http.ServeFile(w, r, name)
			return
		}
	}
	http.NotFound(w, r)
}

// TestSoundSiteServed looks 1,000 times at a site that publishes atomically what its source
// published, behind a real server; both move on at any moment, also between two requests
// of one look. It never is in a bad state. The whole is done where PROVE is set.
func TestSoundSiteServed(t *testing.T) {
	rounds, generations := 120, 9
	if os.Getenv("PROVE") != "" {
		rounds, generations = 1000, 70
	}
	each(t, func(t *testing.T, f repo.Format) {
		p := &publication{key: repotest.NewKey(t), files: map[string]string{}}
		p.Repository = repotest.NewRepository(t, f.Name(), p.key)
		p.AddText("stays 1.0\n")
		base := t.TempDir()
		for g := range generations {
			p.Remove(fmt.Sprintf("p%d", g-3))
			p.AddText(fmt.Sprintf("p%d 1.0\n", g))
			p.Publish(filepath.Join(base, fmt.Sprint(g)))
			p.trees = append(p.trees, filepath.Join(base, fmt.Sprint(g)))
		}
		w := worldOf(t, f, p, 0)
		source, site := &shelf{trees: p.trees}, &shelf{trees: p.trees}
		for _, s := range []*shelf{source, site} {
			server := httptest.NewServer(s)
			t.Cleanup(server.Close)
			if s == source {
				w.source.URLs, w.server.URL = []string{server.URL}, server.URL
				continue
			}
			w.state = server.URL
		}
		x := w.watching(w.state, overHTTP)
		x.budget = watch.Budget{Sample: time.Hour, Sweep: 3 * time.Hour, Indexes: 10 * time.Minute}
		random := rand.New(rand.NewPCG(7, 7))
		count := map[watch.State]int{}
		behind := 0 // rounds since the source moved on
		for i := range rounds {
			was := [2]int64{source.now.Load(), site.now.Load()}
			last := int64(generations - 1)
			switch {
			case was[1] < was[0] && (behind > 3 || random.IntN(3) == 0): // it copies
				site.after.Store(int64(1 + random.IntN(25)))
				behind = 0
			case was[0] == was[1] && was[0] < last && random.IntN(8) == 0:
				source.after.Store(int64(1 + random.IntN(12)))
			}
			v := x.round()
			count[v.State]++
			now := [2]int64{source.now.Load(), site.now.Load()}
			if now[1] < now[0] {
				behind++
			}
			switch {
			case v.State == watch.InSync:
			case v.State == watch.Behind && (was[1] < was[0] || now[1] < now[0] || was[1] < now[0]):
			case v.State == watch.Ahead && now[0] > was[0]:
			case v.State == watch.Unknown && (v.Reason == watch.NotYet || v.Reason == watch.SourceBroken && strings.Contains(told(v), "not been found complete yet")):
			default:
				t.Fatalf("look %d: %s (%s), while the source went from %d to %d and the site from %d to %d\n%s", i, v.State, v.Reason, was[0], now[0], was[1], now[1], told(v))
			}
		}
		if count[watch.InSync] < rounds/3 || count[watch.Behind] == 0 || source.now.Load() < int64(generations/2) {
			t.Errorf("%v, at generation %d", count, source.now.Load())
		}
		t.Log(count)
	})
}
