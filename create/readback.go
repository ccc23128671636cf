package create

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/compress"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/signature"
)

// readBack reads the repository that was written, from the store, as a client will from
// the tree: the signature, the digests of the indexes, and the files that they list,
// which have to be those of the manifest. It does so as a stream.
func (r *run) readBack(ctx context.Context, m *repo.Manifest) error {
	objects := r.Store.Objects()
	for f := range m.All {
		if !objects.Has(f) {
			return fmt.Errorf("%s is not in the store", f.Path)
		}
	}
	root, err := r.readRoot(m)
	if err != nil {
		return err
	}
	byPath := make(map[string]repo.File, len(m.Indexes))
	for _, f := range m.Indexes {
		byPath[f.Path] = f
	}
	listed := make([]bool, len(m.Packages))
	for _, ix := range root.Indexes {
		if !ix.ListsFiles {
			continue
		}
		if err := r.readIndex(ctx, ix, byPath, m.Packages, listed); err != nil {
			return err
		}
	}
	for i, f := range m.Packages {
		if !listed[i] {
			return fmt.Errorf("no index lists %s", f.Path)
		}
	}
	return nil
}

func (r *run) readRoot(m *repo.Manifest) (*repo.Root, error) {
	files := repo.RootFiles{}
	for _, f := range m.Root {
		in, err := r.Store.Objects().Open(f)
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(in)
		if err := errors.Join(err, in.Close()); err != nil {
			return nil, err
		}
		files[f.Path] = content
	}
	source := *r.at.Source
	source.Trusted = r.Sign == nil
	at := *r.at
	at.Source = &source
	var keys repo.Verifier = signature.Unchecked{}
	if r.Sign != nil {
		keys = r.Sign.Verifier
	}
	when := r.date
	if now := time.Now(); now.After(when) {
		when = now // the time that the signature has
	}
	err := errors.New("there is no root file")
	for _, form := range r.Format.RootForms(&at) {
		if _, ok := files[form.Main]; !ok {
			continue
		}
		var root *repo.Root
		if root, err = r.Format.ReadRoot(&at, form, files, keys, when); err == nil {
			return root, nil
		}
	}
	return nil, err
}

// readIndex reads an index in the form that is read fastest, and marks what it lists.
func (r *run) readIndex(ctx context.Context, ix repo.Index, byPath map[string]repo.File, packages []repo.File, listed []bool) error {
	v, err := written(ix, byPath)
	if err != nil {
		return err
	}
	in, err := r.Store.Objects().Open(byPath[v.Path])
	if err != nil {
		return err
	}
	defer in.Close()
	whole := &hashing{ctx: ctx, from: in, hash: v.Digest.Algorithm().New()}
	plain, err := compress.Reader(whole, v.Suffix, maxInventory)
	if err != nil {
		return err
	}
	defer plain.Close()
	err = r.Format.ReadFiles(r.at, ix, plain, func(f repo.File) error {
		i, there := find(packages, f.Path)
		switch {
		case !there:
			return fmt.Errorf("%s lists %s, which is none of the packages", v.Path, f.Path)
		case f.Size >= 0 && f.Size != packages[i].Size, f.Digest.Algorithm() == packages[i].Digest.Algorithm() && f.Digest != packages[i].Digest:
			return fmt.Errorf("%s lists %s with %d bytes and %s; it has %d and %s", v.Path, f.Path, f.Size, f.Digest, packages[i].Size, packages[i].Digest)
		}
		listed[i] = true
		return nil
	})
	if err == nil {
		_, err = io.Copy(io.Discard, plain)
	}
	if err == nil {
		_, err = io.Copy(io.Discard, whole)
	}
	if err != nil {
		return err
	}
	if seen := repo.NewDigest(v.Digest.Algorithm(), whole.hash.Sum(nil)); seen != v.Digest {
		return fmt.Errorf("%s has digest %s, its root says %s", v.Path, seen, v.Digest)
	}
	return nil
}

// written is the variant of the index that was written, of several the one that is read
// fastest.
func written(ix repo.Index, byPath map[string]repo.File) (repo.Variant, error) {
	order := []string{"", ".zst", ".gz", ".xz"}
	variants := slices.DeleteFunc(slices.Clone(ix.Variants), func(v repo.Variant) bool {
		_, there := byPath[v.Path]
		return !there
	})
	if len(variants) == 0 {
		return repo.Variant{}, fmt.Errorf("index %s was not written", ix.Name)
	}
	rank := func(v repo.Variant) int {
		if i := slices.Index(order, v.Suffix); i >= 0 {
			return i
		}
		return len(order)
	}
	return slices.MinFunc(variants, func(a, b repo.Variant) int { return cmp.Compare(rank(a), rank(b)) }), nil
}

// hashing digests what is read through it.
type hashing struct {
	ctx  context.Context
	from io.Reader
	hash hash.Hash
}

func (h *hashing) Read(b []byte) (int, error) {
	if err := h.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := h.from.Read(b)
	h.hash.Write(b[:n])
	return n, err
}
