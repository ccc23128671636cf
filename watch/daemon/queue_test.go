package daemon

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Whatever is added, removed and done: what is due comes out in order, no site has more
// looks at once than it may, and nothing is lost.
func TestQueue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(1000, 0)
		q := newQueue(rapid.IntRange(1, 3).Draw(t, "per site"))
		waiting, looking := map[*entry]bool{}, map[*entry]bool{}
		busy := map[string]int{}
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				e := &entry{site: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "site"), index: -1}
				e.due = now.Add(time.Duration(rapid.IntRange(-5, 5).Draw(t, "due")) * time.Second)
				q.add(e)
				waiting[e] = true
			},
			"remove": func(t *rapid.T) {
				for e := range waiting {
					q.remove(e)
					delete(waiting, e)
					return
				}
			},
			"next": func(t *rapid.T) {
				e := q.next(now)
				if e == nil {
					for x := range waiting {
						if !x.due.After(now) && busy[x.site] < q.perSite {
							t.Fatalf("a look at %s is due and does not begin", x.site)
						}
					}
					return
				}
				if e.due.After(now) || !waiting[e] {
					t.Fatalf("what comes out is not due, or was not there")
				}
				delete(waiting, e)
				looking[e] = true
				if busy[e.site]++; busy[e.site] > q.perSite {
					t.Fatalf("%s has %d looks at once", e.site, busy[e.site])
				}
			},
			"done": func(t *rapid.T) {
				for e := range looking {
					q.done(e.site)
					busy[e.site]--
					delete(looking, e)
					return
				}
			},
			"pass": func(t *rapid.T) { now = now.Add(time.Second) },
		})
	})
}
