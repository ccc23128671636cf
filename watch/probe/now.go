package probe

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/watch"
)

// Question asks for the verdict on one site now, with no history of it.
type Question struct {
	Site       watch.Site
	Repository *watch.Repository
	// Sources are those of the repository's roots, Base the URL that all of them are below
	// (see [Below]) and Client what asks there. Without a base, what the sources say of
	// themselves is believed.
	Sources []*Source
	Base    string
	Client  *http.Client
	// Levels are those that are looked at beside roots and timestamps, as far as they are
	// due.
	Levels   []watch.Level
	Budget   watch.Budget
	Settings watch.Settings
	// Seen is told every observation; it may be nil.
	Seen func(watch.Observation)
}

// Judge reads the sources, checks them as sites are checked, looks at all endpoints of the
// site and judges it. An error says that there is nothing to judge by, or nobody to judge.
//
// Without a history the generation that a site shows may be one that the ledger lacks. If
// the source signed it, and it is older, it is read from the site itself, so that its files
// can be looked at too. A site that is ahead may have seen the source change before us: the
// source is read once more.
func (p *Prober) Judge(ctx context.Context, q Question) (watch.Verdict, error) {
	q.Settings.Failures = 1 // there is one look
	q.Settings.AheadGrace = time.Nanosecond
	source, err := p.source(ctx, q)
	if err != nil {
		return watch.Verdict{}, err
	}
	endpoints, err := p.Endpoints(ctx, q.Site)
	if err != nil {
		return watch.Verdict{}, err
	}
	known := make([]watch.Known, len(endpoints))
	for i, e := range endpoints {
		t := Target{Site: q.Site, Endpoint: e, Repository: q.Repository, Sources: q.Sources}
		known[i] = p.lookAll(ctx, q, t, source)
		if p.recall(ctx, q, e, known[i]) {
			if err := source.update(q); err != nil {
				return watch.Verdict{}, err
			}
			known[i] = p.lookAll(ctx, q, t, source)
		}
	}
	v := p.judge(q, source, known)
	if v.State != watch.Ahead && v.State != watch.Foreign {
		return v, ctx.Err()
	}
	if source, err = p.source(ctx, q); err != nil {
		return watch.Verdict{}, err
	}
	for i, e := range endpoints {
		if source.knows(known[i]) { // by now: its files can be looked at
			known[i] = p.lookAll(ctx, q, Target{Site: q.Site, Endpoint: e, Repository: q.Repository, Sources: q.Sources}, source)
		}
	}
	v = p.judge(q, source, known)
	return v, ctx.Err()
}

// sourceNow is what is known of the source now.
type sourceNow struct{ watch.SourceKnown }

// knows reports whether the ledgers have all roots that an endpoint shows.
func (s *sourceNow) knows(k watch.Known) bool {
	for _, r := range k.Roots {
		for _, l := range s.Ledgers {
			if l.Name == r.Name && !r.Digest.IsZero() && l.Find(r.Digest) < 0 {
				return false
			}
		}
	}
	return true
}

func (p *Prober) judge(q Question, source *sourceNow, known []watch.Known) watch.Verdict {
	return watch.Judge(*q.Repository, q.Site, source.SourceKnown, known, watch.Verdict{}, watch.Blindness{}, q.Settings, p.Now())
}

// source reads the sources, and looks at them as at a site.
func (p *Prober) source(ctx context.Context, q Question) (*sourceNow, error) {
	for _, s := range q.Sources {
		if _, err := s.Read(ctx); err != nil {
			return nil, fmt.Errorf("the source %s cannot be read: %w", s.Name, err)
		}
	}
	source := &sourceNow{}
	if err := source.update(q); err != nil {
		return nil, err
	}
	source.Reached = p.Now()
	var known []watch.Known
	site := watch.Site{URL: q.Base}
	if q.Base != "" {
		u, err := url.Parse(q.Base)
		if err != nil {
			return nil, err
		}
		t := Target{Site: site, Endpoint: watch.Endpoint{Scheme: u.Scheme}, Repository: q.Repository, Sources: q.Sources, Client: q.Client}
		quiet := q
		quiet.Seen = nil
		known = []watch.Known{p.lookAll(ctx, quiet, t, source)}
	}
	source.stamps(*q.Repository, known, source.Reached)
	source.SourceKnown, _ = watch.JudgeSource(*q.Repository, site, source.SourceKnown, known, watch.Verdict{}, q.Settings, p.Now())
	return source, ctx.Err()
}

// stamps are what the timestamps of sites are compared with: those of the source, or the
// clock where it shows none.
func (s *sourceNow) stamps(r watch.Repository, known []watch.Known, now time.Time) {
	s.Stamps = map[string]time.Time{}
	for _, k := range known {
		for _, t := range k.Stamps {
			if t.Fault == watch.FaultNone && !t.Stamp.IsZero() {
				s.Stamps[t.Directory] = t.Stamp
			}
		}
	}
	if len(s.Stamps) == 0 && len(r.Directories) > 0 {
		s.Planted = now
	}
}

// update takes the generations from the ledgers.
func (s *sourceNow) update(q Question) error {
	old := s.Ledgers
	s.Ledgers = nil
	for _, x := range q.Sources {
		l, err := x.Generations()
		if err != nil {
			return err
		}
		for _, before := range old {
			for _, g := range before.Generations {
				if i := l.Find(g.Root); before.Name == l.Name && i >= 0 {
					l.Generations[i].Complete = l.Generations[i].Complete || g.Complete
				}
			}
		}
		s.Ledgers = append(s.Ledgers, l)
	}
	return nil
}

// maxRounds bounds how often one visit goes on.
const maxRounds = 50

// lookAll looks at an endpoint until nothing more is due.
func (p *Prober) lookAll(ctx context.Context, q Question, t Target, source *sourceNow) (k watch.Known) {
	v := p.Visit(t)
	defer v.Close()
	random := rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	tasks := watch.First(k, t.Site, *q.Repository, random)
	for range maxRounds {
		o := v.Look(ctx, tasks, k)
		if q.Seen != nil {
			q.Seen(o)
		}
		k = watch.Learn(k, o, q.Settings)
		tasks = watch.Next(k, t.Site, source.SourceKnown, *q.Repository, q.Budget, p.Now(), random)
		tasks = slices.DeleteFunc(tasks, func(t watch.Task) bool { return !slices.Contains(q.Levels, t.Level) })
		if len(tasks) == 0 || ctx.Err() != nil {
			break
		}
	}
	return k
}

// recall reads the generations that the endpoint shows, and that the ledgers lack, from
// the site. It reports whether there were any.
func (p *Prober) recall(ctx context.Context, q Question, e watch.Endpoint, k watch.Known) (found bool) {
	if e.Scheme == "rsync" {
		return false
	}
	site, err := url.Parse(q.Site.URL)
	if err != nil {
		return false
	}
	if e.Scheme != site.Scheme {
		site = withScheme(site, e.Scheme)
	}
	for _, r := range k.Roots {
		i := slices.IndexFunc(q.Sources, func(s *Source) bool { return s.Name == r.Name })
		if i < 0 || !r.Signed || r.Date.IsZero() {
			continue
		}
		all, err := q.Sources[i].Ledger.Generations()
		if err != nil || len(all) == 0 || !r.Date.Before(all[len(all)-1].Date) {
			continue
		}
		client := p.Client()
		err = q.Sources[i].Recall(ctx, site.String(), client)
		client.CloseIdleConnections()
		found = found || err == nil // else it stays one whose files are not known
	}
	return found
}
