package solver

import "slices"

// alternatives completes a union with everything that some client could choose: for each
// need of a pick that counts, the best package of every name that satisfies it and can be
// installed, with its witness. It reports whether it added anything. What an assumed
// package satisfies leaves no choice.
func (s *search) alternatives(all *union) (added bool) {
	possible := map[int32]bool{}
	for again := true; again; added = added || again {
		again = false
		for p := range int32(len(all.ways)) {
			if all.ways[p].length == 0 {
				continue
			}
			for i := range s.rules(p).needs {
				x := reference{p, int32(i)}
				if _, counts := all.counting(x); counts {
					again = s.alternativesOf(all, x, possible) || again
				}
			}
		}
	}
	return added
}

// alternativesOf adds what satisfies one need. Which packages can be installed is
// remembered in possible; those of a union that is not broken can.
func (s *search) alternativesOf(all *union, x reference, possible map[int32]bool) (added bool) {
	n := s.need(x)
	if slices.ContainsFunc(n.candidates, s.isAssumed) {
		return false
	}
	var done []string
	for _, c := range n.candidates {
		name := s.at(c).Name
		if slices.Contains(done, name) || s.exclude(x.of, c) {
			continue
		}
		can, known := possible[c]
		if all.has(c) && (!all.broken || can) {
			done = append(done, name)
			continue
		}
		if known && !can {
			continue
		}
		members, ok := s.alone(c)
		possible[c] = ok
		if !ok {
			continue
		}
		done = append(done, name)
		if !all.has(c) {
			all.ways[c] = way{length: all.ways[x.of].length + 1, by: x.of, relation: n.relation, reverse: n.reverse}
			all.add(members, nil)
			s.settle(all, members)
			added = true
		}
	}
	return added
}

// alone returns the witness of a package, if there is one.
func (s *search) alone(p int32) (members []member, ok bool) {
	s.ask([]int32{p})
	clear(s.waived)
	s.lenient = false
	s.reset()
	if found, _ := s.run(); !found {
		return nil, false
	}
	return s.members(), true
}

// exclude reports whether one of two packages says that they cannot be together.
func (u *universe) exclude(p, q int32) bool {
	return slices.Contains(u.rules(p).excludes, q) || slices.Contains(u.rules(q).excludes, p)
}
