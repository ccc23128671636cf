package deb

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/mirrorkeeper/mirrorkeeper/compress"
	"github.com/mirrorkeeper/mirrorkeeper/deb/control"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Rewrite writes an index for each that CatalogIndexes picks, those without any
// package too: the stanzas of the packages in upstream's order, byte for byte,
// and the translations of their descriptions. They are published in gz, and in xz
// where xz(1) is there; the plain form is listed only, for clients to check what
// they unpack. Each lies at its paths by digest as well, also in flat
// repositories.
//
// The Release keeps what upstream's says of itself, for the components and
// architectures in scope. Release, Release.gpg and InRelease are the manifest's
// root.
func (Format) Rewrite(w *repo.Rewriting) (*repo.Manifest, error) {
	m, err := rewrite(w)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", w.Repository, err)
	}
	return m, nil
}

func rewrite(w *repo.Rewriting) (*repo.Manifest, error) {
	if w.Signer == nil {
		return nil, errors.New("there is no key to sign with")
	}
	s, err := newCatalogScope(w.Repository, w.Root)
	if err != nil {
		return nil, err
	}
	picked, err := s.pick(w.Root)
	if err != nil {
		return nil, err
	}
	written, err := writtenIndexes(w, picked)
	if err != nil {
		return nil, err
	}
	if err := compressAll(written); err != nil {
		return nil, err
	}
	p := publication{rewriting: w, manifest: &repo.Manifest{}, algorithms: writtenAlgorithms(s.release), paths: make(map[string]repo.Digest)}
	if err := p.addPackages(); err != nil {
		return nil, err
	}
	for _, ix := range written {
		if err := p.addIndex(ix); err != nil {
			return nil, err
		}
	}
	if err := p.addRoot(s); err != nil {
		return nil, err
	}
	return p.manifest, nil
}

// writtenIndex is an index with its content, and that in each compression.
type writtenIndex struct {
	name       string
	content    []byte
	compressed []compressedForm
}

type compressedForm struct {
	suffix  string
	content []byte
}

// writtenIndexes makes the contents of the indexes. Those of translations that
// upstream lists and does not have are left out.
func writtenIndexes(w *repo.Rewriting, picked []repo.Index) ([]writtenIndex, error) {
	stanzas, err := stanzasByIndex(w.Packages, picked)
	if err != nil {
		return nil, err
	}
	var written []writtenIndex
	described := make(map[description]bool)
	for _, ix := range picked {
		if ix.Kind == translationsKind {
			continue
		}
		content := stanzas[ix.Name]
		if ix.Kind == packagesKind {
			if err := addDescriptions(described, content, ix.Name); err != nil {
				return nil, err
			}
		}
		written = append(written, writtenIndex{name: ix.Name, content: content})
	}
	for _, ix := range picked {
		if ix.Kind != translationsKind {
			continue
		}
		content, err := translations(ix, w.Open, described)
		if err != nil {
			return nil, err
		}
		if len(content) > 0 {
			written = append(written, writtenIndex{name: ix.Name, content: content})
		}
	}
	return written, nil
}

// stanzasByIndex puts the stanzas of the packages together to indexes, in
// upstream's order.
func stanzasByIndex(packages []*repo.Package, picked []repo.Index) (map[string][]byte, error) {
	type place struct {
		position int
		raw      string
	}
	places := make(map[string][]place)
	for _, ix := range picked {
		places[ix.Name] = nil
	}
	for _, p := range packages {
		listed := false
		for _, l := range p.Listed {
			if of, ok := places[l.Index]; ok {
				places[l.Index] = append(of, place{l.Position, p.Raw})
				listed = true
			}
		}
		if !listed {
			return nil, fmt.Errorf("%s stands in none of the indexes that are written", p)
		}
	}
	contents := make(map[string][]byte, len(places))
	for name, of := range places {
		slices.SortStableFunc(of, func(a, b place) int { return cmp.Compare(a.position, b.position) })
		var content []byte
		for _, p := range of {
			content = append(content, p.raw...)
			content = append(content, '\n')
		}
		contents[name] = content
	}
	return contents, nil
}

// compressAll makes the compressed forms, several at once.
func compressAll(written []writtenIndex) error {
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i := range written {
		for _, suffix := range []string{".gz", ".xz"} {
			if compress.CanWrite(suffix) {
				written[i].compressed = append(written[i].compressed, compressedForm{suffix: suffix})
			}
		}
		for k := range written[i].compressed {
			form := &written[i].compressed[k]
			group.Go(func() (err error) {
				if form.content, err = compressed(written[i].content, form.suffix); err != nil {
					return fmt.Errorf("%s%s: %w", written[i].name, form.suffix, err)
				}
				return nil
			})
		}
	}
	return group.Wait()
}

func compressed(content []byte, suffix string) ([]byte, error) {
	var b bytes.Buffer
	z, err := compress.Writer(&b, suffix)
	if err != nil {
		return nil, err
	}
	_, err = z.Write(content)
	if err := errors.Join(err, z.Close()); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// description identifies a package's description: its translations carry the
// same pair.
type description struct{ name, md5 string }

// addDescriptions adds those of the packages of an index.
func addDescriptions(to map[description]bool, packages []byte, name string) error {
	in := control.NewReader(bytes.NewReader(packages), name)
	for {
		s, err := in.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		sum := string(s.Get("Description-md5"))
		if sum == "" {
			// As apt reckons it where the index has whole descriptions.
			d, err := sumOf(repo.MD5, append(slices.Clone(s.Get("Description")), '\n'))
			if err != nil {
				return err
			}
			sum = d.Hex()
		}
		to[description{string(s.Get("Package")), sum}] = true
	}
}

// translations returns the stanzas of an index of translations that belong to
// the descriptions; none where upstream does not have the index.
func translations(ix repo.Index, open repo.OpenIndex, of map[description]bool) (content []byte, err error) {
	in, err := open(ix)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ix.Name, err)
	}
	defer func() {
		if closeErr := in.Close(); err == nil && closeErr != nil {
			err = fmt.Errorf("%s: %w", ix.Name, closeErr)
		}
	}()
	reader := control.NewReader(in, ix.Name)
	for {
		s, err := reader.Next()
		if err == io.EOF {
			return content, nil
		}
		if err != nil {
			return nil, err
		}
		if of[description{string(s.Get("Package")), string(s.Get("Description-md5"))}] {
			content = append(content, s.Bytes()...)
			if content[len(content)-1] != '\n' {
				content = append(content, '\n')
			}
			content = append(content, '\n')
		}
	}
}

// publication collects what is published.
type publication struct {
	rewriting  *repo.Rewriting
	manifest   *repo.Manifest
	algorithms []repo.Algorithm
	entries    []Entry
	paths      map[string]repo.Digest // of the manifest
}

// addPackages adds the package files and the files of source packages. Packages
// may share files.
func (p *publication) addPackages() error {
	for _, pkg := range p.rewriting.Packages {
		files := pkg.Files
		if !pkg.IsSource() {
			files = []repo.File{pkg.File}
		}
		for _, f := range files {
			before, there := p.paths[f.Path]
			if there && before.Algorithm() == f.Digest.Algorithm() && before != f.Digest {
				return fmt.Errorf("%s: another package has %s with digest %s, not %s", pkg, f.Path, before, f.Digest)
			}
			if !there {
				p.paths[f.Path] = f.Digest
				p.manifest.Packages = append(p.manifest.Packages, f)
			}
		}
	}
	return nil
}

// addIndex stores the compressed forms of an index, and lists them and the plain
// one for the Release.
func (p *publication) addIndex(ix writtenIndex) error {
	if _, err := p.list(ix.name, ix.content); err != nil {
		return err
	}
	for _, form := range ix.compressed {
		name := ix.name + form.suffix
		entry, err := p.list(name, form.content)
		if err != nil {
			return err
		}
		f, err := p.rewriting.Put(name, form.content)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := p.publish(f, name); err != nil {
			return err
		}
		for _, d := range entry.Digests {
			if err := p.publish(f, byHashPath(name, d)); err != nil {
				return err
			}
		}
	}
	return nil
}

// list makes the Release's entry of a file.
func (p *publication) list(name string, content []byte) (e Entry, err error) {
	dir := rootDir(p.rewriting.Repository)
	e = Entry{Path: strings.TrimPrefix(strings.TrimPrefix(name, dir), "/"), Size: int64(len(content))}
	for _, a := range p.algorithms {
		d, err := sumOf(a, content)
		if err != nil {
			return e, err
		}
		e.Digests = append(e.Digests, d)
	}
	p.entries = append(p.entries, e)
	return e, nil
}

func sumOf(a repo.Algorithm, content []byte) (repo.Digest, error) {
	h := a.New()
	if _, err := h.Write(content); err != nil {
		return repo.Digest{}, err
	}
	return repo.NewDigest(a, h.Sum(nil)), nil
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

// addRoot writes and signs the Release.
func (p *publication) addRoot(s *scope) error {
	w := p.rewriting
	release := formatRelease(rewrittenFields(s, w.Date, w.ValidFor), p.algorithms, p.entries)
	inline, err := w.Signer.Inline(release)
	if err != nil {
		return fmt.Errorf("sign InRelease: %w", err)
	}
	detached, err := w.Signer.Detached(release)
	if err != nil {
		return fmt.Errorf("sign Release: %w", err)
	}
	for _, f := range []struct {
		name    string
		content []byte
	}{{"Release", release}, {"Release.gpg", detached}, {"InRelease", inline}} {
		name := path.Join(rootDir(w.Repository), f.name)
		stored, err := w.Put(name, f.content)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if _, there := p.paths[name]; there {
			return fmt.Errorf("%s: a package has the path of the root", name)
		}
		stored.Path = name
		p.manifest.Root = append(p.manifest.Root, stored)
	}
	return nil
}
