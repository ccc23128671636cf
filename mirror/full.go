package mirror

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/store"
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
	u         *upstream
	published *store.Published
	manifest  *repo.Manifest // nil: stays as it is
	before    *repo.Manifest // what is published now
	// elsewhere is where upstream has packages that are not at their path.
	elsewhere map[string]string
}

// buildFull fetches the indexes and packages of all repositories whose root is new.
func (r *run) buildFull(ctx context.Context) (*generation, error) {
	g := &generation{}
	var wanted []indexes
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
		in, err := u.source.Format.InScope(u.repository, u.root)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", u.repository, err)
		}
		wanted = append(wanted, indexes{u, in})
	}
	if err := r.fetchIndexes(ctx, wanted, true); err != nil {
		return nil, err
	}
	w, _ := errgroup.WithContext(ctx)
	w.SetLimit(2)
	for _, x := range wanted {
		p := g.parts[slices.IndexFunc(g.parts, func(p *part) bool { return p.u == x.u })]
		w.Go(func() (err error) {
			p.manifest, err = r.fullManifest(x.u, x.of)
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
func (r *run) stays(u *upstream, published *store.Published) bool {
	return published != nil && (u.failed != nil || !r.selected(u.repository.String()) || u.same && r.Check == CheckChanged)
}

// fullManifest is upstream's manifest in the repository's scope.
func (r *run) fullManifest(u *upstream, scope []repo.Index) (*repo.Manifest, error) {
	cache := r.Store.Cache()
	m := &repo.Manifest{Root: slices.Clone(u.root.Files)}
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
		if err := r.listFiles(u, ix, m); err != nil {
			return nil, err
		}
	}
	m.Indexes = sortedUnique(m.Indexes, nil)
	m.Packages = sortedUnique(m.Packages, func(a, b repo.File) {
		r.Log.Warn("upstream lists one path with two contents; the first is taken", "path", a.Path, "digests", []string{a.Digest.String(), b.Digest.String()})
	})
	return m, nil
}

func (r *run) listFiles(u *upstream, ix repo.Index, m *repo.Manifest) error {
	content, err := r.open(ix)
	if errors.Is(err, fs.ErrNotExist) && ix.Optional {
		return nil
	}
	if err != nil {
		return err
	}
	defer content.Close()
	err = u.source.Format.ReadFiles(u.repository, ix, content, func(f repo.File) error {
		m.Packages = append(m.Packages, f)
		return nil
	})
	if err != nil {
		return fmt.Errorf("%s: %w", u.repository, err)
	}
	return nil
}

// sortedUnique sorts by path and keeps the first file of each path.
func sortedUnique(files []repo.File, conflict func(a, b repo.File)) []repo.File {
	slices.SortStableFunc(files, func(a, b repo.File) int { return strings.Compare(a.Path, b.Path) })
	return slices.CompactFunc(files, func(a, b repo.File) bool {
		if a.Path != b.Path {
			return false
		}
		if a.Digest != b.Digest && conflict != nil {
			conflict(a, b)
		}
		return true
	})
}

// adoptIndexes makes the root's files and the indexes of the cache objects.
func (r *run) adoptIndexes(g *generation) error {
	objects, cache := r.Store.Objects(), r.Store.Cache()
	for _, p := range g.parts {
		if p.manifest == nil {
			continue
		}
		for _, f := range p.manifest.Root {
			if _, err := objects.Put(f.Path, p.u.cached.Files[f.Path], p.u.root.Date); err != nil {
				return err
			}
		}
		for _, f := range p.manifest.Indexes {
			if ok, err := objects.Adopt(cache.Objects, f, p.u.root.Date); err != nil || !ok {
				return fmt.Errorf("index %s is not in the cache any more: %w", f.Path, err)
			}
		}
	}
	return nil
}
