package rpm

import (
	"io"
	"maps"
	"slices"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/rpm/modulemd"
	"github.com/mirrorkeeper/mirrorkeeper/rpm/repodata"
)

// groups are the names of groups that packages are in.
//
// A comps group has its mandatory and default packages, and conditional ones whose
// condition is among these; so has what its name and "/mandatory", "/default" or
// "/optional" is, of the one kind. An environment has what its groups have, and with
// "/optional" what the groups that can be chosen have. What is not called by its id
// but by the name that people see has the same packages.
//
// The group of a module stream, "nodejs:18", has its packages, and "nodejs:18/common"
// those of the profile; without the stream these are the default one's.
type groups struct {
	byName    map[string][]string // of packages of the name
	mandatory map[string]bool     // names of packages
	ofStream  map[stream]*streamGroups
}

// readGroups reads the comps of all repositories, and the groups of active modules.
func readGroups(all []repo.Reading, m *modules) (*groups, error) {
	g := &groups{byName: map[string][]string{}, mandatory: map[string]bool{}, ofStream: map[stream]*streamGroups{}}
	byID := map[string][]*repodata.Group{}
	var environments []*repodata.Environment
	for _, of := range all {
		err := readIndex(of, groupKind, func(content io.Reader, name string) error {
			comps, err := repodata.ParseComps(content, name)
			if err != nil {
				return err
			}
			for i := range comps.Groups {
				x := &comps.Groups[i]
				byID[x.ID] = append(byID[x.ID], x)
				g.addGroup(x)
			}
			for i := range comps.Environments {
				environments = append(environments, &comps.Environments[i])
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	for _, e := range environments {
		for _, name := range calls(e.ID, e.Name) {
			for _, id := range e.Groups {
				for _, x := range byID[id] {
					g.addParts(name, x)
				}
			}
			for _, id := range e.Options {
				for _, x := range byID[id] {
					for _, p := range chosen(x) {
						g.add(p.Name, name+"/optional")
					}
				}
			}
		}
	}
	for _, s := range m.order {
		g.addStream(m, s)
	}
	return g, nil
}

// calls are the ways to call a group.
func calls(id, name string) []string {
	if name == "" || name == id {
		return []string{id}
	}
	return []string{id, name}
}

// addGroup adds a comps group by its id and its name.
func (g *groups) addGroup(x *repodata.Group) {
	for _, name := range calls(x.ID, x.Name) {
		g.addParts(name, x)
		for _, p := range x.Packages {
			if p.Kind == "optional" {
				g.add(p.Name, name+"/optional")
			}
		}
	}
	if x.ID == "core" || x.ID == "base" {
		for _, p := range chosen(x) {
			g.mandatory[p.Name] = true
		}
	}
}

// addParts adds what is installed with the group, and with each part of it.
func (g *groups) addParts(name string, x *repodata.Group) {
	for _, p := range chosen(x) {
		g.add(p.Name, name)
		if p.Kind == "mandatory" || p.Kind == "default" {
			g.add(p.Name, name+"/"+p.Kind)
		}
	}
}

// chosen are the packages that are installed with the group when nothing is said.
func chosen(x *repodata.Group) (packages []repodata.GroupPackage) {
	always := map[string]bool{}
	for _, p := range x.Packages {
		if p.Kind == "mandatory" || p.Kind == "default" {
			always[p.Name] = true
		}
	}
	for _, p := range x.Packages {
		if p.Kind == "mandatory" || p.Kind == "default" || p.Kind == "conditional" && always[p.Requires] {
			packages = append(packages, p)
		}
	}
	return packages
}

func (g *groups) add(packageName, group string) {
	if !slices.Contains(g.byName[packageName], group) {
		g.byName[packageName] = append(g.byName[packageName], group)
	}
}

// streamGroups are the groups of one module stream.
type streamGroups struct {
	names    []string            // of the stream itself
	packages map[string]bool     // names of the packages of its newest builds
	profiles map[string][]string // groups by name of package
}

// addStream adds the groups of an active stream.
func (g *groups) addStream(m *modules, s stream) {
	of := &streamGroups{names: []string{s.String()}, packages: map[string]bool{}, profiles: map[string][]string{}}
	if name, _ := m.defaultOf(s.module); name == s.name {
		of.names = append(of.names, s.module)
	}
	g.ofStream[s] = of
	newest := newestOf(m.activeBuilds(s))
	for _, b := range newest {
		for _, a := range b.Artifacts {
			if n, ok := parseNEVRA(a); ok {
				of.packages[n.name] = true
			}
		}
	}
	for _, b := range newest {
		for _, profile := range slices.Sorted(maps.Keys(b.Profiles)) {
			for _, p := range b.Profiles[profile] {
				for _, name := range of.names {
					of.addProfile(g, p, name+"/"+profile)
				}
			}
		}
	}
}

// addProfile adds a package to the group of a profile. It may be one that is of no
// module.
func (of *streamGroups) addProfile(g *groups, packageName, group string) {
	switch {
	case !of.packages[packageName]:
		g.add(packageName, group)
	case !slices.Contains(of.profiles[packageName], group):
		of.profiles[packageName] = append(of.profiles[packageName], group)
	}
}

// newestOf returns the newest builds for each architecture.
func newestOf(builds []*modulemd.Stream) (newest []*modulemd.Stream) {
	for _, b := range builds {
		if !slices.ContainsFunc(builds, func(o *modulemd.Stream) bool { return o.Arch == b.Arch && o.Version > b.Version }) {
			newest = append(newest, b)
		}
	}
	return newest
}

// assign sets the groups of a package.
func (g *groups) assign(p *repo.Package) {
	if p.IsSource() {
		return
	}
	p.Groups, p.Mandatory = g.byName[p.Name], g.mandatory[p.Name]
	d, ok := p.Detail.(*detail)
	if !ok {
		return
	}
	for _, b := range d.streams {
		if of := g.ofStream[streamOf(b)]; of != nil && of.packages[p.Name] {
			p.Groups = appendNew(appendNew(p.Groups, of.names), of.profiles[p.Name])
		}
	}
}

// appendNew appends those groups that are not there, to a slice that may be shared.
func appendNew(to, groups []string) []string {
	to = slices.Clip(to)
	for _, group := range groups {
		if !slices.Contains(to, group) {
			to = append(to, group)
		}
	}
	return to
}
