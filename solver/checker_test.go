package solver

import (
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// checker tells in the simplest way whether a set of packages can be installed
// together. It shares nothing with the search but the words.
type checker struct {
	versions repo.Versions
	native   string
	complete bool // obsoletes and streams of modules exclude, packages of two architectures do not
}

// problems returns what keeps the set from being installed.
func (c checker) problems(set []*repo.Package) (problems []string) {
	for i, p := range set {
		for _, r := range p.Relations {
			switch {
			case r.Kind.Hard() && !c.satisfied(p, r, set):
				problems = append(problems, p.String()+" lacks "+r.String())
			case r.Rich != nil:
				if r.Kind == repo.Conflicts && c.holds(p, r.Rich, set) {
					problems = append(problems, p.String()+" excludes "+r.String())
				}
			case r.Kind == repo.Conflicts || r.Kind == repo.Breaks:
				for _, q := range set {
					if c.hits(p, r, q) {
						problems = append(problems, p.String()+" excludes "+q.String()+" by "+r.String())
					}
				}
			}
		}
		for _, q := range set[i+1:] {
			if p.Name == q.Name && !c.together(p, q) {
				problems = append(problems, p.String()+" beside "+q.String())
			}
			if c.complete && (c.replaces(p, q) || c.replaces(q, p)) {
				problems = append(problems, p.String()+" or "+q.String()+" obsoletes the other")
			}
			if c.complete && c.otherStream(p, q) {
				problems = append(problems, p.String()+" and "+q.String()+" are of two streams")
			}
		}
	}
	return problems
}

// satisfied reports whether a package of the set satisfies the relation of p.
func (c checker) satisfied(p *repo.Package, r repo.Relation, set []*repo.Package) bool {
	if r.Rich != nil {
		return c.holds(p, r.Rich, set)
	}
	for _, d := range r.Alternatives {
		for _, q := range set {
			if c.satisfies(p, d, q) {
				return true
			}
		}
	}
	return false
}

// holds reports whether the expression of p is true of the set.
func (c checker) holds(p *repo.Package, r *repo.Rich, set []*repo.Package) bool {
	of := func(i int) bool { return c.holds(p, r.Operands[i], set) }
	alone := func(yes func(q *repo.Package) bool) bool { return slices.ContainsFunc(set, yes) }
	switch r.Op {
	case repo.And:
		return of(0) && of(1)
	case repo.Or:
		return of(0) || of(1)
	case repo.If:
		if len(r.Operands) == 3 {
			return (of(0) || !of(1)) && (of(2) || of(1))
		}
		return of(0) || !of(1)
	case repo.Unless:
		return of(0) && !of(1) || len(r.Operands) == 3 && of(2) && of(1)
	case repo.With:
		return alone(func(q *repo.Package) bool {
			one := []*repo.Package{q}
			return c.holds(p, r.Operands[0], one) && c.holds(p, r.Operands[1], one)
		})
	case repo.Without:
		return alone(func(q *repo.Package) bool {
			one := []*repo.Package{q}
			return c.holds(p, r.Operands[0], one) && !c.holds(p, r.Operands[1], one)
		})
	}
	return alone(func(q *repo.Package) bool { return c.satisfies(p, r.Dependency, q) })
}

// replaces reports whether p obsoletes q.
func (c checker) replaces(p, q *repo.Package) bool {
	return slices.ContainsFunc(p.Relations, func(r repo.Relation) bool {
		for d := range r.Leaves {
			if r.Kind == repo.Obsoletes && d.Name == q.Name && c.versions.Satisfies(q.Version, d.Op, d.Version) {
				return true
			}
		}
		return false
	})
}

func (c checker) otherStream(p, q *repo.Package) bool {
	a, _ := p.Detail.(string)
	b, _ := q.Detail.(string)
	module, _, _ := strings.Cut(a, ":")
	other, _, _ := strings.Cut(b, ":")
	return a != "" && b != "" && a != b && module == other
}

func (c checker) satisfies(p *repo.Package, d repo.Dependency, q *repo.Package) bool {
	var fits bool
	switch d.Architecture {
	case "":
		fits = q.MultiArch == repo.Foreign || c.architecture(p) == c.architecture(q)
	case "any":
		fits = q.MultiArch == repo.Allowed
	default:
		fits = c.architecture(q) == d.Architecture
	}
	return fits && c.answers(d, q)
}

// answers reports whether name or provided name and their versions fit.
func (c checker) answers(d repo.Dependency, q *repo.Package) bool {
	if q.Name == d.Name && c.versions.Satisfies(q.Version, d.Op, d.Version) {
		return true
	}
	return slices.ContainsFunc(q.Provides, func(x repo.Provide) bool {
		return x.Name == d.Name && c.versions.Satisfies(x.Version, d.Op, d.Version)
	})
}

// hits reports whether a conflict of p concerns q.
func (c checker) hits(p *repo.Package, r repo.Relation, q *repo.Package) bool {
	if p == q || p.Name == q.Name && !c.complete {
		return false
	}
	d := r.Alternatives[0]
	fits := d.Architecture == "" || d.Architecture == "any" || d.Architecture == c.architecture(q)
	return fits && c.answers(d, q)
}

// together reports whether packages of one name may be installed together.
func (c checker) together(p, q *repo.Package) bool {
	if c.complete {
		return p.Name == "kernel" || p.Architecture != q.Architecture && p.Architecture != "noarch" && q.Architecture != "noarch"
	}
	return p.MultiArch == repo.Same && q.MultiArch == repo.Same && p.Version == q.Version && p.Architecture != q.Architecture
}

func (c checker) architecture(p *repo.Package) string {
	if p.Architecture == "all" || p.Architecture == "noarch" {
		return c.native
	}
	return p.Architecture
}

// subsets yields every set of the packages that can be installed together and has
// all that is required.
func (c checker) subsets(all, required []*repo.Package, yield func([]*repo.Package) bool) {
	var free []*repo.Package
	for _, p := range all {
		if !slices.Contains(required, p) {
			free = append(free, p)
		}
	}
	for mask := range 1 << len(free) {
		set := slices.Clone(required)
		for i, p := range free {
			if mask>>i&1 == 1 {
				set = append(set, p)
			}
		}
		if len(c.problems(set)) == 0 && !yield(set) {
			return
		}
	}
}

// installable reports whether there is any set with the packages in it.
func (c checker) installable(all []*repo.Package, required ...*repo.Package) (found bool) {
	c.subsets(all, required, func([]*repo.Package) bool {
		found = true
		return false
	})
	return found
}
