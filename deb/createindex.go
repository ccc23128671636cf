package deb

import (
	"errors"
	"fmt"
	"iter"
	"path"
	"slices"
	"strconv"
	"strings"

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
	if err := indexes.fill(w.Entries, c.Algorithms()); err != nil {
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
}

func (c *Creator) newIndexes(p *publication, s *survey, output openOutput) (*suiteIndexes, error) {
	indexes := &suiteIndexes{flat: c.Flat, of: make(map[indexKey][]*indexWriter)}
	add := func(keys []indexKey, names ...string) error {
		for i := range names {
			names[i] = path.Join(rootDir(p.repository), names[i])
		}
		w, err := p.newIndex(names, c.compressions(), output)
		if err != nil {
			indexes.discard()
			return err
		}
		indexes.all = append(indexes.all, w)
		for _, key := range keys {
			indexes.of[key] = append(indexes.of[key], w)
		}
		return nil
	}
	if c.Flat {
		if err := add([]indexKey{{kind: packagesKind}}, "Packages"); err != nil || !s.sources {
			return indexes, err
		}
		return indexes, add([]indexKey{{kind: sourcesKind}}, "Sources")
	}
	for _, component := range s.components {
		kinds := []string{packagesKind}
		if s.installer[component] {
			kinds = append(kinds, udebsKind)
		}
		for _, kind := range kinds {
			if err := s.eachBinary(kind, component, add); err != nil {
				return nil, err
			}
		}
		if s.sources {
			if err := add([]indexKey{{sourcesKind, component, SourceArchitecture}}, path.Join(component, "source/Sources")); err != nil {
				return nil, err
			}
		}
	}
	return indexes, nil
}

// eachBinary adds the Packages of a component's architectures.
func (s *survey) eachBinary(kind, component string, add func(keys []indexKey, names ...string) error) error {
	name := func(architecture string) string {
		if kind == udebsKind {
			return path.Join(component, "debian-installer/binary-"+architecture+"/Packages")
		}
		return path.Join(component, "binary-"+architecture+"/Packages")
	}
	every := indexKey{kind, component, "all"}
	if len(s.architectures) == 0 {
		var names []string
		for _, a := range s.names() {
			names = append(names, name(a))
		}
		return add([]indexKey{every}, names...)
	}
	if s.all {
		if err := add([]indexKey{every}, name("all")); err != nil {
			return err
		}
	}
	for _, a := range s.architectures {
		if err := add([]indexKey{every, {kind, component, a}}, name(a)); err != nil {
			return err
		}
	}
	return nil
}

func (s *suiteIndexes) discard() {
	for _, w := range s.all {
		w.discard()
	}
}

// fill writes the stanza of each package to the indexes that list it.
func (s *suiteIndexes) fill(entries iter.Seq2[*repo.Entry, error], algorithms []repo.Algorithm) error {
	stanzas := stanzaWriter{algorithms: algorithms}
	for e, err := range entries {
		if err != nil {
			return err
		}
		key := indexKey{packagesKind, e.Part, e.Architecture}
		write := stanzas.binary
		switch {
		case e.SourcePackage:
			key.kind, write = sourcesKind, stanzas.source
		case path.Ext(e.Path) == ".udeb":
			key.kind = udebsKind
		}
		if s.flat {
			key = indexKey{kind: key.kind}
		}
		stanza, err := write(e)
		if err != nil {
			return fmt.Errorf("%s: %w", e.Path, err)
		}
		for _, w := range s.of[key] {
			if _, err := w.Write(stanza); err != nil {
				return err
			}
		}
	}
	return nil
}

// fileDigest says where indexes list the digest of a file.
type fileDigest struct {
	algorithm repo.Algorithm
	field     string // of Packages
	list      string // of Sources
}

// fileDigests has the weakest first, in the order in which indexes have them.
var fileDigests = []fileDigest{
	{repo.MD5, "MD5sum", "Files"},
	{repo.SHA1, "SHA1", "Checksums-Sha1"},
	{repo.SHA256, "SHA256", "Checksums-Sha256"},
	{repo.SHA512, "SHA512", "Checksums-Sha512"},
}

// stanzaWriter makes the stanzas of indexes of what Inspect found.
type stanzaWriter struct {
	algorithms []repo.Algorithm
	buffer     []byte // of the stanza at hand
}

// binary is the stanza of a package with the blank line behind it, valid until the next
// one.
func (w *stanzaWriter) binary(e *repo.Entry) ([]byte, error) {
	if err := w.check(e); err != nil {
		return nil, err
	}
	b := append(w.buffer[:0], e.Texts[stanzaText]...)
	b = append(append(append(b, "Filename: "...), e.Path...), '\n')
	b = append(strconv.AppendInt(append(b, "Size: "...), e.Size, 10), '\n')
	for _, f := range fileDigests {
		if i := slices.Index(w.algorithms, f.algorithm); i >= 0 {
			b = append(append(append(append(b, f.field...), ": "...), e.Digests[i].Hex()...), '\n')
		}
	}
	w.buffer = append(b, '\n')
	return w.buffer, nil
}

func (w *stanzaWriter) check(e *repo.Entry) error {
	if len(e.Texts) == 0 || len(e.Digests) != len(w.algorithms) {
		return errors.New("it was not inspected with these settings")
	}
	return nil
}

// source is the stanza of a source package: its .dsc with the name as Package, the
// directory, and the .dsc among the files.
func (w *stanzaWriter) source(e *repo.Entry) ([]byte, error) {
	if err := w.check(e); err != nil {
		return nil, err
	}
	s, err := readOnlyStanza(e.Texts[stanzaText])
	if err != nil {
		return nil, err
	}
	b := append(append(append(w.buffer[:0], "Package: "...), e.Name...), '\n')
	for i := range s.Len() {
		name := string(s.Name(i))
		k := slices.IndexFunc(fileDigests, func(f fileDigest) bool { return strings.EqualFold(f.list, name) })
		switch {
		case strings.EqualFold(name, "Source"), strings.EqualFold(name, "Package"), strings.EqualFold(name, "Directory"):
		case k < 0:
			b = append(b, s.Lines(i)...)
		default:
			a := slices.Index(w.algorithms, fileDigests[k].algorithm)
			if a < 0 {
				continue
			}
			b = append(append(b, fileDigests[k].list...), ":\n "...)
			b = append(append(b, e.Digests[a].Hex()...), ' ')
			b = append(strconv.AppendInt(b, e.Size, 10), ' ')
			b = append(append(b, path.Base(e.Path)...), '\n')
			for line := range strings.Lines(string(s.Value(i))) {
				b = append(append(append(b, ' '), strings.TrimSpace(line)...), '\n')
			}
		}
	}
	b = append(append(append(b, "Directory: "...), path.Dir(e.Path)...), '\n')
	w.buffer = append(b, '\n')
	return w.buffer, nil
}
