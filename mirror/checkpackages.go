package mirror

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/mirrorkeeper/mirrorkeeper/fetch"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// checkPackages checks the signature in each package that is about to be published
// and is not yet, of the sources that ask for it. Packages without a good one count
// as failed.
func (r *run) checkPackages(ctx context.Context, g *generation) error {
	var mu sync.Mutex
	var failed []fetch.Failure
	w, ctx := errgroup.WithContext(ctx)
	w.SetLimit(runtime.GOMAXPROCS(0))
	for _, p := range g.parts {
		if p.manifest == nil || !p.u.source.CheckPackages {
			continue
		}
		for _, n := range r.unpublished(p) {
			w.Go(func() error {
				if err := ctx.Err(); err != nil {
					return err
				}
				if err := r.checkPackage(n); err != nil {
					mu.Lock()
					defer mu.Unlock()
					failed = append(failed, fetch.Failure{Request: n.request(), Err: err})
				}
				return nil
			})
		}
	}
	if err := w.Wait(); err != nil {
		return err
	}
	if len(failed) == 0 {
		return nil
	}
	slices.SortFunc(failed, func(a, b fetch.Failure) int { return strings.Compare(a.Request.File.Path, b.Request.File.Path) })
	return &failedPackages{failed}
}

func (r *run) checkPackage(n needed) error {
	content, err := r.Store.Objects().Open(n.file)
	if err != nil {
		return err
	}
	defer content.Close()
	if err := n.u.source.Format.CheckPackage(n.file.Path, content, n.u.source.Keys, r.Now()); err != nil {
		return fmt.Errorf("%s: %s: %w", n.u.repository, n.file.Path, err)
	}
	return nil
}

// unpublished are the package files of a part that are new.
func (r *run) unpublished(p *part) (out []needed) {
	files := p.manifest.Packages
	if p.before != nil && r.before.Configuration == r.configuration {
		d := repo.Diff(p.before.Packages, files)
		files = append(d.Added, d.Changed...)
	}
	for _, f := range files {
		out = append(out, needed{p.u, f, p.elsewhere[f.Path]})
	}
	return out
}
