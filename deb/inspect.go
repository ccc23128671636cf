package deb

import (
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// packageSuffixes are those of package files for machines: packages, packages of the
// installer, and Ubuntu's packages of debugging symbols.
var packageSuffixes = []string{".deb", ".udeb", ".ddeb"}

// IsPackage reports whether the file is a package, the .dsc of a source package, or the
// .changes of an upload.
func (*Creator) IsPackage(base string) bool {
	suffix := path.Ext(base)
	return suffix == ".dsc" || suffix == ".changes" || slices.Contains(packageSuffixes, suffix)
}

// Inspect reads package files, and beside them .dsc and .changes, by their suffix.
func (c *Creator) Inspect(f repo.PackageFile) (*repo.Inspected, error) {
	switch suffix := path.Ext(f.Base); {
	case slices.Contains(packageSuffixes, suffix):
		return c.inspectBinary(f)
	case suffix == ".dsc":
		return c.inspectSource(f)
	case suffix == ".changes":
		return c.inspectChanges(f)
	}
	return nil, fmt.Errorf("%s is neither a package (%s, .dsc) nor a list of packages (.changes)", f.Base, strings.Join(packageSuffixes, ", "))
}

// checkBase refuses a file whose name says something else than it does itself.
func (c *Creator) checkBase(base string, p *repo.Inspected) error {
	if c.AnyName || c.isNamed(base, p) {
		return nil
	}
	return fmt.Errorf("by what is in it, it is %s %s %s and should be named %s", p.Name, p.Version, p.Architecture, p.Base)
}

// isNamed reports whether a file has the right name: the version may have its epoch,
// and characters may be escaped by "%" (apt names files so that it downloads).
func (*Creator) isNamed(base string, p *repo.Inspected) bool {
	if base == p.Base {
		return true
	}
	name, err := url.PathUnescape(base)
	return err == nil && (name == p.Base || name == fileName(p, p.Version, path.Ext(p.Base)))
}

// setBase sets the name of the file that a package should have: the version without
// its epoch.
func setBase(p *repo.Inspected, suffix string) {
	v := split(p.Version)
	v.Epoch = ""
	p.Base = fileName(p, v.String(), suffix)
}

func fileName(p *repo.Inspected, version, suffix string) string {
	if p.SourcePackage {
		return p.Name + "_" + version + suffix
	}
	return p.Name + "_" + version + "_" + p.Architecture + suffix
}
