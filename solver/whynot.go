package solver

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// NotPicked is a package that a solution does not hold, and why.
type NotPicked struct {
	// Package is nil where the catalog has none.
	Package *repo.Package
	// Reasons say for people what kept it out.
	Reasons []string
}

// WhyNot tells of every package that the expression names and a solution of the catalog
// does not hold what kept it out; of none if the solution holds all of them. The seeds
// and options are those that [Solve] was given. Where the catalog has no such package
// there is one answer, without a package, that says what there is instead.
func WhyNot(c *repo.Catalog, s *Solution, seeds []Seed, o Options, expression Seed) (all []NotPicked) {
	named := FindPackages(c, Query{Name: []Seed{expression}})
	if len(named) == 0 {
		return []NotPicked{{Reasons: []string{whyAbsent(c, o, expression)}}}
	}
	picked := make(map[*repo.Package]bool, len(s.Picks))
	for _, p := range s.Picks {
		picked[p.Package] = true
	}
	named = slices.DeleteFunc(named, func(p *repo.Package) bool { return picked[p] })
	if len(named) == 0 {
		return nil
	}
	a := newAbsence(c, picked, seeds, o)
	for _, p := range named {
		all = append(all, NotPicked{p, a.reasons(p)})
	}
	return all
}

// whyAbsent says that no package has the name, and what people may have meant.
func whyAbsent(c *repo.Catalog, o Options, expression Seed) string {
	unknown := newUniverse(c, o, o.Foreign).unknownSeed(expression)
	if answering := FindPackages(c, Query{Provides: []Seed{expression}}); len(answering) > 0 {
		names := namesOf(answering, func(*repo.Package) bool { return false })
		verb := " provides it"
		if strings.Contains(names, ", ") {
			verb = " provide it"
		}
		return "no package has this name; " + names + where(answering) + verb
	}
	text := unknown.Reason
	if len(unknown.Near) > 0 {
		text += "; did you mean " + strings.Join(unknown.Near, ", ") + "?"
	}
	return text
}

// absence looks into why packages are not picked.
type absence struct {
	*search
	asked  Options // what Solve was given; the search looks at all weak relations, to tell of them
	picked []int32 // in the order of the catalog
	is     map[int32]bool
	wished []wish
}

func newAbsence(c *repo.Catalog, picked map[*repo.Package]bool, seeds []Seed, o Options) *absence {
	foreign := slices.Clone(o.Foreign)
	for _, seed := range seeds {
		foreign = append(foreign, seed.Architecture)
	}
	everything := o
	everything.Recommends, everything.Suggests, everything.Versions = true, true, 1
	a := &absence{search: newSearch(newUniverse(c, everything, foreign)), asked: o, is: map[int32]bool{}}
	for k, p := range c.Packages {
		if picked[p] {
			a.picked, a.is[int32(k)] = append(a.picked, int32(k)), true
		}
	}
	a.wished, _ = a.wishes(seeds)
	return a
}

// maxReasons bounds what is told of one package.
const maxReasons = 5

func (a *absence) reasons(p *repo.Package) []string {
	switch {
	case p.Priority < 0:
		return []string{fmt.Sprintf("its priority is negative (%d): such packages are never picked", p.Priority)}
	case !a.accepts(p.Architecture):
		return []string{"no machine of the mirror installs packages of the architecture " + p.Architecture}
	case slices.Contains(a.asked.Assumed, p):
		return []string{"it is assumed to be installed: such packages are not mirrored"}
	}
	k := int32(slices.Index(a.catalog.Packages, p))
	reasons := append(a.ofSeeds(k), a.ofRelations(k)...)
	if len(reasons) == 0 {
		if reasons = a.ofVersions(p); len(reasons) == 0 {
			reasons = []string{"nothing in the mirror asks for it"}
		}
		if why := a.excluded(k); why != "" {
			reasons = append(reasons, "it cannot be installed: "+why)
		}
	}
	if more := len(reasons) - maxReasons; more > 0 {
		reasons = append(reasons[:maxReasons], fmt.Sprintf("and %d more reasons of the kind", more))
	}
	return reasons
}

// ofSeeds says which seeds another package was picked for.
func (a *absence) ofSeeds(k int32) (reasons []string) {
	for _, w := range a.wished {
		if !slices.Contains(w.candidates, k) {
			continue
		}
		if chosen := slices.IndexFunc(w.candidates, a.has); chosen >= 0 {
			reasons = append(reasons, "the seed "+w.label()+" is answered by "+a.name(w.candidates[chosen])+a.instead(w.candidates, k, -1))
		}
	}
	return reasons
}

// ofRelations says which relations of picks the package would satisfy, and what they
// have in its place. Those that have the same are told of by the first.
func (a *absence) ofRelations(k int32) (reasons []string) {
	type kind struct {
		chosen   int32
		followed bool
	}
	count := map[kind]int{}
	var kinds []kind
	said := map[kind]string{}
	for _, of := range a.picked {
		for i := range a.rules(of).needs {
			n := &a.rules(of).needs[i]
			if !slices.Contains(n.candidates, k) || !n.counts(a.has) {
				continue
			}
			relation := a.relation(reference{of, int32(i)})
			at := kind{-1, a.follows(relation.Kind)}
			if chosen := slices.IndexFunc(n.candidates, a.has); chosen >= 0 {
				at.chosen = n.candidates[chosen]
			}
			if at.chosen >= 0 && !at.followed {
				continue
			}
			if count[at]++; count[at] == 1 {
				kinds = append(kinds, at)
				said[at] = a.ofRelation(of, k, n, relation)
			}
		}
	}
	for _, at := range kinds {
		text := said[at]
		if count[at] > 1 {
			text += fmt.Sprintf(" (as with %d more relations)", count[at]-1)
		}
		reasons = append(reasons, text)
	}
	return reasons
}

func (a *absence) ofRelation(of, k int32, n *need, relation *repo.Relation) string {
	text := a.name(of) + " " + relation.Kind.String() + " " + relation.String()
	if n.reverse {
		text = "it " + relation.Kind.String() + " " + a.name(of)
	}
	chosen := slices.IndexFunc(n.candidates, a.has)
	switch {
	case chosen >= 0:
		return text + ", for which there is " + a.name(n.candidates[chosen]) + a.instead(n.candidates, k, of)
	case !a.follows(relation.Kind):
		return text + ", and the mirror does not follow such relations"
	}
	why := a.excluded(k)
	if why == "" {
		why = a.excluded(of, k)
	}
	if why == "" {
		return text + ", which does not go with what else was picked"
	}
	return text + ", which cannot be had: " + why
}

// ofVersions says which relations of picks name the package but not its version.
func (a *absence) ofVersions(p *repo.Package) []string {
	text, more := "", 0
	for _, of := range a.picked {
		for _, r := range a.at(of).Relations {
			for d := range r.Leaves {
				if !a.follows(r.Kind) || d.Name != p.Name || a.catalog.Rules().Satisfies(p.Version, d.Op, d.Version) {
					continue
				}
				if text == "" {
					text = a.name(of) + " " + r.Kind.String() + " " + r.String() + ", which its version does not satisfy"
				} else {
					more++
				}
			}
		}
	}
	switch {
	case text == "":
		return nil
	case more > 0:
		text += fmt.Sprintf(" (as with %d more relations)", more)
	}
	return []string{text}
}

// instead says why the first picked one of some candidates was preferred to k; of is
// the package that asks, -1 for a seed.
func (a *absence) instead(candidates []int32, k, of int32) string {
	chosen := slices.IndexFunc(candidates, a.has)
	if chosen > slices.Index(candidates, k) {
		why := a.excluded(k)
		if why == "" && of >= 0 {
			why = a.excluded(of, k)
		}
		if why == "" {
			return ", which is in the mirror anyway"
		}
		return ", since " + why
	}
	p, q := a.at(k), a.at(candidates[chosen])
	switch {
	case a.isAssumed(candidates[chosen]):
		return ""
	case a.prefers(q) && !a.prefers(p):
		return ", which the configuration prefers"
	case q.Priority > p.Priority:
		return fmt.Sprintf(", which has a higher priority (%d, not %d)", q.Priority, p.Priority)
	case q.Name != p.Name:
		return ", which clients try first"
	case a.catalog.Rules().Compare(q.Version, p.Version) > 0:
		return ", a higher version"
	}
	return ", which comes first"
}

// excluded says why packages cannot be installed together, "" if they can.
func (a *absence) excluded(packages ...int32) string {
	var wanted [][]int32
	for i := range packages {
		if !a.isAssumed(packages[i]) {
			wanted = append(wanted, packages[i:i+1])
		}
	}
	if found := a.witness(wanted...); len(found.broken) > 0 {
		return a.explain(found.broken[0])
	}
	return ""
}

func (a *absence) prefers(p *repo.Package) bool {
	return slices.ContainsFunc(a.asked.Prefer, func(pattern string) bool { return repo.Match(pattern, p.Name) })
}

func (a *absence) has(k int32) bool { return a.isAssumed(k) || a.is[k] }

// follows reports whether the mirror follows relations of the kind.
func (a *absence) follows(kind repo.Kind) bool {
	return (&universe{options: a.asked}).follows(kind)
}
