package mirror

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/store"
	"github.com/mirrorkeeper/mirrorkeeper/upstream"
)

// repository is one repository of the mirror: where it comes from and what upstream shows
// now, and where it is published.
type repository struct {
	*upstream.Repository
	source     *Source
	repository *repo.Repository
	place      string // directory in the tree, relative to the destination
	shared     bool   // other repositories lie within its index directory
	same       bool   // the root is the one that the mirror was made of
	failed     error  // in an independent mirror: why the repository stays as it is
}

// indexDir is the directory that is exchanged as a whole, "" for file by file.
func (u *repository) indexDir() string { return u.repository.IndexDir }

// amongIndexes reports whether a file lies in the directory that is exchanged; an
// index that lies elsewhere is published as packages are.
func (u *repository) amongIndexes(path string) bool {
	return u.indexDir() == "" || strings.HasPrefix(path, u.indexDir()+"/")
}

func (u *repository) exchangedDir() string {
	if u.shared {
		return ""
	}
	return u.repository.IndexDir
}

// parallelRoots is how many roots are read at once.
const parallelRoots = 8

// readRoots reads the root of every repository.
func (r *run) readRoots(ctx context.Context) error {
	r.warnings, r.failures = nil, nil
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallelRoots)
	for _, u := range r.upstreams {
		g.Go(func() error {
			err := r.readRoot(ctx, u)
			if err == nil {
				return nil
			}
			err = fmt.Errorf("%s: %w", u.repository, err)
			if r.Mirror.Independent && ctx.Err() == nil {
				u.failed = err
				return nil
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for _, u := range r.upstreams {
		if u.failed != nil {
			r.failures = append(r.failures, u.failed)
			r.warn("%v", u.failed)
		}
		if u.Root != nil {
			for _, w := range u.Root.Warnings {
				r.warn("%s: %s", u.repository, w)
			}
		}
	}
	if len(r.failures) == len(r.upstreams) {
		return errors.Join(r.failures...)
	}
	return nil
}

// readRoot asks upstream for the root of one repository, conditionally, and
// verifies it unless it is the one that the mirror was made of.
func (r *run) readRoot(ctx context.Context, u *repository) error {
	u.Root, u.failed = nil, nil
	cache := r.Store.Cache()
	cached, err := cache.Root(u.repository)
	if err != nil {
		return err
	}
	published := r.before.Find(u.repository.String(), u.place)
	offline := r.Offline || !r.selected(u.repository.String())
	if offline {
		if cached == nil {
			return fmt.Errorf("%w: its root was never read", ErrOffline)
		}
		u.Cached = cached
	} else {
		if err := r.reader.ReadList(ctx, u.Repository); err != nil {
			return err
		}
		if u.Cached, u.Root, err = r.reader.ReadRoot(ctx, u.Repository, cached); err != nil {
			return err
		}
	}
	u.same = published != nil && published.Upstream == u.Cached.Digest && r.before.Configuration == r.configuration
	if u.same && !r.planning && u.Cached == cached {
		return r.checkExpiry(u)
	}
	if u.Root == nil {
		if u.Root, err = u.Parse(u.Cached.Main, u.Cached.Files, r.Now()); err != nil {
			return err
		}
	}
	root := u.Root
	if err := notOlder(root, cached, published); err != nil {
		return err
	}
	if u.Cached != cached {
		u.Cached.Digest, u.Cached.Date, u.Cached.ValidUntil = root.Digest, root.Date, root.ValidUntil
		if cached != nil {
			u.Cached.Indexes = cached.Indexes
		}
		u.same = published != nil && published.Upstream == root.Digest && r.before.Configuration == r.configuration
		return cache.SetRoot(u.repository, u.Cached)
	}
	return nil
}

// checkExpiry is for the root that is published already: it may have expired since.
func (r *run) checkExpiry(u *repository) error {
	until := u.Cached.ValidUntil
	if until.IsZero() || u.source.IgnoreValidUntil || r.Now().Before(until) {
		return nil
	}
	return fmt.Errorf("upstream's root has expired: it was valid until %s and upstream has no newer one", until.UTC().Format(time.RFC1123))
}

// notOlder refuses a root that is older than what was seen or published before.
func notOlder(root *repo.Root, cached *store.CachedRoot, published *store.Published) error {
	held := time.Time{}
	if cached != nil && cached.Date.After(held) {
		held = cached.Date
	}
	if published != nil && published.Date.After(held) {
		held = published.Date
	}
	if root.Date.IsZero() || !root.Date.Before(held) {
		return nil
	}
	return fmt.Errorf("%w: it is of %s, ours is of %s: the server is behind, or somebody replays old metadata",
		ErrReplay, root.Date.UTC().Format(time.RFC1123), held.UTC().Format(time.RFC1123))
}

// unchanged reports whether the mirror is what upstream and the configuration say.
func (r *run) unchanged() bool {
	if r.before == nil || r.before.Configuration != r.configuration || r.Check != CheckChanged || r.renewalDue() {
		return false
	}
	for _, u := range r.upstreams {
		if !u.same && u.failed == nil && r.selected(u.repository.String()) {
			return false
		}
	}
	if !r.Store.Shows(r.before) {
		r.warn("what was published is not there any more; it is put back")
		r.Check = CheckSize
		return false
	}
	return r.before.Skipped == 0
}

// wentBack reports whether the mirror was taken back to an earlier generation and
// upstream has shown nothing newer since: it stays there then, whatever is checked.
func (r *run) wentBack() bool {
	if r.before == nil || r.before.ContentOf == "" || r.before.Configuration != r.configuration {
		return false
	}
	for _, u := range r.upstreams {
		if !u.same && u.failed == nil && r.selected(u.repository.String()) {
			return false
		}
	}
	return true
}

// renewalDue reports whether a root of ours is past half of its validity.
func (r *run) renewalDue() bool {
	if r.Mirror.Full() || r.Mirror.ValidFor == 0 {
		return false
	}
	for _, p := range r.before.Repositories {
		if !p.ValidUntil.IsZero() && r.Now().After(p.ValidUntil.Add(-r.Mirror.ValidFor/2)) {
			return true
		}
	}
	return false
}

// needs parses the root where reading it had not been necessary.
func (r *run) needs(u *repository) error {
	if u.Root != nil {
		return nil
	}
	root, err := u.Parse(u.Cached.Main, u.Cached.Files, r.Now())
	if err != nil {
		return fmt.Errorf("%s: %w", u.repository, err)
	}
	u.Root = root
	return nil
}

// moved reports whether the failure is one that a newer root of upstream explains.
func (r *run) moved(ctx context.Context, err error) bool {
	var m *upstream.MovedError
	if !errors.As(err, &m) || r.Offline {
		return false
	}
	for _, u := range r.upstreams {
		if u.failed != nil || !r.selected(u.repository.String()) {
			continue
		}
		fresh, _, err := r.reader.ReadRoot(ctx, u.Repository, u.Cached)
		if err == nil && fresh != u.Cached {
			return true
		}
	}
	return false
}
