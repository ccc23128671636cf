package deb

import (
	"fmt"
	"iter"
	"path"
	"slices"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// survey is what a suite's packages are, for the decision which indexes it has.
type survey struct {
	components    []string
	architectures []string // without "all"
	// all is set where there are packages for all architectures, or no others; installer
	// for components with packages of the installer; sources where there are source
	// packages.
	all       bool
	installer map[string]bool
	sources   bool
}

// debianArchitectures are those of Debian's releases: what a suite without any of its own
// is for.
var debianArchitectures = []string{"amd64", "arm64", "armel", "armhf", "i386", "mips64el", "ppc64el", "riscv64", "s390x"}

// names are the architectures that the Release names.
func (s *survey) names() []string {
	names := s.architectures
	if len(names) == 0 {
		names = debianArchitectures
	}
	if s.all {
		names = append([]string{"all"}, names...)
	}
	return names
}

// survey goes through the packages once.
func (c *Creator) survey(entries iter.Seq2[*repo.Entry, error]) (*survey, error) {
	s := &survey{components: []string{c.Part()}, architectures: slices.Clone(c.Architectures), installer: make(map[string]bool)}
	var lastArchitecture, lastPart string
	for e, err := range entries {
		if err != nil {
			return nil, err
		}
		suffix := path.Ext(e.Path)
		if err := c.checkPlaced(e.Architecture, suffix); err != nil {
			return nil, fmt.Errorf("%s: %w", e.Path, err)
		}
		if e.Part != lastPart {
			lastPart = e.Part
			if !slices.Contains(s.components, e.Part) {
				s.components = append(s.components, e.Part)
			}
		}
		if suffix == ".udeb" {
			s.installer[e.Part] = true
		}
		if e.Architecture == lastArchitecture {
			continue
		}
		switch lastArchitecture = e.Architecture; lastArchitecture {
		case "all":
			s.all = true
		case SourceArchitecture:
			s.sources = true
		default:
			if !slices.Contains(s.architectures, e.Architecture) {
				s.architectures = append(s.architectures, e.Architecture)
			}
		}
	}
	slices.Sort(s.components)
	slices.Sort(s.architectures)
	s.all = s.all || len(s.architectures) == 0
	return s, nil
}

// indexKey is what an index is of.
type indexKey struct {
	kind, component, architecture string
}

// suiteIndex is an index that a suite has.
type suiteIndex struct {
	of    []indexKey // packages that it is for
	names []string   // paths below the Release
}

// indexes decides which indexes of packages there are.
func (c *Creator) indexes(s *survey) (all []suiteIndex) {
	if c.Flat {
		all = []suiteIndex{{[]indexKey{{kind: packagesKind}}, []string{"Packages"}}}
		if s.sources {
			all = append(all, suiteIndex{[]indexKey{{kind: sourcesKind}}, []string{"Sources"}})
		}
		return all
	}
	for _, component := range s.components {
		all = append(all, s.ofArchitectures(packagesKind, component, component+"/binary-%s/Packages")...)
		if s.installer[component] {
			all = append(all, s.ofArchitectures(udebsKind, component, component+"/debian-installer/binary-%s/Packages")...)
		}
		if s.sources {
			all = append(all, suiteIndex{[]indexKey{{sourcesKind, component, SourceArchitecture}}, []string{component + "/source/Sources"}})
		}
	}
	return all
}

// ofArchitectures are the indexes of a component's architectures, and one of the packages
// for all of them. Where there are no others, all is one index.
func (s *survey) ofArchitectures(kind, component, name string) (all []suiteIndex) {
	every := indexKey{kind, component, "all"}
	if s.all {
		all = append(all, suiteIndex{[]indexKey{every}, []string{fmt.Sprintf(name, "all")}})
	}
	if len(s.architectures) == 0 {
		for _, a := range debianArchitectures {
			all[0].names = append(all[0].names, fmt.Sprintf(name, a))
		}
	}
	for _, a := range s.architectures {
		all = append(all, suiteIndex{[]indexKey{every, {kind, component, a}}, []string{fmt.Sprintf(name, a)}})
	}
	return all
}

// contents decides which Contents there are: as ofArchitectures, but none of the packages
// for all of them, which clients would read twice.
func (s *survey) contents() (all []suiteIndex) {
	add := func(kind, component, name string) {
		of := s.ofArchitectures(kind, component, name)
		if s.all && len(s.architectures) > 0 {
			of = of[1:]
		}
		all = append(all, of...)
	}
	for _, component := range s.components {
		add(packagesKind, component, component+"/Contents-%s")
		if s.installer[component] {
			add(udebsKind, component, component+"/Contents-udeb-%s")
		}
	}
	return all
}
