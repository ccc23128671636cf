package rpm

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/rpm/repodata"
)

// Rewrite writes primary, filelists and other with the elements of the packages, in
// upstream's order and byte for byte but for the location of those that upstream has
// elsewhere; comps, updateinfo and modules with what concerns the packages; and the
// small records that do not speak of packages, such as productid, with the content
// that they have. All else, deltas and databases among them, is left out. The files
// are named by their digests, and compressed by gzip, comps once more not at all.
//
// repomd.xml has the date for its revision, and upstream's tags. It and its signature
// are the manifest's root.
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
	if err := checkRoot(w.Repository, w.Root); err != nil {
		return nil, err
	}
	s, err := newSelection(w)
	if err != nil {
		return nil, err
	}
	written, err := s.write()
	if err != nil {
		return nil, err
	}
	p := publication{rewriting: w, manifest: &repo.Manifest{}, paths: make(map[string]repo.Digest)}
	if err := p.addPackages(); err != nil {
		return nil, err
	}
	for _, ix := range written {
		if err := p.addIndex(ix); err != nil {
			return nil, err
		}
	}
	if err := p.addRoot(); err != nil {
		return nil, err
	}
	return p.manifest, nil
}

// writtenIndex is the content of an index that was written.
type writtenIndex struct {
	recordType string
	name       string // of the file, behind its digest
	content    []byte
	plain      repo.Content // what content decompresses to; zero where it is not compressed
}

// selection is the packages that are held, ready to be looked up.
type selection struct {
	*repo.Rewriting
	packages map[int]*repo.Package      // by position in primary
	keys     map[string][]*repo.Package // by the form of appendKey
	ids      map[string]int             // how often the checksums stand in what was written of primary
}

func newSelection(w *repo.Rewriting) (*selection, error) {
	s := &selection{
		Rewriting: w, packages: make(map[int]*repo.Package, len(w.Packages)),
		keys: make(map[string][]*repo.Package, len(w.Packages)), ids: make(map[string]int, len(w.Packages)),
	}
	ix, ok := indexOf(w.Root, packagesKind)
	if !ok {
		return nil, errors.New("upstream lists no primary")
	}
	for _, p := range w.Packages {
		i := slices.IndexFunc(p.Listed, func(l repo.Listing) bool { return l.Index == ix.Name })
		if i < 0 {
			return nil, fmt.Errorf("%s does not stand in primary", p)
		}
		s.packages[p.Listed[i].Position] = p
		key := string(appendKey(nil, p))
		s.keys[key] = append(s.keys[key], p)
	}
	return s, nil
}

// write writes all indexes: primary first, which has the checksums that filelists and
// other are looked up by.
func (s *selection) write() (written []writtenIndex, err error) {
	primary, err := s.primary()
	if err != nil {
		return nil, err
	}
	writers := []func() ([]writtenIndex, error){
		func() ([]writtenIndex, error) { return s.list(filelistsKind, repodata.NewFilelistsReader) },
		func() ([]writtenIndex, error) { return s.list(otherKind, repodata.NewOtherReader) },
		s.comps, s.updateinfo, s.modules,
	}
	for _, ix := range s.Root.Indexes {
		if isKept(ix.Kind) && isSmall(ix) {
			writers = append(writers, func() ([]writtenIndex, error) { return s.kept(ix) })
		}
	}
	parts := make([][]writtenIndex, len(writers))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, write := range writers {
		group.Go(func() (err error) {
			parts[i], err = write()
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return append(primary, slices.Concat(parts...)...), nil
}

// primary copies the elements of the packages out of upstream's.
func (s *selection) primary() ([]writtenIndex, error) {
	out := newBuffered()
	err := s.read(packagesKind, func(content io.Reader, name string) error {
		in := repodata.NewPrimaryReader(content, name)
		head, err := in.Head()
		if err != nil {
			return err
		}
		out.Write(head.Start(len(s.packages)))
		left := len(s.packages)
		for position := 0; left > 0; position++ {
			e, err := in.Next()
			if err == io.EOF {
				return fmt.Errorf("%s has not all of the packages any more", name)
			}
			if err != nil {
				return err
			}
			p := s.packages[position]
			if p == nil {
				continue
			}
			element, err := s.element(p, e)
			if err != nil {
				return in.Errorf("%w", err)
			}
			out.Write(element)
			out.Write([]byte("\n"))
			s.ids[string(e.Checksum)]++
			left--
		}
		out.Write(head.End())
		return nil
	})
	return out.index("primary", "primary.xml.gz", err)
}

// element is the element to write of a package, which must be the one that was read.
func (s *selection) element(p *repo.Package, e *repodata.Package) ([]byte, error) {
	l, err := locate(s.Repository, e)
	if err != nil {
		return nil, err
	}
	element := l.element(s.Repository, e)
	if sum := sha256.Sum256(element); string(sum[:16]) != p.Raw {
		return nil, fmt.Errorf("%s is not there any more, but %s", p, e.Name)
	}
	return element, nil
}

// list copies the elements of the packages out of upstream's filelists or other. One
// that has not all of them is written with those that it has.
func (s *selection) list(kind string, open func(io.Reader, string) *repodata.ListReader) ([]writtenIndex, error) {
	if _, ok := indexOf(s.Root, kind); !ok {
		return nil, nil
	}
	for expected := len(s.packages); ; {
		out, n := newBuffered(), 0
		err := s.read(kind, func(content io.Reader, name string) (err error) {
			n, err = s.copyList(open(content, name), out, expected)
			return err
		})
		if err == nil && n < expected {
			out.Close()
			expected = n // the number stands before the packages
			continue
		}
		return out.index(kind, kind+".xml.gz", err)
	}
}

// copyList copies up to the number of elements and returns how many there were.
func (s *selection) copyList(in *repodata.ListReader, out *buffered, expected int) (n int, err error) {
	head, err := in.Head()
	if err != nil {
		return 0, err
	}
	out.Write(head.Start(expected))
	copied := make(map[string]int, len(s.ids))
	for n < expected {
		e, err := in.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return 0, err
		}
		if copied[string(e.PkgID)] < s.ids[string(e.PkgID)] {
			copied[string(e.PkgID)]++
			out.Write(e.Raw)
			out.Write([]byte("\n"))
			n++
		}
	}
	out.Write(head.End())
	return n, nil
}

// comps writes the groups of packages that the mirror has.
func (s *selection) comps() (written []writtenIndex, err error) {
	var plain []byte
	err = s.read(groupKind, func(content io.Reader, name string) (err error) {
		plain, err = repodata.TrimComps(content, name, s.named)
		return err
	})
	if err != nil || plain == nil {
		return nil, err
	}
	out := newBuffered()
	out.Write(plain)
	compressed, err := out.index("group_gz", "comps.xml.gz", nil)
	return append([]writtenIndex{{recordType: "group", name: "comps.xml", content: plain}}, compressed...), err
}

// named reports whether the mirror has a package of the name.
func (s *selection) named(name string) bool { return s.Names[name] }

// updateinfo writes the advisories that speak of packages that are held.
func (s *selection) updateinfo() ([]writtenIndex, error) {
	out, updates := newBuffered(), 0
	err := s.read(updateinfoKind, func(content io.Reader, name string) (err error) {
		updates, err = repodata.TrimUpdateinfo(content, name, out, func(name, epoch, version, release, architecture string) bool {
			p := repo.Package{Name: name, Version: Version{epoch, version, release}.String(), Architecture: architecture}
			return s.keys[string(appendKey(nil, &p))] != nil
		})
		return err
	})
	if err == nil && updates == 0 {
		return nil, out.Close()
	}
	return out.index(updateinfoKind, "updateinfo.xml.gz", err)
}

// kept copies the content of an index that does not speak of packages.
func (s *selection) kept(ix repo.Index) ([]writtenIndex, error) {
	var content []byte
	err := readOne(s.reading(), ix, func(in io.Reader, _ string) (err error) {
		content, err = io.ReadAll(io.LimitReader(in, maxKept+1))
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil && len(content) > maxKept {
		return nil, nil // no longer small
	}
	recordType, _, _ := strings.Cut(ix.Name, "#")
	name, suffix := keptName(ix.Variants[0])
	if suffix == "" || err != nil {
		return []writtenIndex{{recordType: recordType, name: name, content: content}}, err
	}
	out := newBuffered()
	out.Write(content)
	return out.index(recordType, name+".gz", nil)
}

// reading is the repository as upstream has it.
func (s *selection) reading() repo.Reading {
	return repo.Reading{Repository: s.Repository, Root: s.Root, Open: s.Open}
}

func (s *selection) read(kind string, read func(content io.Reader, name string) error) error {
	ix, ok := indexOf(s.Root, kind)
	if !ok {
		return nil
	}
	return readOne(s.reading(), ix, read)
}
