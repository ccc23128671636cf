package solver

import (
	"cmp"
	"slices"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Solve picks the packages of a partial mirror: the union of a witness for every
// package that the seeds, and with [Options.Mandatory] the catalog, ask for. The
// answer does not depend on the order of the seeds.
//
// Within a witness a relation is satisfied by what the set already holds, else by
// the first alternative that can be; there by the package of that name, from the
// repository of the highest priority and in its highest version, else by one that
// provides it, as [repo.Catalog] orders them. A version that the catalog surpasses
// comes after all alternatives, since clients do not choose it by themselves.
//
// That is how apt goes about it. Where clients try what would do by name
// ([repo.Client]), alternatives and providers are equals: the highest priority comes
// first, then the machines' own architecture, what nothing else that would do
// obsoletes, what the package recommends or suggests, the name and the version. Where
// they look at weak relations last, whatever there is no choice of is taken before any
// choice is made.
//
// What a package requires or wants only beside another one is picked as well where the
// other one is picked for another wish, if the two can be installed together.
//
// With [AlternativesAll] the other alternatives are picked, too, with
// [Options.Together] the witness is one of all wishes.
//
// Where a wish has no witness, the relations that are in the way are given up and
// reported, and the rest of the closure is picked.
//
// Then every wish is asked for once more as a client does that has nothing but the picks,
// see [Solution.Refused].
func Solve(c *repo.Catalog, seeds []Seed, o Options) *Solution {
	foreign := slices.Clone(o.Foreign)
	for _, seed := range seeds {
		foreign = append(foreign, seed.Architecture)
	}
	u := newUniverse(c, o, foreign)
	solution := &Solution{}
	wishes, unknown := u.wishes(seeds)
	solution.Unknown = unknown
	if o.Mandatory {
		wishes = append(wishes, u.mandatory()...)
	}
	s, all := newSearch(u), newUnion(u)
	if o.Together {
		if len(wishes) > 0 {
			s.pick(all, wishes, solution)
		}
	} else {
		for i := range wishes {
			s.pick(all, wishes[i:i+1], solution)
		}
	}
	s.meet(all)
	if o.Alternatives == AlternativesAll && !o.Together {
		for s.alternatives(all) && s.meet(all) {
		}
	}
	solution.Refused = s.serve(all, wishes)
	solution.Picks = all.picks()
	solution.Unresolved = all.unresolved(solution)
	return solution
}

// pick adds one witness of the wishes to a union.
func (s *search) pick(all *union, wishes []wish, solution *Solution) {
	candidates := make([][]int32, len(wishes))
	for i := range wishes {
		candidates[i] = wishes[i].candidates
	}
	found := s.witness(candidates...)
	for i := range wishes {
		w := &wishes[i]
		w.picked = w.candidates[slices.IndexFunc(w.candidates, s.isIn)]
		w.broken = len(found.broken) > 0
		if w.renamed {
			p := s.at(w.picked)
			solution.Renamed = append(solution.Renamed, Renamed{w.seed, p, !provides(p, w.seed.Pattern)})
		}
	}
	all.add(found.members, wishes)
	s.settle(all, found.members)
	all.broken = all.broken || len(found.broken) > 0
	for _, b := range found.broken {
		if s.isConflict(b.fact) {
			solution.Conflicts = append(solution.Conflicts, s.conflict(all, wishes, b))
		} else {
			all.missing = append(all.missing, b.fact)
		}
	}
}

// union collects witnesses and keeps the shortest way to each package.
type union struct {
	*universe
	ways    []way // by number
	missing []clause
	settled map[reference]bool // needs with a condition that some witness met
	broken  bool               // not all of it is witnesses
}

// way is the last step of the shortest way to a package.
type way struct {
	length   int32 // packages on it; 0 for a package that is not picked
	by       int32 // the package before, -1 for a wished one
	relation int32
	reverse  bool // it is a relation of the package itself
	wish     *wish
}

func newUnion(u *universe) *union {
	return &union{universe: u, ways: make([]way, len(u.catalog.Packages)), settled: map[reference]bool{}}
}

// add adds the witness of wishes; without any, that of packages which are there already.
func (u *union) add(members []member, wishes []wish) {
	lengths := make([]int32, len(members))
	for i, m := range members {
		if m.by < 0 && wishes == nil {
			lengths[i] = u.ways[m.number].length
			continue
		}
		next := way{length: 1, by: -1, relation: m.relation, reverse: m.reverse}
		if m.by < 0 {
			next.wish = &wishes[slices.IndexFunc(wishes, func(w wish) bool { return w.picked == m.number })]
		} else {
			next.length, next.by = lengths[m.by]+1, members[m.by].number
		}
		if m.assumed > 0 {
			next.by = m.assumed
		}
		lengths[i] = next.length
		if old := u.ways[m.number].length; old == 0 || next.length < old {
			u.ways[m.number] = next
		}
	}
}

// origin returns the wish that the shortest way to a pick comes from.
func (u *union) origin(p int32) *wish {
	for u.ways[p].by >= 0 {
		p = u.ways[p].by
	}
	return u.ways[p].wish
}

// has reports whether a package is picked, or assumed.
func (u *union) has(p int32) bool { return u.isAssumed(p) || u.ways[p].length > 0 }

func (u *union) picks() (picks []Pick) {
	for i, w := range u.ways {
		if w.length > 0 {
			picks = append(picks, Pick{u.catalog.Packages[i], u.reason(int32(i))})
		}
	}
	return picks
}

func (u *union) reason(p int32) Reason {
	w := u.ways[p]
	if w.by < 0 {
		return Reason{Seed: w.wish.label(), Mandatory: w.wish.mandatory}
	}
	by := u.at(w.by)
	switch {
	case w.relation == noRelation:
		return Reason{By: by, Replaces: u.replaced(p)}
	case w.reverse:
		return Reason{By: by, Relation: u.at(p).Relations[w.relation]}
	}
	return Reason{By: by, Relation: by.Relations[w.relation]}
}

// replaced returns the assumed package that a pick takes the place of.
func (u *union) replaced(p int32) *repo.Package {
	for _, n := range u.stays {
		if slices.Contains(n.candidates, p) {
			return u.at(n.candidates[0])
		}
	}
	return nil
}

// unresolved reports the missing relations, in the order of the catalog.
func (u *union) unresolved(s *Solution) (all []Unresolved) {
	slices.SortFunc(u.missing, func(c, d clause) int { return cmp.Or(cmp.Compare(c.a, d.a), cmp.Compare(c.b, d.b)) })
	for _, fact := range slices.Compact(u.missing) {
		wantedBy := u.at(fact.a)
		relation := u.relationOf(fact)
		all = append(all, Unresolved{
			Relation: relation,
			WantedBy: wantedBy,
			Reason:   u.whyUnresolved(wantedBy, relation),
			Chain:    s.chain(wantedBy),
		})
	}
	return all
}

// relationOf returns the relation that a fact of the kind needed is about, which is not
// one of the request.
func (u *universe) relationOf(fact clause) repo.Relation {
	return *u.relation(reference{fact.a, fact.b})
}

// relation returns the relation that a need is about.
func (u *universe) relation(x reference) *repo.Relation {
	n := &u.rules(x.of).needs[x.need]
	of := x.of
	if n.reverse {
		of = n.candidates[0]
	}
	return &u.at(of).Relations[n.relation]
}

// isConflict reports whether a fact says of packages that are there that they exclude
// each other: an exclusion, or a need that nothing satisfies where others are in.
func (u *universe) isConflict(fact clause) bool {
	if fact.kind == exclusion {
		return true
	}
	x := reference{fact.a, fact.b}
	if n := &u.rules(x.of).needs[x.need]; n.when == nil {
		return false
	}
	relation := u.relation(x)
	return !relation.Kind.Hard() || u.satisfiable(u.at(x.of), relation)
}
