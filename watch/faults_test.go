package watch

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// fault is something that goes wrong at a site, what it is called, and after how many
// looks at most. What it returns puts it right.
type fault struct {
	name   string
	do     func(w *world, s *site) (heal func())
	state  State
	reason Reason
	looks  int
	// heals is in how many looks the site is in sync again. Default 2.
	heals int
}

// copied is a complete copy of the source.
func copied(w *world, s *site) func() { return func() { s.tree = w.source.tree.clone() } }

// newPackage is a package that the newest generation added, oldPackage one that the first
// one had.
func newPackage(w *world, t *tree) string {
	for _, p := range w.pool(t) {
		if t.files[p].content == w.published {
			return p
		}
	}
	w.t.Fatal("no new package")
	return ""
}

func oldPackage(w *world, t *tree) string {
	for _, p := range w.pool(t) {
		if t.files[p].content == 0 {
			return p
		}
	}
	w.t.Fatal("no old package")
	return ""
}

// all sets something at every endpoint, and returns what unsets it.
func all(s *site, set, unset func(*endpoint)) func() {
	for _, e := range s.endpoints {
		set(e)
	}
	return func() {
		for _, e := range s.endpoints {
			unset(e)
		}
	}
}

func fileFault(s *site, f Fault, path string) func() {
	return all(s, func(e *endpoint) {
		e.fileFault = func(p string) Fault {
			if strings.HasPrefix(p, path) {
				return f
			}
			return FaultNone
		}
	}, func(e *endpoint) { e.fileFault = nil })
}

var faults = []fault{
	{name: "the site is sound", do: func(*world, *site) func() { return func() {} }, state: InSync, looks: 1},
	{name: "stale root", do: func(w *world, s *site) func() {
		w.publish(3, 2)
		return copied(w, s)
	}, state: Behind, looks: 1},
	{name: "new root with a missing package", do: func(w *world, s *site) func() {
		w.publish(3, 0)
		s.tree = w.source.tree.clone()
		delete(s.tree.files, newPackage(w, s.tree))
		return copied(w, s)
	}, state: HalfSynced, reason: MetadataAhead, looks: 1},
	{name: "new root without any of its packages and indexes", do: func(w *world, s *site) func() {
		w.publish(30, 2)
		s.tree.root = w.source.tree.root
		return copied(w, s)
	}, state: HalfSynced, reason: Mixed, looks: 1},
	{name: "truncated new package", do: func(w *world, s *site) func() {
		w.publish(3, 0)
		s.tree = w.source.tree.clone()
		s.tree.files[newPackage(w, s.tree)] = blob{7, 1}
		return copied(w, s)
	}, state: HalfSynced, reason: Corrupt, looks: 1},
	{name: "truncated old package", do: func(w *world, s *site) func() {
		s.tree.files[oldPackage(w, s.tree)] = blob{7, 1}
		return copied(w, s)
	}, state: HalfSynced, reason: Corrupt, looks: 60},
	{name: "other bytes of the same size", do: func(w *world, s *site) func() {
		p := oldPackage(w, s.tree)
		s.tree.files[p] = blob{s.tree.files[p].size, 99}
		return copied(w, s)
	}, state: HalfSynced, reason: Corrupt, looks: 300},
	{name: "an index of the generation before", do: func(w *world, s *site) func() {
		w.publish(3, 0)
		old := s.tree.files["dists/main/amd64/Packages.xz"]
		s.tree = w.source.tree.clone()
		s.tree.files["dists/main/amd64/Packages.xz"] = old
		return copied(w, s)
	}, state: HalfSynced, reason: Mixed, looks: 1},
	{name: "old root, its old packages deleted", do: func(w *world, s *site) func() {
		w.publish(0, 3)
		for p := range s.tree.files {
			if _, there := w.source.tree.files[p]; !there && strings.HasPrefix(p, "pool/") {
				delete(s.tree.files, p)
			}
		}
		return copied(w, s)
	}, state: HalfSynced, reason: MetadataBehind, looks: 1},
	{name: "an old package is lost", do: func(w *world, s *site) func() {
		delete(s.tree.files, oldPackage(w, s.tree))
		return copied(w, s)
	}, state: HalfSynced, reason: Incomplete, looks: 60},
	{name: "an old package is lost, and the site goes on", do: func(w *world, s *site) func() {
		lost := oldPackage(w, s.tree)
		delete(s.tree.files, lost)
		for range 60 { // it is found, and then a new generation comes
			if w.round(s).State == HalfSynced {
				break
			}
		}
		w.publish(3, 0)
		s.tree = w.source.tree.clone()
		delete(s.tree.files, lost)
		return copied(w, s)
	}, state: HalfSynced, reason: Incomplete, looks: 1},
	{name: "an index is gone", do: func(w *world, s *site) func() {
		delete(s.tree.files, "dists/main/amd64/Packages.xz")
		return copied(w, s)
	}, state: HalfSynced, reason: Incomplete, looks: 60},
	{name: "an architecture is absent", do: func(w *world, s *site) func() {
		w.publish(6, 0)
		s.tree = w.source.tree.clone()
		for p := range s.tree.files {
			if strings.Contains(p, "/arm64/") {
				delete(s.tree.files, p)
			}
		}
		return copied(w, s)
	}, state: HalfSynced, reason: TreePartial, looks: 1},
	{name: "an architecture is absent, by agreement", do: func(w *world, s *site) func() {
		s.Scope = &Scope{Architectures: []string{"amd64"}}
		w.publish(6, 0)
		s.tree = w.source.tree.clone()
		for p := range s.tree.files {
			if strings.Contains(p, "/arm64/") {
				delete(s.tree.files, p)
			}
		}
		return copied(w, s)
	}, state: InSync, looks: 1},
	{name: "a page of HTML in the place of the root", do: func(w *world, s *site) func() {
		return all(s, func(e *endpoint) { e.rootFault = FaultMissing }, func(e *endpoint) { e.rootFault = FaultNone })
	}, state: HalfSynced, reason: RootMissing, looks: 1},
	{name: "pages of HTML in the place of packages", do: func(w *world, s *site) func() {
		w.publish(3, 0)
		s.tree = w.source.tree.clone()
		return fileFault(s, FaultMissing, "pool/")
	}, state: HalfSynced, reason: MetadataAhead, looks: 1},
	{name: "packages may not be read", do: func(w *world, s *site) func() {
		w.publish(3, 0)
		s.tree = w.source.tree.clone()
		return fileFault(s, FaultForbidden, "pool/")
	}, state: HalfSynced, reason: MetadataAhead, looks: 1},
	{name: "packages are redirected to http", do: func(w *world, s *site) func() {
		w.publish(3, 0)
		s.tree = w.source.tree.clone()
		return fileFault(s, FaultRedirect, "pool/")
	}, state: HalfSynced, reason: MetadataAhead, looks: 1},
	{name: "a new package never ends", do: func(w *world, s *site) func() {
		w.publish(3, 0)
		s.tree = w.source.tree.clone()
		return fileFault(s, FaultEndless, newPackage(w, s.tree))
	}, state: HalfSynced, reason: MetadataAhead, looks: 3},
	{name: "a new package gets status 500", do: func(w *world, s *site) func() {
		w.publish(3, 0)
		s.tree = w.source.tree.clone()
		return fileFault(s, FaultUnreachable, newPackage(w, s.tree))
	}, state: HalfSynced, reason: MetadataAhead, looks: 3},
	{name: "the root is redirected to http", do: func(w *world, s *site) func() {
		return all(s, func(e *endpoint) { e.rootFault = FaultRedirect }, func(e *endpoint) { e.rootFault = FaultNone })
	}, state: Unreachable, looks: 3},
	{name: "a root by slow loris", do: func(w *world, s *site) func() {
		return all(s, func(e *endpoint) { e.rootFault = FaultEndless }, func(e *endpoint) { e.rootFault = FaultNone })
	}, state: Unreachable, looks: 3},
	{name: "no host, or a certificate that has expired", do: func(w *world, s *site) func() {
		return all(s, func(e *endpoint) { e.down = FaultUnreachable }, func(e *endpoint) { e.down = FaultNone })
	}, state: Unreachable, looks: 3},
	{name: "only IPv6 is broken", do: func(w *world, s *site) func() {
		s.endpoints[1].down = FaultUnreachable
		return func() { s.endpoints[1].down = FaultNone }
	}, state: Incoherent, reason: EndpointDown, looks: 3},
	{name: "IPv6 leads to an old copy", do: func(w *world, s *site) func() {
		old := s.tree.clone()
		s.endpoints[1].serve = func() *tree { return old }
		w.publish(3, 2)
		s.tree = w.source.tree.clone()
		return func() { s.endpoints[1].serve = nil }
	}, state: Incoherent, reason: Disagreement, looks: 2},
	{name: "two servers behind one address, one of them old", do: func(w *world, s *site) func() {
		old := s.tree.clone()
		w.publish(3, 2)
		s.tree = w.source.tree.clone()
		return all(s, func(e *endpoint) {
			e.serve = func() *tree { return []*tree{old, s.tree}[w.random.IntN(2)] }
		}, func(e *endpoint) { e.serve = nil })
	}, state: Incoherent, reason: Flapping, looks: 40, heals: 50},
	{name: "two servers behind one address, one of them foreign", do: func(w *world, s *site) func() {
		other := s.tree.clone()
		other.root = digest(-1)
		return all(s, func(e *endpoint) {
			e.serve = func() *tree { return []*tree{other, s.tree}[w.random.IntN(2)] }
		}, func(e *endpoint) { e.serve = nil })
	}, state: Foreign, looks: 40, heals: 50},
	{name: "the site was restored from a backup", do: func(w *world, s *site) func() {
		old := s.tree.clone()
		w.publish(3, 2)
		s.tree = w.source.tree.clone()
		w.round(s)
		s.tree = old
		return copied(w, s)
	}, state: Incoherent, reason: Backwards, looks: 1, heals: 50},
	{name: "a foreign root", do: func(w *world, s *site) func() {
		s.tree.root = digest(-1)
		return copied(w, s)
	}, state: Foreign, looks: 9},
	{name: "a foreign root is ahead at first", do: func(w *world, s *site) func() {
		s.tree.root = digest(-1)
		return copied(w, s)
	}, state: Ahead, looks: 1},
	{name: "an old root that has expired", do: func(w *world, s *site) func() {
		m := w.publish(3, 2)
		m.validUntil = w.now.Add(time.Hour)
		s.tree = w.source.tree.clone()
		w.round(s)
		w.publish(3, 2)
		return copied(w, s)
	}, state: Expired, looks: 60},
}

// TestFaults: every fault gets its state within some looks, and the site is in sync again
// soon after it was put right.
func TestFaults(t *testing.T) {
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			for seed := range uint64(5) {
				happens(t, f, seed)
			}
		})
	}
}

func happens(t *testing.T, f fault, seed uint64) {
	w := newWorld(t, seed, 40)
	w.budget = Budget{Sample: 20 * time.Minute, Samples: 10, Ranges: 15, Sweep: time.Hour, Files: 50}
	s := w.site("https://a.example.org/debian", Endpoint{Scheme: "https", Family: 4}, Endpoint{Scheme: "https", Family: 6})
	for range 5 { // with a sweep
		w.round(s)
	}
	if s.verdict.State != InSync {
		t.Fatalf("seed %d: a sound site is %s %s\n%s", seed, s.verdict.State, s.verdict.Reason, sentences(s.verdict))
	}
	heal := f.do(w, s)
	looks := 0
	for looks = 1; looks <= f.looks; looks++ {
		if w.round(s); s.verdict.State == f.state && s.verdict.Reason == f.reason {
			break
		}
	}
	v := s.verdict
	if v.State != f.state || v.Reason != f.reason {
		t.Fatalf("seed %d: after %d looks the site is %s %s, expected %s %s\n%s", seed, f.looks, v.State, v.Reason, f.state, f.reason, sentences(v))
	}
	if len(v.Evidence) == 0 || v.Evidence[0].Text == "" {
		t.Errorf("seed %d: no evidence for %s", seed, v.State)
	}
	checkVerdict(t, v)
	heal()
	f.heals = max(f.heals, 2)
	for range f.heals {
		if w.round(s).State == InSync {
			return
		}
	}
	t.Errorf("seed %d: put right, the site is %s %s after %d looks\n%s", seed, s.verdict.State, s.verdict.Reason, f.heals, sentences(s.verdict))
}

// checkVerdict holds what is true of every verdict.
func checkVerdict(t rapid.TB, v Verdict) {
	t.Helper()
	switch {
	case v.State == InSync && v.Lag != 0,
		v.Lag < 0 && v.Lag != -1,
		v.State == Unreachable && v.Lag != -1,
		v.Complete != -1 && (v.Complete < 0 || v.Complete > 1),
		v.Since.After(v.At),
		v.Frozen && v.State != Unknown,
		v.Frozen == (v.Was == ""),
		v.Was == Unknown:
		t.Errorf("a verdict that cannot be: %+v", v)
	}
	for _, e := range v.Evidence {
		if e.Text == "" {
			t.Errorf("evidence without a sentence: %+v", e)
		}
	}
}
