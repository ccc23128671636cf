package probe_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/store"
	"github.com/mirrorkeeper/mirrorkeeper/watch"
	"github.com/mirrorkeeper/mirrorkeeper/watch/probe"
)

// watching looks at the source of a world and at one site in rounds, as a watcher does,
// by a clock that runs as the rounds want it.
type watching struct {
	*world
	ahead     atomic.Int64 // of the clock, nanoseconds
	options   probe.Options
	prober    *probe.Prober // of options, made with the first round
	site      watch.Site
	endpoints []*endpointWatched
	origin    endpointWatched
	source    watch.SourceKnown
	originWas watch.Verdict
	verdict   watch.Verdict
	budget    watch.Budget
	looked    func(watch.Observation) // may be nil
}

type endpointWatched struct {
	watch.Endpoint
	known watch.Known
}

func (w *world) watching(url string, endpoints ...watch.Endpoint) *watching {
	x := &watching{world: w, site: watch.Site{URL: url}, options: probe.Options{Allowed: loopback, Rate: -1, Timeout: 10 * time.Second}}
	x.origin.Endpoint = watch.Endpoint{Scheme: "http"}
	for _, e := range endpoints {
		x.endpoints = append(x.endpoints, &endpointWatched{Endpoint: e})
	}
	w.source.Now = x.now
	return x
}

func (x *watching) now() time.Time { return time.Now().Add(time.Duration(x.ahead.Load())) }

func (x *watching) pass(d time.Duration) { x.ahead.Add(int64(d)) }

// round is a period: the source is read, looked at and judged, and then the site.
func (x *watching) round() watch.Verdict {
	x.t.Helper()
	if x.prober == nil {
		x.options.Now = x.now
		x.prober = probe.New(x.options)
	}
	x.pass(90 * time.Second)
	if _, err := x.world.source.Read(x.t.Context()); err != nil {
		x.t.Fatal("the source:", err)
	}
	x.source.Reached, x.source.Ledgers = x.now(), []watch.Ledger{x.ledger()}
	x.look(&x.origin, probe.Target{Site: watch.Site{URL: x.server.URL}, Client: x.client})
	for _, stamp := range x.origin.known.Stamps {
		if x.source.Stamps == nil {
			x.source.Stamps = map[string]time.Time{}
		}
		x.source.Stamps[stamp.Directory] = stamp.Stamp
	}
	var judged watch.SourceKnown
	judged, x.originWas = watch.JudgeSource(*x.repository, watch.Site{URL: x.server.URL}, x.source, []watch.Known{x.origin.known}, x.originWas, watch.Settings{}, x.now())
	for _, g := range judged.Ledgers[0].Generations {
		if i := x.source.Ledgers[0].Find(g.Root); g.Complete && !x.source.Ledgers[0].Generations[i].Complete {
			if err := x.world.source.Ledger.Update(g.Root, func(g *store.Generation) { g.Complete = true }); err != nil {
				x.t.Fatal(err)
			}
		}
	}
	var knowns []watch.Known
	for _, e := range x.endpoints {
		x.look(e, probe.Target{Site: x.site})
		knowns = append(knowns, e.known)
	}
	x.verdict = watch.Judge(*x.repository, x.site, judged, knowns, x.verdict, watch.Blindness{}, watch.Settings{}, x.now())
	return x.verdict
}

// look is one at an endpoint: at the root and the timestamps, and at what follows from them.
func (x *watching) look(e *endpointWatched, t probe.Target) {
	t.Endpoint, t.Repository, t.Sources = e.Endpoint, x.repository, []*probe.Source{x.world.source}
	random := rand.New(rand.NewPCG(uint64(x.ahead.Load()), 1))
	visit := x.prober.Visit(t)
	defer visit.Close()
	tasks := watch.First(e.known, t.Site, *x.repository, random)
	for round := 0; len(tasks) > 0 && round < 2; round++ {
		o := visit.Look(x.t.Context(), tasks, e.known)
		if x.looked != nil && t.Client == nil {
			x.looked(o)
		}
		e.known = watch.Learn(e.known, o, watch.Settings{})
		tasks = watch.Next(e.known, t.Site, x.source, *x.repository, x.budget, x.now(), random)
	}
}

// stamps has the world's repository hold timestamps too, and writes that of the source.
func (w *world) stamps(at time.Time) {
	w.repository.Directories = []string{"stamps"}
	stamp(w, w.dir, at)
}

func stamp(w *world, dir string, at time.Time) {
	w.t.Helper()
	write(w.t, filepath.Join(dir, "stamps", ".timestamp"), fmt.Appendf(nil, "%d\n", at.Unix()))
}

// told are all words of a verdict's evidence.
func told(v watch.Verdict) (words string) {
	for _, e := range v.Evidence {
		words += fmt.Sprintln(e.Endpoint, e.Path, e.Fault, e.Expected, e.Seen, e.Text, e.Detail)
	}
	return words
}
