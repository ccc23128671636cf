package probe_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/watch"
)

// allLevels are those that look at files.
var allLevels = []watch.Level{watch.LevelIndexes, watch.LevelDelta, watch.LevelRemoved, watch.LevelSample, watch.LevelSweep, watch.LevelBytes}

// TestFilesOfSites: a look tells exactly which files of a site are wrong, and how.
func TestFilesOfSites(t *testing.T) {
	for name, c := range map[string]struct {
		shows  int
		damage func(s *site)
		bad    []string
	}{
		"in sync":          {2, func(*site) {}, nil},
		"old and complete": {1, func(*site) {}, nil},
		"a new root without its new package": {2, func(s *site) { os.Remove(s.file(s.w.File("comes"))) }, []string{
			"delta missing comes", "sample missing comes", "sweep missing comes", "bytes missing comes",
		}},
		"a truncated package": {2, func(s *site) { os.Truncate(s.file(s.w.File("stays")), 100) }, []string{
			"sample wrong-size stays", "sweep wrong-size stays", "bytes wrong-size stays",
		}},
		"a package with other bytes": {2, func(s *site) { s.Strike("stays", repotest.Corrupt()) }, []string{"bytes wrong-digest stays"}},
		"old metadata, deleted package": {1, func(s *site) { os.Remove(s.file(s.w.File("stays"))) }, []string{
			"sample missing stays", "sweep missing stays", "bytes missing stays",
		}},
		"a page in the place of a package": {2, func(s *site) { s.Strike("stays", repotest.HTML()) }, []string{
			"sample missing stays", "sweep missing stays", "bytes missing stays",
		}},
		"a package that may not be read": {2, func(s *site) { s.Strike("stays", repotest.Answer(403, "no")) }, []string{
			"sample forbidden stays", "sweep forbidden stays", "bytes forbidden stays",
		}},
		"a server error for a package": {2, func(s *site) { s.Strike("stays", repotest.Unavailable("")) }, []string{
			"sample unreachable stays", "sweep unreachable stays", "bytes unreachable stays",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, f repo.Format) {
				w := newWorld(t, f, 3)
				s := w.site(c.shows)
				c.damage(s)
				o := w.prober().Look(t.Context(), w.target(s.URL), append([]watch.Task{w.rootTask()}, w.tasks(c.shows, allLevels...)...), watch.Known{})
				if len(o.Roots) != 1 || o.Fault != "" {
					t.Fatalf("%+v", o)
				}
				seen := o.Roots[0]
				if seen.Digest != w.roots[c.shows] || seen.Fault != "" || seen.Moved {
					t.Errorf("root: %+v, expected %s", seen, w.roots[c.shows])
				}
				if len(seen.Checks) != len(allLevels) {
					t.Errorf("%d checks, expected %d", len(seen.Checks), len(allLevels))
				}
				var got []string
				for _, b := range bad(o) {
					for _, name := range []string{"stays", "changes", "comes"} {
						b = strings.ReplaceAll(b, w.File(name), name)
					}
					got = append(got, b)
				}
				sortStrings := cmp.Transformer("sorted", func(in []string) map[string]bool {
					out := map[string]bool{}
					for _, s := range in {
						out[s] = true
					}
					return out
				})
				if d := cmp.Diff(c.bad, got, sortStrings); d != "" {
					t.Errorf("bad files (-expected +seen):\n%s\n%+v", d, seen.Checks)
				}
				for _, check := range seen.Checks {
					if check.Checked != check.Of || check.BadCount != len(check.Bad) || check.Root != seen.Digest {
						t.Errorf("check: %+v", check)
					}
				}
			})
		})
	}
}
