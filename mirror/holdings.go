package mirror

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/mirrorkeeper/mirrorkeeper/compress"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/signature"
	"github.com/mirrorkeeper/mirrorkeeper/store"
	"github.com/mirrorkeeper/mirrorkeeper/upstream"
)

// Holdings returns the packages that the published generation of the job's mirror holds,
// as the indexes in its tree tell.
func Holdings(j *Job) ([]*repo.Package, error) {
	j = j.withDefaults()
	published, err := j.Store.Published(j.Mirror.Name)
	if err != nil {
		return nil, err
	}
	if published == nil {
		return nil, fmt.Errorf("mirror %s is not published yet", j.Mirror.Name)
	}
	r := &run{Job: j, before: published}
	if err := r.layOut(); err != nil {
		return nil, err
	}
	var read []repo.Reading
	for _, u := range r.upstreams {
		p := published.Find(u.repository.String(), u.place)
		if p == nil {
			continue
		}
		x, err := r.readPublished(u, p)
		if err != nil {
			return nil, fmt.Errorf("%s as it is published in %s: %w", u.repository, r.dir(p.Place), err)
		}
		read = append(read, x)
	}
	return j.Mirror.link(read, repo.Wanted{Everything: true})
}

// readPublished reads a repository from the tree, which is our own and is trusted.
func (r *run) readPublished(u *repository, p *store.Published) (repo.Reading, error) {
	source := *u.repository.Source
	source.Trusted, source.IgnoreValidUntil = true, true
	at := *u.repository
	at.Source = &source
	format := u.source.Format
	x := repo.Reading{Repository: &at, Open: func(ix repo.Index) (io.ReadCloser, error) { return r.openPublished(p, ix) }}
	for _, form := range format.RootForms(&at) {
		if form.Main != p.Main {
			continue
		}
		files := repo.RootFiles{}
		for _, name := range append([]string{form.Main, form.Signature}, form.Beside...) {
			content, err := os.ReadFile(filepath.Join(r.dir(p.Place), filepath.FromSlash(name)))
			if err == nil && name != "" {
				files[name] = content
			}
		}
		root, err := format.ReadRoot(&at, form, files, signature.Unchecked{}, r.Now())
		if err != nil {
			return x, err
		}
		x.Root = root
		x.Packages, err = format.ReadPackages(&at, root, x.Open)
		return x, err
	}
	return x, errors.New("there is no root file")
}

// openPublished opens an index, decompressed, in the first form that the tree has.
func (r *run) openPublished(p *store.Published, ix repo.Index) (io.ReadCloser, error) {
	for _, v := range ix.Variants {
		f, err := os.Open(filepath.Join(r.dir(p.Place), filepath.FromSlash(v.Path)))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		return compress.Open(f, v.Suffix, upstream.MaxIndex)
	}
	return nil, fmt.Errorf("index %s: %w", ix.Name, fs.ErrNotExist)
}
