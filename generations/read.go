package generations

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"

	"github.com/mirrorkeeper/mirrorkeeper/compress"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/signature"
	"github.com/mirrorkeeper/mirrorkeeper/store"
	"github.com/mirrorkeeper/mirrorkeeper/upstream"
)

// reading is one repository of a generation, as the objects have it.
type reading struct {
	published  *store.Published
	manifest   *repo.Manifest
	format     repo.Format
	repository *repo.Repository
	dir        string // of the repository, in what the manifest lists
	root       *repo.Root
	files      repo.RootFiles
	tree       *tree
}

// read reads the root of a repository of the mirror. It is our own, and is trusted.
func (m *Mirror) read(at *store.Published) (*reading, error) {
	manifest, err := m.Store.Manifest(m.Name, at)
	if err != nil {
		return nil, err
	}
	return m.readManifest(at, manifest)
}

func (m *Mirror) readManifest(at *store.Published, manifest *repo.Manifest) (*reading, error) {
	format, err := m.format(at.Type)
	if err != nil {
		return nil, err
	}
	r := &reading{published: at, manifest: manifest, format: format, files: repo.RootFiles{}}
	r.tree = newTree(m.Store.Objects(), slices.Concat(manifest.Indexes, manifest.Root))
	form, err := r.find()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", at.Name, err)
	}
	for _, name := range append([]string{form.Main, form.Signature}, form.Beside...) {
		if name == "" {
			continue
		}
		content, err := fs.ReadFile(r.tree, path.Join(r.dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		r.files[name] = content
	}
	r.root, err = format.ReadRoot(r.repository, form, r.files, signature.Unchecked{}, m.now())
	return r, err
}

// find finds the repository whose root the record names.
func (r *reading) find() (repo.RootForm, error) {
	all, err := r.format.Find(r.tree)
	if err != nil {
		return repo.RootForm{}, err
	}
	for _, found := range all {
		found.Repository.Source.Trusted, found.Repository.Source.IgnoreValidUntil = true, true
		for _, form := range r.format.RootForms(found.Repository) {
			if path.Join(found.Dir, form.Main) == r.published.Main {
				r.repository, r.dir = found.Repository, found.Dir
				return form, nil
			}
		}
	}
	return repo.RootForm{}, errors.New("there is no root file")
}

// packages are those of the repository.
func (r *reading) packages() ([]*repo.Package, error) {
	return r.format.ReadPackages(r.repository, r.root, r.open)
}

// open opens an index, decompressed, in the first form that there is.
func (r *reading) open(ix repo.Index) (io.ReadCloser, error) {
	for _, v := range upstream.InPreference(ix) {
		f, err := r.tree.Open(path.Join(r.dir, v.Path))
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

// ours reports whether we wrote the repository's metadata.
func ours(p *store.Published) bool { return p.Selection != "" }
