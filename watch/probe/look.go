package probe

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/store"
	"github.com/mirrorkeeper/mirrorkeeper/watch"
)

// Look says what to look at, at one endpoint of a site.
type Look struct {
	// Site is its URL.
	Site       string
	Endpoint   watch.Endpoint
	Repository *watch.Repository
	// Sources are those of the repository's roots, of which the ledgers tell what a
	// generation holds. They may be in any order.
	Sources []*Source
	Tasks   []watch.Task
	// Scope is what the site holds by agreement, nil for all.
	Scope *watch.Scope
	// Known is what is known of the endpoint already; nil for nothing.
	Known *watch.Known
}

// look is a Look that is under way.
type look struct {
	Look
	client *client
	base   string // URL of the site at the endpoint
	rsync  bool

	lists map[string][]store.Generation // of ledgers, as they were when the look began
}

// Look carries out the tasks and tells what it saw. Where a check found something wrong,
// the root is read once more behind it, to tell whether the site changed meanwhile. What
// the budget of a look does not allow is left out: checks say how far they came.
func (p *Prober) Look(ctx context.Context, q Look) watch.Observation {
	began := time.Now()
	o := watch.Observation{
		Site: q.Site, Repository: q.Repository.Name, Endpoint: q.Endpoint, Vantage: p.Vantage, At: p.Now(),
	}
	site, err := url.Parse(q.Site)
	if err != nil || site.Hostname() == "" {
		o.Fault, o.Detail = watch.FaultUnreachable, "not a URL of a site"
		return o
	}
	if q.Endpoint.Scheme != "" {
		site.Scheme = q.Endpoint.Scheme
	}
	if until, why := p.hosts.paused(strings.ToLower(site.Host), o.At); !until.IsZero() {
		o.Fault, o.Detail, o.NotBefore = watch.FaultUnreachable, why, until
		return o
	}
	c := p.client(q.Endpoint, site.Hostname())
	defer c.close()
	l := &look{Look: q, client: c, base: strings.TrimRight(site.String(), "/"), rsync: site.Scheme == "rsync", lists: map[string][]store.Generation{}}
	l.carryOut(ctx, &o)
	c.mu.Lock()
	defer c.mu.Unlock()
	o.Requests, o.Bytes, o.Redirects = c.requests, c.bytes.Load(), c.redirects
	o.NotAfter, o.NotBefore = c.notAfter, c.notBefore
	o.Took = time.Since(began)
	return o
}

// carryOut does the tasks: roots first, then timestamps, then the files.
func (l *look) carryOut(ctx context.Context, o *watch.Observation) {
	for _, t := range l.Tasks {
		if s := l.source(t.Root); t.Level == watch.LevelRoot && s != nil {
			if !l.root(ctx, s, t, o) {
				return
			}
		}
	}
	if slices.ContainsFunc(l.Tasks, func(t watch.Task) bool { return t.Level == watch.LevelStamp }) {
		if !l.stamps(ctx, o) {
			return
		}
	}
	for _, t := range l.Tasks {
		s := l.source(t.Root)
		if s == nil || t.Level == watch.LevelRoot || t.Level == watch.LevelStamp {
			continue
		}
		seen := rootOf(o, s.Name)
		if !seen.Digest.IsZero() && seen.Digest != t.Generation || seen.Fault != watch.FaultNone {
			continue // the files of another generation than the one that it shows
		}
		c, err := l.check(ctx, s, t)
		if err != nil {
			if !errors.Is(err, store.ErrNotKept) {
				c.Detail = err.Error()
			} else {
				c.Detail = "the ledger does not have its files"
			}
		}
		seen.Checks = append(seen.Checks, c)
	}
	for i := range o.Roots {
		l.again(ctx, &o.Roots[i])
	}
}

// root looks at a root, and reports whether the endpoint is there at all.
func (l *look) root(ctx context.Context, s *Source, t watch.Task, o *watch.Observation) bool {
	seen, a := l.seeRoot(ctx, s, t)
	if a.stopped {
		if len(o.Roots) == 0 {
			o.Fault, o.Detail = watch.FaultUnreachable, a.detail
		}
		return false
	}
	if len(o.Roots) == 0 {
		o.FirstByte = a.firstByte
		o.Skew = skew(a)
		if a.nowhere {
			o.Fault, o.Detail = a.fault, a.detail
			return false
		}
	}
	o.Roots = append(o.Roots, seen)
	return true
}

// again reads a root behind checks that found something wrong: where it is another one by
// now, the site changed under our eyes.
func (l *look) again(ctx context.Context, seen *watch.RootSeen) {
	i := slices.IndexFunc(seen.Checks, func(c watch.Check) bool { return c.BadCount > 0 })
	if i < 0 {
		return
	}
	held := seen.Headers
	if known := l.knownRoot(seen.Name); held == nil && known != nil && known.Digest == seen.Checks[i].Root {
		held = known.Headers
	}
	now, _ := l.readRoot(ctx, l.source(seen.Name), seen.Checks[i].Root, held)
	seen.Moved = !now.Digest.IsZero() && now.Digest != seen.Checks[i].Root
}

// source is that of a root, nil for none.
func (l *look) source(name string) *Source {
	for _, s := range l.Sources {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// rootOf is what was seen of a root, which is made where only its files are looked at.
func rootOf(o *watch.Observation, name string) *watch.RootSeen {
	for i := range o.Roots {
		if o.Roots[i].Name == name {
			return &o.Roots[i]
		}
	}
	o.Roots = append(o.Roots, watch.RootSeen{Name: name})
	return &o.Roots[len(o.Roots)-1]
}

// knownRoot is what is known of a root at the endpoint, nil for nothing.
func (l *look) knownRoot(name string) *watch.KnownRoot {
	if l.Known == nil {
		return nil
	}
	for i := range l.Known.Roots {
		if l.Known.Roots[i].Name == name {
			return &l.Known.Roots[i]
		}
	}
	return nil
}

// generations are those of a source's ledger, the same ones all through the look.
func (l *look) generations(s *Source) []store.Generation {
	all, ok := l.lists[s.Name]
	if !ok {
		all, _ = s.Ledger.Generations() // without them the root is one that is not known
		l.lists[s.Name] = all
	}
	return all
}

// knows reports whether the source published the root.
func (l *look) knows(s *Source, root repo.Digest) bool {
	return slices.ContainsFunc(l.generations(s), func(g store.Generation) bool { return g.Root == root })
}

// skew is how far the server's clock is ahead of ours, as far as an answer that no cache
// gave tells it.
func skew(a answer) time.Duration {
	if a.header.Get("Age") != "" {
		return 0
	}
	at, err := http.ParseTime(a.header.Get("Date"))
	if err != nil {
		return 0
	}
	d := at.Sub(a.sent.Add(a.firstByte))
	if d > -2*time.Second && d < 2*time.Second {
		return 0 // the header has whole seconds
	}
	return d
}
