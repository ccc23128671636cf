package deb

import (
	"path"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/compress"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Part tells by the path of an index, or by that of a package in the pool, which
// component and architecture it is of. Files of source packages are of "source". A pool
// of another form than pool/COMPONENT/PREFIX/SOURCE/ tells no component.
func (Format) Part(r *repo.Repository, name string) (component, architecture string) {
	if dir := rootDir(r); !isFlat(r) && strings.HasPrefix(name, dir+"/") {
		return partOfIndex(strings.TrimPrefix(name, dir+"/"))
	}
	dir, base := cutLast(name)
	if below, ok := strings.CutPrefix(dir, "pool/"); ok {
		prefix, _ := cutLast(below) // of the source's name
		component, _ = cutLast(prefix)
	}
	stem, suffix := strings.TrimSuffix(base, path.Ext(base)), path.Ext(base)
	switch {
	case suffix == ".deb" || suffix == ".udeb":
		architecture = afterLast(stem, "_")
	case suffix == ".dsc" || strings.Contains(base, ".tar.") || strings.HasSuffix(base, ".diff.gz"):
		architecture = sourceArchitecture
	}
	return component, unlessAll(architecture)
}

// sourceArchitecture stands for source packages.
const sourceArchitecture = "source"

// partOfIndex is the part of an index, or of its directory where it is named by digest.
func partOfIndex(name string) (component, architecture string) {
	name, _ = compress.SplitSuffix(name)
	if dir, _, byHash := strings.Cut(name, "/by-hash/"); byHash {
		name = dir + "/Packages"
		if _, last := cutLast(dir); last == "source" {
			name = dir + "/Sources"
		}
	}
	p := placeOf(name)
	if p.kind == otherKind {
		return "", ""
	}
	if p.kind == sourcesKind || p.of == sourcesKind {
		p.architecture = sourceArchitecture
	}
	return p.component, unlessAll(p.architecture)
}

func unlessAll(architecture string) string {
	if architecture == "all" {
		return ""
	}
	return architecture
}

// FileName reads NAME_VERSION_ARCHITECTURE.deb, and udeb, as dpkg-deb names files.
func (Format) FileName(base string) (name, version string, ok bool) {
	stem, isPackage := strings.CutSuffix(base, ".deb")
	if !isPackage {
		stem, isPackage = strings.CutSuffix(base, ".udeb")
	}
	parts := strings.Split(stem, "_")
	if !isPackage || len(parts) != 3 || parts[0] == "" || parts[1] == "" {
		return "", "", false
	}
	return parts[0], strings.ReplaceAll(parts[1], "%3a", ":"), true
}
