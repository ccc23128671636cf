package deb

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Place is in the pool, by component and source package, as in Debian; in a flat
// repository it is where the file was found.
func (c *Creator) Place(p *repo.Inspected, found string) (string, error) {
	if err := c.checkPlaced(p.Architecture, path.Ext(p.Base)); err != nil {
		return "", err
	}
	if !c.Flat {
		return path.Join("pool", c.Part(), poolPrefix(p.Source), p.Source, p.Base), nil
	}
	if !c.isNamed(path.Base(found), p) {
		found = path.Join(path.Dir(found), p.Base)
	}
	return repo.CleanPath(path.Join(c.Dir, found))
}

// checkPlaced refuses packages that the suite has no index for.
func (c *Creator) checkPlaced(architecture, suffix string) error {
	switch {
	case c.Flat && suffix == ".udeb":
		return fmt.Errorf("it is a package for the installer (%s), for which flat repositories have no index", suffix)
	case architecture == "all", architecture == SourceArchitecture, len(c.Architectures) == 0, slices.Contains(c.Architectures, architecture):
		return nil
	}
	return fmt.Errorf("it is for %s, the suite has %s", architecture, strings.Join(c.Architectures, ", "))
}

// poolPrefix is the directory of a source package's letter, "lib" and a letter for
// libraries.
func poolPrefix(source string) string {
	if strings.HasPrefix(source, "lib") && len(source) > 3 {
		return source[:4]
	}
	return source[:1]
}
