package upstream

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/fetch"
	"github.com/mirrorkeeper/mirrorkeeper/mirrorlist"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/transport"
)

// maxList bounds a list of mirrors in bytes; Fedora's metalinks have some 50 kB.
const maxList = 4 << 20

// ReadList reads the list that a repository's URLs come from, if they do.
func (r *Reader) ReadList(ctx context.Context, u *Repository) error {
	address := u.Repository.List
	if address == "" {
		return nil
	}
	answer, err := r.Fetcher.Get(ctx, []string{address}, "", fetch.Validators{}, maxList)
	if err != nil {
		return fmt.Errorf("mirror list %s: %w", transport.Redacted(address), err)
	}
	main := u.Format.RootForms(u.Repository)[0].Main
	if u.List, err = mirrorlist.Parse(answer.Body, transport.Redacted(address), main); err != nil {
		return err
	}
	// A server may not point to files of this machine.
	u.Bases = slices.DeleteFunc(slices.Clone(u.List.URLs), func(base string) bool {
		return strings.HasPrefix(base, "file:") && !strings.HasPrefix(address, "file:")
	})
	if len(u.Bases) == 0 {
		return fmt.Errorf("mirror list %s: %w", transport.Redacted(address), mirrorlist.ErrNoMirror)
	}
	if u.Listed != nil {
		u.Listed(u.Bases)
	}
	return nil
}

// lists reports whether the list of mirrors, if it says what roots there are, names
// this one.
func (u *Repository) lists(root []byte) bool {
	if u.List == nil || len(u.List.Roots) == 0 {
		return true
	}
	for _, c := range u.List.Roots {
		if isContent(root, c) {
			return true
		}
	}
	return false
}

// newest reports whether the list of mirrors says that this is the newest root.
func (u *Repository) newest(root []byte) bool {
	return u.List != nil && len(u.List.Roots) > 0 && isContent(root, u.List.Roots[0])
}

func isContent(b []byte, c repo.Content) bool {
	h := c.Digest.Algorithm().New()
	h.Write(b)
	return repo.NewDigest(c.Digest.Algorithm(), h.Sum(nil)) == c.Digest
}
