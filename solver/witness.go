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
	by       int32 // index of the member that needs it, -1 for the wished ones
	relation int32 // which relation of that one
	reverse  bool  // it is a relation of this one
	assumed  int32 // whose relation it is if it is that of an assumed package, which by makes count
}

// broken is a fact that a witness does not satisfy, and those that together with it
// exclude every witness.
type broken struct {
	fact clause
	core []clause
}

// maxBroken bounds the facts that one wish may break.
const maxBroken = 100

// witness finds a witness of a wish for one package of each list. Where there is none
// it gives up, one by one, the facts that are in the way, so that the witness is as good
// as can be.
func (s *search) witness(wanted ...[]int32) (w witness) {
	s.ask(wanted...)
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
// request that nothing satisfies, else the first exclusion, or need that nothing
// satisfies where others are in. There always is one on the way of the preferred
// candidates, or else they would be a witness.
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
		switch c.kind {
		case needed:
			n := &s.rules(c.a).needs[c.b]
			order = [3]int{1, rank[c.a], int(c.b)}
			if n.when != nil {
				for _, q := range n.when.in {
					order[0], order[1] = 2, lastOf(order[1], rank[q])
				}
			}
			if len(n.candidates) > 0 || order[1] == 0 {
				continue
			}
		case exclusion:
			order = [3]int{2, lastOf(rank[c.a], rank[c.b]), min(rank[c.a], rank[c.b])}
			if order[1] == 0 {
				continue
			}
		default:
			continue
		}
		if best == (clause{}) || slices.Compare(order[:], bestOrder[:]) < 0 {
			best, bestOrder = c, order
		}
	}
	return best
}

// lastOf returns the higher of two ranks, 0 if one of them is.
func lastOf(a, b int) int {
	if min(a, b) == 0 {
		return 0
	}
	return max(a, b)
}

// preferred returns the packages that the needs of a core lead to from the request
// by their first candidates.
func (s *search) preferred(core []clause) (reached []int32) {
	needs := map[int32][]reference{} // by package that they depend on
	for _, c := range core {
		if c.kind != needed {
			continue
		}
		x := reference{c.a, c.b}
		needs[c.a] = append(needs[c.a], x)
		if when := s.need(x).when; when != nil {
			for _, q := range when.in {
				needs[q] = append(needs[q], x)
			}
		}
	}
	reached = []int32{s.request()}
	isReached := func(p int32) bool { return slices.Contains(reached, p) }
	for i := 0; i < len(reached); i++ {
		for _, x := range needs[reached[i]] {
			n := s.need(x)
			met := isReached(x.of) && (n.when == nil || !slices.ContainsFunc(n.when.in, func(q int32) bool { return !isReached(q) }))
			if met && len(n.candidates) > 0 && !isReached(n.candidates[0]) {
				reached = append(reached, n.candidates[0])
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
	relation := s.relationOf(fact)
	if !relation.Kind.Hard() {
		return nil
	}
	for d := range relation.Leaves {
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
// it, first the wished ones and what they lead to, nearest first, then what replaces
// assumed packages and what that leads to.
func (s *search) members() (all []member) {
	index := map[int32]int32{} // of what depends on others' being in
	add := func(candidates []int32, m member) {
		for _, c := range candidates {
			if s.value[c] != in {
				continue
			}
			if !s.seen[c] && !s.isAssumed(c) {
				s.seen[c] = true
				if s.conditional {
					index[c] = int32(len(all))
				}
				m.number = c
				all = append(all, m)
			}
			return
		}
	}
	isMember := func(p int32) bool { return s.seen[p] || s.isAssumed(p) && s.value[p] == in }
	expanded := 0
	expand := func() {
		for ; expanded < len(all); expanded++ {
			for x := range s.concerning(all[expanded].number) {
				n := s.need(x)
				m, ok := member{by: int32(expanded), relation: n.relation, reverse: n.reverse}, true
				if n.when != nil {
					if s.isAssumed(x.of) {
						m.assumed = x.of
					} else {
						m.by, ok = index[x.of]
					}
					ok = ok && s.applies(n) && !slices.ContainsFunc(n.when.in, func(q int32) bool { return !isMember(q) })
				}
				if ok {
					candidates, _ := s.candidatesOf(clause{needed, x.of, x.need}, n)
					add(candidates, m)
				}
			}
		}
	}
	asked := s.rules(s.request()).needs
	stays, wished := asked[:len(s.stays)], asked[len(s.stays):]
	for _, n := range wished {
		add(n.candidates, member{by: -1, relation: noRelation})
	}
	expand()
	for _, n := range stays {
		add(n.candidates, member{by: 0, relation: noRelation})
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
