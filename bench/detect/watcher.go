package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"path/filepath"
	"slices"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/deb"
	"github.com/mirrorkeeper/mirrorkeeper/fetch"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/store"
	"github.com/mirrorkeeper/mirrorkeeper/watch"
	"github.com/mirrorkeeper/mirrorkeeper/watch/probe"
)

// watcher is that of this project with its defaults: what its daemon does, one look after
// the other.
type watcher struct {
	f          *fleet
	random     *rand.Rand
	source     *probe.Source
	repository watch.Repository
	prober     *probe.Prober
	client     *http.Client
	known      watch.SourceKnown
	origin     *watched
	sites      []*watched
}

// watched is what is known of a site.
type watched struct {
	*site
	target  watch.Site
	client  *http.Client // nil for sites
	known   watch.Known
	verdict watch.Verdict
	due     time.Time
	// Looks since the faults begin, what they cost, and verdicts that name another fault
	// than there is.
	looks, requests int
	bytes           int64
	wrong           int
}

func newWatcher(dir string, f *fleet, random *rand.Rand) (*watcher, error) {
	w := &watcher{f: f, random: random, client: &http.Client{Transport: &http.Transport{DisableCompression: true}}}
	source := &repo.Source{Name: "source", Type: "deb", URLs: []string{f.source.url}, Suites: []string{"s"}, Components: []string{"main"}, Architectures: []string{"amd64"}}
	all, err := deb.Format{}.Repositories(source)
	if err != nil {
		return nil, err
	}
	s, err := store.OpenState(filepath.Join(dir, "state"), filepath.Join(dir, "state"))
	if err != nil {
		return nil, err
	}
	root := watch.Root{Name: all[0].String(), Type: "deb", Repository: all[0]}
	w.source = &probe.Source{
		Root: root, Format: deb.Format{}, Keys: f.keyring, Ledger: s.Ledger(all[0]), Cache: s.Cache(),
		Fetcher: fetch.New(fetch.Options{Client: w.client}), Client: w.client, Now: f.clock.now,
	}
	w.repository = watch.Repository{Name: "pub", Roots: []watch.Root{root}}
	w.prober = probe.New(probe.Options{Allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Rate: -1, Timeout: 5 * time.Second, Now: f.clock.now})
	w.origin = &watched{site: f.source, target: watch.Site{URL: f.source.url}, client: w.client}
	for _, s := range f.sites {
		w.sites = append(w.sites, &watched{site: s, target: watch.Site{URL: s.url}, due: f.clock.now().Add(time.Duration(random.Int64N(int64(90 * time.Second))))})
	}
	return w, nil
}

func (w *watcher) close() { w.client.CloseIdleConnections() }

func (w *watcher) name() string         { return "mirrorkeeper" }
func (w *watcher) every() time.Duration { return step }

func (w *watcher) check(ctx context.Context) (bad []*site, err error) {
	now := w.f.clock.now()
	if !now.Before(w.origin.due) {
		if err := w.lookAtSource(ctx); err != nil {
			return nil, err
		}
	}
	for _, s := range w.sites {
		if now.Before(s.due) || len(s.noticed) > 0 && !s.noticed[w.name()].IsZero() {
			continue // one that was noticed is of no interest any more
		}
		w.look(ctx, s)
		s.verdict = watch.Judge(w.repository, s.target, w.known, []watch.Known{s.known}, s.verdict, watch.Blindness{}, watch.Settings{}, now)
		state := s.verdict.State
		switch {
		case slices.Contains(s.is, state):
			bad = append(bad, s.site)
		case s.harmless && state != watch.InSync && state != watch.Unknown && state != watch.Behind: // it copies hourly
			s.wrong++
			bad = append(bad, s.site)
		}
	}
	return bad, nil
}

func (w *watcher) lookAtSource(ctx context.Context) error {
	if _, err := w.source.Read(ctx); err != nil {
		return err
	}
	now := w.f.clock.now()
	ledger, err := w.source.Generations()
	if err != nil {
		return err
	}
	w.known.Ledgers, w.known.Reached = []watch.Ledger{ledger}, now
	w.look(ctx, w.origin)
	w.known, w.origin.verdict = watch.JudgeSource(w.repository, w.origin.target, w.known, []watch.Known{w.origin.known}, w.origin.verdict, watch.Settings{}, now)
	for _, g := range w.known.Ledgers[0].Generations {
		if i := ledger.Find(g.Root); g.Complete && !ledger.Generations[i].Complete {
			if err := w.source.Ledger.Update(g.Root, func(g *store.Generation) { g.Complete = true }); err != nil {
				return err
			}
		}
	}
	return nil
}

// look is one at a site.
func (w *watcher) look(ctx context.Context, s *watched) {
	visit := w.prober.Visit(probe.Target{
		Site: s.target, Endpoint: watch.Endpoint{Scheme: "http"}, Repository: &w.repository, Sources: []*probe.Source{w.source}, Client: s.client,
	})
	defer visit.Close()
	now := w.f.clock.now()
	tasks := watch.First(s.known, s.target, w.repository, w.random)
	for round := 0; len(tasks) > 0 && round < 2; round++ {
		o := visit.Look(ctx, tasks, s.known)
		s.known = watch.Learn(s.known, o, watch.Settings{})
		if !s.since.IsZero() {
			s.requests += o.Requests
			s.bytes += o.Bytes
		}
		tasks = watch.Next(s.known, s.target, w.known, w.repository, watch.Budget{}, now, w.random)
	}
	if !s.since.IsZero() {
		s.looks++
	}
	s.due = now.Add(watch.Wait(s.known, s.target, watch.Budget{}, w.random))
}

// costs tells what watching a sound site costs, all levels together.
func (w *watcher) costs() {
	for _, s := range w.sites {
		if !s.harmless || s.looks == 0 {
			continue
		}
		fmt.Printf("\n%s (%q): %d looks, %d false alarms, %.2f requests and %.0f bytes a verdict\n",
			w.name(), s.fault, s.looks, s.wrong, float64(s.requests)/float64(s.looks), float64(s.bytes)/float64(s.looks))
	}
}
