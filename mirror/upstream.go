package mirror

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/mirrorkeeper/mirrorkeeper/fetch"
	"github.com/mirrorkeeper/mirrorkeeper/mirrorlist"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/store"
	"github.com/mirrorkeeper/mirrorkeeper/transport"
)

// upstream is one repository of the mirror: where it comes from, what upstream
// shows now, where it is published.
type upstream struct {
	source     *Source
	repository *repo.Repository
	place      string           // directory in the tree, relative to the destination
	shared     bool             // other repositories lie within its index directory
	bases      []string         // URLs of the repository, those that are asked first in front
	list       *mirrorlist.List // where bases come from, nil without one

	cached *store.CachedRoot
	root   *repo.Root // nil where it was not needed
	same   bool       // the root is the one that the mirror was made of
	failed error      // in an independent mirror: why the repository stays as it is
}

// indexDir is the directory that is exchanged as a whole, "" for file by file.
func (u *upstream) indexDir() string { return u.repository.IndexDir }

// amongIndexes reports whether a file lies in the directory that is exchanged; an
// index that lies elsewhere is published as packages are.
func (u *upstream) amongIndexes(path string) bool {
	return u.indexDir() == "" || strings.HasPrefix(path, u.indexDir()+"/")
}

func (u *upstream) exchangedDir() string {
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
		if u.root != nil {
			for _, w := range u.root.Warnings {
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
func (r *run) readRoot(ctx context.Context, u *upstream) error {
	u.root, u.failed = nil, nil
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
		u.cached = cached
	} else {
		if err := r.readList(ctx, u); err != nil {
			return err
		}
		if u.cached, u.root, err = r.fetchRoot(ctx, u, cached); err != nil {
			return err
		}
	}
	u.same = published != nil && published.Upstream == u.cached.Digest && r.before.Configuration == r.configuration
	if u.same && !r.planning && u.cached == cached {
		return r.checkExpiry(u)
	}
	if u.root == nil {
		if u.root, err = u.parse(u.cached.Main, u.cached.Files, r.Now()); err != nil {
			return err
		}
	}
	root := u.root
	if err := notOlder(root, cached, published); err != nil {
		return err
	}
	if u.cached != cached {
		u.cached.Digest, u.cached.Date, u.cached.ValidUntil = root.Digest, root.Date, root.ValidUntil
		if cached != nil {
			u.cached.Indexes = cached.Indexes
		}
		u.same = published != nil && published.Upstream == root.Digest && r.before.Configuration == r.configuration
		return cache.SetRoot(u.repository, u.cached)
	}
	return nil
}

// checkExpiry is for the root that is published already: it may have expired since.
func (r *run) checkExpiry(u *upstream) error {
	until := u.cached.ValidUntil
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

// fetchRoot reads the root from the first URL that has a valid one. It returns
// cached, and does not parse it, where upstream still shows that one.
func (r *run) fetchRoot(ctx context.Context, u *upstream, cached *store.CachedRoot) (*store.CachedRoot, *repo.Root, error) {
	if cached != nil && r.holdsFiles(cached) && u.newest(cached.Files[cached.Main]) {
		return cached, nil, nil
	}
	var problems []error
	for i, base := range u.bases {
		for _, form := range r.formsInOrder(u, cached) {
			fresh, root, err := r.fetchVerified(ctx, u, base, form, cached)
			if err == nil {
				u.bases = slices.Concat(u.bases[i:], u.bases[:i])
				return fresh, root, nil
			}
			if ctx.Err() != nil {
				return nil, nil, ctx.Err()
			}
			problems = append(problems, err)
			if !errors.Is(err, fetch.ErrNotFound) {
				break // else another form, or another URL
			}
		}
	}
	return nil, nil, errors.Join(problems...)
}

// fetchVerified reads the root in one form from one URL. Where a signature lies
// beside the root, upstream may exchange them between two requests: what does not
// verify is read again as long as it changes, a bounded number of times.
func (r *run) fetchVerified(ctx context.Context, u *upstream, base string, form repo.RootForm, cached *store.CachedRoot) (*store.CachedRoot, *repo.Root, error) {
	var last *store.CachedRoot
	for try := 1; ; try++ {
		fresh, err := r.fetchForm(ctx, u, base, form, cached)
		if err != nil || fresh == cached {
			return fresh, nil, err
		}
		root, err := u.parse(form.Main, fresh.Files, r.Now())
		if err == nil {
			return fresh, root, nil
		}
		same := last != nil && maps.EqualFunc(last.Files, fresh.Files, bytes.Equal)
		if form.Signature == "" || same || try == attempts {
			return nil, nil, err
		}
		last = fresh
	}
}

// formsInOrder puts the form that upstream had last time first.
func (r *run) formsInOrder(u *upstream, cached *store.CachedRoot) []repo.RootForm {
	forms := slices.Clone(u.source.Format.RootForms(u.repository))
	if cached != nil {
		slices.SortStableFunc(forms, func(a, b repo.RootForm) int {
			switch cached.Main {
			case a.Main:
				return -1
			case b.Main:
				return 1
			}
			return 0
		})
	}
	return forms
}

// maxRoot bounds a root file in bytes; Debian's is about 200 kB.
const maxRoot = 64 << 20

func (r *run) fetchForm(ctx context.Context, u *upstream, base string, form repo.RootForm, cached *store.CachedRoot) (*store.CachedRoot, error) {
	bases := []string{base}
	known := cached != nil && cached.Main == form.Main && r.holdsFiles(cached)
	var held fetch.Validators
	if known && cached.URL == base {
		held = fetch.Validators{ETag: cached.ETag, LastModified: cached.LastModified}
	}
	main, err := r.Fetcher.Get(ctx, bases, form.Main, held, maxRoot)
	if err != nil {
		return nil, err
	}
	if main.NotModified || known && string(cached.Files[form.Main]) == string(main.Body) {
		return cached, nil
	}
	if !u.lists(main.Body) {
		return nil, fmt.Errorf("%s from %s is none of those that %s names: the site is behind, or ahead", form.Main, transport.Redacted(base), transport.Redacted(u.repository.List))
	}
	fresh := &store.CachedRoot{
		Main: form.Main, Files: repo.RootFiles{form.Main: main.Body},
		URL: base, ETag: main.ETag, LastModified: main.LastModified, Whole: r.Mirror.Full(),
	}
	var more []string
	if form.Signature != "" {
		more = append(more, form.Signature)
	}
	if r.Mirror.Full() {
		more = append(more, form.Beside...)
	}
	for _, name := range more {
		b, err := r.Fetcher.Get(ctx, bases, name, fetch.Validators{}, maxRoot)
		if errors.Is(err, fetch.ErrNotFound) {
			continue // whether it had to be there is the format's to say
		}
		if err != nil {
			return nil, err
		}
		fresh.Files[name] = b.Body
	}
	return fresh, nil
}

// holdsFiles reports whether the files of a cached root are all that this mirror
// takes along.
func (r *run) holdsFiles(cached *store.CachedRoot) bool { return cached.Whole || !r.Mirror.Full() }

// parse verifies and reads the files of a root.
func (u *upstream) parse(main string, files repo.RootFiles, now time.Time) (*repo.Root, error) {
	for _, form := range u.source.Format.RootForms(u.repository) {
		if form.Main == main {
			return u.source.Format.ReadRoot(u.repository, form, files, u.source.Keys, now)
		}
	}
	return nil, fmt.Errorf("%s is no root of a %s repository", main, u.source.Format.Name())
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
func (r *run) needs(u *upstream) error {
	if u.root != nil {
		return nil
	}
	root, err := u.parse(u.cached.Main, u.cached.Files, r.Now())
	if err != nil {
		return fmt.Errorf("%s: %w", u.repository, err)
	}
	u.root = root
	return nil
}

// movedError says that a file did not match what the root says of it.
type movedError struct{ err error }

func (e *movedError) Error() string { return e.err.Error() }
func (e *movedError) Unwrap() error { return e.err }

// moved reports whether the failure is one that a newer root of upstream explains.
func (r *run) moved(ctx context.Context, err error) bool {
	var m *movedError
	if !errors.As(err, &m) || r.Offline {
		return false
	}
	for _, u := range r.upstreams {
		if u.failed != nil || !r.selected(u.repository.String()) {
			continue
		}
		fresh, _, err := r.fetchRoot(ctx, u, u.cached)
		if err == nil && fresh != u.cached {
			return true
		}
	}
	return false
}
