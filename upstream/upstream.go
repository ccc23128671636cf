package upstream

import (
	"errors"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/fetch"
	"github.com/mirrorkeeper/mirrorkeeper/mirrorlist"
	"github.com/mirrorkeeper/mirrorkeeper/progress"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/store"
)

// Repository is one repository, where it is read from and what was read.
type Repository struct {
	*repo.Repository
	Format repo.Format
	// Keys verify its roots.
	Keys repo.Verifier
	// Listed is told the URLs that a list of mirrors names, before anything is asked of
	// them; it may be nil.
	Listed func(urls []string)

	// Bases are URLs of the repository, those that are asked first in front.
	Bases []string
	// List is where Bases come from, nil without one.
	List *mirrorlist.List

	// Cached is the root as upstream shows it, or showed it last.
	Cached *store.CachedRoot
	// Root is that root; nil where it was not needed.
	Root *repo.Root
}

// Reader reads repositories.
type Reader struct {
	Fetcher *fetch.Fetcher
	Cache   *store.Cache
	// Now is the clock.
	Now func() time.Time
	// Whole takes along the files that lie beside a root.
	Whole bool
	// Offline asks nothing of upstream: what the cache lacks is an [ErrOffline].
	Offline bool
	// Stage begins to show how so many indexes are fetched; nil shows nothing.
	Stage func(files int, bytes int64) *progress.Stage
}

// ErrOffline says that the cache lacks what a reader that is offline needs.
var ErrOffline = errors.New("not in the cache")

// Attempts is how often a root is read again when upstream moves while it is read.
const Attempts = 3

// MovedError says that a file did not match what the root says of it: a newer root of
// upstream may explain it.
type MovedError struct{ Err error }

func (e *MovedError) Error() string { return e.Err.Error() }

// Unwrap returns what did not match.
func (e *MovedError) Unwrap() error { return e.Err }
