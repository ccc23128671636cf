package deb

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/mirrorkeeper/mirrorkeeper/deb/control"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// SourceArchitecture is the Architecture of source packages in a catalog. No
// machine has it, so they answer no relation of a binary package.
const SourceArchitecture = "source"

// ReadPackages reads the packages of the indexes that CatalogIndexes picks, in
// their order.
//
// A package for all architectures that stands in the indexes of several ones, in
// the same words, is one Package. Source packages have the Architecture
// [SourceArchitecture], all their files, and the .dsc as File. The priority is
// the source's, or what the Release says of automatic installation, unless a pin
// sets it.
func (Format) ReadPackages(r *repo.Repository, root *repo.Root, open repo.OpenIndex) ([]*repo.Package, error) {
	scope, err := newCatalogScope(r, root)
	if err != nil {
		return nil, err
	}
	picked, err := scope.pick(root)
	if err != nil {
		return nil, err
	}
	picked = slices.DeleteFunc(picked, func(ix repo.Index) bool {
		return ix.Kind != packagesKind && ix.Kind != sourcesKind
	})
	lists, err := readLists(scope, picked, open)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r, err)
	}
	packages := merge(lists)
	priorities, err := newPriorities(scope, picked)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r, err)
	}
	for _, p := range packages {
		p.Priority = priorities.of(p)
	}
	return packages, nil
}

// readLists reads each index, several at once, into a list.
func readLists(s *scope, indexes []repo.Index, open repo.OpenIndex) ([][]*repo.Package, error) {
	lists := make([][]*repo.Package, len(indexes))
	errs := make([]error, len(indexes))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, ix := range indexes {
		content, err := open(ix)
		if errors.Is(err, fs.ErrNotExist) && ix.Optional {
			continue
		}
		if err != nil {
			errs[i] = fmt.Errorf("%s: %w", ix.Name, err)
			break
		}
		group.Go(func() error {
			lists[i], errs[i] = readList(s, ix, content)
			return nil
		})
	}
	_ = group.Wait() // the errors are in errs, so that always the same one is reported
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return lists, nil
}

func readList(s *scope, ix repo.Index, content io.ReadCloser) (packages []*repo.Package, err error) {
	defer func() {
		if closeErr := content.Close(); err == nil && closeErr != nil {
			err = fmt.Errorf("%s: %w", ix.Name, closeErr)
		}
	}()
	in := control.NewReader(content, ix.Name)
	p := packageParser{repository: s.repository}
	parse := p.binary
	if ix.Kind == sourcesKind {
		parse = p.source
	}
	for position := 0; ; position++ {
		stanza, err := in.Next()
		if err == io.EOF {
			return packages, nil
		}
		if err != nil {
			return nil, err
		}
		pkg, err := parse(stanza)
		if err != nil {
			return nil, in.Errorf(stanza, "%w", err)
		}
		if !s.wants(pkg) {
			continue
		}
		pkg.Listed = keep(&p.listings, []repo.Listing{{Index: ix.Name, Position: position}})
		packages = append(packages, pkg)
	}
}

// wants reports whether a package is of an architecture in scope. Only the one
// index of a flat repository has packages of others.
func (s *scope) wants(p *repo.Package) bool {
	if !isFlat(s.repository) || p.Anywhere() || p.Architecture == SourceArchitecture {
		return true
	}
	wanted := s.repository.Source.Architectures
	return len(wanted) == 0 || slices.Contains(wanted, p.Architecture)
}

// merge joins the lists, and the packages for all architectures that are the
// same in several of them.
func merge(lists [][]*repo.Package) []*repo.Package {
	if len(lists) == 1 {
		return lists[0]
	}
	type identity struct {
		name, version string
		digest        repo.Digest
	}
	known := make(map[identity]*repo.Package)
	var all []*repo.Package
	for _, list := range lists {
		for _, p := range list {
			if p.Anywhere() {
				id := identity{p.Name, p.Version, p.File.Digest}
				first := known[id]
				if first != nil && first.Raw == p.Raw {
					first.Listed = append(first.Listed, p.Listed...)
					continue
				}
				if first == nil {
					known[id] = p
				}
			}
			all = append(all, p)
		}
	}
	return all
}

// packageParser makes packages of stanzas.
type packageParser struct {
	repository *repo.Repository
	arena      arena
	listings   []repo.Listing
	groups     []string
	relations  []repo.Relation // of the package at hand
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
// tasks.
func (pp *packageParser) groupsOf(priority, tasks string) []string {
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
	return keep(&pp.groups, groups)
}

func (pp *packageParser) newPackage(s control.Stanza) *repo.Package {
	p := &repo.Package{Repository: pp.repository, Raw: string(s.Bytes())}
	if !strings.HasSuffix(p.Raw, "\n") {
		p.Raw += "\n"
	}
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
	for _, f := range []struct {
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
