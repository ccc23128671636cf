package mirror

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/store"
	"github.com/mirrorkeeper/mirrorkeeper/upstream"
)

// generation is what a run is about to publish.
type generation struct {
	parts      []*part
	unresolved []Unresolved
	conflicts  []string
	refused    []Refused
	skipped    []Skipped
}

// part is one repository of a generation.
type part struct {
	u         *repository
	published *store.Published
	manifest  *repo.Manifest // nil: stays as it is
	before    *repo.Manifest // what is published now
	// elsewhere is where upstream has packages that are not at their path.
	elsewhere map[string]string
}

// buildFull fetches the indexes and packages of all repositories whose root is new.
func (r *run) buildFull(ctx context.Context) (*generation, error) {
	g := &generation{}
	var wanted []upstream.Indexes
	for _, u := range r.upstreams {
		published := r.before.Find(u.repository.String(), u.place)
		if u.failed != nil && published == nil {
			continue // it is not part of the mirror yet
		}
		p := &part{u: u}
		g.parts = append(g.parts, p)
		if r.stays(u, published) {
			p.published = published
			continue
		}
		if err := r.needs(u); err != nil {
			return nil, err
		}
		in, err := u.source.Format.InScope(u.repository, u.Root)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", u.repository, err)
		}
		wanted = append(wanted, upstream.Indexes{Of: u.Repository, Indexes: in})
	}
	if err := r.reader.FetchIndexes(ctx, wanted, true); err != nil {
		return nil, err
	}
	w, _ := errgroup.WithContext(ctx)
	w.SetLimit(2)
	for _, x := range wanted {
		p := g.parts[slices.IndexFunc(g.parts, func(p *part) bool { return p.u.Repository == x.Of })]
		w.Go(func() (err error) {
			p.manifest, err = r.fullManifest(p.u, x.Indexes)
			return err
		})
	}
	if err := w.Wait(); err != nil {
		return nil, err
	}
	if err := r.describe(g); err != nil {
		return nil, err
	}
	if err := r.adoptIndexes(g); err != nil {
		return nil, err
	}
	return g, r.fetchPackages(ctx, g)
}

// stays reports whether the repository needs no work in this run.
func (r *run) stays(u *repository, published *store.Published) bool {
	return published != nil && (u.failed != nil || !r.selected(u.repository.String()) || u.same && r.Check == CheckChanged)
}

// fullManifest is upstream's manifest in the repository's scope.
func (r *run) fullManifest(u *repository, scope []repo.Index) (*repo.Manifest, error) {
	cache := r.Store.Cache()
	m := &repo.Manifest{Root: slices.Clone(u.Root.Files)}
	for _, ix := range scope {
		for _, v := range ix.Variants {
			if !cache.Has(v.File) {
				continue
			}
			if !u.amongIndexes(v.Path) {
				m.Packages = append(m.Packages, v.File)
				continue
			}
			for _, alternate := range v.Alternates {
				m.Indexes = append(m.Indexes, repo.File{Path: alternate, Size: v.Size, Digest: v.Digest})
			}
			m.Indexes = append(m.Indexes, v.File)
		}
		if !ix.ListsFiles {
			continue
		}
		err := r.reader.Files(u.Repository, ix, func(f repo.File) error {
			m.Packages = append(m.Packages, f)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	m.Indexes = upstream.SortedUnique(m.Indexes, nil)
	m.Packages = upstream.SortedUnique(m.Packages, func(a, b repo.File) {
		r.Log.Warn("upstream lists one path with two contents; the first is taken", "path", a.Path, "digests", []string{a.Digest.String(), b.Digest.String()})
	})
	return m, nil
}

// adoptIndexes makes the root's files and the indexes of the cache objects.
func (r *run) adoptIndexes(g *generation) error {
	objects, cache := r.Store.Objects(), r.Store.Cache()
	for _, p := range g.parts {
		if p.manifest == nil {
			continue
		}
		for _, f := range p.manifest.Root {
			if _, err := objects.Put(f.Path, p.u.Cached.Files[f.Path], p.u.Root.Date); err != nil {
				return err
			}
		}
		for _, f := range p.manifest.Indexes {
			if ok, err := objects.Adopt(cache.Objects, f, p.u.Root.Date); err != nil || !ok {
				return fmt.Errorf("index %s is not in the cache any more: %w", f.Path, err)
			}
		}
	}
	return nil
}
