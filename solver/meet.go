package solver

import "slices"

// settle remembers which needs with a condition the last witness met the condition of:
// they were decided there.
func (s *search) settle(all *union, members []member) {
	if !s.conditional {
		return
	}
	for _, m := range members {
		for x := range s.concerning(m.number) {
			if n := s.need(x); n.when != nil && s.applies(n) {
				all.settled[x] = true
			}
		}
	}
}

// meet completes a union with what its packages require or want beside others which are
// there for other wishes only. Each such need is looked at once. Packages that cannot be
// installed beside each other change nothing. It reports whether it looked at any. One
// witness of all seeds lacks nothing of the kind, and must stay one.
func (s *search) meet(all *union) (looked bool) {
	if !s.conditional || s.options.Together {
		return false
	}
	for again := true; again; looked = looked || again {
		again = false
		for p := range all.ways {
			if all.ways[p].length == 0 {
				continue
			}
			for i := range s.rules(int32(p)).needs {
				x := reference{int32(p), int32(i)}
				if all.settled[x] {
					continue
				}
				if together, open := all.open(x); open {
					all.settled[x], again = true, true
					s.complete(all, x, together)
				}
			}
		}
	}
	return looked
}

// open reports whether a need has a condition that the picks meet, and no candidate
// among them. together are the picks that make it count.
func (u *union) open(x reference) (together []int32, open bool) {
	n := &u.rules(x.of).needs[x.need]
	if n.when == nil || slices.ContainsFunc(n.candidates, u.has) {
		return nil, false
	}
	return u.counting(x)
}

// counting returns the picks that make a need of one of them count, if they do.
func (u *union) counting(x reference) (together []int32, counts bool) {
	n := &u.rules(x.of).needs[x.need]
	together = append(together, x.of)
	if n.when == nil {
		return together, true
	}
	for _, q := range n.when.in {
		if !u.has(q) {
			return nil, false
		}
		together = append(together, q)
	}
	if n.when.also != nil {
		by, _ := n.when.also.met(u.has)
		if len(by) == 0 {
			return nil, false
		}
		together = append(together, by...)
	}
	return firstOnly(together), true
}

// complete picks what a need asks for where the given packages are installed together.
func (s *search) complete(all *union, x reference, together []int32) {
	n := s.need(x)
	if relation := s.relation(x); len(n.candidates) == 0 {
		if relation.Kind.Hard() && !s.satisfiable(s.at(x.of), relation) {
			all.missing = append(all.missing, clause{needed, x.of, x.need})
		}
		return
	}
	var wanted [][]int32
	for i, p := range together {
		if !s.isAssumed(p) {
			wanted = append(wanted, together[i:i+1])
		}
	}
	if found := s.witness(wanted...); len(found.broken) == 0 {
		all.add(found.members, nil)
		s.settle(all, found.members)
	}
}
