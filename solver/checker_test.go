package solver

import (
	"slices"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// checker tells in the simplest way whether a set of packages can be installed
// together. It shares nothing with the search but the words.
type checker struct {
	versions repo.Versions
	native   string
}

// problems returns what keeps the set from being installed.
func (c checker) problems(set []*repo.Package) (problems []string) {
	for i, p := range set {
		for _, r := range p.Relations {
			switch {
			case r.Kind.Hard() && !c.satisfied(p, r, set):
				problems = append(problems, p.String()+" lacks "+r.String())
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
		}
	}
	return problems
}

// satisfied reports whether a package of the set satisfies the relation of p.
func (c checker) satisfied(p *repo.Package, r repo.Relation, set []*repo.Package) bool {
	for _, d := range r.Alternatives {
		for _, q := range set {
			if c.satisfies(p, d, q) {
				return true
			}
		}
	}
	return false
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
	if p.Name == q.Name {
		return false
	}
	d := r.Alternatives[0]
	fits := d.Architecture == "" || d.Architecture == "any" || d.Architecture == c.architecture(q)
	return fits && c.answers(d, q)
}

// together reports whether packages of one name may be installed together.
func (c checker) together(p, q *repo.Package) bool {
	return p.MultiArch == repo.Same && q.MultiArch == repo.Same && p.Version == q.Version && p.Architecture != q.Architecture
}

func (c checker) architecture(p *repo.Package) string {
	if p.Architecture == "all" {
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
