package rpm

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/rpm/repodata"
)

// linkFiles lets packages provide the files that a relation of any package names, and
// those that the names are or match. Primary lists the files that are required most;
// filelists, which is large, has all and is read where primary has no package with a
// file that is wanted, or where only filelists can tell all that match.
func linkFiles(all []repo.Reading, visible [][]*repo.Package, names []string) (packages []*repo.Package, err error) {
	packages = slices.Concat(visible...)
	left := wantedFiles(packages) // true while no package is found
	var globs []string
	for _, name := range names {
		switch {
		case !strings.HasPrefix(name, "/"):
		case strings.ContainsAny(name, "*?["):
			globs = append(globs, name)
		default:
			left[name] = true
		}
	}
	if len(left)+len(globs) == 0 {
		return packages, nil
	}
	for _, p := range packages {
		for _, x := range p.Provides {
			if strings.HasPrefix(x.Name, "/") {
				delete(left, x.Name)
			}
		}
	}
	found := map[string]bool{}
	for _, p := range packages {
		d, ok := p.Detail.(*detail)
		if !ok {
			continue
		}
		for _, file := range d.files {
			if left[file] {
				provideFile(p, file)
				found[file] = true
			}
		}
	}
	for file := range found {
		delete(left, file)
	}
	for i, of := range all {
		if len(left)+len(globs) == 0 {
			break
		}
		if err := linkFilelists(of, visible[i], left, globs); err != nil {
			return nil, err
		}
	}
	return packages, nil
}

// wantedFiles are the paths among what the packages relate to.
func wantedFiles(packages []*repo.Package) map[string]bool {
	wanted := map[string]bool{}
	note := func(d repo.Dependency) bool {
		if strings.HasPrefix(d.Name, "/") {
			wanted[d.Name] = true
		}
		return true
	}
	for _, p := range packages {
		for i := range p.Relations {
			r := &p.Relations[i]
			for k := range r.Alternatives {
				note(r.Alternatives[k])
			}
			if r.Rich != nil {
				r.Rich.Leaves(note)
			}
		}
	}
	return wanted
}

// provideFile adds a file to what the package provides. Packages may share the memory
// behind their Provides.
func provideFile(p *repo.Package, file string) {
	x := repo.Provide{Name: file}
	if !slices.Contains(p.Provides, x) {
		p.Provides = append(slices.Clip(p.Provides), x)
	}
}

// linkFilelists looks for files in the filelists of a repository: those that are wanted,
// and those that match one of the globs.
func linkFilelists(of repo.Reading, packages []*repo.Package, wanted map[string]bool, globs []string) error {
	var byID map[string][]*repo.Package // made when there is something to look up
	return readIndex(of, filelistsKind, func(content io.Reader, name string) error {
		for in := repodata.NewFilelistsReader(content, name); ; {
			e, err := in.Next()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			for _, file := range e.Files {
				if !wanted[string(file)] && !slices.ContainsFunc(globs, func(glob string) bool { return repo.Match(glob, string(file)) }) {
					continue
				}
				if byID == nil {
					byID = packagesByID(packages)
				}
				for _, p := range byID[string(bytes.ToLower(e.PkgID))] {
					provideFile(p, string(file))
				}
			}
		}
	})
}

// packagesByID gives the packages by what filelists calls them: the digests of their
// files. One may be in the repository at several places.
func packagesByID(packages []*repo.Package) map[string][]*repo.Package {
	byID := make(map[string][]*repo.Package, len(packages))
	for _, p := range packages {
		id := p.File.Digest.Hex()
		byID[id] = append(byID[id], p)
	}
	return byID
}
