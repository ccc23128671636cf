package deb

import (
	"fmt"
	"iter"
	"path"
	"slices"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Create writes the indexes of the suite and its Release: of each component a Packages
// for each architecture, one for the packages of all architectures, those of the
// installer where there are any, and Sources where the suite has source packages. They
// lie at their paths by digest as well.
//
// Packages for all architectures stand in the index of each architecture, as in Debian,
// since old clients look nowhere else. A suite of none but such packages names the
// architectures of Debian, of which all have one index; others find it as that of "all".
func (c *Creator) Create(w *repo.Creation) (*repo.Manifest, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	overrides, err := c.overrides()
	if err != nil {
		return nil, err
	}
	s, err := c.survey(w.Entries)
	if err != nil {
		return nil, err
	}
	algorithms := c.Algorithms()
	slices.Reverse(algorithms)
	p := newPublication(c.Repository(), algorithms)
	output := func(string) (repo.Output, error) { return w.Output() }
	indexes, err := c.newIndexes(p, s, output)
	if err != nil {
		return nil, err
	}
	defer indexes.discard()
	if err := indexes.fill(w.Entries, stanzaWriter{algorithms: c.Algorithms(), overrides: overrides}); err != nil {
		return nil, err
	}
	if err := closeAll(indexes.all); err != nil {
		return nil, err
	}
	for _, ix := range indexes.all {
		if err := p.addIndex(ix); err != nil {
			return nil, err
		}
	}
	if err := p.addRoot(c.releaseFields(s, w), w.Signer, output); err != nil {
		return nil, err
	}
	return p.manifest, nil
}

// survey is what a suite's packages are, for the decision which indexes it has.
type survey struct {
	components    []string
	architectures []string // without "all"
	// all is set where there are packages for all architectures, installer those of
	// components with packages of the installer, sources where there are source packages.
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

// suiteIndexes are the indexes of a suite while they are written.
type suiteIndexes struct {
	flat bool
	all  []*indexWriter
	of   map[indexKey][]*indexWriter // those that a package goes to
	// paths are for the Contents, nil without.
	paths *pathsOf
}

func (c *Creator) newIndexes(p *publication, s *survey, output openOutput) (*suiteIndexes, error) {
	indexes := &suiteIndexes{flat: c.Flat, of: make(map[indexKey][]*indexWriter)}
	if c.Contents {
		indexes.paths = &pathsOf{indexes: indexes.of, sorter: recordSorter{memory: contentsMemory, dir: c.Scratch}}
	}
	for _, ix := range c.indexesOf(s) {
		for i := range ix.names {
			ix.names[i] = path.Join(rootDir(p.repository), ix.names[i])
		}
		w, err := p.newIndex(ix.names, c.compressions(), output)
		if err != nil {
			indexes.discard()
			return nil, err
		}
		indexes.all = append(indexes.all, w)
		for _, key := range ix.of {
			indexes.of[key] = append(indexes.of[key], w)
		}
	}
	return indexes, nil
}

// suiteIndex is an index that a suite has.
type suiteIndex struct {
	of    []indexKey // packages that it is for
	names []string   // paths below the Release
}

// indexesOf decides which indexes there are.
func (c *Creator) indexesOf(s *survey) (all []suiteIndex) {
	if c.Flat {
		all = []suiteIndex{{[]indexKey{{kind: packagesKind}}, []string{"Packages"}}}
		if s.sources {
			all = append(all, suiteIndex{[]indexKey{{kind: sourcesKind}}, []string{"Sources"}})
		}
		return all
	}
	for _, component := range s.components {
		all = append(all, s.ofArchitectures(packagesKind, component, component+"/binary-%s/Packages")...)
		if c.Contents {
			all = append(all, s.contents(contentsKind, component, component+"/Contents-%s")...)
		}
		if s.installer[component] {
			all = append(all, s.ofArchitectures(udebsKind, component, component+"/debian-installer/binary-%s/Packages")...)
		}
		if s.installer[component] && c.Contents {
			all = append(all, s.contents(udebContentsKind, component, component+"/Contents-udeb-%s")...)
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

// contents are as ofArchitectures, but there is none of the packages for all of them:
// clients would read these twice.
func (s *survey) contents(kind, component, name string) []suiteIndex {
	all := s.ofArchitectures(kind, component, name)
	if s.all && len(s.architectures) > 0 {
		return all[1:]
	}
	return all
}

func (s *suiteIndexes) discard() {
	for _, w := range s.all {
		w.discard()
	}
	if s.paths != nil {
		s.paths.sorter.close()
	}
}

// fill writes the stanza of each package to the indexes that list it.
func (s *suiteIndexes) fill(entries iter.Seq2[*repo.Entry, error], stanzas stanzaWriter) error {
	for e, err := range entries {
		if err != nil {
			return err
		}
		key := s.keyOf(e)
		stanza, section, err := stanzas.stanza(e)
		if err != nil {
			return fmt.Errorf("%s: %w", e.Path, err)
		}
		for _, w := range s.of[key] {
			if _, err := w.Write(stanza); err != nil {
				return err
			}
		}
		if s.paths == nil || key.kind == sourcesKind {
			continue
		}
		key.kind = contentsOf[key.kind]
		if err := s.paths.add(e, section, key); err != nil {
			return fmt.Errorf("%s: %w", e.Path, err)
		}
	}
	if s.paths != nil {
		return s.paths.write()
	}
	return nil
}

// udebContentsKind is that of the Contents of packages of the installer.
const udebContentsKind = contentsKind + " of " + udebsKind

var contentsOf = map[string]string{packagesKind: contentsKind, udebsKind: udebContentsKind}

func (s *suiteIndexes) keyOf(e *repo.Entry) indexKey {
	key := indexKey{packagesKind, e.Part, e.Architecture}
	switch {
	case e.SourcePackage:
		key.kind = sourcesKind
	case path.Ext(e.Path) == ".udeb":
		key.kind = udebsKind
	}
	if s.flat {
		key.component, key.architecture = "", ""
	}
	return key
}
