package rpm

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/rpm/repodata"
)

// packageParser makes packages of elements of primary.
type packageParser struct {
	repository *repo.Repository
	shown      filter
	priority   int
	texts      texts
	recent     []recentRelations // by hash
	seed       maphash.Seed
	group      string // of the last package

	packages     []repo.Package
	details      []detail
	listings     []repo.Listing
	files        []repo.File
	paths        []string
	provides     []repo.Provide
	dependencies []repo.Dependency
	relations    []repo.Relation

	// Of the package at hand.
	somePaths     []string
	someProvides  []repo.Provide
	someRelations []repo.Relation
	order         []int32
}

// recentRelations are the relations of an entry that was read not long ago.
type recentRelations struct {
	kind      repo.Kind
	entry     []byte
	relations []repo.Relation
}

// recentSize is how many entries a parser remembers: more hardly occur more often, and
// would not stay in the processor's cache.
const recentSize = 4096

func newPackageParser(r *repo.Repository) *packageParser {
	pp := &packageParser{
		repository: r, shown: newFilter(r.Source), priority: priorityDefault,
		recent: make([]recentRelations, recentSize), seed: maphash.MakeSeed(),
	}
	if r.Source.Priority != nil {
		pp.priority = *r.Source.Priority
	}
	return pp
}

// parse makes the package of an element.
func (pp *packageParser) parse(e *repodata.Package) (*repo.Package, error) {
	if err := checkIdentity(e.Name, e.Version, e.Release, e.Epoch, e.Arch); err != nil {
		return nil, err
	}
	p := one(&pp.packages)
	p.Repository, p.Priority, p.MultiArch = pp.repository, pp.priority, repo.Foreign
	p.Name = pp.texts.keep(e.Name)
	p.Version = pp.version(e.Epoch, e.Version, e.Release)
	p.Architecture = architectureName(e.Arch, &pp.texts)
	if pp.group != string(e.Group) {
		pp.group = pp.texts.keep(e.Group)
	}
	p.Section = pp.group
	p.Source = p.Name
	if source := sourceName(e.SourceRPM); len(source) > 0 && string(source) != p.Name {
		p.Source = pp.texts.keep(source)
	}
	if err := pp.setFile(p, e); err != nil {
		return nil, err
	}
	if err := pp.setRelations(p, e); err != nil {
		return nil, err
	}
	d := one(&pp.details)
	d.files = pp.fileList(e.Files)
	p.Detail = d
	return p, nil
}

// checkIdentity refuses packages without name, version or architecture, or with
// blanks in them.
func checkIdentity(name, version, release, epoch, architecture []byte) error {
	for _, f := range [...]struct {
		what     string
		value    []byte
		required bool
	}{{"name", name, true}, {"version", version, true}, {"release", release, false}, {"epoch", epoch, false}, {"architecture", architecture, true}} {
		if f.required && len(f.value) == 0 {
			return fmt.Errorf("it has no %s", f.what)
		}
		for _, c := range f.value {
			if c <= ' ' || c == 0x7f || c == '/' {
				return fmt.Errorf("%s %s has a blank or a slash in it", f.what, excerpt(string(f.value)))
			}
		}
	}
	return nil
}

// version writes a version as [Version.String] does.
func (pp *packageParser) version(epoch, version, release []byte) string {
	var colon, hyphen []byte
	if len(epoch) > 0 && string(epoch) != "0" {
		colon = []byte(":")
	} else {
		epoch = nil
	}
	if len(release) > 0 {
		hyphen = []byte("-")
	}
	return pp.texts.keep(epoch, colon, version, hyphen, release)
}

// architectureName is the name as a string, which for the usual ones takes no memory.
func architectureName(name []byte, t *texts) string {
	switch string(name) {
	case "noarch":
		return "noarch"
	case "x86_64":
		return "x86_64"
	case "aarch64":
		return "aarch64"
	case "i686":
		return "i686"
	}
	return t.keep(name)
}

// sourceName is the name in the name of a source package's file,
// "bash-5.2-1.el9.src.rpm".
func sourceName(file []byte) []byte {
	for range 2 {
		i := bytes.LastIndexByte(file, '-')
		if i < 0 {
			return nil
		}
		file = file[:i]
	}
	return file
}

// setFile sets where the package file is, and what it is known by.
func (pp *packageParser) setFile(p *repo.Package, e *repodata.Package) error {
	l, err := locate(pp.repository, e)
	if err != nil {
		return err
	}
	p.File = repo.File{Path: l.path, Size: e.Size}
	p.Upstream = l.upstream
	if p.File.Digest, err = e.Digest(); err != nil {
		return err
	}
	if err := checkStrength(pp.repository, p.File); err != nil {
		return err
	}
	sum := sha256.Sum256(l.element(pp.repository, e))
	p.Raw = pp.texts.keep(sum[:16])
	if p.Architecture == sourceArchitecture || p.Architecture == noSourceArchitecture {
		p.Files = keep(&pp.files, []repo.File{p.File})
	}
	return nil
}

// fileList copies paths, of which an element has few.
func (pp *packageParser) fileList(files [][]byte) []string {
	if len(files) == 0 {
		return nil
	}
	pp.somePaths = pp.somePaths[:0]
	for _, path := range files {
		pp.somePaths = append(pp.somePaths, pp.texts.keep(path))
	}
	return keep(&pp.paths, pp.somePaths)
}

// setRelations sets what the package provides, and its relations to others.
func (pp *packageParser) setRelations(p *repo.Package, e *repodata.Package) error {
	pp.someProvides = pp.someProvides[:0]
	for i := range e.Provides {
		provide, err := pp.provide(p, e, &e.Provides[i])
		if err != nil {
			return err
		}
		pp.someProvides = append(pp.someProvides, provide)
	}
	if len(pp.someProvides) > 0 {
		p.Provides = keep(&pp.provides, pp.someProvides)
	}
	pp.someRelations = pp.someRelations[:0]
	if err := pp.appendRequires(e.Requires); err != nil {
		return err
	}
	for _, list := range [...]struct {
		kind    repo.Kind
		entries []repodata.Entry
	}{
		{repo.Recommends, e.Recommends},
		{repo.Suggests, e.Suggests},
		{repo.Supplements, e.Supplements},
		{repo.Enhances, e.Enhances},
		{repo.Conflicts, e.Conflicts},
		{repo.Obsoletes, e.Obsoletes},
	} {
		for i := range list.entries {
			if err := pp.appendRelations(list.kind, &list.entries[i]); err != nil {
				return err
			}
		}
	}
	if len(pp.someRelations) > 0 {
		p.Relations = keep(&pp.relations, pp.someRelations)
	}
	return nil
}

// provide makes a Provide of an entry. Most are of the package's own name or version.
func (pp *packageParser) provide(p *repo.Package, e *repodata.Package, entry *repodata.Entry) (provide repo.Provide, err error) {
	if len(entry.Name) == 0 {
		return provide, errors.New("it provides something without a name")
	}
	provide.Name = p.Name
	if string(entry.Name) != p.Name {
		provide.Name = pp.texts.keep(entry.Name)
	}
	switch {
	case len(entry.Flags) == 0 || len(entry.Version) == 0:
	case string(entry.Flags) != "EQ":
		d, err := dependency(provide.Name, string(entry.Flags), string(entry.Epoch), string(entry.Version), string(entry.Release))
		if err != nil {
			return provide, err
		}
		provide.Version = d.Op.String() + " " + d.Version
	case bytes.Equal(entry.Version, e.Version) && bytes.Equal(entry.Release, e.Release) && bytes.Equal(entry.Epoch, e.Epoch):
		provide.Version = p.Version
	default:
		provide.Version = pp.version(entry.Epoch, entry.Version, entry.Release)
	}
	return provide, nil
}

// appendRequires appends hard requirements. What the client's rpm itself provides is
// none. The same entry may stand there twice, once as a PreRequires, which it is then.
func (pp *packageParser) appendRequires(entries []repodata.Entry) error {
	pp.order = pp.order[:0]
	for i := range entries {
		pp.order = append(pp.order, int32(i))
	}
	slices.SortFunc(pp.order, func(i, j int32) int {
		return cmp.Or(compareEntries(&entries[i], &entries[j]), cmp.Compare(i, j))
	})
	for n := 1; n < len(pp.order); n++ {
		first, again := pp.order[n-1], pp.order[n]
		if compareEntries(&entries[first], &entries[again]) == 0 {
			entries[first].Pre = entries[first].Pre || entries[again].Pre
			entries[again].Raw = nil
			pp.order[n] = first
		}
	}
	for i := range entries {
		if entries[i].Raw == nil {
			continue
		}
		kind := repo.Requires
		if entries[i].Pre {
			kind = repo.PreRequires
		}
		if err := pp.appendRelations(kind, &entries[i]); err != nil {
			return err
		}
	}
	return nil
}

func compareEntries(a, b *repodata.Entry) int {
	return cmp.Or(bytes.Compare(a.Name, b.Name), bytes.Compare(a.Version, b.Version), bytes.Compare(a.Flags, b.Flags),
		bytes.Compare(a.Release, b.Release), bytes.Compare(a.Epoch, b.Epoch))
}

// appendRelations appends the relations of an entry to those of the package at hand.
func (pp *packageParser) appendRelations(kind repo.Kind, entry *repodata.Entry) error {
	recent := &pp.recent[maphash.Bytes(pp.seed, entry.Raw)%recentSize]
	if recent.kind != kind || !bytes.Equal(recent.entry, entry.Raw) {
		relations, err := pp.newRelations(kind, entry)
		if err != nil {
			return err
		}
		recent.kind, recent.relations = kind, relations
		recent.entry = append(recent.entry[:0], entry.Raw...)
	}
	pp.someRelations = append(pp.someRelations, recent.relations...)
	return nil
}

// newRelations makes the relations of an entry: one, or none, or several of a rich one.
func (pp *packageParser) newRelations(kind repo.Kind, entry *repodata.Entry) ([]repo.Relation, error) {
	switch {
	case len(entry.Name) == 0:
		return nil, fmt.Errorf("it %s something without a name", kind)
	case kind.Hard() && bytes.HasPrefix(entry.Name, []byte("rpmlib(")):
		return nil, nil
	case entry.Name[0] == '(':
		relations, err := parseRelation(kind, string(entry.Name))
		if err != nil {
			return nil, fmt.Errorf("it %s %w", kind, err)
		}
		return relations, nil
	}
	d, err := dependency(pp.texts.keep(entry.Name), string(entry.Flags), string(entry.Epoch), string(entry.Version), string(entry.Release))
	if err != nil {
		return nil, fmt.Errorf("it %s something: %w", kind, err)
	}
	return keep(&pp.relations, []repo.Relation{{Kind: kind, Alternatives: keep(&pp.dependencies, []repo.Dependency{d})}}), nil
}
