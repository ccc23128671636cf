package solver

import (
	"slices"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Query asks for packages. Of each of its expressions something must hold; an expression
// is a name or a glob, with a version or an architecture if wanted, as seeds are.
type Query struct {
	// Name: the expression means the package, see [Seed.Names].
	Name []Seed
	// Provides: the package answers a relation that asks for the expression, by its own
	// name or by one that it provides. Files are provided as far as the catalog knows of
	// them ([repo.Format]).
	Provides []Seed
	// Requires: the package has a hard relation that names the expression, in a version
	// that both accept, or that a package satisfies which Name finds for it.
	Requires []Seed
	// Obsoletes: as Requires, for the relations of the kind [repo.Obsoletes], which are
	// about names alone.
	Obsoletes []Seed
	// Natives are the architectures of the machines that relations are looked at on.
	Natives []string
}

// FindPackages returns the packages that answer the query, in the order of the catalog.
// Packages of negative priority are found, too; source packages are passed over.
func FindPackages(c *repo.Catalog, q Query) (found []*repo.Package) {
	f := finder{c, q.Natives}
	var conditions []func(*repo.Package) bool
	for _, s := range q.Name {
		conditions = append(conditions, func(p *repo.Package) bool { return f.isNamed(p, s) })
	}
	for _, s := range q.Provides {
		conditions = append(conditions, func(p *repo.Package) bool { return f.answers(p, s) })
	}
	for _, s := range q.Requires {
		conditions = append(conditions, f.relating(s, f.answering(s), repo.PreRequires, repo.Requires))
	}
	for _, s := range q.Obsoletes {
		conditions = append(conditions, f.relating(s, f.named(s), repo.Obsoletes))
	}
	for _, p := range c.Packages {
		fails := func(holds func(*repo.Package) bool) bool { return !holds(p) }
		if !p.IsSource() && !slices.ContainsFunc(conditions, fails) {
			found = append(found, p)
		}
	}
	return found
}

type finder struct {
	*repo.Catalog
	natives []string
}

func (f finder) isNamed(p *repo.Package, s Seed) bool { return s.Names(f.Rules(), p) }

// Names reports whether the seed means a package by its name or another form of it.
func (s Seed) Names(rules repo.Rules, p *repo.Package) bool {
	if !s.of(p) || !rules.Satisfies(p.Version, s.Op, s.Version) {
		return false
	}
	return repo.Match(s.Pattern, p.Name) ||
		slices.ContainsFunc(rules.Forms(p), func(form string) bool { return repo.Match(s.Pattern, form) })
}

// of reports whether the seed accepts the package's architecture.
func (s Seed) of(p *repo.Package) bool {
	return s.Architecture == "" || s.Architecture == "any" || s.Architecture == p.Architecture || p.Anywhere()
}

func (f finder) answers(p *repo.Package, s Seed) bool {
	if !s.of(p) {
		return false
	}
	if repo.Match(s.Pattern, p.Name) && f.Rules().Satisfies(p.Version, s.Op, s.Version) {
		return true
	}
	return slices.ContainsFunc(p.Provides, func(x repo.Provide) bool {
		return repo.Match(s.Pattern, x.Name) && f.Rules().Satisfies(x.Version, s.Op, s.Version)
	})
}

// targets are packages by the names that relations may mean them by.
type targets map[string][]*repo.Package

// named returns the packages of the name that a seed asks for, by name.
func (f finder) named(s Seed) targets {
	all := targets{}
	for _, p := range f.Packages {
		if !p.IsSource() && f.isNamed(p, s) {
			all[p.Name] = append(all[p.Name], p)
		}
	}
	return all
}

// answering is named, by all names that the packages answer to.
func (f finder) answering(s Seed) targets {
	all := targets{}
	for _, named := range f.named(s) {
		for _, p := range named {
			names := []string{p.Name}
			for _, x := range p.Provides {
				names = append(names, x.Name)
			}
			slices.Sort(names)
			for _, name := range slices.Compact(names) {
				all[name] = append(all[name], p)
			}
		}
	}
	return all
}

// relating is the condition that a package has a relation of one of the kinds to the
// seed, or to one of the targets.
func (f finder) relating(s Seed, to targets, kinds ...repo.Kind) func(*repo.Package) bool {
	return func(p *repo.Package) bool {
		for i := range p.Relations {
			r := &p.Relations[i]
			if !slices.Contains(kinds, r.Kind) {
				continue
			}
			for d := range r.Leaves {
				if f.names(p, d, s) || slices.ContainsFunc(to[d.Name], func(q *repo.Package) bool { return f.meets(p, r.Kind, d, q) }) {
					return true
				}
			}
		}
		return false
	}
}

// names reports whether a dependency of the package names the seed, in a version that
// both accept.
func (f finder) names(p *repo.Package, d repo.Dependency, s Seed) bool {
	if !repo.Match(s.Pattern, d.Name) || !overlap(f.Rules(), d.Op, d.Version, s.Op, s.Version) {
		return false
	}
	switch d.Architecture {
	case "", "any", "native":
		return s.of(p)
	}
	return s.Architecture == "" || s.Architecture == d.Architecture
}

// meets reports whether q satisfies a dependency of p on one of the machines; of
// obsoletes, whether q is what they mean.
func (f finder) meets(p *repo.Package, kind repo.Kind, d repo.Dependency, q *repo.Package) bool {
	if kind == repo.Obsoletes {
		return f.Rules().Satisfies(q.Version, d.Op, d.Version)
	}
	return slices.ContainsFunc(f.natives, func(native string) bool { return f.Satisfied(d, q, p.Architecture, native) })
}

// overlap reports whether there may be a version that two constraints accept: one of
// theirs shows it, unless they go in one direction.
func overlap(v repo.Versions, a repo.Op, aVersion string, b repo.Op, bVersion string) bool {
	aMeets := func() bool { return v.Satisfies(aVersion, b, bVersion) }
	bMeets := func() bool { return v.Satisfies(bVersion, a, aVersion) }
	switch {
	case a == repo.Any || b == repo.Any:
		return true
	case a == repo.Equal:
		return aMeets()
	case b == repo.Equal:
		return bMeets()
	case a == repo.NotEqual || b == repo.NotEqual, isBelow(a) == isBelow(b):
		return true
	}
	return aMeets() && bMeets()
}

func isBelow(o repo.Op) bool { return o == repo.Less || o == repo.LessEqual }
