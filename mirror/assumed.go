package mirror

import (
	"fmt"
	"slices"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Installed is what machines have, whether repositories have it or not.
type Installed struct {
	// From says where the list is from.
	From string
	// Packages have a name and a version. One without an architecture is of the
	// machines' own; one that repositories have at the same version is taken from there
	// with all that is known of it.
	Packages []*repo.Package
	// Any is set where machines may have any of the packages, as those of another mirror,
	// and not all of them: of each name the newest version counts, and no conflicts.
	Any bool
	// Read is asked for further packages when a run begins; it may be nil.
	Read func() ([]*repo.Package, error) `json:"-"`
}

// readInstalled asks for what is installed.
func (j *Job) readInstalled() error {
	if j.Mirror.Installed.Read == nil {
		return nil
	}
	packages, err := j.Mirror.Installed.Read()
	if err != nil {
		return fmt.Errorf("what is assumed installed from %s: %w", j.Mirror.Installed.From, err)
	}
	m := *j.Mirror
	m.Installed.Packages = slices.Concat(m.Installed.Packages, packages)
	j.Mirror = &m
	return nil
}

// assumed are the packages that the machines have already: those installed, and those
// of the catalog that are assumed, each in the version that the repositories prefer
// among those wanted.
func (m *Mirror) assumed(catalog *repo.Catalog, machine repo.Machine) []*repo.Package {
	out := m.Installed.on(machine, catalog)
	if len(m.Assume) == 0 && len(m.AssumeGroups) == 0 {
		return out
	}
	done := map[string]bool{}
	for _, p := range out {
		done[p.Name] = true
	}
	for _, p := range catalog.Packages {
		if done[p.Name] || !p.On(machine.Native, machine.Native) || !m.assumes(p, catalog.Rules()) {
			continue
		}
		for _, best := range catalog.Named(p.Name) {
			if best.On(machine.Native, machine.Native) && m.assumes(best, catalog.Rules()) {
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

// on returns the installed packages that the machine may have.
func (i Installed) on(machine repo.Machine, catalog *repo.Catalog) (out []*repo.Package) {
	for _, p := range i.Packages {
		if p.Architecture == "" {
			q := *p
			q.Architecture = machine.Native
			p = &q
		}
		if !p.On(machine.Native, machine.Native) && !slices.Contains(machine.Accepts, p.Architecture) {
			continue
		}
		out = append(out, listedAs(p, machine, catalog))
	}
	if i.Any {
		return withoutConflicts(out, catalog.Rules())
	}
	return out
}

// withoutConflicts keeps the newest version of each name and architecture, and what that
// provides.
func withoutConflicts(packages []*repo.Package, v repo.Versions) (out []*repo.Package) {
	type line struct{ name, architecture string }
	at := map[line]int{}
	for _, p := range packages {
		q := *p
		q.Relations = nil
		i, known := at[line{p.Name, p.Architecture}]
		switch {
		case !known:
			at[line{p.Name, p.Architecture}] = len(out)
			out = append(out, &q)
		case v.Compare(p.Version, out[i].Version) > 0:
			out[i] = &q
		}
	}
	return out
}

// listedAs returns the catalog's package that the installed one is, or else itself.
func listedAs(p *repo.Package, machine repo.Machine, catalog *repo.Catalog) *repo.Package {
	for _, q := range catalog.Named(p.Name) {
		sameArchitecture := q.Architecture == p.Architecture || q.Anywhere() && p.On(machine.Native, machine.Native)
		sameVersion := catalog.Rules().Compare(p.Version, q.Version) == 0 ||
			slices.Contains(catalog.Rules().Forms(q), p.Name+"-"+p.Version+"."+p.Architecture) // which may lack the epoch
		if sameArchitecture && sameVersion {
			return q
		}
	}
	return p
}
