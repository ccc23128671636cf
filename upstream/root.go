package upstream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/fetch"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/store"
	"github.com/mirrorkeeper/mirrorkeeper/transport"
)

// ReadRoot reads the root from the first URL that has a valid one. It returns
// cached, and does not parse it, where upstream still shows that one.
func (r *Reader) ReadRoot(ctx context.Context, u *Repository, cached *store.CachedRoot) (*store.CachedRoot, *repo.Root, error) {
	if cached != nil && r.holdsFiles(cached) && u.newest(cached.Files[cached.Main]) {
		return cached, nil, nil
	}
	var problems []error
	for i, base := range u.Bases {
		for _, form := range r.formsInOrder(u, cached) {
			fresh, root, err := r.fetchVerified(ctx, u, base, form, cached)
			if err == nil {
				u.Bases = slices.Concat(u.Bases[i:], u.Bases[:i])
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
func (r *Reader) fetchVerified(ctx context.Context, u *Repository, base string, form repo.RootForm, cached *store.CachedRoot) (*store.CachedRoot, *repo.Root, error) {
	var last *store.CachedRoot
	for try := 1; ; try++ {
		fresh, err := r.fetchForm(ctx, u, base, form, cached)
		if err != nil || fresh == cached {
			return fresh, nil, err
		}
		root, err := u.Parse(form.Main, fresh.Files, r.Now())
		if err == nil {
			return fresh, root, nil
		}
		same := last != nil && maps.EqualFunc(last.Files, fresh.Files, bytes.Equal)
		if form.Signature == "" || same || try == Attempts {
			return nil, nil, err
		}
		last = fresh
	}
}

// formsInOrder puts the form that upstream had last time first.
func (r *Reader) formsInOrder(u *Repository, cached *store.CachedRoot) []repo.RootForm {
	forms := slices.Clone(u.Format.RootForms(u.Repository))
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

func (r *Reader) fetchForm(ctx context.Context, u *Repository, base string, form repo.RootForm, cached *store.CachedRoot) (*store.CachedRoot, error) {
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
		return nil, fmt.Errorf("%s from %s is none of those that %s names: the site is behind, or ahead", form.Main, transport.Redacted(base), transport.Redacted(u.Repository.List))
	}
	fresh := &store.CachedRoot{
		Main: form.Main, Files: repo.RootFiles{form.Main: main.Body},
		URL: base, ETag: main.ETag, LastModified: main.LastModified, Whole: r.Whole,
	}
	var more []string
	if form.Signature != "" {
		more = append(more, form.Signature)
	}
	if r.Whole {
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
func (r *Reader) holdsFiles(cached *store.CachedRoot) bool { return cached.Whole || !r.Whole }

// Parse verifies and reads the files of a root.
func (u *Repository) Parse(main string, files repo.RootFiles, now time.Time) (*repo.Root, error) {
	for _, form := range u.Format.RootForms(u.Repository) {
		if form.Main == main {
			return u.Format.ReadRoot(u.Repository, form, files, u.Keys, now)
		}
	}
	return nil, fmt.Errorf("%s is no root of a %s repository", main, u.Format.Name())
}
