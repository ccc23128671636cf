package mirror

import (
	"context"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/store"
)

// recheck looks at every file that is published, as the run's check says, and
// throws away the objects that are wrong: the run then makes them anew. It reports
// whether an index or a root was among them.
func (r *run) recheck(ctx context.Context) (indexesLost bool, err error) {
	if r.Check == CheckChanged || r.before == nil {
		return false, nil
	}
	var files []repo.File
	isIndex := map[repo.Digest]bool{}
	for _, p := range r.before.Repositories {
		m, err := r.Store.Manifest(r.Mirror.Name, p)
		if err != nil {
			return false, err
		}
		for _, f := range slices.Concat(m.Indexes, m.Root) {
			isIndex[f.Digest] = true
		}
		files = slices.AppendSeq(files, m.All)
	}
	lost, err := r.discardWrong(ctx, r.Store.Objects(), files)
	if err != nil {
		return false, err
	}
	cache := r.Store.Cache()
	var cached []repo.File
	for _, u := range r.upstreams {
		root, err := cache.Root(u.repository)
		if err != nil {
			return false, err
		}
		if root != nil {
			for _, d := range root.Indexes {
				cached = append(cached, repo.File{Path: "cached index", Digest: d, Size: -1})
			}
		}
	}
	if _, err := r.discardWrong(ctx, cache.Objects, cached); err != nil {
		return false, err
	}
	return slices.ContainsFunc(lost, func(f repo.File) bool { return isIndex[f.Digest] }), nil
}

// discardWrong removes the objects that are not what they should be, and returns
// the files that are absent now.
func (r *run) discardWrong(ctx context.Context, objects *store.Objects, files []repo.File) (lost []repo.File, err error) {
	right := make([]bool, len(files))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, f := range files {
		g.Go(func() (err error) {
			if err := ctx.Err(); err != nil {
				return err
			}
			if right[i] = objects.Has(f); !right[i] {
				return objects.Remove(f.Digest)
			}
			if r.Check == CheckDigest {
				right[i], err = objects.Check(f)
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	for i, f := range files {
		if !right[i] {
			lost = append(lost, f)
			r.Log.Warn("a stored file is absent or wrong and will be made anew", "mirror", r.Mirror.Name, "path", f.Path)
		}
	}
	return lost, nil
}
