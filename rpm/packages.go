package rpm

import (
	"fmt"
	"slices"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/rpm/modulemd"
)

// priorityDefault is the priority of a source that says nothing of it.
const priorityDefault = 500

// detail is what Package.Detail of every package is a pointer to.
type detail struct {
	// files are the paths that primary lists: commands and configuration mostly.
	files []string
	// streams are the builds of active module streams that the package is of; [Format.Link]
	// sets them.
	streams []*modulemd.Stream
}

// ReadPackages reads the packages of primary. It opens the index once more where
// something is wrong with it.
//
// Source packages have the Architecture "src" or "nosrc", and their file as the only
// one of Files. What Exclude and Only hide is left out, and so are packages of
// architectures that the source does not have. Raw is a digest of the element that
// [Format.Rewrite] writes. Files are no Provides, and there are no Groups, before
// [Format.Link].
//
// The strings of packages are parts of blocks of some ten kB: one package that is kept
// holds the memory of its blocks. Packages share relations in the same words, which
// must not be changed.
func (Format) ReadPackages(r *repo.Repository, root *repo.Root, open repo.OpenIndex) ([]*repo.Package, error) {
	if err := checkRoot(r, root); err != nil {
		return nil, err
	}
	ix, ok := indexOf(root, packagesKind)
	if !ok {
		return nil, fmt.Errorf("%s: %s lists no primary", r, root.Form.Main)
	}
	packages, err := readList(r, ix, open)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r, err)
	}
	return packages, nil
}

// filter says which packages of a source are seen.
type filter struct {
	source        *repo.Source
	architectures []string // nil for all
}

func newFilter(s *repo.Source) filter {
	f := filter{source: s}
	if len(s.Architectures) == 0 {
		return f
	}
	f.architectures = []string{"noarch"}
	for _, a := range s.Architectures {
		f.architectures = append(f.architectures, compatible(a)...)
	}
	if slices.Contains(s.Include, sourcesKind) {
		f.architectures = append(f.architectures, sourceArchitecture, noSourceArchitecture)
	}
	return f
}

func (f filter) architecture(name []byte) bool {
	return f.architectures == nil || slices.ContainsFunc(f.architectures, func(a string) bool { return a == string(name) })
}

// pattern reports whether the source's patterns show the package.
func (f filter) pattern(p *repo.Package) bool {
	if len(f.source.Exclude) == 0 && len(f.source.Only) == 0 {
		return true
	}
	forms := append(Format{}.Forms(p), p.Name)
	matches := func(pattern string) bool {
		return slices.ContainsFunc(forms, func(form string) bool { return repo.Match(pattern, form) })
	}
	return !slices.ContainsFunc(f.source.Exclude, matches) && (len(f.source.Only) == 0 || slices.ContainsFunc(f.source.Only, matches))
}
