package solver

import (
	"cmp"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// FindUnresolved returns the hard relations of the packages that no package of the
// catalog satisfies on machines of the native architecture which accept the foreign
// ones besides, in the order of the packages. Source packages are passed over.
//
// A rich relation is judged as if every package of the catalog were in, but for those
// that an unless would have out: (a if b) needs a package for a where there is one for
// b; (a if b else c) one for a where there is one for b, else one for c; (a unless b)
// one for a; (a unless b else c) one for a, or one for b and one for c.
func FindUnresolved(c *repo.Catalog, packages []*repo.Package, native string, foreign ...string) (all []Unresolved) {
	u := newUniverse(c, Options{Native: native, Foreign: foreign}, foreign)
	for _, p := range packages {
		if p.IsSource() {
			continue
		}
		for i := range p.Relations {
			if r := &p.Relations[i]; r.Kind.Hard() && !u.satisfiable(p, r) {
				all = append(all, Unresolved{Relation: *r, WantedBy: p, Reason: u.whyUnresolved(p, *r)})
			}
		}
	}
	return all
}

// satisfiable reports whether a relation has a candidate or the package satisfies it
// itself.
func (u *universe) satisfiable(p *repo.Package, r *repo.Relation) bool {
	if r.Rich != nil {
		return u.attainable(p, r.Rich)
	}
	return slices.ContainsFunc(r.Alternatives, func(d repo.Dependency) bool { return u.answered(p, d) })
}

func (u *universe) answered(p *repo.Package, d repo.Dependency) bool {
	u.spare = u.appendCandidates(u.spare[:0], d, p.Architecture)
	return len(u.spare) > 0 || u.catalog.Satisfied(d, p, p.Architecture, u.options.Native)
}

// attainable is satisfiable for rich relations, as [FindUnresolved] has it.
func (u *universe) attainable(p *repo.Package, r *repo.Rich) bool {
	of := func(i int) bool { return i < len(r.Operands) && u.attainable(p, r.Operands[i]) }
	switch r.Op {
	case repo.Leaf:
		return u.answered(p, r.Dependency)
	case repo.And, repo.Or:
		wanted := r.Op == repo.Or
		for i := range r.Operands {
			if of(i) == wanted {
				return wanted
			}
		}
		return !wanted
	case repo.If:
		if of(1) {
			return of(0)
		}
		return len(r.Operands) < 3 || of(2)
	case repo.Unless:
		return of(0) || of(2) && of(1)
	}
	return len(u.satisfying(p, r)) > 0
}

// whyUnresolved says for people why nothing satisfies the relation.
func (u *universe) whyUnresolved(wantedBy *repo.Package, r repo.Relation) string {
	var reasons []string
	if r.Rich != nil {
		for _, part := range u.unattainable(wantedBy, r.Rich) {
			if part.Op == repo.Leaf {
				reasons = append(reasons, part.String()+": "+whyMissing(u.catalog, wantedBy, part.Dependency, u.options.Native))
			} else {
				reasons = append(reasons, part.String()+": no package satisfies it alone")
			}
		}
		if reasons == nil {
			return "it has too many cases to look at"
		}
	}
	for _, d := range r.Alternatives {
		reason := whyMissing(u.catalog, wantedBy, d, u.options.Native)
		if len(r.Alternatives) > 1 {
			reason = d.String() + ": " + reason
		}
		reasons = append(reasons, reason)
	}
	return strings.Join(reasons, "; ")
}

// unattainable returns the parts of an expression, each about one package, that are the
// reason why it is not attainable.
func (u *universe) unattainable(p *repo.Package, r *repo.Rich) (parts []*repo.Rich) {
	if u.attainable(p, r) {
		return nil
	}
	switch r.Op {
	case repo.Leaf, repo.With, repo.Without:
		return []*repo.Rich{r}
	}
	for _, operand := range r.Operands {
		parts = append(parts, u.unattainable(p, operand)...)
	}
	return parts
}

func whyMissing(c *repo.Catalog, wantedBy *repo.Package, d repo.Dependency, native string) string {
	if named := c.Named(d.Name); len(named) > 0 {
		return onlyThere(named, d.Architecture, wantedBy.Architecture, native)
	}
	if providing := c.Providing(d.Name); len(providing) > 0 {
		p := providing[0]
		return "only provided " + howProvided(p, d.Name) + " by " + p.String() + where(providing[:1])
	}
	if obsoleting := c.Obsoleting(d.Name); len(obsoleting) > 0 {
		p := obsoleting[0]
		return "no package has or provides it, but " + p.String() + where(obsoleting[:1]) + " obsoletes it"
	}
	return "no package has or provides it"
}

// onlyThere says which packages of a name are there, none of which will do for a
// package of architecture from that asks for the given one.
func onlyThere(named []*repo.Package, asked, from, native string) string {
	wanted := cmp.Or(asked, from)
	if wanted == "native" || wanted == "any" || wanted == "all" || wanted == "noarch" {
		wanted = native
	}
	foreign := func(p *repo.Package) bool { return !p.On(wanted, native) }
	allowed := slices.DeleteFunc(slices.Clone(named), func(p *repo.Package) bool { return p.Priority < 0 })
	if len(allowed) == 0 {
		return namesOf(named, foreign) + where(named) + " has a negative priority"
	}
	if asked == "any" && !slices.ContainsFunc(allowed, func(p *repo.Package) bool { return p.MultiArch == repo.Allowed }) {
		return namesOf(allowed, foreign) + where(allowed) + " does not answer for any architecture"
	}
	if near := slices.DeleteFunc(slices.Clone(allowed), foreign); len(near) > 0 {
		allowed = near
	}
	names := namesOf(allowed, foreign)
	verb := " is"
	if strings.Contains(names, ", ") {
		verb = " are"
	}
	return "only " + names + verb + cmp.Or(where(allowed), " there")
}

// namesOf names each package with its version once, at most four of them, foreign
// ones with their architecture.
func namesOf(packages []*repo.Package, foreign func(*repo.Package) bool) string {
	var names []string
	for _, p := range packages {
		name := p.Name + " " + p.Version
		if foreign(p) {
			name = p.String()
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) > 4 {
		names = append(names[:4], "...")
	}
	return strings.Join(names, ", ")
}

// where names the repositories of the packages: " in repositories x, y".
func where(packages []*repo.Package) string {
	var names []string
	for _, p := range packages {
		if p.Repository != nil && !slices.Contains(names, p.Repository.String()) {
			names = append(names, p.Repository.String())
		}
	}
	slices.Sort(names)
	switch len(names) {
	case 0:
		return ""
	case 1:
		return " in repository " + names[0]
	}
	return " in repositories " + strings.Join(names, ", ")
}

// howProvided says in which versions a package provides the name.
func howProvided(p *repo.Package, name string) string {
	var versions []string
	for _, x := range p.Provides {
		if x.Name == name {
			versions = append(versions, cmp.Or(x.Version, "without a version"))
		}
	}
	return strings.Join(versions, ", ")
}
