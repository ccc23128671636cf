package rpm

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/rpm/repodata"
)

// InScope picks all indexes: a full mirror of an rpm repository holds all that it
// lists.
func (Format) InScope(r *repo.Repository, root *repo.Root) ([]repo.Index, error) {
	if err := checkRoot(r, root); err != nil {
		return nil, err
	}
	return root.Indexes, nil
}

// CatalogIndexes picks primary, filelists and other, the groups, advisories and
// modules, and the small records that [Format.Rewrite] keeps as they are.
func (Format) CatalogIndexes(r *repo.Repository, root *repo.Root) ([]repo.Index, error) {
	if err := checkRoot(r, root); err != nil {
		return nil, err
	}
	var picked []repo.Index
	for _, kind := range []string{packagesKind, filelistsKind, otherKind, groupKind, updateinfoKind, modulesKind} {
		if ix, ok := indexOf(root, kind); ok {
			picked = append(picked, ix)
		} else if kind == packagesKind {
			return nil, fmt.Errorf("%s: %s lists no primary", r, root.Form.Main)
		}
	}
	for _, ix := range root.Indexes {
		if isKept(ix.Kind) && isSmall(ix) {
			picked = append(picked, ix)
		}
	}
	return picked, nil
}

// checkRoot refuses roots of other formats.
func checkRoot(r *repo.Repository, root *repo.Root) error {
	if _, ok := root.Detail.(*repodata.Repomd); !ok {
		return fmt.Errorf("%s: the root is not one of an rpm repository", r)
	}
	return nil
}

// readable are the suffixes of compressions, those that are read fastest first.
var readable = []string{".zst", ".gz", "", ".xz", ".bz2", ".zck"}

// indexOf returns the root's index of the kind. Of several, such as "group" and
// "group_gz", it is the one that is read fastest; the first one, as clients have it,
// of those that are alike.
func indexOf(root *repo.Root, kind string) (best repo.Index, found bool) {
	rank := func(ix repo.Index) int {
		for i, suffix := range readable {
			if slices.ContainsFunc(ix.Variants, func(v repo.Variant) bool { return v.Suffix == suffix }) {
				return i
			}
		}
		return len(readable)
	}
	for _, ix := range root.Indexes {
		if ix.Kind == kind && (!found || rank(ix) < rank(best)) {
			best, found = ix, true
		}
	}
	return best, found
}

// describing are the kinds of indexes that tell of packages, one by one, and that we
// do not write: a partial mirror would have wrong ones.
var describing = []string{
	packagesKind, filelistsKind, otherKind, groupKind, updateinfoKind, modulesKind, // written anew
	prestodeltaKind, deltainfoKind, treeinfoKind, extraFilesKind,
	"patterns", "pattern",
}

// isKept reports whether partial mirrors keep indexes of the kind as they are.
func isKept(kind string) bool {
	described := slices.Contains(describing, kind) || strings.HasSuffix(kind, "_db") ||
		strings.HasSuffix(kind, "-ext") || strings.HasPrefix(kind, "susedata")
	return !described
}

// maxKept is the size in bytes of the largest index that is kept as it is.
const maxKept = 64 << 20

func isSmall(ix repo.Index) bool {
	return slices.ContainsFunc(ix.Variants, func(v repo.Variant) bool { return v.Size <= maxKept })
}
