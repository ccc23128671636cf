package history

import (
	"slices"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/watch"
)

// batch is what waits to be written.
type batch struct {
	generations  []published
	observations []observation
	known        map[endpointKey]*watch.Known // the last of each
	judged       []*watch.Verdict
	last         map[watch.Key]int // the place of the last of each in judged
	planted      []Planted
}

type published struct {
	root       string
	generation watch.Generation
}

func (b *batch) size() int {
	return len(b.generations) + len(b.observations) + len(b.known) + len(b.judged) + len(b.planted)
}

// judge adds a verdict. Where it begins neither a state nor a holding, it takes the place
// of the one before.
func (b *batch) judge(v *watch.Verdict) {
	if b.last == nil {
		b.last = map[watch.Key]int{}
	}
	k := watch.Key{Site: v.Site, Repository: v.Repository}
	if i, ok := b.last[k]; ok && sameState(b.judged[i], v) {
		b.judged[i] = v
		return
	}
	b.last[k] = len(b.judged)
	b.judged = append(b.judged, v)
}

func sameState(a, b *watch.Verdict) bool {
	return a.State == b.State && a.Reason == b.Reason && a.Frozen == b.Frozen && a.Since.Equal(b.Since) &&
		slices.EqualFunc(a.Roots, b.Roots, func(a, b watch.RootVerdict) bool {
			return a.Name == b.Name && a.State == b.State && a.Reason == b.Reason && a.Root == b.Root
		})
}

// append adds what came later.
func (b *batch) append(later *batch) {
	b.generations = append(b.generations, later.generations...)
	b.observations = append(b.observations, later.observations...)
	for k, known := range later.known {
		b.know(k, known)
	}
	for _, v := range later.judged {
		b.judge(v)
	}
	b.planted = append(b.planted, later.planted...)
}

func (b *batch) know(k endpointKey, known *watch.Known) {
	if b.known == nil {
		b.known = map[endpointKey]*watch.Known{}
	}
	b.known[k] = known
}

// bound gives up the oldest looks, verdicts and stamps beyond so many each, and tells how
// many went. Generations all stay: they are few, and cannot be had again.
func (b *batch) bound(most int) (dropped int64) {
	cut := func(n int) int {
		if n <= most {
			return 0
		}
		n -= most - most/10 // a tenth more than is needed, so that this is done seldom
		dropped += int64(n)
		return n
	}
	b.observations = slices.Delete(b.observations, 0, cut(len(b.observations)))
	b.planted = slices.Delete(b.planted, 0, cut(len(b.planted)))
	if n := cut(len(b.judged)); n > 0 {
		b.judged = slices.Delete(b.judged, 0, n)
		for k, i := range b.last {
			if b.last[k] = i - n; i < n {
				delete(b.last, k)
			}
		}
	}
	return dropped
}

// Observed takes a look at an endpoint and what is known of it since. It does not wait
// for the database. Neither value may be changed afterwards.
func (s *Store) Observed(o *watch.Observation, k *watch.Known) {
	key := endpointKey{watch.Key{Site: o.Site, Repository: o.Repository}, o.Endpoint}
	row := observe(key, o, k)
	s.add(func(b *batch) {
		b.observations = append(b.observations, row)
		b.know(key, k)
	})
}

// Judged takes the verdict on a site. It does not wait for the database. The value may not
// be changed afterwards.
func (s *Store) Judged(v *watch.Verdict) {
	s.add(func(b *batch) { b.judge(v) })
}

// Published takes a generation of a root that is new, or of which more is known; what was
// published at one time is one generation. It does not wait for the database.
func (s *Store) Published(root string, g watch.Generation) {
	s.add(func(b *batch) { b.generations = append(b.generations, published{root, g}) })
}

// Planted takes a timestamp that was planted, or could not be. It does not wait for the
// database.
func (s *Store) Planted(p Planted) {
	s.add(func(b *batch) { b.planted = append(b.planted, p) })
}

func (s *Store) add(f func(b *batch)) {
	s.waiting.Lock()
	defer s.waiting.Unlock()
	f(&s.pending)
	s.health.Dropped += s.pending.bound(s.settings.Waiting)
}

// drop counts what is given up.
func (s *Store) drop(n int64) {
	s.waiting.Lock()
	defer s.waiting.Unlock()
	s.health.Dropped += n
}

// observation is a look as it is written.
type observation struct {
	key       endpointKey
	at        time.Time
	took      time.Duration
	firstByte time.Duration
	requests  int
	bytes     int64
	fault     watch.Fault
	shown     string // JSON of what was shown as roots, "" for nothing
	stamp     time.Time
}
