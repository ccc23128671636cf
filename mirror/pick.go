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
	all, err := p.mirror.link(p.read, repo.Wanted{Everything: true})
	if err != nil {
		return nil, err
	}
	for _, catalog := range p.mirror.catalogs(all) {
		for _, machine := range catalog.machines {
			for _, x := range solver.FindUnresolved(catalog.Catalog, catalog.Packages, machine.Native, machine.Accepts...) {
				if x.WantedBy.On(machine.Native, machine.Native) || slices.Contains(machine.Accepts, x.WantedBy.Architecture) {
					out = AppendUnresolved(out, NewUnresolved(x))
				}
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
	renamed    []string
	conflicts  []string
}

// machines are the kinds of machines that a mirror of the format's repositories is
// for.
func (m *Mirror) machines(f repo.Format) []repo.Machine {
	var architectures []string
	for _, s := range m.Sources {
		if s.Format.Name() != f.Name() {
			continue
		}
		for _, a := range s.Architectures {
			if !slices.Contains(m.Foreign, a) && !slices.Contains(architectures, a) {
				architectures = append(architectures, a)
			}
		}
	}
	machines := f.Machines(architectures)
	for i := range machines {
		machines[i].Accepts = append(machines[i].Accepts, m.Foreign...)
	}
	return machines
}

// pick chooses the packages that a partial mirror holds: for each architecture of
// machines, and each format, the closure of the seeds.
func (m *Mirror) pick(all []*repo.Package, seeds []solver.Seed) *selection {
	s := &selection{all: all}
	why := map[*repo.Package]Picked{}
	known := map[string]bool{}
	var unknown []Unresolved
	for _, catalog := range m.catalogs(all) {
		for _, machine := range catalog.machines {
			wanted := seedsFor(seeds, machine)
			solution := solver.Solve(catalog.Catalog, wanted, solver.Options{
				Native: machine.Native, Foreign: machine.Accepts, Recommends: m.Recommends, Suggests: m.Suggests, Mandatory: m.Mandatory,
				Versions: m.Versions, Assumed: m.assumed(catalog.Catalog, machine.Native),
			})
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
			for _, x := range wanted {
				known[x.Label] = known[x.Label] || !missing[x.Label]
			}
			for _, x := range solution.Unresolved {
				s.unresolved = AppendUnresolved(s.unresolved, NewUnresolved(x))
			}
			for _, x := range solution.Renamed {
				s.renamed = append(s.renamed, renamedSeed(x))
			}
			for _, x := range solution.Conflicts {
				s.conflicts = append(s.conflicts, fmt.Sprintf("%s: %s", x.Seed, x.Reason))
			}
		}
	}
	for _, x := range unknown {
		if !known[x.Requirement] {
			s.unresolved = AppendUnresolved(s.unresolved, x)
		}
	}
	m.addSourcePackages(all, why)
	for _, p := range all {
		if x, ok := why[p]; ok {
			s.picked = append(s.picked, x)
		}
	}
	return s
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

// formats are those of the sources, each once.
func (m *Mirror) formats() (formats []repo.Format) {
	for _, s := range m.Sources {
		if !slices.ContainsFunc(formats, func(f repo.Format) bool { return f.Name() == s.Format.Name() }) {
			formats = append(formats, s.Format)
		}
	}
	return formats
}

// catalog is the packages of one format, and the machines that they are for.
type catalog struct {
	*repo.Catalog
	machines []repo.Machine
}

// catalogs makes one catalog a format, without the excluded packages.
func (m *Mirror) catalogs(all []*repo.Package) (out []catalog) {
	of := map[string][]*repo.Package{}
	for _, p := range all {
		of[p.Repository.Source.Type] = append(of[p.Repository.Source.Type], p)
	}
	for _, f := range m.formats() {
		left := slices.DeleteFunc(of[f.Name()], func(p *repo.Package) bool { return m.excludes(p, f) })
		out = append(out, catalog{repo.NewCatalog(f, left), m.machines(f)})
	}
	return out
}

// excludes reports whether the mirror leaves out the package, by its name or another
// form of it.
func (m *Mirror) excludes(p *repo.Package, rules repo.Rules) bool {
	if len(m.Exclude) == 0 {
		return false
	}
	forms := append(rules.Forms(p), p.Name)
	return slices.ContainsFunc(m.Exclude, func(pattern string) bool {
		return slices.ContainsFunc(forms, func(form string) bool { return repo.Match(pattern, form) })
	})
}

// assumed are the packages of the catalog that the machines have already, each in
// the version that the repositories prefer among those wanted.
func (m *Mirror) assumed(catalog *repo.Catalog, native string) (out []*repo.Package) {
	if len(m.Assume) == 0 && len(m.AssumeGroups) == 0 {
		return nil
	}
	done := map[string]bool{}
	for _, p := range catalog.Packages {
		if done[p.Name] || !p.On(native, native) || !m.assumes(p, catalog.Rules()) {
			continue
		}
		for _, best := range catalog.Named(p.Name) {
			if best.On(native, native) && m.assumes(best, catalog.Rules()) {
				done[p.Name] = true
				out = append(out, best)
				break
			}
		}
	}
	return out
}

func (m *Mirror) assumes(p *repo.Package, v repo.Versions) bool {
	for _, s := range m.Assume {
		if repo.Match(s.Pattern, p.Name) && v.Satisfies(p.Version, s.Op, s.Version) {
			return true
		}
	}
	return slices.ContainsFunc(m.AssumeGroups, func(group string) bool {
		return group == "essential" && p.Essential || slices.Contains(p.Groups, group)
	})
}

// seedsFor leaves out the seeds that ask for the architecture of other machines.
func seedsFor(seeds []solver.Seed, m repo.Machine) (out []solver.Seed) {
	for _, s := range seeds {
		if s.Architecture == "" || s.Architecture == m.Native || slices.Contains(m.Accepts, s.Architecture) {
			out = append(out, s)
		}
	}
	return out
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
