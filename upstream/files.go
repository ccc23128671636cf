package upstream

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Files yields the files that an index of the repository lists, none where an optional
// index is not there.
func (r *Reader) Files(u *Repository, ix repo.Index, yield func(repo.File) error) error {
	content, err := r.Open(ix)
	if errors.Is(err, fs.ErrNotExist) && ix.Optional {
		return nil
	}
	if err != nil {
		return err
	}
	defer content.Close()
	if err := u.Format.ReadFiles(u.Repository, ix, content, yield); err != nil {
		return fmt.Errorf("%s: %w", u.Repository, err)
	}
	return nil
}

// SortedUnique sorts by path and keeps the first file of each path.
func SortedUnique(files []repo.File, conflict func(a, b repo.File)) []repo.File {
	slices.SortStableFunc(files, func(a, b repo.File) int { return strings.Compare(a.Path, b.Path) })
	return slices.CompactFunc(files, func(a, b repo.File) bool {
		if a.Path != b.Path {
			return false
		}
		if a.Digest != b.Digest && conflict != nil {
			conflict(a, b)
		}
		return true
	})
}
