package solver

import "slices"

// witness is a set of packages from which a wish can be installed, apart from the
// facts that it breaks.
type witness struct {
	members []member // the wished one first, each after the one that needs it
	broken  []broken
}

// member is a package of a witness and the shortest way to it.
type member struct {
	number   int32
	by       int32 // index of the member that needs it, -1 for the wished one
	relation int32 // which relation of that one
}

// broken is a fact that a witness does not satisfy, and those that together with it
// exclude every witness.
type broken struct {
	fact clause
	core []clause
}

// maxBroken bounds the facts that one wish may break.
const maxBroken = 100

// witness finds a witness of the wish. Where there is none it gives up, one by one,
// the facts that are in the way, so that the witness is as good as can be.
func (s *search) witness(candidates []int32) (w witness) {
	s.ask(candidates)
	clear(s.waived)
	var given []broken
	for s.lenient = false; ; {
		s.reset()
		found, core := s.run()
		if found {
			break
		}
		if core == nil || len(given) == maxBroken {
			s.lenient = true
			continue
		}
		fact := s.blame(core)
		given = append(given, broken{fact, core})
		s.waived[fact] = s.substitutes(fact)
	}
	w.members = s.members()
	if s.lenient {
		given = s.allBroken(w.members)
	}
	for _, b := range given {
		if !s.holds(b.fact) {
			w.broken = append(w.broken, b)
		}
	}
	return w
}

// blame picks from a core the fact to give up: the first need on the way from the
// request that nothing satisfies, else the first exclusion. There always is one on
// the way of the preferred candidates, or else they would be a witness.
func (s *search) blame(core []clause) clause {
	reached := s.preferred(core)
	rank := make(map[int32]int, len(reached))
	for i, p := range reached {
		rank[p] = i + 1
	}
	var best clause
	var bestOrder [3]int
	for _, c := range core {
		var order [3]int
		switch missing := c.kind == needed && len(s.rules(c.a).needs[c.b].candidates) == 0; {
		case missing && rank[c.a] > 0:
			order = [3]int{1, rank[c.a], int(c.b)}
		case c.kind == exclusion && rank[c.a] > 0 && rank[c.b] > 0:
			order = [3]int{2, max(rank[c.a], rank[c.b]), min(rank[c.a], rank[c.b])}
		default:
			continue
		}
		if best == (clause{}) || slices.Compare(order[:], bestOrder[:]) < 0 {
			best, bestOrder = c, order
		}
	}
	return best
}

// preferred returns the packages that the needs of a core lead to from the request
// by their first candidates.
func (s *search) preferred(core []clause) (reached []int32) {
	needs := map[int32][]int32{}
	for _, c := range core {
		if c.kind == needed {
			needs[c.a] = append(needs[c.a], c.b)
		}
	}
	reached = []int32{s.request()}
	for i := 0; i < len(reached); i++ {
		for _, n := range needs[reached[i]] {
			candidates := s.rules(reached[i]).needs[n].candidates
			if len(candidates) > 0 && !slices.Contains(reached, candidates[0]) {
				reached = append(reached, candidates[0])
			}
		}
	}
	return reached
}

// substitutes returns what is mirrored along for a need that nothing satisfies: what
// obsoletes the names it asks for.
func (s *search) substitutes(fact clause) (found []int32) {
	pkg := s.at(fact.a)
	if fact.kind != needed || pkg == nil {
		return nil
	}
	for _, d := range pkg.Relations[s.rules(fact.a).needs[fact.b].relation].Alternatives {
		if len(s.catalog.NamedAt(d.Name)) > 0 {
			continue
		}
		for _, k := range s.catalog.ObsoletingAt(d.Name) {
			if p := s.catalog.Packages[k]; p.Priority >= 0 && s.architecture(p) == s.architecture(pkg) {
				found = append(found, k)
			}
		}
	}
	return found
}

// members returns the catalog's packages that are in, each after the one that needs
// it, first the wished one and what it leads to, nearest first, then what replaces
// assumed packages and what that leads to.
func (s *search) members() (all []member) {
	add := func(candidates []int32, by, relation int32) {
		for _, c := range candidates {
			if s.value[c] != in {
				continue
			}
			if !s.seen[c] && !s.isAssumed(c) {
				s.seen[c] = true
				all = append(all, member{c, by, relation})
			}
			return
		}
	}
	expanded := 0
	expand := func() {
		for ; expanded < len(all); expanded++ {
			p := all[expanded].number
			needs := s.rules(p).needs
			for i := range needs {
				candidates, _ := s.candidatesOf(clause{needed, p, int32(i)}, &needs[i])
				add(candidates, int32(expanded), needs[i].relation)
			}
		}
	}
	asked := s.rules(s.request()).needs
	stays, wished := asked[:len(asked)-1], asked[len(asked)-1]
	add(wished.candidates, -1, noRelation)
	expand()
	for _, n := range stays {
		add(n.candidates, 0, noRelation)
	}
	expand()
	for _, m := range all {
		s.seen[m.number] = false
	}
	return all
}

// holds reports whether the packages that are in satisfy a fact.
func (s *search) holds(c clause) (holds bool) {
	s.literals(c, func(l literal) {
		if (s.value[l.number()] == in) == (l >= 0) {
			holds = true
		}
	})
	return holds
}

// allBroken returns the facts of the members that do not hold.
func (s *search) allBroken(members []member) (all []broken) {
	for _, m := range members {
		r := s.rules(m.number)
		for i := range r.needs {
			if c := (clause{needed, m.number, int32(i)}); !r.needs[i].weak && !s.holds(c) {
				all = append(all, broken{fact: c})
			}
		}
		for _, q := range r.excludes {
			c := exclusionOf(m.number, q)
			if known := func(b broken) bool { return b.fact == c }; !s.holds(c) && !slices.ContainsFunc(all, known) {
				all = append(all, broken{fact: c})
			}
		}
	}
	return all
}
