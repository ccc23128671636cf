package mirror

import (
	"slices"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Exclusion says of packages that they are never picked: those for which each of its
// conditions holds. The zero value of a condition holds for all.
type Exclusion struct {
	// Package is the name or another form of the package (see [repo.Rules]).
	Package repo.Pattern
	// Repository is the name of the source or of the repository, "source/suite".
	Repository repo.Pattern
	// The others are fields of [repo.Package].
	Name, Version, Architecture, Section, Source repo.Pattern
}

// excludes reports whether the mirror leaves out the package.
func (m *Mirror) excludes(p *repo.Package, rules repo.Rules) bool {
	return slices.ContainsFunc(m.Exclude, func(x Exclusion) bool { return x.holds(p, rules) })
}

func (x Exclusion) holds(p *repo.Package, rules repo.Rules) bool {
	for _, condition := range []struct {
		wanted repo.Pattern
		value  string
	}{
		{x.Name, p.Name}, {x.Version, p.Version}, {x.Architecture, p.Architecture}, {x.Section, p.Section}, {x.Source, p.Source},
	} {
		if !condition.wanted.IsZero() && !condition.wanted.Match(condition.value) {
			return false
		}
	}
	if r := x.Repository; !r.IsZero() && !r.Match(p.Repository.Source.Name) && !r.Match(p.Repository.String()) {
		return false
	}
	return x.Package.IsZero() || x.Package.Match(p.Name) || !x.Package.IsRegexp() && slices.ContainsFunc(rules.Forms(p), x.Package.Match)
}
