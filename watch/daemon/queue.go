package daemon

import (
	"container/heap"
	"time"
)

// queue is the endpoints that wait for their next look, the one that is due first at its
// top. An endpoint whose site has as many looks under way as it may have waits aside.
type queue struct {
	waiting entries
	perSite int
	busy    map[string]int      // looks under way by site
	aside   map[string][]*entry // due, by site
}

func newQueue(perSite int) *queue {
	return &queue{perSite: perSite, busy: map[string]int{}, aside: map[string][]*entry{}}
}

// add has an endpoint wait until it is due.
func (q *queue) add(e *entry) { heap.Push(&q.waiting, e) }

// remove takes out an endpoint that waits, if it does.
func (q *queue) remove(e *entry) {
	if e.index >= 0 && e.index < len(q.waiting) && q.waiting[e.index] == e {
		heap.Remove(&q.waiting, e.index)
		return
	}
	for i, x := range q.aside[e.site] {
		if x == e {
			q.aside[e.site] = append(q.aside[e.site][:i:i], q.aside[e.site][i+1:]...)
			return
		}
	}
}

// next takes out an endpoint that is due and whose site may be looked at, nil for none;
// done has to follow.
func (q *queue) next(now time.Time) *entry {
	for len(q.waiting) > 0 && !q.waiting[0].due.After(now) {
		e := heap.Pop(&q.waiting).(*entry)
		if q.busy[e.site] < q.perSite {
			q.busy[e.site]++
			return e
		}
		q.aside[e.site] = append(q.aside[e.site], e)
	}
	return nil
}

// done ends a look at a site, so that one that waits for it may begin.
func (q *queue) done(site string) {
	if q.busy[site]--; q.busy[site] <= 0 {
		delete(q.busy, site)
	}
	if of := q.aside[site]; len(of) > 0 {
		q.add(of[0])
		if q.aside[site] = of[1:]; len(of) == 1 {
			delete(q.aside, site)
		}
	}
}

// first is when the next endpoint is due; false where none waits.
func (q *queue) first() (time.Time, bool) {
	if len(q.waiting) == 0 {
		return time.Time{}, false
	}
	return q.waiting[0].due, true
}

// entries are a heap by when they are due.
type entries []*entry

func (e entries) Len() int           { return len(e) }
func (e entries) Less(i, j int) bool { return e[i].due.Before(e[j].due) }
func (e entries) Swap(i, j int) {
	e[i], e[j] = e[j], e[i]
	e[i].index, e[j].index = i, j
}

func (e *entries) Push(x any) {
	added := x.(*entry)
	added.index = len(*e)
	*e = append(*e, added)
}

func (e *entries) Pop() any {
	last := len(*e) - 1
	x := (*e)[last]
	(*e)[last] = nil
	*e = (*e)[:last]
	x.index = -1
	return x
}
