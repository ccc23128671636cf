package header

import (
	"bytes"
	"slices"
)

// IsSource reports whether the file is a source package. Very old ones do not say it,
// but have files without directories, as rpm knows them.
func (p *Package) IsSource() bool {
	if n, ok := p.Header.Int(SourcePackage); ok {
		return n != 0
	}
	if p.Header.Has(SourceRPM) {
		return false
	}
	files, err := p.Header.Files()
	return err == nil && len(files) > 0 && !slices.ContainsFunc(files, func(f File) bool {
		return len(f.Dir) > 0 || bytes.IndexByte(f.Base, '/') >= 0
	})
}

// IsOld reports whether the package is of format 3, which rpm made until 2002.
func (p *Package) IsOld() bool { return !p.Header.Has(HeaderImmutable) }

// Architecture is the architecture. It is "src" for source packages, whose header has
// that of the machine on which they were made.
func (p *Package) Architecture() string {
	if p.IsSource() {
		return "src"
	}
	return p.Header.String(Arch)
}

// FileName is the name that the package's file ought to have, as rpmbuild names it.
func (p *Package) FileName() string {
	architecture := p.Architecture()
	if p.IsSource() && (p.Header.Has(NoSource) || p.Header.Has(NoPatch)) {
		architecture = "nosrc"
	}
	h := p.Header
	return h.String(Name) + "-" + h.String(Version) + "-" + h.String(Release) + "." + architecture + ".rpm"
}

// InstalledSize is the size of all files in bytes, 0 where it is not said.
func (p *Package) InstalledSize() int64 {
	n, _ := firstInt(place{p.Header, LongSize}, place{p.Header, Size})
	return n
}

// ArchiveSize is the size of the uncompressed payload in bytes, 0 where it is not said.
func (p *Package) ArchiveSize() int64 {
	n, _ := firstInt(place{p.Header, ArchiveSize}, place{p.Header, PayloadSizeAlt}, place{p.Signature, SigLongArchive}, place{p.Signature, SigPayloadSize})
	return n
}

// place is where a number may stand.
type place struct {
	h   *Header
	tag Tag
}

// firstInt returns the number at the first place that has one.
func firstInt(places ...place) (n int64, ok bool) {
	for _, p := range places {
		if n, ok := p.h.Int(p.tag); ok {
			return int64(n), true
		}
	}
	return 0, false
}
