package system

import (
	"path/filepath"
	"slices"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Source is suites of one archive that the configuration treats alike: with the
// same components, architectures and keys. URLs holds one URL, or all those of a
// mirror list in the order in which they are to be tried.
//
// Where an entry excludes all architectures, "all" is the only one left.
// Languages are never nil, and Pins are those of the whole system.
type Source struct {
	repo.Source

	// IncludeSources is set where source packages are wanted too (deb-src), and
	// SourcesOnly where nothing else is.
	IncludeSources, SourcesOnly bool

	// Keys are paths of keyrings, binary or armoured: those of Signed-By, else all
	// that apt trusts.
	Keys []string
	// KeyData is an armoured key that stands in the configuration itself, instead
	// of Keys.
	KeyData []byte
	// Fingerprints select from the keys, in upper case; all are good if there is
	// none. One that ends in "!" excludes the key's subkeys.
	Fingerprints []string

	// IgnoreDate accepts a root from the future too (Check-Date).
	IgnoreDate bool

	// Place is where the source stands, "file:line", for messages.
	Place string
}

// readSources reads the lists of sources in apt's order.
func (s *System) readSources() error {
	entries, err := s.readEntries()
	if err != nil {
		return err
	}
	releases, err := s.releases(entries)
	if err != nil {
		return err
	}
	trusted, err := s.trustedKeys()
	if err != nil {
		return err
	}
	names := names{}
	for _, g := range grouped(releases) {
		urls, err := s.urls(g)
		if err != nil {
			return err
		}
		if len(urls) > 0 {
			s.Sources = append(s.Sources, s.source(g, names.unique(urls[0], g.suites[0]), urls, trusted))
		}
	}
	return nil
}

// source puts a group into the words of a mirror.
func (s *System) source(g *group, name string, urls, trusted []string) Source {
	checkDate := s.configuration.enabled("Acquire::Check-Date", true)
	checkValidUntil := s.configuration.enabled("Acquire::Check-Valid-Until", true)
	if yes, known := truth(g.rules.checkDate); known {
		checkDate = yes
	}
	if yes, known := truth(g.rules.checkValidUntil); known {
		checkValidUntil = yes
	}
	source := Source{
		Source: repo.Source{
			Name:             name,
			Type:             "deb",
			Suites:           g.suites,
			Components:       g.components,
			Architectures:    g.architectures,
			Languages:        g.languages,
			Pins:             s.Pins,
			Trusted:          g.rules.trusted == "yes",
			IgnoreValidUntil: !checkValidUntil || !checkDate,
		},
		IncludeSources: g.source,
		SourcesOnly:    !g.binary,
		Keys:           trusted,
		Fingerprints:   g.rules.signedBy.fingerprints,
		IgnoreDate:     !checkDate,
		Place:          g.place,
	}
	for _, u := range urls {
		source.URLs = append(source.URLs, s.files.located(u))
	}
	if g.source {
		source.Include = []string{"sources"}
	}
	switch signedBy := g.rules.signedBy; {
	case signedBy.block != "":
		source.Keys, source.KeyData = nil, []byte(signedBy.block)
	case len(signedBy.files) > 0:
		source.Keys = nil
		for _, path := range signedBy.files {
			source.Keys = append(source.Keys, s.files.on(path))
		}
	}
	return source
}

// readEntries reads the main list, then the parts.
func (s *System) readEntries() (entries []entry, err error) {
	main := s.configuration.path("Dir::Etc::sourcelist")
	parts, err := s.files.parts(s.configuration.path("Dir::Etc::sourceparts"), "list", "sources")
	if err != nil {
		return nil, err
	}
	if main != "" {
		parts = slices.Insert(parts, 0, main)
	}
	for _, path := range parts {
		text, err := s.files.text(path)
		if err != nil {
			return nil, err
		}
		parse := parseSourcesList
		if filepath.Ext(path) == ".sources" {
			parse = parseSources
		}
		of, err := parse(s.files.on(path), text)
		if err != nil {
			return nil, err
		}
		entries = append(entries, of...)
	}
	return entries, nil
}
