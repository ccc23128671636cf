package deb

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/compress"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// The kinds of indexes. Source.Include names them.
const (
	packagesKind     = "packages"     // COMPONENT/binary-ARCH/Packages
	sourcesKind      = "sources"      // COMPONENT/source/Sources
	translationsKind = "translations" // COMPONENT/i18n/Translation-LANG
	dep11Kind        = "dep11"        // COMPONENT/dep11/Components-ARCH.yml
	iconsKind        = "icons"        // COMPONENT/dep11/icons-SIZE.tar
	cnfKind          = "cnf"          // COMPONENT/cnf/Commands-ARCH
	contentsKind     = "contents"     // [COMPONENT/]Contents-ARCH, -source, -udeb-ARCH
	udebsKind        = "udebs"        // COMPONENT/debian-installer/binary-ARCH/Packages
	installerKind    = "installer"    // COMPONENT/installer-ARCH/*/images/SHA256SUMS
	pdiffsKind       = "pdiffs"       // INDEX.diff/Index
	releaseKind      = "release"      // COMPONENT/binary-ARCH/Release, source/Release
	otherKind        = "other"        // all else
)

// Kinds are the kinds of indexes that a source's Include may name.
func Kinds() []string {
	return []string{
		packagesKind, sourcesKind, translationsKind, dep11Kind, iconsKind, cnfKind,
		contentsKind, udebsKind, installerKind, pdiffsKind, releaseKind, otherKind,
	}
}

// place is where an index belongs, as its path tells.
type place struct {
	kind string
	// of is the kind of the index that a pdiff or a release is about.
	of           string
	component    string // the directory before all else; "" at the top of a suite
	architecture string // "" where the index is not of one; "source" for Contents-source
	language     string
	udeb         bool // of packages for the installer
}

// placeOf reads the path of an index, relative to its Release and without the
// suffix of a compression.
func placeOf(name string) place {
	if i := strings.Index("/"+name, "/installer-"); i >= 0 {
		architecture, _, _ := strings.Cut(name[i+len("installer-"):], "/")
		return place{kind: installerKind, component: strings.TrimSuffix(name[:i], "/"), architecture: architecture}
	}
	above, base := cutLast(name)
	component, dir := cutLast(above)
	if of, ok := strings.CutSuffix(above, ".diff"); ok && base == "Index" {
		p := placeOf(of)
		p.kind, p.of = pdiffsKind, p.kind
		return p
	}
	if architecture, ok := strings.CutPrefix(dir, "binary-"); ok {
		p := place{component: component, architecture: architecture, of: packagesKind}
		if before, last := cutLast(component); last == "debian-installer" {
			p.component, p.of, p.udeb = before, udebsKind, true
		}
		switch base {
		case "Packages":
			p.kind, p.of = p.of, ""
			return p
		case "Release":
			p.kind = releaseKind
			return p
		}
	}
	switch dir {
	case "source":
		switch base {
		case "Sources":
			return place{kind: sourcesKind, component: component}
		case "Release":
			return place{kind: releaseKind, of: sourcesKind, component: component}
		}
	case "i18n":
		language, _ := strings.CutPrefix(base, "Translation-")
		return place{kind: translationsKind, component: component, language: language}
	case "dep11":
		if strings.HasPrefix(base, "icons-") {
			return place{kind: iconsKind, component: component}
		}
		stem, _, _ := strings.Cut(base, ".")
		return place{kind: dep11Kind, component: component, architecture: afterLast(stem, "-")}
	case "cnf":
		return place{kind: cnfKind, component: component, architecture: afterLast(base, "-")}
	}
	if rest, ok := strings.CutPrefix(base, "Contents-"); ok {
		architecture, udeb := strings.CutPrefix(rest, "udeb-")
		return place{kind: contentsKind, component: above, architecture: architecture, udeb: udeb}
	}
	switch base {
	case "Packages": // of flat repositories
		return place{kind: packagesKind, component: above}
	case "Sources":
		return place{kind: sourcesKind, component: above}
	}
	return place{kind: otherKind, component: above}
}

// cutLast cuts the last element off a path.
func cutLast(name string) (above, last string) {
	i := strings.LastIndexByte(name, '/')
	return name[:max(i, 0)], name[i+1:]
}

func afterLast(s, separator string) string { return s[strings.LastIndex(s, separator)+1:] }

// indexes groups the entries of a Release by their names without compression.
// dir is the directory of the Release. Entries that only have weak digests are
// left out, or refused when all are so, unless the source is trusted.
func indexes(release *Release, dir string, trusted bool) ([]repo.Index, error) {
	var all []repo.Index
	known := make(map[string]int)
	weak := 0
	for _, e := range release.Entries {
		if e.Path == "Release" || e.Path == "Release.gpg" || e.Path == "InRelease" {
			continue // some list themselves, which cannot come out right
		}
		if e.Digests[0].Algorithm().Weak() && !trusted {
			weak++
			continue
		}
		base, suffix := splitSuffix(e.Path)
		i, ok := known[base]
		if !ok {
			i = len(all)
			known[base] = i
			all = append(all, newIndex(base, dir))
		}
		all[i].Variants = append(all[i].Variants, variant(e, suffix, dir, release.AcquireByHash))
	}
	if weak > 0 && len(all) == 0 {
		return nil, fmt.Errorf("it lists files with %w; a trusted source would be taken as it is", repo.ErrWeak)
	}
	for i, ix := range all {
		if a, ok := sumsAlgorithm(ix.Name); ok && a.Weak() {
			// It repeats what a better list beside it says.
			all[i].ListsFiles = !slices.ContainsFunc(all, func(other repo.Index) bool {
				b, ok := sumsAlgorithm(other.Name)
				return ok && b > a && path.Dir(other.Name) == path.Dir(ix.Name)
			})
		}
		all[i].Optional = all[i].Optional || isEmpty(all[i])
	}
	return all, nil
}

// sumsAlgorithm is the algorithm of an installer's list of files, "SHA256SUMS".
func sumsAlgorithm(name string) (a repo.Algorithm, ok bool) {
	algorithm, ok := strings.CutSuffix(path.Base(name), "SUMS")
	if !ok {
		return 0, false
	}
	a, err := repo.ParseAlgorithm(algorithm)
	return a, err == nil
}

// splitSuffix knows .lzma beside the compressions that we read: old repositories
// have it as one of several.
func splitSuffix(name string) (base, suffix string) {
	if base, ok := strings.CutSuffix(name, ".lzma"); ok && base != "" {
		return base, ".lzma"
	}
	return compress.SplitSuffix(name)
}

func newIndex(base, dir string) repo.Index {
	p := placeOf(base)
	ix := repo.Index{Name: path.Join(dir, base), Kind: p.kind}
	switch p.kind {
	case packagesKind, sourcesKind, udebsKind:
		ix.ListsFiles = true
	case pdiffsKind:
		ix.ListsFiles, ix.Optional = true, true
	case installerKind:
		_, ix.ListsFiles = sumsAlgorithm(base)
		ix.Optional = true
	default:
		// Releases name translations and the like that upstream does not have. A
		// mirror without a Packages would hide packages; without these it is
		// what upstream is.
		ix.Optional = true
	}
	return ix
}

func variant(e Entry, suffix, dir string, byHash bool) repo.Variant {
	v := repo.Variant{
		File:               repo.File{Path: path.Join(dir, e.Path), Size: e.Size, Digest: e.Digests[0]},
		Suffix:             suffix,
		Alternates:         make([]string, 0, len(e.Digests)),
		UpstreamAlternates: byHash,
	}
	for _, d := range e.Digests {
		v.Alternates = append(v.Alternates, byHashPath(v.Path, d))
	}
	return v
}

// byHashPath is the path of a file's content by digest, beside the file.
func byHashPath(name string, d repo.Digest) string {
	for _, s := range sections {
		if s.algorithm == d.Algorithm() {
			return path.Join(path.Dir(name), "by-hash", s.name, d.Hex())
		}
	}
	return path.Join(path.Dir(name), "by-hash", strings.ToUpper(d.Algorithm().String()), d.Hex())
}

// isEmpty reports whether all variants are listed as empty files. Upstreams list
// such without having them.
func isEmpty(ix repo.Index) bool {
	for _, v := range ix.Variants {
		if v.Size > 0 {
			return false
		}
	}
	return true
}
