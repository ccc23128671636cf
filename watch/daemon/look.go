package daemon

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/watch"
	"github.com/mirrorkeeper/mirrorkeeper/watch/probe"
)

// dispatch begins looks as they become due, until the context ends.
func (d *Daemon) dispatch(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case d.slots <- struct{}{}:
		}
		d.mu.Lock()
		e := d.queue.next(d.Now())
		first, waits := d.queue.first()
		d.mu.Unlock()
		if e != nil {
			d.looking.Go(func() {
				defer func() { <-d.slots }()
				d.look(ctx, e)
			})
			continue
		}
		<-d.slots
		wait := time.Minute
		if waits {
			wait = first.Sub(d.Now())
		}
		timer.Reset(max(wait, 0))
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-d.wake:
		}
	}
}

// firstSample is how many files of each pair are looked at in the beginning, so that a
// fleet of any size is judged within minutes: 200,000 of all together, and at least 10.
func firstSample(pairs int) int { return max(10, 200_000/max(1, pairs)) }

// look looks at an endpoint: first at the roots and the timestamps, then at what follows
// from what these are.
func (d *Daemon) look(ctx context.Context, e *entry) {
	d.mu.Lock()
	p, known := e.pair, e.known
	site, repository, source, setup := p.site, p.repository, p.source, d.setup
	sourceKnown := source.known
	budget := setup.Budget
	budget.First = firstSample(len(d.pairs))
	random := rand.New(rand.NewPCG(d.random.Uint64(), d.random.Uint64()))
	target := probe.Target{Site: site, Endpoint: e.endpoint, Repository: &repository, Sources: source.repository.Sources}
	if p.origin {
		target.Client = source.repository.Client
	}
	d.mu.Unlock()

	visit := setup.Prober.Visit(target)
	defer visit.Close()
	tasks, notBefore := watch.First(known, site, repository, random), time.Time{}
	for round := 0; len(tasks) > 0 && round < 2; round++ {
		o := visit.Look(ctx, tasks, known)
		if ctx.Err() != nil {
			break // what was cut off by our own end says nothing
		}
		known, notBefore = watch.Learn(known, o, setup.Settings), o.NotBefore
		k := known
		d.History.Observed(&o, &k)
		if d.Looked != nil {
			d.Looked(&o)
		}
		if isNews(&o, sourceKnown.Ledgers) {
			signal(source.poke)
		}
		tasks = watch.Next(known, site, sourceKnown, repository, budget, d.Now(), random)
	}

	d.mu.Lock()
	defer d.mu.Unlock()
	d.queue.done(e.site)
	signal(d.wake)
	if e.gone {
		return
	}
	e.known = known
	e.due = d.Now().Add(watch.Wait(known, p.site, setup.Budget, d.random))
	if notBefore.After(e.due) {
		e.due = notBefore
	}
	d.queue.add(e)
	if ctx.Err() == nil {
		d.judge(p)
	}
}

// judge makes the verdict on a pair from what is known. The caller holds the lock.
func (d *Daemon) judge(p *pair) {
	now := d.Now()
	if p.origin {
		d.judgeSource(p.source, now)
		return
	}
	v := watch.Judge(p.repository, p.site, p.source.judged, p.knowns(), *p.verdict, d.blind, d.setup.Settings, now)
	d.setVerdict(p, v)
}

// setVerdict takes a verdict over, and into the history. The caller holds the lock.
func (d *Daemon) setVerdict(p *pair, v watch.Verdict) {
	if v.State != p.verdict.State || v.Reason != p.verdict.Reason {
		d.Log.Info("verdict", "site", v.Site, "repository", v.Repository, "state", v.State, "reason", v.Reason, "before", p.verdict.State)
	}
	p.verdict = &v
	d.History.Judged(&v)
	d.dirty = true
}

// knowns are what is known of all endpoints.
func (p *pair) knowns() []watch.Known {
	all := make([]watch.Known, len(p.entries))
	for i, e := range p.entries {
		all[i] = e.known
	}
	return all
}

// rejudge judges all sites of a source anew. The caller holds the lock.
func (d *Daemon) rejudge(s *source) {
	for _, p := range d.pairs {
		if p.source == s && !p.origin && len(p.entries) > 0 {
			d.judge(p)
		}
	}
}
