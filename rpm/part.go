package rpm

import (
	"path"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Part tells the architecture by the name of a package file, NAME-VERSION-RELEASE.ARCH.rpm;
// repositories of rpm have no components.
func (Format) Part(_ *repo.Repository, name string) (component, architecture string) {
	stem, ok := strings.CutSuffix(path.Base(name), ".rpm")
	if !ok {
		return "", ""
	}
	architecture = strings.TrimPrefix(path.Ext(stem), ".")
	if architecture == "noarch" {
		architecture = ""
	}
	return "", architecture
}

// FileName reads NAME-VERSION-RELEASE.ARCH.rpm.
func (Format) FileName(base string) (name, version string, ok bool) {
	stem, isPackage := strings.CutSuffix(base, ".rpm")
	n, ok := parseNEVRA(stem)
	if !isPackage || !ok {
		return "", "", false
	}
	return n.name, n.version, true
}
