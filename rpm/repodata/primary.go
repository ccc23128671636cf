package repodata

import (
	"bytes"
	"fmt"
	"io"
	"strconv"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/rpm/xml"
)

// Package is a package as primary.xml describes it. What it does not say is nil. All is
// upstream's text, of which references are resolved and nothing else is checked.
type Package struct {
	Name, Arch              []byte
	Epoch, Version, Release []byte
	ChecksumType, Checksum  []byte // of the package file; the checksum is also its ID in other documents
	Href, Base              []byte // of the package file
	Size                    int64  // of the package file in bytes, -1 where it is not said
	Group, SourceRPM        []byte
	Provides, Requires      []Entry
	Conflicts, Obsoletes    []Entry
	Recommends, Suggests    []Entry
	Supplements, Enhances   []Entry
	Files                   [][]byte // those that createrepo takes for important ones
	// Raw is the element as it is written.
	Raw []byte

	location tag
}

// tag is a part of Raw.
type tag struct{ start, end int }

// Entry is an entry of a list of relations.
type Entry struct {
	Name, Flags, Epoch, Version, Release []byte
	Pre                                  bool // needed before the package is installed
	// Raw is the entry's tag as it is written: the same bytes say the same.
	Raw []byte
}

// Digest returns the digest of the package file.
func (p *Package) Digest() (repo.Digest, error) {
	a, err := repo.ParseAlgorithm(string(p.ChecksumType))
	if err != nil {
		return repo.Digest{}, fmt.Errorf("checksum: %w", err)
	}
	d, err := repo.ParseHex(a, string(p.Checksum))
	if err != nil {
		return repo.Digest{}, fmt.Errorf("checksum: %w", err)
	}
	return d, nil
}

// Relocated returns the element with another location, relative to the repository.
// One that has none stays as it is.
func (p *Package) Relocated(href string) []byte {
	if p.location.end == 0 {
		return p.Raw
	}
	var b bytes.Buffer
	b.Write(p.Raw[:p.location.start])
	old := p.Raw[p.location.start:p.location.end]
	b.Write(old[:bytes.IndexAny(old, " \t\r\n/>")])
	b.WriteString(` href="`)
	xml.Escape(&b, href)
	b.WriteByte('"')
	if bytes.HasSuffix(old, []byte("/>")) {
		b.WriteByte('/')
	}
	b.WriteByte('>')
	b.Write(p.Raw[p.location.end:])
	return b.Bytes()
}

// PrimaryReader reads primary.xml package by package.
type PrimaryReader struct {
	document
	p     Package
	seen  fields
	first int64 // offset of the package
	parse func() error
}

// NewPrimaryReader reads from in; file names it in errors.
func NewPrimaryReader(in io.Reader, file string) *PrimaryReader {
	pr := &PrimaryReader{document: newPrimary(xml.NewReader(in, file))}
	pr.parse = pr.readPackage
	return pr
}

// NewPrimaryTextReader reads a document that is in memory, and that must not be changed.
func NewPrimaryTextReader(text []byte, file string) *PrimaryReader {
	pr := &PrimaryReader{document: newPrimary(xml.NewTextReader(text, file))}
	pr.parse = pr.readPackage
	return pr
}

func newPrimary(in *xml.Reader) document {
	return document{Reader: in, name: "metadata", space: commonSpace}
}

// Next reads the next package, which is valid until the next call. At the end of the
// document it returns io.EOF.
func (pr *PrimaryReader) Next() (*Package, error) {
	if err := pr.next(); err != nil {
		return nil, err
	}
	raw, err := pr.Whole(pr.parse)
	if err != nil {
		return nil, err
	}
	pr.p.Raw = raw
	return &pr.p, nil
}

// reset makes p an empty package that has room for as much as the last one.
func (p *Package) reset() {
	*p = Package{
		Size:     -1,
		Provides: p.Provides[:0], Requires: p.Requires[:0],
		Conflicts: p.Conflicts[:0], Obsoletes: p.Obsoletes[:0],
		Recommends: p.Recommends[:0], Suggests: p.Suggests[:0],
		Supplements: p.Supplements[:0], Enhances: p.Enhances[:0],
		Files: p.Files[:0],
	}
}

// fields says which elements a package has so far. Of most there may be only one:
// readers that take the first and readers that take the last would disagree.
type fields uint16

const (
	seenName fields = 1 << iota
	seenArch
	seenVersion
	seenChecksum
	seenSize
	seenLocation
	seenFormat
	seenGroup
	seenSourceRPM
)

func (pr *PrimaryReader) once(field fields) error {
	if pr.seen&field != 0 {
		return pr.Errorf("<%s> stands there twice", pr.Local())
	}
	pr.seen |= field
	return nil
}

// readPackage reads the package that has just begun.
func (pr *PrimaryReader) readPackage() error {
	pr.p.reset()
	pr.seen = 0
	pr.first = pr.Offset()
	for {
		kind, err := pr.NextTag()
		if err != nil || kind == xml.End {
			return err
		}
		if pr.Space() == commonSpace {
			err = pr.readField()
		} else {
			err = pr.Skip()
		}
		if err != nil {
			return err
		}
	}
}

// readField reads an element of the package.
func (pr *PrimaryReader) readField() error {
	p := &pr.p
	switch string(pr.Local()) {
	case "name":
		return pr.content(seenName, &p.Name)
	case "arch":
		return pr.content(seenArch, &p.Arch)
	case "version":
		if err := pr.once(seenVersion); err != nil {
			return err
		}
		p.Epoch, p.Version, p.Release = pr.Attr("epoch"), pr.Attr("ver"), pr.Attr("rel")
	case "checksum":
		p.ChecksumType = pr.Attr("type")
		return pr.content(seenChecksum, &p.Checksum)
	case "size":
		if err := pr.once(seenSize); err != nil {
			return err
		}
		if size := pr.Attr("package"); size != nil {
			var err error
			if p.Size, err = strconv.ParseInt(string(size), 10, 64); err != nil || p.Size < 0 {
				return pr.Errorf("%q is not the size of a package", size)
			}
		}
	case "location":
		if err := pr.once(seenLocation); err != nil {
			return err
		}
		p.Href, p.Base = pr.Attr("href"), pr.Attr("xml:base")
		p.location.start = int(pr.Offset() - pr.first)
		p.location.end = p.location.start + len(pr.Tag())
	case "format":
		if err := pr.once(seenFormat); err != nil {
			return err
		}
		return pr.readFormat()
	}
	return pr.Skip()
}

// content reads the text of an element of which there is only one.
func (pr *PrimaryReader) content(field fields, to *[]byte) error {
	err := pr.once(field)
	if err != nil {
		return err
	}
	*to, err = pr.Content()
	*to = bytes.TrimSpace(*to)
	return err
}

// readFormat reads what the package says of itself as an rpm.
func (pr *PrimaryReader) readFormat() error {
	for {
		kind, err := pr.NextTag()
		if err != nil || kind == xml.End {
			return err
		}
		switch pr.Space() {
		case rpmSpace:
			err = pr.readRPM()
		case commonSpace:
			err = pr.readFile()
		default:
			err = pr.Skip()
		}
		if err != nil {
			return err
		}
	}
}

func (pr *PrimaryReader) readFile() error {
	if string(pr.Local()) != "file" {
		return pr.Skip()
	}
	path, err := pr.Content()
	if err == nil {
		pr.p.Files = append(pr.p.Files, path)
	}
	return err
}

// readRPM reads an element of the namespace of rpm.
func (pr *PrimaryReader) readRPM() error {
	p := &pr.p
	switch string(pr.Local()) {
	case "group":
		return pr.content(seenGroup, &p.Group)
	case "sourcerpm":
		return pr.content(seenSourceRPM, &p.SourceRPM)
	case "provides":
		return pr.readEntries(&p.Provides)
	case "requires":
		return pr.readEntries(&p.Requires)
	case "conflicts":
		return pr.readEntries(&p.Conflicts)
	case "obsoletes":
		return pr.readEntries(&p.Obsoletes)
	case "recommends":
		return pr.readEntries(&p.Recommends)
	case "suggests":
		return pr.readEntries(&p.Suggests)
	case "supplements":
		return pr.readEntries(&p.Supplements)
	case "enhances":
		return pr.readEntries(&p.Enhances)
	}
	return pr.Skip()
}

// readEntries reads a list of relations.
func (pr *PrimaryReader) readEntries(to *[]Entry) error {
	for {
		kind, err := pr.NextTag()
		if err != nil || kind == xml.End {
			return err
		}
		if string(pr.Local()) == "entry" && pr.Space() == rpmSpace {
			*to = append(*to, Entry{Raw: pr.Tag()})
			(*to)[len(*to)-1].set(pr.Attrs())
		}
		if err := pr.Skip(); err != nil {
			return err
		}
	}
}

// set sets what the attributes say.
func (e *Entry) set(attrs []xml.Attr) {
	for i := range attrs {
		value := attrs[i].Value
		switch string(attrs[i].Name) {
		case "name":
			e.Name = value
		case "flags":
			e.Flags = value
		case "epoch":
			e.Epoch = value
		case "ver":
			e.Version = value
		case "rel":
			e.Release = value
		case "pre":
			e.Pre = string(value) == "1" || string(value) == "true"
		}
	}
}
