package mirror

import (
	"slices"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/solver"
)

// Picking is what the solver is asked for one kind of machine, and its answer.
type Picking struct {
	// Format is that of the catalog, which holds the packages of all repositories of this
	// format that clients see, without the excluded ones.
	Format  repo.Format
	Catalog *repo.Catalog
	Machine repo.Machine
	// Seeds are those meant for the machine.
	Seeds   []solver.Seed
	Options solver.Options
	// Solution is nil for a full mirror, for which nothing is picked.
	Solution *solver.Solution
}

// concerns reports whether the machine may install the package.
func (x *Picking) concerns(p *repo.Package) bool {
	return p.On(x.Machine.Native, x.Machine.Native) || slices.Contains(x.Machine.Accepts, p.Architecture)
}

// pickings are the questions to the solver: one for each format and kind of machine.
func (m *Mirror) pickings(all []*repo.Package, seeds []solver.Seed) (out []Picking) {
	of := map[string][]*repo.Package{}
	for _, p := range all {
		of[p.Repository.Source.Type] = append(of[p.Repository.Source.Type], p)
	}
	for _, f := range m.formats() {
		left := slices.DeleteFunc(of[f.Name()], func(p *repo.Package) bool { return m.excludes(p, f) })
		catalog := repo.NewCatalog(f, left)
		for _, machine := range m.machines(f) {
			out = append(out, Picking{
				Format: f, Catalog: catalog, Machine: machine, Seeds: seedsFor(seeds, machine), Options: m.options(catalog, machine),
			})
		}
	}
	return out
}

// solve has the solver answer.
func solve(pickings []Picking) []Picking {
	for i := range pickings {
		x := &pickings[i]
		x.Solution = solver.Solve(x.Catalog, x.Seeds, x.Options)
	}
	return pickings
}

func (m *Mirror) options(catalog *repo.Catalog, machine repo.Machine) solver.Options {
	return solver.Options{
		Native: machine.Native, Foreign: machine.Accepts, Recommends: m.Recommends, Suggests: m.Suggests, Mandatory: m.Mandatory,
		Versions: m.Versions, Alternatives: m.Alternatives, Prefer: m.Prefer, Together: m.Together,
		Assumed: m.assumed(catalog, machine),
	}
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

// seedsFor leaves out the seeds that ask for the architecture of other machines.
func seedsFor(seeds []solver.Seed, m repo.Machine) (out []solver.Seed) {
	for _, s := range seeds {
		if s.Architecture == "" || s.Architecture == m.Native || slices.Contains(m.Accepts, s.Architecture) {
			out = append(out, s)
		}
	}
	return out
}
