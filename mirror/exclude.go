package mirror

import (
	"slices"
	"strings"

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

// String returns the exclusion as configurations write it.
func (x Exclusion) String() string {
	if !x.Package.IsZero() {
		return x.Package.String()
	}
	var fields []string
	for _, f := range []struct {
		name    string
		pattern repo.Pattern
	}{
		{"name", x.Name},
		{"version", x.Version},
		{"architecture", x.Architecture},
		{"section", x.Section},
		{"source", x.Source},
		{"repository", x.Repository},
	} {
		if !f.pattern.IsZero() {
			fields = append(fields, f.name+": "+f.pattern.String())
		}
	}
	return "{" + strings.Join(fields, ", ") + "}"
}

// excludes reports whether the mirror leaves out the package.
func (m *Mirror) excludes(p *repo.Package, rules repo.Rules) bool {
	return m.exclusionOf(p, rules) >= 0
}

// exclusionOf returns the index of the first exclusion that holds for the package, -1 for
// none.
func (m *Mirror) exclusionOf(p *repo.Package, rules repo.Rules) int {
	return slices.IndexFunc(m.Exclude, func(x Exclusion) bool { return x.holds(p, rules) })
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
