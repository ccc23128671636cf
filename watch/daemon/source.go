package daemon

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/store"
	"github.com/mirrorkeeper/mirrorkeeper/watch"
)

// source is what is known of the source of a watched repository.
type source struct {
	repository *Repository
	known      watch.SourceKnown // what was read
	judged     watch.SourceKnown // with what was found when it was judged
	poke       chan struct{}     // read it now
}

// newSource takes up a source, with what was known of it before.
func (d *Daemon) newSource(ctx context.Context, r *Repository, before *source) *source {
	s := &source{repository: r, poke: make(chan struct{}, 1)}
	if before != nil {
		s.known = before.known
	}
	s.known.Ledgers = d.ledgers(r)
	if s.known.Stamps == nil {
		s.known.Stamps = map[string]time.Time{}
		if planted, err := d.History.LastPlanted(ctx); err == nil { // it is planted again soon
			for _, p := range planted {
				if p.Repository == r.Name && p.Fault == "" {
					s.planted(p.Directory, p.Stamp)
				}
			}
		}
	}
	switch {
	case before != nil:
		s.judged = before.judged
	case len(r.Roots) > 0: // by its ledger, until it is looked at
		s.judged, _ = watch.JudgeSource(r.Repository, watch.Site{}, s.known, nil, watch.Verdict{}, d.setup.Settings, d.Now())
	default:
		s.judged = s.known
	}
	return s
}

// planted notes a timestamp that the source holds.
func (s *source) planted(directory string, stamp time.Time) {
	if stamp.After(s.known.Stamps[directory]) {
		s.known.Stamps[directory] = stamp
	}
	if stamp.After(s.known.Planted) {
		s.known.Planted = stamp
	}
}

// ledgers are what the ledgers of a repository's roots say.
func (d *Daemon) ledgers(r *Repository) (all []watch.Ledger) {
	for _, s := range r.Sources {
		l, err := s.Generations()
		if err != nil {
			d.Log.Error("the ledger of a source cannot be read", "source", s.Name, "error", err)
		}
		all = append(all, l)
	}
	return all
}

// readSource reads the roots of a source in its period, and when somebody shows one that
// is not known, until the context ends.
func (d *Daemon) readSource(ctx context.Context, setup *Setup, s *source) {
	if len(s.repository.Sources) == 0 {
		return
	}
	period := cmp.Or(setup.SourcePeriod, setup.Budget.Period, 90*time.Second)
	for {
		for _, from := range s.repository.Sources {
			changed, err := from.Read(ctx)
			switch {
			case ctx.Err() != nil:
				return
			case err != nil:
				d.Log.Warn("a source cannot be read", "source", from.Name, "error", err)
			default:
				d.sourceRead(s, changed)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(period):
		case <-s.poke:
			// Whoever shows unknown roots does not make us read faster than this.
			select {
			case <-ctx.Done():
				return
			case <-time.After(min(period, 10*time.Second)):
			}
		}
	}
}

// sourceRead takes over what was read.
func (d *Daemon) sourceRead(s *source, changed bool) {
	ledgers := d.ledgers(s.repository)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.sources[s.repository.Name] != s {
		return
	}
	s.known.Reached = d.Now()
	longer := !slices.EqualFunc(s.known.Ledgers, ledgers, func(a, b watch.Ledger) bool { return len(a.Generations) == len(b.Generations) })
	s.known.Ledgers = ledgers
	if !changed && !longer {
		return
	}
	for i, l := range ledgers {
		for _, g := range newest(l, 2) {
			d.History.Published(s.repository.Roots[i].Name, g)
		}
	}
	d.Log.Info("a source published a generation", "repository", s.repository.Name)
	d.judgeSource(s, d.Now())
	if p := d.originOf(s); p != nil { // it is looked at at once
		for _, e := range p.entries {
			if e.index >= 0 {
				d.queue.remove(e)
				e.due = d.Now()
				d.queue.add(e)
			}
		}
	}
	signal(d.wake)
}

// originOf is the pair of the source's own site, nil where nothing serves it.
func (d *Daemon) originOf(s *source) *pair {
	p := d.pairs[watch.Key{Site: s.repository.Origin.URL, Repository: s.repository.Name}]
	if p == nil || !p.origin {
		return nil
	}
	return p
}

func newest(l watch.Ledger, n int) []watch.Generation {
	return l.Generations[max(0, len(l.Generations)-n):]
}

// judgeSource judges a source by what is known of its own site, and if that changes what
// sites are judged by, these. The caller holds the lock.
func (d *Daemon) judgeSource(s *source, now time.Time) {
	p := d.originOf(s)
	before := s.judged
	switch {
	case p == nil && len(s.repository.Roots) == 0:
		s.judged = s.known // whatever was planted last is what sites may have
	case p == nil:
		s.judged, _ = watch.JudgeSource(s.repository.Repository, watch.Site{}, s.known, nil, watch.Verdict{}, d.setup.Settings, now)
	default:
		for _, e := range p.entries {
			for _, stamp := range e.known.Stamps {
				if stamp.Fault == watch.FaultNone {
					s.planted(stamp.Directory, stamp.Stamp)
				}
			}
		}
		var v watch.Verdict
		s.judged, v = watch.JudgeSource(s.repository.Repository, p.site, s.known, p.knowns(), *p.verdict, d.setup.Settings, now)
		d.setVerdict(p, v)
	}
	d.remember(s)
	if before.Broken != s.judged.Broken {
		d.Log.Warn("the state of a source changed", "repository", s.repository.Name, "broken", s.judged.Broken)
	}
	if before.Broken != s.judged.Broken || !sameGenerations(before.Ledgers, s.judged.Ledgers) {
		d.rejudge(s)
	}
}

// remember has the ledgers know which generations the source was found to hold. Looks
// that are under way read what was known, so that is not changed but replaced.
func (d *Daemon) remember(s *source) {
	s.known.Ledgers = slices.Clone(s.known.Ledgers)
	for i, l := range s.judged.Ledgers {
		if i >= len(s.known.Ledgers) || i >= len(s.repository.Sources) {
			continue
		}
		for k, g := range l.Generations {
			if !g.Complete || k >= len(s.known.Ledgers[i].Generations) || s.known.Ledgers[i].Generations[k].Complete {
				continue
			}
			s.known.Ledgers[i].Generations = slices.Clone(s.known.Ledgers[i].Generations)
			s.known.Ledgers[i].Generations[k].Complete = true
			d.History.Published(l.Name, g)
			ledger := s.repository.Sources[i].Ledger
			d.looking.Go(func() {
				if err := ledger.Update(g.Root, func(g *store.Generation) { g.Complete = true }); err != nil {
					d.Log.Error("the ledger of a source cannot be written", "source", l.Name, "error", err)
				}
			})
		}
	}
}

// sameGenerations reports whether sites would be judged by the same generations.
func sameGenerations(a, b []watch.Ledger) bool {
	return slices.EqualFunc(a, b, func(a, b watch.Ledger) bool {
		return slices.EqualFunc(newest(a, 3), newest(b, 3), func(a, b watch.Generation) bool {
			return a.Root == b.Root && a.Published.Equal(b.Published) && a.Complete == b.Complete && a.Expired == b.Expired
		})
	})
}

// isNews reports whether a site showed a root that the source may have published since it
// was read.
func isNews(o *watch.Observation, ledgers []watch.Ledger) bool {
	for _, seen := range o.Roots {
		for _, l := range ledgers {
			if l.Name == seen.Name && !seen.Digest.IsZero() && l.Find(seen.Digest) < 0 {
				return true
			}
		}
	}
	return false
}
