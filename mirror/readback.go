package mirror

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/compress"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/upstream"
)

// readBack reads a repository that was written, from the store, as a client will
// from the tree: signature, digests, every package. Nothing is published that does
// not pass. It returns the digest of the root.
func (r *run) readBack(p *part, packages []*repo.Package) (repo.Digest, error) {
	objects := r.Store.Objects()
	byPath := map[string]repo.File{}
	for f := range p.manifest.All {
		if !objects.Has(f) {
			return repo.Digest{}, fmt.Errorf("%s is not in the store", f.Path)
		}
		byPath[f.Path] = f
	}
	format, at := p.u.source.Format, p.u.repository
	form := format.RootForms(at)[0]
	files := repo.RootFiles{}
	for _, f := range p.manifest.Root {
		content, err := readObject(objects.Open(f))
		if err != nil {
			return repo.Digest{}, err
		}
		files[f.Path] = content
	}
	when := p.published.Made
	if now := time.Now(); now.After(when) {
		when = now // the time that the signature has
	}
	root, err := format.ReadRoot(at, form, files, r.Mirror.Sign.Verifier, when)
	if err != nil {
		return repo.Digest{}, err
	}
	open := func(ix repo.Index) (io.ReadCloser, error) {
		for _, v := range upstream.InPreference(ix) {
			f, ok := byPath[v.Path]
			if !ok {
				continue
			}
			content, err := readObject(objects.Open(f))
			if err != nil {
				return nil, err
			}
			h := v.Digest.Algorithm().New()
			h.Write(content)
			if seen := repo.NewDigest(v.Digest.Algorithm(), h.Sum(nil)); seen != v.Digest {
				return nil, fmt.Errorf("%s: digest %s, its root says %s", v.Path, seen, v.Digest)
			}
			return compress.Reader(bytes.NewReader(content), v.Suffix, upstream.MaxIndex)
		}
		return nil, fmt.Errorf("index %s: %w", ix.Name, fs.ErrNotExist)
	}
	back, err := format.ReadPackages(at, root, open)
	if err != nil {
		return repo.Digest{}, err
	}
	return root.Digest, samePackages(packages, back)
}

// readObject reads a small object whole.
func readObject(f io.ReadCloser, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(f)
	return b, errors.Join(err, f.Close())
}

// samePackages compares what was to be written with what reads back, byte for byte.
func samePackages(want, got []*repo.Package) error {
	left := make(map[string]int, len(want))
	for _, p := range want {
		left[p.Raw]++
	}
	for _, p := range got {
		left[p.Raw]--
		if left[p.Raw] < 0 {
			return fmt.Errorf("%s was not asked for", p)
		}
	}
	for _, p := range want {
		if left[p.Raw] > 0 {
			return fmt.Errorf("%s is missing", p)
		}
	}
	return nil
}
