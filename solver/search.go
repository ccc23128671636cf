package solver

import (
	"cmp"
	"iter"
	"math"
	"slices"
)

// search looks for a witness: a set of packages with the request in it in which
// every need is satisfied and nothing excludes anything.
//
// It is a conflict-driven clause-learning search (Marques-Silva, Sakallah: GRASP,
// 1996; first unique implication point as in Chaff, 2001) that is driven by needs:
// it branches only on an unsatisfied need of a package that is already in, depth
// first as apt installs, and tries the need's candidates in their order. So it ends
// as soon as nothing is open, with the set that a client would choose. Weak needs
// are decisions that no conclusion rests on: one that fails is dropped.
//
// For clients that look at all relations together it first takes what there is no
// choice of, then chooses, need by need in the order in which packages came in, and
// then does the same for the weak needs.
//
// A need with a condition is looked at when its package comes in, and again whenever
// one of the packages that the condition names does.
type search struct {
	*universe
	value   []value
	level   []int32  // of each package with a value: the number of decisions before
	because []clause // why it has the value
	trail   []int32  // packages with a value, in the order they got it
	done    int      // the trail's part whose consequences are drawn
	marks   []mark   // by level - 1: what was before its decision
	agenda  int32    // the frame to go on with
	frames  []frame
	stages  [2]int // how much of the trail was looked at for choices, for weak needs
	learnt  []lesson
	lessons map[literal][]int32 // which learnt clauses contain the literal
	waived  map[clause][]int32  // facts that need not hold, with substitutes
	only    map[clause]bool     // where it is not nil: the facts that there are
	lenient bool                // no fact needs to hold
	seen    []bool
	budget  int     // how many conflicts to bear
	regret  *regret // the first choice gone back on that clients stay with
}

// regret is a package that was chosen and whose needs were satisfied, before it turned out
// that it leads to a fact that does not hold.
type regret struct {
	of   int32
	fact clause
}

// maxConflicts bounds one search. None of the 64,000 packages of a Debian release
// leads to more than ten.
const maxConflicts = 1000

type value int8

const (
	unknown value = iota
	in
	out
)

// literal says of a package that it is in (its number) or out (the complement).
type literal int32

func (l literal) number() int32 {
	if l < 0 {
		return int32(^l)
	}
	return int32(l)
}

// clause names a fact: at least one of its literals holds.
type clause struct {
	kind clauseKind
	// by kind, package and number of its need; two packages; number of the learnt
	a, b int32
}

type clauseKind uint8

const (
	decision  clauseKind = iota // no fact but a choice
	needed                      // a is out, or one of the candidates of its need b is in
	exclusion                   // a is out, or b is out
	learnt                      // follows from others
)

// lesson is a clause that was learnt from a conflict.
type lesson struct {
	literals []literal
	from     []clause
}

// frame is a package whose needs from next on, up to end, are to be looked at, and the
// frame that comes after.
type frame struct{ of, next, end, then int32 }

// allNeeds is the end of a frame that is about all needs of a package.
const allNeeds = math.MaxInt32

const noFrame = -1

type mark struct {
	trail, done, frames int
	agenda              int32
	stages              [2]int
}

func newSearch(u *universe) *search {
	n := len(u.known)
	return &search{
		universe: u,
		value:    make([]value, n),
		level:    make([]int32, n),
		because:  make([]clause, n),
		seen:     make([]bool, n),
		agenda:   noFrame,
		lessons:  map[literal][]int32{},
		waived:   map[clause][]int32{},
		budget:   maxConflicts,
	}
}

// reset forgets all values and lessons.
func (s *search) reset() {
	for _, p := range s.trail {
		s.value[p] = unknown
	}
	s.trail, s.done, s.marks, s.frames, s.agenda = s.trail[:0], 0, s.marks[:0], s.frames[:0], noFrame
	s.stages = [2]int{}
	s.learnt = s.learnt[:0]
	s.regret = nil
	clear(s.lessons)
}

// run searches for a witness of the request. Where there is none it returns the
// facts that exclude one; no facts when it gave up.
func (s *search) run() (found bool, core []clause) {
	s.set(literal(s.request()), clause{})
	for {
		conflict, ok := s.propagate()
		if ok {
			var open bool
			conflict, open, ok = s.step()
			if !open && ok {
				return true, nil
			}
		}
		if ok {
			continue
		}
		if !s.learn(conflict) {
			return false, s.core(conflict)
		}
		if len(s.learnt) > s.budget {
			return false, nil
		}
	}
}

// extend takes a package beside what is in, and what it needs, by first choices alone. It
// leaves everything as it was where that leads to a conflict.
func (s *search) extend(p int32) bool {
	base := int32(len(s.marks))
	s.decide()
	s.set(literal(p), clause{})
	for {
		if _, ok := s.propagate(); !ok {
			break
		}
		switch _, open, ok := s.step(); {
		case !ok:
		case !open:
			return true
		default:
			continue
		}
		break
	}
	s.back(base)
	return false
}

// decide begins a level.
func (s *search) decide() {
	s.marks = append(s.marks, mark{len(s.trail), s.done, len(s.frames), s.agenda, s.stages})
}

// set makes a literal hold.
func (s *search) set(l literal, because clause) {
	p := l.number()
	s.level[p], s.because[p] = int32(len(s.marks)), because
	s.trail = append(s.trail, p)
	if l < 0 {
		s.value[p] = out
		return
	}
	s.value[p] = in
	s.push(frame{p, 0, allNeeds, s.agenda})
}

func (s *search) push(f frame) {
	s.agenda = int32(len(s.frames))
	s.frames = append(s.frames, f)
}

// propagate draws the consequences of new values; it returns a clause that does
// not hold, if there is one.
func (s *search) propagate() (conflict clause, ok bool) {
	for ; s.done < len(s.trail); s.done++ {
		p := s.trail[s.done]
		wrong := literal(p)
		if s.value[p] == in {
			wrong = ^wrong
			for _, q := range s.rules(p).excludes {
				c := exclusionOf(p, q)
				switch {
				case s.value[q] == out || s.isWaived(c):
				case s.value[q] == in:
					return c, false
				default:
					s.set(^literal(q), c)
				}
			}
			s.watch(p)
		}
		for _, i := range s.lessons[wrong] {
			switch l, open := s.unit(s.learnt[i].literals); {
			case open == 0:
				return clause{kind: learnt, a: i}, false
			case open == 1:
				s.set(l, clause{kind: learnt, a: i})
			}
		}
	}
	return clause{}, true
}

// unit returns how many literals may still make a clause hold, and the last; 2 when
// it holds already.
func (s *search) unit(literals []literal) (last literal, open int) {
	for _, l := range literals {
		switch v := s.value[l.number()]; {
		case v == unknown:
			last = l
			open++
		case (v == in) == (l >= 0):
			return l, 2
		}
	}
	return last, open
}

func exclusionOf(p, q int32) clause { return clause{exclusion, min(p, q), max(p, q)} }

func (s *search) isWaived(c clause) bool {
	if s.only != nil {
		return !s.only[c]
	}
	if s.lenient || len(s.waived) == 0 {
		return s.lenient
	}
	_, ok := s.waived[c]
	return ok
}

// watch puts the needs on the agenda that depend on the package's being in. Those of
// packages that are not done yet come with these, the weak ones of clients that look at
// all relations together when it is their turn.
func (s *search) watch(p int32) {
	if len(s.watching) == 0 {
		return
	}
	for _, x := range s.watching[p] {
		if s.value[x.of] == in && !(s.client.WeakLast && s.need(x).weak) && slices.Contains(s.trail[:s.done], x.of) {
			s.push(frame{x.of, x.need, x.need + 1, s.agenda})
		}
	}
}

func (s *search) need(x reference) *need { return &s.rules(x.of).needs[x.need] }

func (s *search) isIn(p int32) bool { return s.value[p] == in }

// applies reports whether the condition of a need is met.
func (s *search) applies(n *need) bool {
	c := n.when
	if c == nil {
		return true
	}
	for _, p := range c.in {
		if s.value[p] != in {
			return false
		}
	}
	if slices.ContainsFunc(c.out, s.isIn) {
		return false
	}
	if c.also != nil {
		by, _ := c.also.met(s.isIn)
		return len(by) > 0
	}
	return true
}

// outcome is what came of looking at a need.
type outcome uint8

const (
	closed outcome = iota // it is satisfied, or may stay open
	taken                 // a package was taken for it
	failed                // nothing can satisfy it
	later                 // there is a choice, for which it is not the time
)

// step satisfies the next open need. It reports whether there was one, and a need
// that cannot be satisfied.
func (s *search) step() (conflict clause, open, ok bool) {
	for s.agenda != noFrame {
		f := s.frames[s.agenda]
		for i := f.next; i < min(f.end, int32(len(s.rules(f.of).needs))); i++ {
			x := reference{f.of, i}
			if s.client.WeakLast && s.need(x).weak {
				continue
			}
			switch s.look(x, f, !s.client.WeakLast) {
			case taken:
				return clause{}, true, true
			case failed:
				return clause{needed, f.of, i}, true, false
			}
		}
		s.agenda = f.then
	}
	if !s.client.WeakLast {
		return clause{}, false, true
	}
	for stage := range s.stages {
		for ; s.stages[stage] < len(s.trail); s.stages[stage]++ {
			p := s.trail[s.stages[stage]]
			if s.value[p] != in {
				continue
			}
			for x := range s.concerning(p) {
				if s.need(x).weak != (stage == 1) {
					continue
				}
				switch s.look(x, frame{then: noFrame}, true) {
				case taken:
					return clause{}, true, true
				case failed:
					return clause{needed, x.of, x.need}, true, false
				}
			}
		}
	}
	return clause{}, false, true
}

// concerning yields the needs of a package, and those of packages that are in which
// depend on it.
func (s *search) concerning(p int32) iter.Seq[reference] {
	return func(yield func(reference) bool) {
		for i := range s.rules(p).needs {
			if !yield(reference{p, int32(i)}) {
				return
			}
		}
		for _, x := range s.watching[p] {
			if s.value[x.of] == in && !yield(x) {
				return
			}
		}
	}
}

// look looks at a need of a package that is in, and takes a package for it if one is
// needed. f is the frame that it is part of.
func (s *search) look(x reference, f frame, choices bool) outcome {
	n := s.need(x)
	if !s.applies(n) {
		return closed
	}
	c := clause{needed, x.of, x.need}
	candidates, weak := s.candidatesOf(c, n)
	if s.satisfied(candidates) {
		return closed
	}
	first, more := s.choose(candidates)
	switch {
	case first < 0 && weak:
		return closed
	case first < 0:
		return failed
	case more || weak:
		if !choices {
			return later
		}
		s.decide()
		c = clause{}
	}
	if s.agenda != noFrame {
		s.push(frame{f.of, x.need + 1, f.end, f.then})
	}
	s.set(literal(first), c)
	return taken
}

// candidatesOf returns what may satisfy a need, and whether it may stay open.
func (s *search) candidatesOf(c clause, n *need) (candidates []int32, weak bool) {
	if s.only != nil && !s.only[c] {
		return nil, true
	}
	if n.weak {
		return n.candidates, true
	}
	if s.isWaived(c) {
		return append(slices.Clip(n.candidates), s.waived[c]...), true
	}
	return n.candidates, false
}

func (s *search) satisfied(candidates []int32) bool {
	for _, c := range candidates {
		if s.value[c] == in {
			return true
		}
	}
	return false
}

// choose returns the first candidate that may be in, and whether there are more;
// -1 for none.
func (s *search) choose(candidates []int32) (first int32, more bool) {
	first = -1
	for _, c := range candidates {
		if s.value[c] == unknown && s.admissible(c) {
			if first >= 0 {
				return first, true
			}
			first = c
		}
	}
	return first, false
}

// admissible reports whether an undecided package may be in as far as its own rules,
// and those that depend on it, tell; if not, it is out from now on.
func (s *search) admissible(p int32) bool {
	r := s.rules(p)
	for _, q := range r.excludes {
		if s.value[q] == in {
			if c := exclusionOf(p, q); !s.isWaived(c) {
				s.set(^literal(p), c)
				return false
			}
		}
	}
	for i := range r.needs {
		c := clause{needed, p, int32(i)}
		if n := &r.needs[i]; !n.weak && s.allOut(n.candidates) && s.applies(n) && !s.isWaived(c) {
			s.set(^literal(p), c)
			return false
		}
	}
	if len(s.watching) == 0 {
		return true
	}
	for _, x := range s.watching[p] {
		c, n := clause{needed, x.of, x.need}, s.need(x)
		if s.value[x.of] == in && !n.weak && s.allOut(n.candidates) && s.appliesBut(n, p) && !s.isWaived(c) {
			s.set(^literal(p), c)
			return false
		}
	}
	return true
}

// appliesBut reports whether the condition of a hard need is met as soon as p is in.
func (s *search) appliesBut(n *need, p int32) bool {
	for _, q := range n.when.in {
		if q != p && s.value[q] != in {
			return false
		}
	}
	return true
}

func (s *search) allOut(candidates []int32) bool {
	for _, c := range candidates {
		if s.value[c] != out {
			return false
		}
	}
	return true
}

// literals calls yield for each literal of a fact.
func (s *search) literals(c clause, yield func(literal)) {
	switch c.kind {
	case needed:
		n := &s.rules(c.a).needs[c.b]
		yield(^literal(c.a))
		for _, q := range n.candidates {
			yield(literal(q))
		}
		if n.when != nil {
			for _, q := range n.when.in {
				yield(^literal(q))
			}
		}
	case exclusion:
		yield(^literal(c.a))
		yield(^literal(c.b))
	case learnt:
		for _, l := range s.learnt[c.a].literals {
			yield(l)
		}
	}
}

// learn finds the choice that led to a conflict, goes back to where it can be
// avoided, and avoids it. It returns false when no choice did.
func (s *search) learn(conflict clause) bool {
	top := int32(0)
	s.literals(conflict, func(l literal) { top = max(top, s.level[l.number()]) })
	if top == 0 {
		return false
	}
	lesson := lesson{from: []clause{conflict}}
	back, pending := int32(0), 0
	add := func(l literal) {
		p := l.number()
		if s.seen[p] {
			return
		}
		s.seen[p] = true
		if s.level[p] == top {
			pending++
			return
		}
		back = max(back, s.level[p])
		lesson.literals = append(lesson.literals, l)
	}
	s.literals(conflict, add)
	at := len(s.trail) - 1
	for ; ; at-- {
		p := s.trail[at]
		if !s.seen[p] || s.level[p] != top {
			continue
		}
		if pending == 1 {
			break
		}
		pending--
		lesson.from = append(lesson.from, s.because[p])
		s.literals(s.because[p], add)
	}
	if chosen := s.trail[s.marks[top-1].trail]; s.regret == nil && !s.inProgress(chosen) {
		if fact := s.exclusionIn(conflict); !s.dislodges(fact) {
			s.regret = &regret{chosen, fact}
		}
	}
	cause := literal(s.trail[at])
	if s.value[s.trail[at]] == in {
		cause = ^cause
	}
	// The literals of top that were resolved away are marked as seen, too.
	for _, p := range s.trail[s.marks[top-1].trail:] {
		s.seen[p] = false
	}
	for _, l := range lesson.literals {
		s.seen[l.number()] = false
	}
	lesson.literals = append(lesson.literals, cause)
	number := int32(len(s.learnt))
	s.learnt = append(s.learnt, lesson)
	for _, l := range lesson.literals {
		s.lessons[l] = append(s.lessons[l], number)
	}
	s.back(back)
	s.set(cause, clause{kind: learnt, a: number})
	return true
}

// inProgress reports whether needs of a package are still being looked at, for clients that
// do so depth first.
func (s *search) inProgress(p int32) bool {
	for i := s.agenda; i != noFrame; i = s.frames[i].then {
		if s.frames[i].of == p {
			return true
		}
	}
	return false
}

// dislodges reports whether a fact is an exclusion that is told by the package which came
// later: then clients drop the other one.
func (s *search) dislodges(c clause) bool {
	if c.kind != exclusion {
		return false
	}
	later, other := c.a, c.b
	if s.value[other] == out || s.value[later] == in && slices.Index(s.trail, other) > slices.Index(s.trail, later) {
		later, other = other, later
	}
	return slices.Contains(s.rules(later).excludes, other)
}

// exclusionIn returns the exclusion that is nearest among the reasons why a clause does
// not hold, or else a fact that it comes from.
func (s *search) exclusionIn(c clause) clause {
	reasons := []clause{c}
	for i := 0; i < len(reasons); i++ {
		if reasons[i].kind == exclusion {
			return reasons[i]
		}
		s.literals(reasons[i], func(l literal) {
			if by := s.because[l.number()]; by.kind != decision && !slices.Contains(reasons, by) {
				reasons = append(reasons, by)
			}
		})
	}
	for c.kind == learnt {
		c = s.learnt[c.a].from[0]
	}
	return c
}

// back undoes all decisions after the level.
func (s *search) back(level int32) {
	m := s.marks[level]
	for _, p := range s.trail[m.trail:] {
		s.value[p] = unknown
	}
	s.trail, s.done, s.frames, s.agenda, s.stages = s.trail[:m.trail], m.done, s.frames[:m.frames], m.agenda, m.stages
	s.marks = s.marks[:level]
}

// core returns the needs and exclusions that a conflict rests on which no choice
// led to, sorted.
func (s *search) core(conflict clause) []clause {
	facts := map[clause]bool{}
	var take func(c clause)
	take = func(c clause) {
		if facts[c] {
			return
		}
		facts[c] = true
		if c.kind == learnt {
			for _, from := range s.learnt[c.a].from {
				take(from)
			}
		}
	}
	var justified []int32
	take(conflict)
	for open := []clause{conflict}; len(open) > 0; {
		c := open[len(open)-1]
		open = open[:len(open)-1]
		s.literals(c, func(l literal) {
			p := l.number()
			if s.seen[p] || s.because[p].kind == decision {
				return
			}
			s.seen[p] = true
			justified = append(justified, p)
			take(s.because[p])
			open = append(open, s.because[p])
		})
	}
	for _, p := range justified {
		s.seen[p] = false
	}
	core := make([]clause, 0, len(facts))
	for c := range facts {
		if c.kind != learnt {
			core = append(core, c)
		}
	}
	slices.SortFunc(core, func(c, d clause) int {
		return cmp.Or(cmp.Compare(c.kind, d.kind), cmp.Compare(c.a, d.a), cmp.Compare(c.b, d.b))
	})
	return core
}
