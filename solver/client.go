package solver

import (
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// serve asks for every wish once more as a client does that has nothing but the picks.
// Where the union leads it astray, the packages that it chooses from the whole catalog are
// picked, too. The wishes that this does not help are returned.
//
// Clients that go back on their choices ([repo.Client.Backtracks]) take the best version
// of what is named and find its witness. Others regard no other version of anything that
// is not named, and try another alternative only as long as they are about the needs of
// the one that they chose: when that is done with, they stay with it, unless something
// they have to take says itself that it excludes it (apt's pkgDepCache::MarkInstall).
func (s *search) serve(all *union, wishes []wish) (refused []Refused) {
	helped := map[int]bool{}
	for again := true; again; {
		again, refused = false, nil
		m := newMirrored(all)
		for i := range wishes {
			w := &wishes[i]
			if w.broken || m.finds(m.best(w)) {
				continue
			}
			if !helped[i] {
				helped[i] = true
				if s.help(all, w) {
					again = true
					continue
				}
			}
			refused = append(refused, s.refusal(m, w))
		}
		s.meet(all)
	}
	return refused
}

// help picks what the client chooses from the whole catalog. It reports whether there is
// anything new in it.
func (s *search) help(all *union, w *wish) bool {
	s.ask(w.candidates[:1])
	s.reset()
	s.forget(s.passedOver(), w.candidates[:1])
	if found, _ := s.run(); !found || s.strays() {
		return false
	}
	members := s.members()
	if !slices.ContainsFunc(members, func(m member) bool { return !all.has(m.number) }) {
		return false
	}
	other := wish{seed: w.seed, mandatory: w.mandatory, picked: w.candidates[0]}
	all.add(members, []wish{other})
	s.settle(all, members)
	return true
}

// passedOver returns the packages that clients which do not go back on their choices never
// regard by themselves.
func (u *universe) passedOver() (all []int32) {
	if u.client.Backtracks {
		return nil
	}
	for p := range u.catalog.Packages {
		if u.surpassed(int32(p)) {
			all = append(all, int32(p))
		}
	}
	return all
}

// forget keeps packages out of a search that begins, but for those that are named.
func (s *search) forget(packages, named []int32) {
	for _, p := range packages {
		if !slices.Contains(named, p) {
			s.set(^literal(p), clause{})
		}
	}
}

// mirrored is a search among the picks alone, as a client of the mirror does it.
type mirrored struct {
	*search
	numbers []int32 // by number in the whole catalog: that among the picks
	passed  []int32
}

func newMirrored(all *union) *mirrored {
	m := &mirrored{numbers: make([]int32, len(all.ways))}
	var packages []*repo.Package
	for p, w := range all.ways {
		m.numbers[p] = noPick
		if w.length > 0 {
			m.numbers[p] = int32(len(packages))
			packages = append(packages, all.at(int32(p)))
		}
	}
	o := all.options
	o.Prefer = nil // clients do not know of it
	u := newUniverse(repo.NewCatalog(all.catalog.Rules(), packages), o, all.foreign)
	m.search, m.passed = newSearch(u), u.passedOver()
	return m
}

const noPick = -1

// best is the pick that a client takes for a wish.
func (m *mirrored) best(w *wish) int32 {
	for _, c := range w.candidates {
		if p := m.numbers[c]; p != noPick {
			return p
		}
	}
	return noPick
}

// finds reports whether a client that is told to install the packages finds a way.
func (m *mirrored) finds(named ...int32) bool {
	wanted := make([][]int32, len(named))
	for i := range named {
		wanted[i] = named[i : i+1]
	}
	m.ask(wanted...)
	m.reset()
	m.forget(m.passed, named)
	for i, p := range slices.Backward(named) { // what is named is there before anything is chosen
		m.set(literal(p), clause{needed, m.request(), int32(len(m.stays) + i)})
	}
	found, _ := m.run()
	return found && !m.strays()
}

// strays reports whether the search went back on a choice as clients do not.
func (s *search) strays() bool { return s.regret != nil && !s.client.Backtracks }

// refusal says which packages to name for a wish, beside the wanted one: those of its
// witness that the client does not regard by itself; or any one that helps; or all.
func (s *search) refusal(m *mirrored, w *wish) Refused {
	refused := Refused{Seed: w.seed.String(), Wanted: s.at(w.picked), Reason: m.astray(m.best(w))}
	if w.mandatory {
		refused.Seed = "mandatory " + refused.Wanted.Name
	}
	wanted := m.numbers[w.picked]
	var all, named []int32
	var reasons []string
	if best := m.best(w); best != wanted {
		reasons = append(reasons, "clients choose "+m.name(best)+", which cannot be installed")
	}
	for _, x := range s.witness([]int32{w.picked}).members {
		p := m.numbers[x.number]
		all = append(all, p)
		if p == wanted || slices.Contains(m.passed, p) {
			named = append(named, p)
		}
		if p != wanted && slices.Contains(m.passed, p) {
			reasons = append(reasons, "it needs "+m.name(p)+", but clients choose "+m.name(m.catalog.NamedAt(m.at(p).Name)[0])+" by themselves")
		}
	}
	if reasons != nil {
		refused.Reason = strings.Join(reasons, "; ")
	}
	if !m.finds(named...) {
		named = m.helpful(named, all)
	}
	for _, p := range named {
		refused.Install = append(refused.Install, m.at(p))
	}
	return refused
}

// astray says which choice a client does not go back on that is told to install p.
func (m *mirrored) astray(p int32) string {
	if m.finds(p); m.regret == nil {
		return "what clients choose leads to conflicts"
	}
	return "clients choose " + m.name(m.regret.of) + " and stay with it; " + m.sentence(m.regret.fact)
}

// helpful returns what is named and one more of a witness with which the client finds a
// way, such as what it came into conflict with; the whole witness where there is none.
func (m *mirrored) helpful(named, witness []int32) []int32 {
	first := witness
	if m.regret != nil && m.regret.fact.kind == exclusion {
		first = slices.Concat([]int32{m.regret.fact.a, m.regret.fact.b}, witness)
	}
	for _, p := range first {
		if slices.Contains(witness, p) && !slices.Contains(named, p) && m.finds(append(slices.Clip(named), p)...) {
			return append(named, p)
		}
	}
	return witness
}
