package history_test

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/watch"
	"github.com/mirrorkeeper/mirrorkeeper/watch/history"
)

// model is a history that keeps everything in memory, and answers by looking at all of it.
type model struct {
	begin        time.Time
	observations map[watch.Key][]watch.Observation
	known        map[watch.Key]map[watch.Endpoint]watch.Known
	verdicts     map[watch.Key]watch.Verdict
	states       map[watch.Key][]history.Interval
	held         map[watch.Key]map[string][]history.Holding
	ledgers      map[string][]watch.Generation
	away         [][2]time.Time
	seen         time.Time // last sign of life
}

func newModel(begin time.Time) *model {
	return &model{
		begin: begin, seen: begin,
		observations: map[watch.Key][]watch.Observation{},
		known:        map[watch.Key]map[watch.Endpoint]watch.Known{},
		verdicts:     map[watch.Key]watch.Verdict{},
		states:       map[watch.Key][]history.Interval{},
		held:         map[watch.Key]map[string][]history.Holding{},
		ledgers:      map[string][]watch.Generation{},
	}
}

func (m *model) observe(o *watch.Observation, k *watch.Known) {
	key := watch.Key{Site: o.Site, Repository: o.Repository}
	m.observations[key] = append(m.observations[key], *o)
	if m.known[key] == nil {
		m.known[key] = map[watch.Endpoint]watch.Known{}
	}
	m.known[key][o.Endpoint] = *k
}

func (m *model) judge(v *watch.Verdict) {
	key := watch.Key{Site: v.Site, Repository: v.Repository}
	m.verdicts[key] = *v
	states := m.states[key]
	if n := len(states); n == 0 || !states[n-1].Until.IsZero() || states[n-1].State != v.State || states[n-1].Reason != v.Reason || states[n-1].Frozen != v.Frozen {
		since := v.At
		if n == 0 || states[n-1].State != v.State || !states[n-1].Until.IsZero() {
			since = v.Since
		}
		if n > 0 && states[n-1].Until.IsZero() {
			states[n-1].Until = since
		}
		m.states[key] = append(states, history.Interval{State: v.State, Reason: v.Reason, Frozen: v.Frozen, Since: since, Generation: v.Generation})
	}
	if m.held[key] == nil {
		m.held[key] = map[string][]history.Holding{}
	}
	for _, r := range v.Roots {
		root := r.Name
		var now history.Holding
		switch {
		case v.Frozen || r.State == watch.Unreachable:
			continue
		case r.State == watch.HalfSynced:
			r.Root = repo.Digest{}
		}
		for _, g := range m.ledgers[root] {
			if g.Root == r.Root {
				now = history.Holding{Generation: g.Root, Published: g.Published}
			}
		}
		all := m.held[key][root]
		if n := len(all); n > 0 && all[n-1].Until.IsZero() {
			if all[n-1].Published.Equal(now.Published) {
				continue
			}
			all[n-1].Until = v.At
		}
		now.Since = v.At
		m.held[key][root] = append(all, now)
	}
}

func (m *model) forget(key watch.Key, at time.Time) {
	delete(m.known, key)
	if _, ok := m.verdicts[key]; !ok {
		return
	}
	delete(m.verdicts, key)
	if s := m.states[key]; len(s) > 0 {
		s[len(s)-1].Until = at
	}
	for _, all := range m.held[key] {
		if all[len(all)-1].Until.IsZero() {
			all[len(all)-1].Until = at
		}
	}
}

// last is when the site was looked at last.
func (m *model) last(key watch.Key) (at time.Time) {
	for _, o := range m.observations[key] {
		if o.At.After(at) {
			at = o.At
		}
	}
	return at
}

// spans is how long the states lasted, by a walk over all of them.
func (m *model) spans(key watch.Key, from, to time.Time) map[watch.State]time.Duration {
	spans := map[watch.State]time.Duration{}
	overlap := func(a, b [2]time.Time) ([2]time.Time, time.Duration) {
		o := [2]time.Time{later(a[0], b[0]), earlier(a[1], b[1])}
		return o, max(0, o[1].Sub(o[0]))
	}
	for _, s := range m.states[key] {
		until := s.Until
		if until.IsZero() {
			until = to
		}
		part, span := overlap([2]time.Time{s.Since, until}, [2]time.Time{from, to})
		for _, away := range m.away {
			if span > 0 {
				_, gone := overlap(part, away)
				span -= gone
			}
		}
		if span > 0 {
			spans[s.State] += span
		}
	}
	return spans
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// TestModel does what a watcher may do in any order, with restarts and with upkeep in
// between, and compares what the history answers with a model of it.
func TestModel(t *testing.T) {
	backends(t, func(t *testing.T, fresh func() string) {
		address, run, runs := fresh(), 0, 5
		if os.Getenv("PROVE") == "1" {
			runs = 200
		}
		rapid.Check(t, func(t *rapid.T) {
			if run++; run > runs { // however many are asked for: each takes some hundred transactions
				return
			}
			// Each run is a watcher of its own in the same database.
			newMachine(t, address, fmt.Sprint("watcher ", run)).run(t)
		})
	})
}

type machine struct {
	ctx      context.Context
	address  string
	clock    *clock
	settings history.Settings
	store    *history.Store
	model    *model
	roots    []string
	keys     []watch.Key
	beaten   bool // the store has left a sign of life since it was opened
	number   int
}

func newMachine(t *rapid.T, address, vantage string) *machine {
	m := &machine{ctx: context.Background(), address: address, clock: newClock()}
	m.settings = history.Settings{Vantage: vantage, Now: m.clock.Now, Keep: history.Retention{
		Raw:   time.Duration(rapid.IntRange(3, 48).Draw(t, "raw")) * time.Hour,
		Hours: time.Duration(rapid.IntRange(3, 6).Draw(t, "hours")) * day,
	}}
	m.model = newModel(m.clock.Now())
	m.roots = []string{vantage + "/one", vantage + "/two"}
	m.keys = []watch.Key{{Site: "https://a.example.net", Repository: "r"}, {Site: "https://a.example.net", Repository: "s"}, {Site: "https://b.example.net", Repository: "r"}}
	return m
}

func (m *machine) open(t *rapid.T) {
	s, err := history.Open(m.ctx, m.address, m.settings)
	must(t, err)
	m.store, m.beaten = s, false
	if now := m.clock.Now(); now.Sub(m.model.seen) >= 2*time.Minute {
		m.model.away = append(m.model.away, [2]time.Time{m.model.seen, now})
	}
}

func (m *machine) flush(t *rapid.T) {
	must(t, m.store.Flush(m.ctx))
	if now := m.clock.Now(); !m.beaten || now.Sub(m.model.seen) >= 30*time.Second {
		m.model.seen, m.beaten = now, true
	}
}

func (m *machine) run(t *rapid.T) {
	m.open(t)
	defer func() { _ = m.store.Close() }()
	pass := func(t *rapid.T) time.Time {
		return m.clock.add(time.Duration(rapid.OneOf(rapid.IntRange(1, 100_000), rapid.IntRange(1, 20*3600*1000)).Draw(t, "milliseconds")) * time.Millisecond)
	}
	key := rapid.SampledFrom(m.keys)
	t.Repeat(map[string]func(*rapid.T){
		"observe": func(t *rapid.T) {
			o, k := looked(pass(t), rapid.SampledFrom([]watch.Endpoint{over4, over6}).Draw(t, "endpoint"), generation(rapid.IntRange(0, 3).Draw(t, "shown")))
			at := key.Draw(t, "key")
			o.Site, o.Repository = at.Site, at.Repository
			o.Took = time.Duration(rapid.IntRange(0, 5000).Draw(t, "took")) * time.Millisecond
			o.Bytes = rapid.Int64Range(0, 1<<40).Draw(t, "bytes")
			o.Fault = rapid.SampledFrom([]watch.Fault{"", "", watch.FaultUnreachable}).Draw(t, "fault")
			k.Failures = rapid.IntRange(0, 2).Draw(t, "failures")
			k.Roots[0].Since = m.model.begin
			m.store.Observed(o, k)
			m.model.observe(o, k)
		},
		"judge": func(t *rapid.T) {
			at, now := key.Draw(t, "key"), pass(t)
			v := &watch.Verdict{
				Site: at.Site, Repository: at.Repository, At: now, Complete: rapid.SampledFrom([]float64{-1, 0, 0.25, 1}).Draw(t, "complete"),
				State:  rapid.SampledFrom([]watch.State{watch.InSync, watch.Behind, watch.Unreachable}).Draw(t, "state"),
				Reason: rapid.SampledFrom([]watch.Reason{"", watch.Backwards}).Draw(t, "reason"),
				Frozen: rapid.Bool().Draw(t, "frozen"),
				Lag:    rapid.SampledFrom([]time.Duration{-1, 0, time.Minute, time.Hour}).Draw(t, "lag"),
				Since:  now,
			}
			if before, ok := m.model.verdicts[at]; ok && before.State == v.State {
				v.Since = before.Since
			}
			for _, root := range m.roots {
				v.Roots = append(v.Roots, watch.RootVerdict{
					Name: root, Root: generation(rapid.IntRange(0, 3).Draw(t, "root")),
					State: rapid.SampledFrom([]watch.State{watch.InSync, watch.Behind, watch.HalfSynced, watch.Unreachable}).Draw(t, "state of root"),
				})
			}
			m.store.Judged(v)
			m.model.judge(v)
		},
		"publish": func(t *rapid.T) {
			m.flush(t) // holdings are of what was published before
			root, g := rapid.SampledFrom(m.roots).Draw(t, "root"), published(rapid.IntRange(0, 3).Draw(t, "generation"), pass(t))
			m.store.Published(root, g)
			m.model.ledgers[root] = append(m.model.ledgers[root], g)
			m.flush(t)
		},
		"forget": func(t *rapid.T) {
			at, now := key.Draw(t, "key"), pass(t)
			m.flush(t)
			must(t, m.store.Forget(m.ctx, at, now))
			m.model.forget(at, now)
		},
		"flush": func(t *rapid.T) {
			pass(t)
			m.flush(t)
		},
		"restart": func(t *rapid.T) {
			m.flush(t)
			must(t, m.store.Close())
			pass(t)
			m.open(t)
		},
		"upkeep": func(t *rapid.T) {
			pass(t)
			m.flush(t)
			must(t, m.store.Upkeep(m.ctx))
		},
		"": func(t *rapid.T) {
			if m.number++; m.number%7 == 0 { // all that follows is read from the database
				m.flush(t)
				m.compare(t)
			}
		},
	})
	m.flush(t)
	must(t, m.store.Upkeep(m.ctx))
	m.compare(t)
}

// compare compares all answers.
func (m *machine) compare(t *rapid.T) {
	now := m.clock.Now()
	known, err := m.store.Known(m.ctx)
	must(t, err)
	want := map[watch.Key][]watch.Known{}
	for key, endpoints := range m.model.known {
		want[key] = slices.Collect(maps.Values(endpoints))
		for _, all := range [][]watch.Known{want[key], known[key]} {
			slices.SortFunc(all, func(a, b watch.Known) int { return cmp.Compare(a.Endpoint.Family, b.Endpoint.Family) })
		}
	}
	diff(t, "known", want, known)

	verdicts, err := m.store.Verdicts(m.ctx, history.Selection{})
	must(t, err)
	var wanted []*watch.Verdict
	for _, v := range m.model.verdicts {
		wanted = append(wanted, &v)
	}
	slices.SortFunc(wanted, func(a, b *watch.Verdict) int {
		return cmp.Or(cmp.Compare(a.Site, b.Site), cmp.Compare(a.Repository, b.Repository))
	})
	for _, v := range wanted {
		if last := m.model.last(watch.Key{Site: v.Site, Repository: v.Repository}); last.After(v.At) {
			if v.Lag > 0 {
				v.Lag += last.Sub(v.At)
			}
			v.At = last
		}
	}
	diff(t, "verdicts", wanted, verdicts)

	ledgers, err := m.store.Ledgers(m.ctx, m.roots...)
	must(t, err)
	for i, root := range m.roots {
		diff(t, "ledger", m.model.ledgers[root], ledgers[i].Generations)
	}
	kept := now.Add(-m.settings.Keep.Hours) // states and holdings that ended before may be gone
	for _, key := range m.keys {
		m.compareStates(t, key, kept, now)
		m.compareHoldings(t, key, kept, now)
		m.compareSamples(t, key, now)
	}
	m.compareHolders(t)
}

func (m *machine) compareStates(t *rapid.T, key watch.Key, kept, now time.Time) {
	got, err := m.store.States(m.ctx, key, kept, now.Add(time.Hour))
	must(t, err)
	var want []history.Interval
	for _, s := range m.model.states[key] {
		if s.Until.IsZero() || s.Until.After(kept) {
			want = append(want, s)
		}
	}
	diff(t, "states", want, got)

	// From the begin of a day it is exact for all times.
	for _, from := range []time.Time{m.model.begin.Truncate(day), now.Add(-9 * day).Truncate(day), kept.Add(day + time.Hour)} {
		if !from.Before(now) {
			continue
		}
		for _, selection := range []history.Selection{{Site: key.Site, Repository: key.Repository}, {Repository: key.Repository}, {}} {
			got, err := m.store.Availability(m.ctx, selection, from, now)
			must(t, err)
			spans := map[watch.State]time.Duration{}
			for _, a := range got {
				if a.Key == key {
					spans = a.Spans
				}
			}
			diff(t, fmt.Sprintf("availability of %+v since %s", selection, from), m.model.spans(key, from, now), spans)
		}
	}
	days, err := m.store.AvailabilityByDay(m.ctx, key, m.model.begin, now)
	must(t, err)
	for _, d := range days {
		diff(t, fmt.Sprint("availability on ", d.From), m.model.spans(key, d.From, d.To), d.Spans)
	}
}

func (m *machine) compareHoldings(t *rapid.T, key watch.Key, kept, now time.Time) {
	for _, root := range m.roots {
		got, err := m.store.Holdings(m.ctx, key, root, kept, now.Add(time.Hour))
		must(t, err)
		var want []history.Holding
		for _, h := range m.model.held[key][root] {
			if h.Until.IsZero() || h.Until.After(kept) {
				want = append(want, h)
			}
		}
		diff(t, "holdings", want, got)
	}
}

// compareSamples shows that all looks are in the sums of days, whatever was summed up and
// forgotten, and the newest ones in those of hours.
func (m *machine) compareSamples(t *rapid.T, key watch.Key, now time.Time) {
	total := func(from time.Time, step time.Duration) history.Sample {
		all, err := m.store.Samples(m.ctx, key, nil, from, now.Add(time.Hour), step)
		must(t, err)
		var sum history.Sample
		for i, s := range all {
			if i > 0 && s.From.Before(all[i-1].To) {
				t.Errorf("samples overlap: %+v, %+v", all[i-1], s)
			}
			sum.Looks += s.Looks
			sum.Failed += s.Failed
			sum.Requests += s.Requests
			sum.Bytes += s.Bytes
			sum.TookMax = max(sum.TookMax, s.TookMax)
		}
		return sum
	}
	want := func(from time.Time) (sum history.Sample) {
		for _, o := range m.model.observations[key] {
			if o.At.Before(from) {
				continue
			}
			sum.Looks++
			sum.Requests += int64(o.Requests)
			sum.Bytes += o.Bytes
			sum.TookMax = max(sum.TookMax, o.Took)
			if o.Fault != "" {
				sum.Failed++
			}
		}
		return sum
	}
	begin := m.model.begin.Truncate(day)
	for _, step := range []time.Duration{0, time.Minute, time.Hour, 5 * time.Hour, day, 10 * day} {
		diff(t, fmt.Sprint("samples by ", step), want(begin), total(begin, step))
	}
	recent := now.Add(-m.settings.Keep.Hours + day).Truncate(time.Hour)
	diff(t, "recent samples", want(recent), total(recent, time.Hour))
	sites, err := m.store.SamplesOfSites(m.ctx, key.Repository, recent, now.Add(time.Hour))
	must(t, err)
	of := sites[key.Site]
	diff(t, "samples of sites", want(recent), history.Sample{Looks: of.Looks, Failed: of.Failed, Requests: of.Requests, Bytes: of.Bytes, TookMax: of.TookMax})
}

func (m *machine) compareHolders(t *rapid.T) {
	for _, root := range m.roots {
		for g := range 4 {
			var want, got []watch.Key
			for key, held := range m.model.held {
				if all := held[root]; len(all) > 0 && all[len(all)-1].Until.IsZero() && all[len(all)-1].Generation == generation(g) {
					want = append(want, key)
				}
			}
			all, err := m.store.Holders(m.ctx, root, generation(g))
			must(t, err)
			for _, h := range all {
				got = append(got, h.Key)
			}
			slices.SortFunc(want, func(a, b watch.Key) int {
				return cmp.Or(cmp.Compare(a.Site, b.Site), cmp.Compare(a.Repository, b.Repository))
			})
			diff(t, "holders", want, got)
		}
	}
}
