package daemon

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/watch"
	"github.com/mirrorkeeper/mirrorkeeper/watch/history"
)

// pair is a site and a watched repository that it serves.
type pair struct {
	key        watch.Key
	site       watch.Site
	source     *source
	repository watch.Repository
	entries    []*entry
	verdict    *watch.Verdict // another one takes its place, it is not changed
	origin     bool           // the site is the source itself
}

// entry is an endpoint that is looked at.
type entry struct {
	pair     *pair
	site     string // its URL
	endpoint watch.Endpoint
	known    watch.Known
	due      time.Time
	index    int  // in the queue, -1 while it is not there
	gone     bool // nobody watches it any more
}

// apply makes pairs of the setup and the sites. Pairs that stay keep what is known of
// them. The caller holds the lock.
func (d *Daemon) apply(ctx context.Context, sites []watch.Site) {
	sources := map[string]*source{}
	for i := range d.setup.Repositories {
		r := &d.setup.Repositories[i]
		sources[r.Name] = d.newSource(ctx, r, d.sources[r.Name])
	}
	d.sites, d.sources = sites, sources
	before := d.pairs
	d.pairs = map[watch.Key]*pair{}
	for _, r := range d.setup.Repositories {
		if r.Origin.URL != "" {
			d.pair(before, r.Origin, sources[r.Name], true)
		}
	}
	for _, site := range sites {
		for _, name := range site.Repositories {
			d.pair(before, site, sources[name], false)
		}
	}
	for key, p := range before {
		if d.pairs[key] != p {
			for _, e := range p.entries {
				d.drop(e)
			}
		}
	}
	d.dirty = true
}

// pair adds a site and a watched repository, with what was known of them.
func (d *Daemon) pair(before map[watch.Key]*pair, site watch.Site, s *source, origin bool) {
	key := watch.Key{Site: site.URL, Repository: s.repository.Name}
	if d.pairs[key] != nil {
		return // the source may be among the sites
	}
	p := before[key]
	if p == nil {
		p = &pair{key: key, origin: origin, verdict: &watch.Verdict{Site: key.Site, Repository: key.Repository, State: watch.Unknown, Reason: watch.NotYet, At: d.Now(), Since: d.Now(), Lag: -1, Complete: -1}}
		if v := d.verdict[key]; v != nil {
			p.verdict = v
			delete(d.verdict, key)
		}
		for _, k := range d.known[key] {
			p.entries = append(p.entries, d.entry(p, k.Endpoint, k))
		}
		delete(d.known, key)
	}
	p.site, p.source, p.repository, p.origin = site, s, s.repository.Repository, origin
	d.pairs[key] = p
	if origin && len(p.entries) == 0 { // the source is reached as its configuration says, not by each address
		scheme, _, _ := strings.Cut(site.URL, "://")
		p.entries = []*entry{d.entry(p, watch.Endpoint{Scheme: scheme}, watch.Known{})}
	}
}

// entry has an endpoint looked at: soon, and not all at once.
func (d *Daemon) entry(p *pair, endpoint watch.Endpoint, known watch.Known) *entry {
	known.Endpoint = endpoint
	spread := d.setup.Budget.Period
	if spread <= 0 {
		spread = 90 * time.Second
	}
	e := &entry{pair: p, site: p.key.Site, endpoint: endpoint, known: known, index: -1}
	e.due = d.Now()
	if len(d.setup.Sites) > 20 && !p.origin { // by the source all others are judged
		e.due = e.due.Add(time.Duration(d.random.Int64N(int64(spread))))
	}
	d.queue.add(e)
	signal(d.wake)
	return e
}

func (d *Daemon) drop(e *entry) {
	e.gone = true
	d.queue.remove(e)
}

// edited is the list of a setup's sites with the edits made to it while watchers ran. All
// of them have repositories that the setup watches.
func edited(setup *Setup, edits []history.Edit) ([]watch.Site, error) {
	sites := slices.Clone(setup.Sites)
	for _, e := range edits {
		i := slices.IndexFunc(sites, func(s watch.Site) bool { return s.URL == e.Site.URL })
		switch e.Kind {
		case history.Add:
			if i < 0 {
				sites = append(sites, e.Site)
			} else {
				sites[i] = e.Site
			}
		case history.Remove:
			if i >= 0 {
				sites = slices.Delete(sites, i, i+1)
			}
		case history.Pause, history.Resume:
			if i >= 0 { // one that is in no list any more cannot be paused
				sites[i].Paused = e.Kind == history.Pause
			}
		default:
			return nil, fmt.Errorf("unknown edit %q of the site %s", e.Kind, e.Site.URL)
		}
	}
	for _, site := range sites {
		for _, name := range site.Repositories {
			if !slices.ContainsFunc(setup.Repositories, func(r Repository) bool { return r.Name == name }) {
				return nil, fmt.Errorf("the site %s names the repository %q, which is not watched", site.URL, name)
			}
		}
	}
	return sites, nil
}

// Edit changes the list of sites while the daemon runs, and writes it down, so that it
// holds for later runs and for watchers that share the history.
func (d *Daemon) Edit(ctx context.Context, e history.Edit) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	edits := append(slices.Clone(d.edits), e)
	sites, err := edited(d.setup, edits)
	if err != nil {
		return err
	}
	if err := d.History.Edit(ctx, e); err != nil {
		return err
	}
	d.edits = edits
	d.apply(ctx, sites)
	signal(d.replace) // new names are resolved
	return nil
}

// resolvePeriod is the time between two looks at the addresses of names.
const resolvePeriod = 10 * time.Minute

// resolving finds out which endpoints sites have, now and again, until the context ends.
func (d *Daemon) resolving(ctx context.Context) {
	for {
		d.mu.Lock()
		prober := d.setup.Prober
		sites := map[string]watch.Site{}
		for _, p := range d.pairs {
			if !p.origin {
				sites[p.key.Site] = p.site
			}
		}
		d.mu.Unlock()
		var group sync.WaitGroup
		slots := make(chan struct{}, 16)
		for _, site := range sites {
			slots <- struct{}{}
			group.Go(func() {
				defer func() { <-slots }()
				endpoints, err := prober.Endpoints(ctx, site)
				if err != nil && ctx.Err() == nil {
					d.Log.Debug("a site's name has no address", "site", site.URL, "error", err)
				}
				d.setEndpoints(site.URL, endpoints)
			})
		}
		group.Wait()
		select {
		case <-ctx.Done():
			return
		case <-time.After(resolvePeriod):
		}
	}
}

// setEndpoints has the endpoints of a site looked at, and the others no more. A name that
// has no address at the moment keeps those that it had.
func (d *Daemon) setEndpoints(site string, endpoints []watch.Endpoint) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, p := range d.pairs {
		if p.key.Site != site || p.origin {
			continue
		}
		if len(endpoints) == 0 && len(p.entries) > 0 {
			continue
		}
		var kept []*entry
		for _, e := range p.entries {
			if slices.Contains(endpoints, e.endpoint) {
				kept = append(kept, e)
			} else {
				d.drop(e)
			}
		}
		for _, endpoint := range endpoints {
			if !slices.ContainsFunc(kept, func(e *entry) bool { return e.endpoint == endpoint }) {
				kept = append(kept, d.entry(p, endpoint, watch.Known{}))
			}
		}
		p.entries = kept
	}
}
