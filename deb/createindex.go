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
//
// It holds none of the entries, but goes through them several times: once to see which
// indexes there are, and once for each openIndexes of these.
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
	out := &suiteWriter{
		publication: newPublication(c.Repository(), algorithms),
		output:      func(string) (repo.Output, error) { return w.Output() },
		suffixes:    c.compressions(),
		flat:        c.Flat,
		stanzas:     stanzaWriter{algorithms: c.Algorithms(), overrides: overrides},
	}
	if c.Contents {
		out.paths = &pathSorter{sorter: recordSorter{memory: contentsMemory, dir: c.Scratch}}
		defer out.paths.sorter.close()
	}
	for group := range slices.Chunk(c.indexes(s), c.openIndexes()) {
		if err := out.write(group, func(g *indexGroup) error { return out.writePackages(g, w.Entries) }); err != nil {
			return nil, err
		}
	}
	if c.Contents {
		for group := range slices.Chunk(s.contents(), c.openIndexes()) {
			if err := out.write(group, out.paths.write); err != nil {
				return nil, err
			}
		}
	}
	if err := out.publication.addRoot(c.releaseFields(s, w), w.Signer, out.output); err != nil {
		return nil, err
	}
	return out.publication.manifest, nil
}

// openIndexes is how many indexes are written at a time: each takes some MB, and with xz
// a process of more than a hundred.
func (c *Creator) openIndexes() int {
	if slices.Contains(c.compressions(), ".xz") {
		return 4
	}
	return 8
}

// suiteWriter writes the indexes of a suite.
type suiteWriter struct {
	publication *publication
	output      openOutput
	suffixes    []string // of the compressions
	flat        bool
	stanzas     stanzaWriter
	paths       *pathSorter // for the Contents, nil without
	collected   bool        // the paths of all packages are there
}

// indexGroup are indexes that are written together.
type indexGroup struct {
	all []*indexWriter
	of  map[indexKey][]*indexWriter // those that a package goes to
}

// write opens indexes, has them filled, and publishes them.
func (w *suiteWriter) write(indexes []suiteIndex, fill func(*indexGroup) error) error {
	g := &indexGroup{of: make(map[indexKey][]*indexWriter)}
	defer func() {
		for _, ix := range g.all {
			ix.discard()
		}
	}()
	for _, ix := range indexes {
		for i := range ix.names {
			ix.names[i] = path.Join(rootDir(w.publication.repository), ix.names[i])
		}
		out, err := w.publication.newIndex(ix.names, w.suffixes, w.output)
		if err != nil {
			return err
		}
		g.all = append(g.all, out)
		for _, key := range ix.of {
			g.of[key] = append(g.of[key], out)
		}
	}
	if err := fill(g); err != nil {
		return err
	}
	if err := closeAll(g.all); err != nil {
		return err
	}
	for _, ix := range g.all {
		if err := w.publication.addIndex(ix); err != nil {
			return err
		}
	}
	return nil
}

// writePackages writes the stanza of each package to the indexes that list it, and the
// first time collects the paths in it.
func (w *suiteWriter) writePackages(g *indexGroup, entries iter.Seq2[*repo.Entry, error]) error {
	for e, err := range entries {
		if err != nil {
			return err
		}
		key := w.keyOf(e)
		collect := w.paths != nil && !w.collected && !e.SourcePackage
		if len(g.of[key]) == 0 && !collect {
			continue
		}
		stanza, section, err := w.stanzas.stanza(e)
		if err != nil {
			return fmt.Errorf("%s: %w", e.Path, err)
		}
		for _, ix := range g.of[key] {
			if _, err := ix.Write(stanza); err != nil {
				return err
			}
		}
		if !collect {
			continue
		}
		if err := w.paths.add(e, section, key); err != nil {
			return fmt.Errorf("%s: %w", e.Path, err)
		}
	}
	w.collected = true
	return nil
}

// keyOf says which indexes list a package.
func (w *suiteWriter) keyOf(e *repo.Entry) indexKey {
	key := indexKey{packagesKind, e.Part, e.Architecture}
	switch {
	case e.SourcePackage:
		key.kind = sourcesKind
	case path.Ext(e.Path) == ".udeb":
		key.kind = udebsKind
	}
	if w.flat {
		key.component, key.architecture = "", ""
	}
	return key
}
