package mirror

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

// readList reads the list that a repository's URLs come from, if they do.
func (r *run) readList(ctx context.Context, u *upstream) error {
	address := u.repository.List
	if address == "" {
		return nil
	}
	answer, err := r.Fetcher.Get(ctx, []string{address}, "", fetch.Validators{}, maxList)
	if err != nil {
		return fmt.Errorf("mirror list %s: %w", transport.Redacted(address), err)
	}
	main := u.source.Format.RootForms(u.repository)[0].Main
	if u.list, err = mirrorlist.Parse(answer.Body, transport.Redacted(address), main); err != nil {
		return err
	}
	// A server may not point to files of this machine.
	u.bases = slices.DeleteFunc(slices.Clone(u.list.URLs), func(base string) bool {
		return strings.HasPrefix(base, "file:") && !strings.HasPrefix(address, "file:")
	})
	if len(u.bases) == 0 {
		return fmt.Errorf("mirror list %s: %w", transport.Redacted(address), mirrorlist.ErrNoMirror)
	}
	if u.source.Listed != nil {
		u.source.Listed(u.bases)
	}
	return nil
}

// lists reports whether the list of mirrors, if it says what roots there are, names
// this one.
func (u *upstream) lists(root []byte) bool {
	if u.list == nil || len(u.list.Roots) == 0 {
		return true
	}
	for _, c := range u.list.Roots {
		if isContent(root, c) {
			return true
		}
	}
	return false
}

// newest reports whether the list of mirrors says that this is the newest root.
func (u *upstream) newest(root []byte) bool {
	return u.list != nil && len(u.list.Roots) > 0 && isContent(root, u.list.Roots[0])
}

func isContent(b []byte, c repo.Content) bool {
	h := c.Digest.Algorithm().New()
	h.Write(b)
	return repo.NewDigest(c.Digest.Algorithm(), h.Sum(nil)) == c.Digest
}
