package assembly

import (
	"slices"
	"strconv"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/console"
	"github.com/mirrorkeeper/mirrorkeeper/mirror"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// PackageColumns are what can be printed of a package.
func PackageColumns() []console.Column[*repo.Package] {
	return []console.Column[*repo.Package]{
		{Name: "name", Value: func(p *repo.Package) string { return p.Name }},
		{Name: "repository", Value: func(p *repo.Package) string { return p.Repository.String() }},
		{Name: "version", Value: func(p *repo.Package) string { return p.Version }},
		{Name: "architecture", Value: func(p *repo.Package) string { return p.Architecture }},
		{Name: "filename", Value: func(p *repo.Package) string { return p.File.Path }},
		{Name: "filesize", Value: func(p *repo.Package) string { return strconv.FormatInt(p.File.Size, 10) }},
		{Name: "checksum", Value: func(p *repo.Package) string { return p.File.Digest.String() }},
		{Name: "obsoletes", Value: func(p *repo.Package) string { return relations(p, repo.Obsoletes) }},
		{Name: "provides", Value: provides},
		{Name: "requires", Value: func(p *repo.Package) string { return relations(p, repo.PreRequires, repo.Requires) }},
		{Name: "recommends", Value: func(p *repo.Package) string { return relations(p, repo.Recommends) }},
		{Name: "section", Value: func(p *repo.Package) string { return p.Section }},
		{Name: "source", Value: func(p *repo.Package) string { return p.Source }},
	}
}

func relations(p *repo.Package, kinds ...repo.Kind) string {
	var out []string
	for _, r := range p.Relations {
		if slices.Contains(kinds, r.Kind) {
			out = append(out, r.String())
		}
	}
	return strings.Join(out, ", ")
}

func provides(p *repo.Package) string {
	var out []string
	for _, x := range p.Provides {
		s := x.Name
		switch {
		case x.Version == "":
		case strings.ContainsAny(x.Version[:1], "<=>"): // of rpm, with an operator of its own
			s += " (" + x.Version + ")"
		default:
			s += " (= " + x.Version + ")"
		}
		out = append(out, s)
	}
	return strings.Join(out, ", ")
}

// UnresolvedColumns are what can be printed of a relation that nothing satisfies: name and version of what is asked
// for first, and the alternatives to it.
func UnresolvedColumns() []console.Column[mirror.Unresolved] {
	return []console.Column[mirror.Unresolved]{
		{Name: "name", Value: func(x mirror.Unresolved) string { return first(x).Name }},
		{Name: "version", Value: func(x mirror.Unresolved) string {
			return strings.TrimSpace(first(x).Op.String() + " " + first(x).Version)
		}},
		{Name: "alternative", Value: func(x mirror.Unresolved) string {
			return repo.Relation{Alternatives: x.Relation.Alternatives[min(1, len(x.Relation.Alternatives)):]}.String()
		}},
		{Name: "wanted-by", Value: func(x mirror.Unresolved) string { return x.WantedBy }},
		{Name: "reason", Value: func(x mirror.Unresolved) string { return x.Reason }},
	}
}

func first(x mirror.Unresolved) repo.Dependency {
	if len(x.Relation.Alternatives) == 0 {
		return repo.Dependency{Name: x.Requirement}
	}
	return x.Relation.Alternatives[0]
}
