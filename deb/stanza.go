package deb

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/deb/control"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// packageParser makes packages of stanzas.
type packageParser struct {
	repository *repo.Repository
	text       string // of the block whose stanzas are read
	arena      arena
	packages   []repo.Package
	listings   []repo.Listing
	groups     []string
	lastGroups []string
	relations  []repo.Relation // of the package at hand
}

// recentRelations is how many relations a parser remembers: more hardly occur more
// often, and would not stay in the processor's cache.
const recentRelations = 2048

func newPackageParser(r *repo.Repository) *packageParser {
	return &packageParser{repository: r, arena: newArena(recentRelations)}
}

// binary reads a stanza of Packages.
func (pp *packageParser) binary(s control.Stanza) (*repo.Package, error) {
	p := pp.newPackage(s)
	var file fileFields
	var seen uint32 // a bit for each field
	var filename, priority, task string
	pp.relations = pp.relations[:0]
	for i := range s.Len() {
		id := identify(s.Name(i))
		switch {
		case id == fieldOther:
			continue
		case id >= firstFileField:
			if err := file.set(id, s.Value(i)); err != nil {
				return nil, err
			}
			if id == fieldFilename {
				filename = s.ValueIn(p.Raw, i)
			}
			continue
		case seen&(1<<id) != 0:
			return nil, errTwice(id)
		}
		seen |= 1 << id
		value := s.ValueIn(p.Raw, i)
		switch id {
		case fieldPriority:
			priority = value
		case fieldTask:
			task = value
		default:
			if err := pp.set(p, id, value); err != nil {
				return nil, err
			}
		}
	}
	p.Mandatory = p.Essential || priority == "required" || priority == "important"
	p.Groups = pp.groupsOf(priority, task)
	if len(pp.relations) > 0 {
		p.Relations = keep(&pp.arena.relations, pp.relations)
	}
	if err := checkIdentity(p); err != nil {
		return nil, err
	}
	if p.Source == "" {
		p.Source = p.Name
	}
	var err error
	if p.File, err = file.file(filename, pp.repository.Source.Trusted); err != nil {
		return nil, err
	}
	return p, nil
}

// groupsOf are the names of groups that the package is in: its priority, and its
// tasks. Packages that follow each other mostly share them.
func (pp *packageParser) groupsOf(priority, tasks string) []string {
	if tasks == "" && len(pp.lastGroups) == 1 && pp.lastGroups[0] == priority {
		return pp.lastGroups
	}
	var few [8]string
	groups := few[:0]
	if priority != "" {
		groups = append(groups, priority)
	}
	for tasks != "" {
		var task string
		task, tasks, _ = strings.Cut(tasks, ",")
		if task = strings.TrimSpace(task); task != "" {
			groups = append(groups, task)
		}
	}
	if len(groups) == 0 {
		return nil
	}
	pp.lastGroups = keep(&pp.groups, groups)
	return pp.lastGroups
}

// newPackage begins a package whose strings are parts of the block's text.
func (pp *packageParser) newPackage(s control.Stanza) *repo.Package {
	raw := pp.text[s.Offset():][:len(s.Bytes())]
	if !strings.HasSuffix(raw, "\n") {
		raw += "\n"
	}
	p := next(&pp.packages)
	p.Repository, p.Raw = pp.repository, raw
	return p
}

// set sets what a field other than those of the file says.
func (pp *packageParser) set(p *repo.Package, id fieldID, value string) (err error) {
	switch id {
	case fieldPackage:
		p.Name = value
	case fieldVersion:
		p.Version = value
	case fieldArchitecture:
		p.Architecture = value
	case fieldSource:
		p.Source, _, _ = strings.Cut(value, " ") // "name (version)"
	case fieldSection:
		p.Section = value
	case fieldEssential:
		p.Essential = isYes(value)
	case fieldMultiArch:
		p.MultiArch = multiArch(value)
	case fieldProvides:
		p.Provides, err = pp.arena.provides(value)
	default:
		pp.relations, err = pp.arena.appendRelations(pp.relations, relationKinds[id], value)
	}
	if err != nil {
		return fmt.Errorf("field %s: %w", id, err)
	}
	return nil
}

// relationKinds are the kinds of the fields with relations.
var relationKinds = [...]repo.Kind{
	fieldPreDepends: repo.PreRequires,
	fieldDepends:    repo.Requires,
	fieldRecommends: repo.Recommends,
	fieldSuggests:   repo.Suggests,
	fieldEnhances:   repo.Enhances,
	fieldConflicts:  repo.Conflicts,
	fieldBreaks:     repo.Breaks,
	fieldReplaces:   repo.Obsoletes,
}

func multiArch(value string) repo.MultiArch {
	switch value {
	case "same":
		return repo.Same
	case "foreign":
		return repo.Foreign
	case "allowed":
		return repo.Allowed
	}
	return repo.Single
}

// checkIdentity refuses packages without name, version or architecture, or with
// blanks in them.
func checkIdentity(p *repo.Package) error {
	for _, f := range [...]struct {
		id    fieldID
		value string
	}{{fieldPackage, p.Name}, {fieldVersion, p.Version}, {fieldArchitecture, p.Architecture}} {
		if f.value == "" {
			return fmt.Errorf("field %s is missing", f.id)
		}
		for i := range len(f.value) {
			if f.value[i] <= ' ' || f.value[i] == 0x7f {
				return fmt.Errorf("field %s: %s is more than one word", f.id, excerpt(f.value))
			}
		}
	}
	return nil
}

// source reads a stanza of Sources.
func (pp *packageParser) source(s control.Stanza) (*repo.Package, error) {
	p := pp.newPackage(s)
	p.Architecture = SourceArchitecture
	for i := range s.Len() {
		switch id := identify(s.Name(i)); id {
		case fieldPackage, fieldVersion, fieldSection:
			if err := pp.set(p, id, s.ValueIn(p.Raw, i)); err != nil {
				return nil, err
			}
		}
	}
	p.Source = p.Name
	if err := checkIdentity(p); err != nil {
		return nil, err
	}
	var err error
	if p.Files, err = sourceFiles(s, pp.repository.Source.Trusted); err != nil {
		return nil, err
	}
	i := slices.IndexFunc(p.Files, func(f repo.File) bool { return strings.HasSuffix(f.Path, ".dsc") })
	if i < 0 {
		return nil, errors.New("there is no .dsc file")
	}
	p.File = p.Files[i]
	return p, nil
}
