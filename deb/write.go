package deb

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"slices"

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
	p := newPublication(w.Repository, writtenAlgorithms(s.release))
	if err := p.addPackages(w.Packages); err != nil {
		return nil, err
	}
	output := func(name string) (repo.Output, error) { return &putOutput{put: w.Put, name: name}, nil }
	if err := p.addIndexes(written, output); err != nil {
		return nil, err
	}
	if err := p.addRoot(rewrittenFields(s, w.Date, w.ValidFor), w.Signer, output); err != nil {
		return nil, err
	}
	return p.manifest, nil
}

// writtenIndex is an index with its content.
type writtenIndex struct {
	name    string
	content []byte
}

// putOutput is an output that is stored by repo.Rewriting.Put.
type putOutput struct {
	bytes.Buffer
	put  func(path string, content []byte) (repo.File, error)
	name string
}

func (o *putOutput) Finish() (repo.File, error) { return o.put(o.name, o.Bytes()) }
func (o *putOutput) Discard()                   {}

// addIndexes compresses several indexes at once, and adds them in their order.
func (p *publication) addIndexes(written []writtenIndex, output openOutput) error {
	suffixes := slices.DeleteFunc([]string{".gz", ".xz"}, func(suffix string) bool { return !compress.CanWrite(suffix) })
	writers := make([]*indexWriter, len(written))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, ix := range written {
		group.Go(func() (err error) {
			if writers[i], err = p.newIndex([]string{ix.name}, suffixes, output); err != nil {
				return err
			}
			_, err = writers[i].Write(ix.content)
			return errors.Join(err, writers[i].close())
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, w := range writers {
		if err := p.addIndex(w); err != nil {
			return err
		}
	}
	return nil
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
			sum = sumOf(repo.MD5, append(slices.Clone(s.Get("Description")), '\n')).Hex()
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

// addPackages adds the package files and the files of source packages. Packages
// may share files.
func (p *publication) addPackages(packages []*repo.Package) error {
	for _, pkg := range packages {
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
