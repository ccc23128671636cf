package mirror

import (
	"fmt"
	"slices"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/solver"
)

// Unresolved is something that was asked for and that nothing in the mirror is.
type Unresolved struct {
	Requirement string `json:"requirement"`
	WantedBy    string `json:"wanted_by"`
	Reason      string `json:"reason"`
	// Relation is the requirement in its parts.
	Relation repo.Relation `json:"-"`
}

// NewUnresolved tells of a relation that the solver found nothing for.
func NewUnresolved(x solver.Unresolved) Unresolved {
	return Unresolved{x.Relation.String(), x.WantedBy.String(), x.Reason, x.Relation}
}

// AppendUnresolved appends what the list does not have yet.
func AppendUnresolved(list []Unresolved, x Unresolved) []Unresolved {
	if slices.ContainsFunc(list, func(y Unresolved) bool {
		return x.Requirement == y.Requirement && x.WantedBy == y.WantedBy && x.Reason == y.Reason
	}) {
		return list
	}
	return append(list, x)
}

// Picked is a package that the mirror holds, and why.
type Picked struct {
	*repo.Package
	Reason string
	// By is the pick that wanted it; nil for seeds.
	By *repo.Package
}

// FindUnresolved returns the hard relations of every package of the repositories, also
// those not picked, that nothing satisfies.
func (p *Planned) FindUnresolved() (out []Unresolved, err error) {
	all, err := p.Link(repo.Wanted{Everything: true})
	if err != nil {
		return nil, err
	}
	for _, x := range p.mirror.pickings(all, nil) {
		for _, missing := range solver.FindUnresolved(x.Catalog, x.Catalog.Packages, x.Machine.Native, x.Machine.Accepts...) {
			if x.concerns(missing.WantedBy) {
				out = AppendUnresolved(out, NewUnresolved(missing))
			}
		}
	}
	return out, nil
}

// selection is what a partial mirror holds of its catalogs.
type selection struct {
	all        []*repo.Package // of every repository
	picked     []Picked
	unresolved []Unresolved
	refused    []Refused
	renamed    []string
	conflicts  []string
}

// pick chooses the packages that a partial mirror holds: for each architecture of
// machines, and each format, the closure of the seeds.
func (m *Mirror) pick(all []*repo.Package, seeds []solver.Seed) *selection {
	return m.choose(all, solve(m.pickings(all, seeds)))
}

// choose puts together what was picked for all machines.
func (m *Mirror) choose(all []*repo.Package, pickings []Picking) *selection {
	s := &selection{all: all}
	why := map[*repo.Package]Picked{}
	known := map[string]bool{}
	var unknown []Unresolved
	for _, picking := range pickings {
		solution := picking.Solution
		for _, p := range solution.Picks {
			if _, ok := why[p.Package]; !ok {
				why[p.Package] = Picked{p.Package, p.Reason.String(), p.Reason.By}
			}
		}
		missing := map[string]bool{}
		for _, x := range solution.Unknown {
			missing[x.Seed.Label] = true
			unknown = append(unknown, unknownSeed(x))
		}
		for _, x := range picking.Seeds {
			known[x.Label] = known[x.Label] || !missing[x.Label]
		}
		for _, x := range solution.Unresolved {
			s.unresolved = AppendUnresolved(s.unresolved, NewUnresolved(x))
		}
		for _, x := range solution.Refused {
			s.refused = append(s.refused, picking.refused(x))
		}
		for _, x := range solution.Renamed {
			s.renamed = append(s.renamed, renamedSeed(x))
		}
		for _, x := range solution.Conflicts {
			s.conflicts = append(s.conflicts, fmt.Sprintf("%s: %s", x.Seed, x.Reason))
		}
	}
	for _, x := range unknown {
		if !known[x.Requirement] {
			s.unresolved = AppendUnresolved(s.unresolved, x)
		}
	}
	m.addSourcePackages(all, why)
	for _, p := range all {
		if x, ok := why[p]; ok && !m.isAside(p) {
			s.picked = append(s.picked, x)
		}
	}
	return s
}

// isAside reports whether the package is of a source that the mirror does not hold.
func (m *Mirror) isAside(p *repo.Package) bool {
	return slices.ContainsFunc(m.Sources, func(s Source) bool { return s.Aside && s.Name == p.Repository.Source.Name })
}

// seeds are the packages that the mirror names, and those of the groups that it
// names.
func (m *Mirror) seeds(all []*repo.Package) []solver.Seed {
	seeds := slices.Clone(m.Packages)
	for _, group := range m.Groups {
		named := map[string]bool{}
		for _, p := range all {
			if slices.Contains(p.Groups, group) && !named[p.Name] {
				named[p.Name] = true
				seeds = append(seeds, solver.Seed{Pattern: p.Name, Label: "group " + group + ": " + p.Name})
			}
		}
		if len(named) == 0 { // reported as a seed that nothing answers
			seeds = append(seeds, solver.Seed{Pattern: "group " + group, Label: "group " + group})
		}
	}
	return seeds
}

func unknownSeed(x solver.Unknown) Unresolved {
	reason := x.Reason
	if len(x.Near) > 0 {
		reason += fmt.Sprintf("; did you mean %s?", x.Near[0])
	}
	wanted := repo.Dependency{Name: x.Seed.Pattern, Architecture: x.Seed.Architecture, Op: x.Seed.Op, Version: x.Seed.Version}
	return Unresolved{x.Seed.Label, "seed", reason, repo.Relation{Kind: repo.Requires, Alternatives: []repo.Dependency{wanted}}}
}

func renamedSeed(x solver.Renamed) string {
	if x.Obsoletes {
		return fmt.Sprintf("%s was renamed: %s takes its place", x.Seed.Label, x.Package)
	}
	return fmt.Sprintf("%s is no package; %s provides it", x.Seed.Label, x.Package)
}

// addSourcePackages adds the source packages of what was picked.
func (m *Mirror) addSourcePackages(all []*repo.Package, why map[*repo.Package]Picked) {
	if !m.SourcePackages {
		return
	}
	type key struct {
		r    *repo.Repository
		name string
	}
	wanted := map[key]*repo.Package{}
	for _, p := range all {
		if _, ok := why[p]; ok {
			k := key{p.Repository, p.Source}
			if wanted[k] == nil {
				wanted[k] = p
			}
		}
	}
	for _, p := range all {
		if p.Files == nil {
			continue
		}
		if by := wanted[key{p.Repository, p.Name}]; by != nil {
			why[p] = Picked{p, "source of " + by.Name + " " + by.Version, by}
		}
	}
}
