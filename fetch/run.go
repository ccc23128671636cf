package fetch

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// task is a request on its way.
type task struct {
	*Request
	route
	index int       // among the requests
	rank  int       // in the order of work
	due   time.Time // of a retry
	held  int64     // bytes counted as done
}

// tasks returns the tasks in the order of work: large files first, so that no
// connection is left with a long one at the end; those of unknown size may be
// large. Requests of one size keep their order.
func tasks(requests []Request) []*task {
	all := make([]*task, len(requests))
	store := make([]task, len(requests))
	for i := range requests {
		q := &requests[i]
		t := &store[i]
		*t = task{Request: q, route: route{bases: q.Bases, paths: q.Paths}, index: i}
		if len(q.Paths) == 0 {
			t.paths = []string{q.File.Path}
		}
		all[i] = t
	}
	slices.SortStableFunc(all, func(a, b *task) int {
		return cmp.Compare(uint64(b.File.Size), uint64(a.File.Size)) // -1 is the greatest
	})
	for i, t := range all {
		t.rank = i
	}
	return all
}

// taskHeap holds tasks, the one to work on first at [0].
type taskHeap struct {
	tasks []*task
	less  func(a, b *task) bool
	pause time.Time // of the host, when the tasks were last told of one
}

func (h *taskHeap) Len() int           { return len(h.tasks) }
func (h *taskHeap) Less(i, j int) bool { return h.less(h.tasks[i], h.tasks[j]) }
func (h *taskHeap) Swap(i, j int)      { h.tasks[i], h.tasks[j] = h.tasks[j], h.tasks[i] }
func (h *taskHeap) Push(x any)         { h.tasks = append(h.tasks, x.(*task)) }
func (h *taskHeap) Pop() any {
	last := len(h.tasks) - 1
	t := h.tasks[last]
	h.tasks[last] = nil
	h.tasks = h.tasks[:last]
	return t
}

func byRank(a, b *task) bool { return a.rank < b.rank }
func byDue(a, b *task) bool  { return a.due.Before(b.due) }

// run is one call of [Fetcher.Fetch]. One goroutine decides, and each transfer has
// one of its own, which ends with a result.
type run struct {
	f       *Fetcher
	sink    Sink
	ready   map[string]*taskHeap    // by the host that is to be asked
	later   taskHeap                // retries that are not due
	twins   map[repo.Digest][]*task // that wait for one of the same content; an entry for each transfer under way
	active  int                     // transfers under way
	left    int                     // tasks not yet done, absent or failed
	results chan result

	fetched int
	bytes   int64
	absent  []*task
	failed  []Failure
}

// result is the end of a transfer.
type result struct {
	task     *task
	url      int // as an index of the route
	ticket   ticket
	received int64
	err      error
}

// work gets the tasks done.
func (r *run) work(parent context.Context, all []*task) error {
	ctx, cancel := context.WithCancel(parent)
	told := r.f.hosts.join()
	timer := time.NewTimer(time.Hour)
	defer func() {
		cancel()
		for r.active > 0 {
			// What ends now has been cancelled or is done; neither is a failure.
			_ = r.settle(ctx, <-r.results)
		}
		timer.Stop()
		r.f.hosts.part(told)
	}()

	r.later.less = byDue
	r.left = len(all)
	now := time.Now()
	for _, t := range all {
		if err := r.proceed(t, now); err != nil {
			return err
		}
	}
	for r.left > 0 {
		timer.Reset(time.Until(r.start(ctx)))
		select {
		case one := <-r.results:
			if err := r.settle(ctx, one); err != nil {
				return err
			}
		case <-told:
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// start starts the transfers that there is room for, and returns when to look
// again although nothing has ended by then.
func (r *run) start(ctx context.Context) (again time.Time) {
	now := time.Now()
	for r.later.Len() > 0 && !r.later.tasks[0].due.After(now) {
		r.enqueue(heap.Pop(&r.later).(*task), now)
	}
	r.goAround(now)
	for ctx.Err() == nil {
		key, from := r.choose(now)
		if key == "" {
			again = from
			break
		}
		t := heap.Pop(r.ready[key]).(*task)
		if waiting, underWay := r.twins[t.File.Digest]; underWay && !t.Unknown {
			r.twins[t.File.Digest] = append(waiting, t)
			continue
		}
		i, _ := t.next(r.f.isLast(now))
		if other := hostOf(t.base(i)); other != key {
			heap.Push(r.queue(other), t) // a base has come to be last since
			continue
		}
		ticket, ok, _ := r.f.hosts.enter(key, now)
		if !ok { // another run was faster
			heap.Push(r.queue(key), t)
			continue
		}
		r.f.bases.trying(t.base(i), now)
		r.active++
		if !t.Unknown {
			r.twins[t.File.Digest] = nil
		}
		go r.transfer(ctx, t, i, ticket)
	}
	if r.later.Len() > 0 && (again.IsZero() || r.later.tasks[0].due.Before(again)) {
		again = r.later.tasks[0].due
	}
	if again.IsZero() {
		again = now.Add(time.Hour)
	}
	return again
}

// goAround sends tasks that wait for a host with a pause to another one they know.
func (r *run) goAround(now time.Time) {
	for key, q := range r.ready {
		until := r.f.hosts.pause(key, now)
		if until.IsZero() || until.Equal(q.pause) {
			continue
		}
		waiting := q.tasks
		q.tasks, q.pause = nil, until
		for _, t := range waiting {
			r.enqueue(t, now)
		}
	}
}

// choose returns the host to ask next, "" for none: the one with the first task of
// those that have room. Else it tells when a host's pause ends, zero for no pause.
func (r *run) choose(now time.Time) (key string, from time.Time) {
	var best *task
	for k, q := range r.ready {
		if q.Len() == 0 {
			delete(r.ready, k)
			continue
		}
		ok, at := r.f.hosts.room(k, now)
		switch {
		case ok && (best == nil || q.tasks[0].rank < best.rank):
			best, key = q.tasks[0], k
		case !ok && !at.IsZero() && (from.IsZero() || at.Before(from)):
			from = at
		}
	}
	return key, from
}

// enqueue puts a task in the queue of the host that it has to ask next.
func (r *run) enqueue(t *task, now time.Time) {
	i, _ := t.next(r.f.isLast(now))
	heap.Push(r.queue(hostOf(t.base(i))), t)
}

func (r *run) queue(key string) *taskHeap {
	q := r.ready[key]
	if q == nil {
		q = &taskHeap{less: byRank}
		r.ready[key] = q
	}
	return q
}

// transfer tries to get a file from one URL.
func (r *run) transfer(ctx context.Context, t *task, url int, ticket ticket) {
	t.Counter.Add(-t.held) // the next try counts what was kept
	t.held = 0
	try := &transfer{
		client: r.f.client, backoff: r.f.options.Backoff,
		file: t.File, unknown: t.Unknown, held: t.Held, url: t.url(url), uncached: t.wasWrong(url),
		count: func(n int64) {
			t.held += n
			t.Counter.Add(n)
		},
	}
	err := try.run(ctx, r.sink)
	if err == nil && t.Answered != nil {
		t.Answered(try.validators, try.notModified)
	}
	r.results <- result{t, url, ticket, try.received, err}
}

// settle takes up a result. An error ends the run.
func (r *run) settle(ctx context.Context, one result) error {
	now := time.Now()
	t, o := one.task, judge(one.err)
	r.active--
	r.bytes += one.received
	for _, twin := range r.twins[t.File.Digest] {
		r.enqueue(twin, now)
	}
	delete(r.twins, t.File.Digest)
	r.f.hosts.leave(one.ticket, o.load(), retryAfter(one.err), now)
	switch {
	case o == succeeded:
		r.fetched++
		r.left--
		t.Counter.FileDone()
		r.f.bases.succeeded(t.base(one.url))
		return nil
	case ctx.Err() != nil:
		return nil
	case o == local:
		return one.err
	}
	r.f.failed(ctx, &t.route, one.url, o, one.err, t.Request)
	return r.proceed(t, now)
}

// proceed decides what comes next for a task that is not done: the next URL, a
// retry, or the end of it. It is an error when too many have failed.
func (r *run) proceed(t *task, now time.Time) error {
	if _, ok := t.next(r.f.isLast(now)); ok {
		r.enqueue(t, now)
		return nil
	}
	if !(t.Spare && t.missing()) && t.again(r.f.options.Retries) {
		t.due = now.Add(r.f.options.Backoff.delay(t.rounds))
		heap.Push(&r.later, t)
		return nil
	}
	r.left--
	err := t.err(t.File.Path)
	if t.Spare || t.Optional && errors.Is(err, ErrNotFound) {
		r.absent = append(r.absent, t)
		t.Counter.FileDone()
		return nil
	}
	r.failed = append(r.failed, Failure{Request: *t.Request, Err: err})
	t.Counter.Failed()
	if allowed := r.f.options.IgnoreErrors; len(r.failed) > allowed {
		return &BudgetError{Allowed: allowed, Failed: r.failed}
	}
	return nil
}

// report tells what the run has reached.
func (r *run) report() *Report {
	slices.SortFunc(r.absent, func(a, b *task) int { return cmp.Compare(a.index, b.index) })
	report := &Report{Fetched: r.fetched, Bytes: r.bytes, Failed: r.failed}
	for _, t := range r.absent {
		report.Absent = append(report.Absent, *t.Request)
	}
	return report
}
