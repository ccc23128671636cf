package solver

import (
	"slices"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Check returns every package of the catalog that cannot be installed on the machines of
// the options, and why, in the order of the catalog. Source packages, packages of
// architectures that the machines do not accept, and those of negative priority are
// passed over. Weak relations play no part.
//
// A package can be installed if there is any set with it that has all that is required
// and no conflicts, whether clients would find it or not; dose-debcheck and libsolv's
// installcheck give the same verdicts.
func Check(c *repo.Catalog, o Options) (all []Broken) {
	o.Recommends, o.Suggests = false, false
	u := newUniverse(c, o, o.Foreign)
	u.prepare()
	k := newChecking(u)
	k.condemn()
	if core, ok := k.grow(); ok {
		k.search()
	} else {
		k.blameMachine(core)
	}
	for p, reason := range k.reasons {
		if reason != "" {
			all = append(all, Broken{u.at(int32(p)), reason})
		}
	}
	return all
}

// checking is what is known of the packages of a universe that a check is about.
//
// The most are not searched for one by one: every member of a set that is closed and
// free of conflicts can be installed, so such sets are grown as large as they get.
type checking struct {
	*universe
	open    []bool   // by number: nothing is known yet
	lacking []int32  // by number: the need that nothing satisfies whatever is chosen, or noNeed
	reasons []string // by number: why it cannot be installed, "" if it can be
}

func newChecking(u *universe) *checking {
	packages := len(u.catalog.Packages)
	k := &checking{u, make([]bool, len(u.known)), make([]int32, packages), make([]string, packages)}
	for i, p := range u.catalog.Packages {
		k.open[i] = !p.IsSource() && p.Priority >= 0 && u.accepts(p.Architecture)
	}
	return k
}

// left returns the packages of which nothing is known.
func (k *checking) left() (all []int32) {
	for p, open := range k.open {
		if open {
			all = append(all, int32(p))
		}
	}
	return all
}

// condemn finds the packages that lack something whatever is chosen: those with a hard
// need all candidates of which are such packages.
func (k *checking) condemn() {
	k.findLacking()
	s := newSearch(k.universe)
	for p, need := range k.lacking {
		if need != noNeed && k.open[p] {
			k.open[p] = false
			s.ask([]int32{int32(p)})
			k.reasons[p] = s.tell(k.coreOf(int32(p)))
		}
	}
}

const noNeed = -1

func (k *checking) findLacking() {
	var fresh []int32
	for p := range k.lacking {
		k.lacking[p] = int32(slices.IndexFunc(k.known[p].needs, func(n need) bool { return n.when == nil && len(n.candidates) == 0 }))
		if k.lacking[p] != noNeed {
			fresh = append(fresh, int32(p))
		}
	}
	if len(fresh) == 0 {
		return
	}
	wanted := k.wanted()
	for len(fresh) > 0 {
		last := fresh[len(fresh)-1]
		fresh = fresh[:len(fresh)-1]
		for _, x := range wanted(last) {
			if k.lacking[x.of] == noNeed && !slices.ContainsFunc(k.known[x.of].needs[x.need].candidates, k.lacksNothing) {
				k.lacking[x.of] = x.need
				fresh = append(fresh, x.of)
			}
		}
	}
}

func (k *checking) lacksNothing(p int32) bool { return k.isAssumed(p) || k.lacking[p] == noNeed }

// wanted tells for each package the needs of others that it may satisfy, whatever else
// is in.
func (k *checking) wanted() func(p int32) []reference {
	each := func(do func(candidate int32, x reference)) {
		for p := range k.lacking {
			for i, n := range k.known[p].needs {
				if n.when != nil {
					continue
				}
				for _, c := range n.candidates {
					do(c, reference{int32(p), int32(i)})
				}
			}
		}
	}
	end := make([]int32, len(k.known)+1)
	each(func(c int32, _ reference) { end[c+1]++ })
	for p := range k.known {
		end[p+1] += end[p]
	}
	all := make([]reference, end[len(k.known)])
	next := slices.Clone(end)
	each(func(c int32, x reference) {
		all[next[c]] = x
		next[c]++
	})
	return func(p int32) []reference { return all[end[p]:end[p+1]] }
}

// coreOf returns the facts that keep out p, the only package of the request, which lacks
// something: as many as an explanation has.
func (k *checking) coreOf(p int32) []clause {
	core := []clause{{needed, k.request(), int32(len(k.stays))}, {needed, p, k.lacking[p]}}
	reached := []int32{p}
	for i := 0; i < len(reached) && len(core) <= maxSentences+1; i++ {
		for _, q := range k.known[reached[i]].needs[k.lacking[reached[i]]].candidates {
			if !slices.Contains(reached, q) {
				reached = append(reached, q)
				core = append(core, clause{needed, q, k.lacking[q]})
			}
		}
	}
	return core
}

// grow finds packages that can be installed by growing sets, by what follows alone: a
// package that leads to a conflict is left for the next set. It is not ok where the
// assumed packages cannot be together; the facts say why.
func (k *checking) grow() (core []clause, ok bool) {
	s := newSearch(k.universe)
	for left := k.left(); len(left) > 0; {
		s.ask()
		s.reset()
		if ok, core := s.run(); !ok {
			return core, false
		}
		for p, need := range k.lacking {
			if need != noNeed && s.value[p] == unknown {
				s.set(^literal(p), clause{})
			}
		}
		for _, p := range left {
			if s.value[p] == unknown && s.admissible(p) {
				s.extend(p)
			}
		}
		k.prove(s)
		before := len(left)
		left = k.left()
		if proven := before - len(left); proven < len(left)/minGrowth+1 {
			break
		}
	}
	return nil, true
}

// minGrowth is the part of the open packages, one in so many, that a set must prove for
// another one to be worth its while.
const minGrowth = 50

// prove settles what is in.
func (k *checking) prove(s *search) {
	for _, p := range s.trail {
		if s.value[p] == in {
			k.open[p] = false
		}
	}
}

// stripes is how many lists the packages that are left to search for are dealt into. A
// witness settles what it has of its own list only, so that the answer does not depend
// on how many processors there are.
const stripes = 16

// search decides on what is left package by package.
func (k *checking) search() {
	left := k.left()
	size := (len(left) + stripes - 1) / stripes
	k.inParallel(stripes, func(u *universe) func(int) {
		s := newSearch(u)
		return func(i int) {
			of := left[min(i*size, len(left)):min((i+1)*size, len(left))]
			for j, p := range of {
				if !k.open[p] {
					continue
				}
				k.open[p] = false
				s.ask([]int32{p})
				s.reset()
				found, core := s.run()
				if !found {
					k.reasons[p] = s.whyNot(core)
					continue
				}
				for _, q := range of[j:] {
					k.open[q] = k.open[q] && s.value[q] != in
				}
			}
		}
	})
}

// blameMachine gives every package the same reason.
func (k *checking) blameMachine(core []clause) {
	s := newSearch(k.universe)
	s.ask()
	reason := s.whyNot(core)
	for _, p := range k.left() {
		k.reasons[p] = reason
	}
}
