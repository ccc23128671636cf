package daemon

import (
	"context"
	"maps"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/watch"
)

// snapshotPeriod is how old a snapshot may be: with tens of thousands of verdicts one
// takes milliseconds to make.
const snapshotPeriod = time.Second

// publishing makes a new snapshot when something changed, until the context ends. It also
// looks whether the watcher itself is blind.
func (d *Daemon) publishing(ctx context.Context) {
	ticker := time.NewTicker(snapshotPeriod)
	defer ticker.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		d.mu.Lock()
		if n%5 == 0 {
			d.judgeBlindness()
		}
		if d.dirty {
			d.publish()
		}
		d.mu.Unlock()
	}
}

// publish makes the snapshot of what is known. The caller holds the lock.
func (d *Daemon) publish() {
	s := &watch.Snapshot{
		At: d.Now(), Started: d.started, Blind: d.blind, Sites: d.sites,
		Sources:  make(map[string]*watch.SourceKnown, len(d.sources)),
		Verdicts: make(map[watch.Key]*watch.Verdict, len(d.pairs)),
		Known:    make(map[watch.Key][]watch.Known, len(d.pairs)),
	}
	for _, r := range d.setup.Repositories {
		s.Repositories = append(s.Repositories, r.Repository)
		s.Origins = append(s.Origins, r.Origin)
		known := d.sources[r.Name].judged
		known.Stamps = maps.Clone(known.Stamps)
		s.Sources[r.Name] = &known
	}
	for key, p := range d.pairs {
		s.Verdicts[key] = p.verdict
		s.Known[key] = p.knowns()
	}
	d.snapshot.Store(s)
	d.dirty = false
}

// judgeBlindness looks whether most of what answered lately fails at once. The caller
// holds the lock.
func (d *Daemon) judgeBlindness() {
	var origins []watch.Known
	sites := map[string][]watch.Known{}
	for _, p := range d.pairs {
		if p.origin {
			origins = append(origins, p.knowns()...)
		} else {
			sites[p.key.Site] = append(sites[p.key.Site], p.knowns()...)
		}
	}
	all := make([][]watch.Known, 0, len(sites))
	for _, of := range sites {
		all = append(all, of)
	}
	before := d.blind
	d.blind = watch.BlindnessOf(origins, all, d.setup.Settings)
	if before == d.blind {
		return
	}
	d.Log.Warn("what the watcher sees changed", "blind", d.blind.All, "ipv4", d.blind.IPv4, "ipv6", d.blind.IPv6)
	for _, s := range d.sources {
		d.rejudge(s)
	}
}
