package deb

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

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
//
// The strings of packages are parts of the text of the index, in blocks of some
// hundred kB: one package that is kept holds the memory of its block. Packages
// share relations in the same words, which must not be changed.
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
