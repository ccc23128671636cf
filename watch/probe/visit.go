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

// Visit is one or more looks at an endpoint over the same connections: at the roots
// first, and then at what [watch.Next] finds due. It is for one goroutine.
type Visit struct {
	target Target
	client *client
	base   string // URL of the site at the endpoint
	wrong  string // why the site cannot be visited

	rsync *rsync // nil where the endpoint is not one of rsync
}

// Visit begins a visit. No connection is made before the first look.
func (p *Prober) Visit(t Target) *Visit {
	v := &Visit{target: t}
	site, err := url.Parse(t.Site.URL)
	if err != nil || site.Host == "" && site.Scheme != "file" {
		site, v.wrong = &url.URL{}, "not a URL of a site"
	}
	if scheme := t.Endpoint.Scheme; scheme != "" && scheme != site.Scheme {
		site = withScheme(site, scheme)
	}
	v.base = strings.TrimRight(site.String(), "/")
	v.client = p.client(t, site)
	if site.Scheme == "rsync" {
		v.rsync = &rsync{v.client, v.base}
	}
	return v
}

// withScheme is the site by another scheme, at the port that is usual for it.
func withScheme(site *url.URL, scheme string) *url.URL {
	other := *site
	other.Scheme, other.Host = scheme, site.Hostname()
	if strings.Contains(other.Host, ":") {
		other.Host = "[" + other.Host + "]"
	}
	return &other
}

// Close ends the visit and its connections.
func (v *Visit) Close() { v.client.close() }

// look is a look that is under way.
type look struct {
	*Visit
	known watch.Known
	lists map[string][]store.Generation // of ledgers, as they were when the look began
}

// Look carries out tasks and tells what it saw. What is known of the endpoint is used for
// conditional requests. Where a check found something wrong, the root is read once more
// behind it, to tell whether the site changed meanwhile. What the budget does not allow is
// left out: checks say how far they came.
func (v *Visit) Look(ctx context.Context, tasks []watch.Task, known watch.Known) watch.Observation {
	c, began := v.client, time.Now()
	o := watch.Observation{
		Site: v.target.Site.URL, Repository: v.target.Repository.Name, Endpoint: v.target.Endpoint, Vantage: c.Vantage, At: c.Now(),
	}
	if v.wrong != "" {
		o.Fault, o.Detail = watch.FaultUnreachable, v.wrong
		return o
	}
	if until, why := c.hosts.paused(c.site, o.At); !until.IsZero() {
		o.Fault, o.Detail, o.NotBefore = watch.FaultUnreachable, why, until
		return o
	}
	requests, bytes := c.spent()
	l := &look{Visit: v, known: known, lists: map[string][]store.Generation{}}
	l.carryOut(ctx, tasks, &o)
	o.Requests, o.Bytes = c.spent()
	o.Requests, o.Bytes = o.Requests-requests, o.Bytes-bytes
	c.tell(&o)
	o.Took = time.Since(began)
	return o
}

// carryOut does the tasks: roots first, then timestamps, then the files.
func (l *look) carryOut(ctx context.Context, tasks []watch.Task, o *watch.Observation) {
	for _, t := range tasks {
		if s := l.source(t.Root); t.Level == watch.LevelRoot && s != nil {
			if !l.root(ctx, s, t, o) {
				return
			}
		}
	}
	if slices.ContainsFunc(tasks, func(t watch.Task) bool { return t.Level == watch.LevelStamp }) {
		if !l.stamps(ctx, o) {
			return
		}
	}
	for _, t := range tasks {
		s := l.source(t.Root)
		if s == nil || t.Level == watch.LevelRoot || t.Level == watch.LevelStamp {
			continue
		}
		seen := rootOf(o, s.Name)
		if !seen.Digest.IsZero() && seen.Digest != t.Generation || seen.Fault != watch.FaultNone {
			continue // the files of another generation than the one that it shows
		}
		c, err := l.check(ctx, s, t)
		switch {
		case errors.Is(err, store.ErrNotKept):
			c.Detail = "the ledger has no list of its files any more"
		case err != nil:
			c.Detail = err.Error()
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
	root, held := seen.Checks[i].Root, seen.Headers
	if known := l.knownRoot(seen.Name); held == nil && known != nil && known.Digest == root {
		held = known.Headers
	}
	now, _ := l.readRoot(ctx, l.source(seen.Name), root, held)
	seen.Moved = !now.Digest.IsZero() && now.Digest != root
}

// source is that of a root, nil for none.
func (l *look) source(name string) *Source {
	for _, s := range l.target.Sources {
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
	for i := range l.known.Roots {
		if l.known.Roots[i].Name == name {
			return &l.known.Roots[i]
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
