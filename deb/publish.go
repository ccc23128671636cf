package deb

import (
	"errors"
	"fmt"
	"hash"
	"io"
	"path"
	"runtime"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/mirrorkeeper/mirrorkeeper/compress"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// publication is a generation that is being written: its indexes, each in several
// compressions and by digest, and the Release that lists them.
type publication struct {
	repository *repo.Repository
	algorithms []repo.Algorithm // of the Release, strongest first
	manifest   *repo.Manifest
	entries    []Entry
	paths      map[string]repo.Digest // of the manifest
}

func newPublication(r *repo.Repository, algorithms []repo.Algorithm) *publication {
	return &publication{repository: r, algorithms: algorithms, manifest: &repo.Manifest{}, paths: make(map[string]repo.Digest)}
}

// sums are size and digests of what is written to them.
type sums struct {
	algorithms []repo.Algorithm
	hashes     []hash.Hash
	size       int64
}

func newSums(algorithms []repo.Algorithm) *sums {
	s := &sums{algorithms: algorithms}
	for _, a := range algorithms {
		s.hashes = append(s.hashes, a.New())
	}
	return s
}

func (s *sums) Write(p []byte) (int, error) {
	for _, h := range s.hashes {
		h.Write(p) // never fails
	}
	s.size += int64(len(p))
	return len(p), nil
}

func (s *sums) digests() []repo.Digest {
	ds := make([]repo.Digest, len(s.hashes))
	for i, h := range s.hashes {
		ds[i] = repo.NewDigest(s.algorithms[i], h.Sum(nil))
	}
	return ds
}

// indexWriter writes an index: the plain form is only summed up, for clients to check
// what they unpack; the compressed ones are stored.
type indexWriter struct {
	names []string // paths of the plain form: several where the same index is for several
	plain *sums
	forms []*indexForm
}

// indexForm is an index in one compression.
type indexForm struct {
	suffix string
	packer io.WriteCloser
	packed *sums
	output repo.Output
}

// openOutput opens a file of the tree, of the given path.
type openOutput func(name string) (repo.Output, error)

// newIndex begins an index in the compressions of the suffixes. It must be closed or
// discarded.
func (p *publication) newIndex(names, suffixes []string, output openOutput) (*indexWriter, error) {
	w := &indexWriter{names: names, plain: newSums(p.algorithms)}
	for _, suffix := range suffixes {
		form := &indexForm{suffix: suffix, packed: newSums(p.algorithms)}
		var err error
		if form.output, err = output(names[0] + suffix); err == nil {
			w.forms = append(w.forms, form)
			form.packer, err = compress.Writer(io.MultiWriter(form.output, form.packed), suffix)
		}
		if err != nil {
			w.discard()
			return nil, fmt.Errorf("%s%s: %w", names[0], suffix, err)
		}
	}
	return w, nil
}

// indexPiece is how much each compressor of an index gets at a time, so that all of
// them work side by side.
const indexPiece = 256 << 10

func (w *indexWriter) Write(content []byte) (n int, err error) {
	for len(content) > 0 {
		piece := content[:min(len(content), indexPiece)]
		content = content[len(piece):]
		w.plain.Write(piece)
		for _, form := range w.forms {
			if _, err := form.packer.Write(piece); err != nil {
				return n, fmt.Errorf("%s%s: %w", w.names[0], form.suffix, err)
			}
		}
		n += len(piece)
	}
	return n, nil
}

// close completes the compressed data of all forms.
func (w *indexWriter) close() error {
	var group errgroup.Group
	for _, form := range w.forms {
		group.Go(func() error {
			packer := form.packer
			form.packer = nil
			if err := packer.Close(); err != nil {
				return fmt.Errorf("%s%s: %w", w.names[0], form.suffix, err)
			}
			return nil
		})
	}
	return group.Wait()
}

// discard drops what was not added to a publication.
func (w *indexWriter) discard() {
	for _, form := range w.forms {
		if form.packer != nil {
			form.packer.Close() // what it says does not matter any more
			form.packer = nil
		}
		form.output.Discard()
	}
}

// closeAll completes indexes, several at once.
func closeAll(writers []*indexWriter) error {
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, w := range writers {
		group.Go(w.close)
	}
	return group.Wait()
}

// addIndex stores the forms of an index that was closed, and lists them and the plain
// one for the Release.
func (p *publication) addIndex(w *indexWriter) error {
	stored := make([]repo.File, len(w.forms))
	for i, form := range w.forms {
		var err error
		if stored[i], err = form.output.Finish(); err != nil {
			return fmt.Errorf("%s%s: %w", w.names[0], form.suffix, err)
		}
	}
	for _, index := range w.names {
		p.list(index, w.plain)
		for i, form := range w.forms {
			name := index + form.suffix
			if err := p.publish(stored[i], name); err != nil {
				return err
			}
			for _, d := range p.list(name, form.packed).Digests {
				if err := p.publish(stored[i], byHashPath(name, d)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// list makes the Release's entry of a file.
func (p *publication) list(name string, of *sums) Entry {
	dir := rootDir(p.repository)
	e := Entry{Path: strings.TrimPrefix(strings.TrimPrefix(name, dir), "/"), Size: of.size, Digests: of.digests()}
	p.entries = append(p.entries, e)
	return e
}

func sumOf(a repo.Algorithm, content []byte) repo.Digest {
	h := a.New()
	h.Write(content) // never fails
	return repo.NewDigest(a, h.Sum(nil))
}

// publish adds a stored file to the manifest, under one of its paths. Files of
// one content share their paths by digest.
func (p *publication) publish(f repo.File, name string) error {
	before, there := p.paths[name]
	if there && before != f.Digest {
		return fmt.Errorf("%s: a package has the path of an index", name)
	}
	if !there {
		p.paths[name] = f.Digest
		f.Path = name
		p.manifest.Indexes = append(p.manifest.Indexes, f)
	}
	return nil
}

// addRoot writes the Release and, where there is a signer, its signatures.
func (p *publication) addRoot(fields []Field, signer repo.Signer, output openOutput) error {
	return p.addRelease(formatRelease(fields, p.algorithms, p.entries), signer, output)
}

func (p *publication) addRelease(release []byte, signer repo.Signer, output openOutput) error {
	if err := p.addRootFile("Release", release, output); err != nil || signer == nil {
		return err
	}
	detached, err := signer.Detached(release)
	if err != nil {
		return fmt.Errorf("sign Release: %w", err)
	}
	inline, err := signer.Inline(release)
	if err != nil {
		return fmt.Errorf("sign InRelease: %w", err)
	}
	return errors.Join(p.addRootFile("Release.gpg", detached, output), p.addRootFile("InRelease", inline, output))
}

func (p *publication) addRootFile(base string, content []byte, output openOutput) error {
	name := path.Join(rootDir(p.repository), base)
	if _, there := p.paths[name]; there {
		return fmt.Errorf("%s: a package has the path of the root", name)
	}
	out, err := output(name)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	defer out.Discard()
	if _, err := out.Write(content); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	f, err := out.Finish()
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	f.Path = name
	p.manifest.Root = append(p.manifest.Root, f)
	return nil
}
