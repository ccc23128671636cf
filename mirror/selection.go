package mirror

import (
	"encoding/json"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/solver"
)

// Selection identifies what the mirror selects: its seeds and policies, and what of its
// sources it looks at, wherever they are and whoever signs.
func (m *Mirror) Selection() repo.Digest {
	type source struct {
		Name, Type                                            string
		Suites, Components, Architectures, Include, Languages []string
		Releasever                                            []string
		Variables                                             map[string][]string
		Priority                                              *int
		Pins                                                  []repo.Pin
		Exclude, Only                                         []string
		ModuleHotfixes                                        bool
	}
	selection := struct {
		Packages                                                  []solver.Seed
		Groups, Foreign                                           []string
		Mandatory, Recommends, Suggests, SourcePackages, Together bool
		Assume                                                    []solver.Seed
		AssumeGroups                                              []string
		Installed                                                 string
		Exclude                                                   []Exclusion
		Versions                                                  int
		Alternatives                                              solver.Alternatives
		Prefer                                                    []string
		Sources                                                   []source
	}{
		Packages: m.Packages, Groups: m.Groups, Foreign: m.Foreign,
		Mandatory: m.Mandatory, Recommends: m.Recommends, Suggests: m.Suggests, SourcePackages: m.SourcePackages, Together: m.Together,
		Assume: m.Assume, AssumeGroups: m.AssumeGroups, Installed: m.Installed.From,
		Exclude: m.Exclude, Versions: m.Versions, Alternatives: m.Alternatives, Prefer: m.Prefer,
	}
	for _, s := range m.Sources {
		selection.Sources = append(selection.Sources, source{
			Name: s.Name, Type: s.Type, Suites: s.Suites, Components: s.Components, Architectures: s.Architectures,
			Include: s.Include, Languages: s.Languages, Releasever: s.Releasever, Variables: s.Variables,
			Priority: s.Priority, Pins: s.Pins, Exclude: s.Source.Exclude, Only: s.Only, ModuleHotfixes: s.ModuleHotfixes,
		})
	}
	b, err := json.Marshal(selection)
	if err != nil { // no value of these types can fail to be written
		return repo.Digest{}
	}
	h := repo.SHA256.New()
	h.Write(b)
	return repo.NewDigest(repo.SHA256, h.Sum(nil))
}
