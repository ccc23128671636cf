package probe

import (
	"context"
	"errors"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/store"
	"github.com/mirrorkeeper/mirrorkeeper/watch"
)

// Source is one repository where it comes from, with the ledger of its generations.
type Source struct {
	watch.Root
	Format repo.Format
	// Keys verify its roots.
	Keys   repo.Verifier
	Ledger *store.Ledger
}

// part is what a file of the repository belongs to.
func (s *Source) part(path string) watch.Part { return watch.Part{} }

// Range reads bytes of a file at the source.
func (s *Source) Range(ctx context.Context, f repo.File, from, n int64) ([]byte, error) {
	return nil, errors.ErrUnsupported
}
