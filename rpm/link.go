package rpm

import (
	"fmt"
	"io"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Link joins the packages of the repositories, of which those are left out that
// modules hide: groups may name the module streams that are not to (see modules.go).
// It sets the groups that packages are in, and whether they are mandatory: those of
// the comps groups core and base are. Packages that have a file that others require,
// or that is wanted by its name, provide it.
func (Format) Link(all []repo.Reading, w repo.Wanted) ([]*repo.Package, error) {
	m, err := readModules(all)
	if err != nil {
		return nil, err
	}
	if w.Everything {
		m.activateAll()
	} else {
		m.activate(w.Groups)
	}
	visible := m.visible(all, w.Everything)
	g, err := readGroups(all, m)
	if err != nil {
		return nil, err
	}
	for _, packages := range visible {
		for _, p := range packages {
			g.assign(p)
		}
	}
	return linkFiles(all, visible, w.Names)
}

// readIndex reads the index of a kind, where the repository has one.
func readIndex(of repo.Reading, kind string, read func(content io.Reader, name string) error) (err error) {
	ix, ok := indexOf(of.Root, kind)
	if !ok {
		return nil
	}
	if err := readOne(of, ix, read); err != nil {
		return fmt.Errorf("%s: %w", of.Repository, err)
	}
	return nil
}

// readOne reads an index.
func readOne(of repo.Reading, ix repo.Index, read func(content io.Reader, name string) error) (err error) {
	content, err := of.Open(ix)
	if err != nil {
		return fmt.Errorf("%s: %w", ix.Name, err)
	}
	defer func() {
		if closeErr := content.Close(); err == nil && closeErr != nil {
			err = fmt.Errorf("%s: %w", ix.Name, closeErr)
		}
	}()
	return read(content, ix.Name)
}
