package repodata

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/rpm/header"
	"github.com/mirrorkeeper/mirrorkeeper/rpm/xml"
)

// Description is a package's elements in primary.xml, filelists.xml and other.xml,
// written as createrepo_c does, with gaps for what the package does not say of itself:
// see [PackageFile].
type Description struct{ Primary, Filelists, Other []byte }

// gap stands where something is to be filled in. No XML document has this byte.
const gap = 0

// Describe describes a package by its header, with the first entries of its changelog,
// all where changes is negative.
//
// It leaves out what createrepo_c leaves out: requirements of rpm's own features, of
// files and names that the package has itself, and the same ones twice; and all
// versions of the C library but the highest. Text that is no UTF-8 is taken for
// Latin-1. Control characters, which XML cannot have, are replaced in texts for people,
// and an error elsewhere.
func Describe(p *header.Package, changes int) (*Description, error) {
	files, err := p.Header.Files()
	if err != nil {
		return nil, err
	}
	d := &describer{p: p, files: files, out: make([]byte, 0, len(p.Header.Bytes())+1024)}
	description := &Description{}
	for _, one := range [...]struct {
		write func() error
		to    *[]byte
	}{
		{d.primary, &description.Primary},
		{d.filelists, &description.Filelists},
		{func() error { return d.other(changes) }, &description.Other},
	} {
		d.out = d.out[len(d.out):]
		if err := one.write(); err != nil {
			return nil, err
		}
		if d.long || len(d.out) > maxDescription {
			return nil, fmt.Errorf("its element would have more than %d bytes", maxDescription)
		}
		if d.unclean != "" {
			return nil, fmt.Errorf("its %s has characters that metadata cannot have, %q", d.unclean, d.uncleanText)
		}
		*one.to = slices.Clip(d.out)
	}
	return description, nil
}

// maxDescription is how many bytes of an element are read again, but for what fills the
// gaps.
const maxDescription = xml.MaxElement - 64<<10

// describer writes elements. What is too long is not written to its end.
type describer struct {
	p     *header.Package
	files []header.File
	out   []byte // the element, behind the ones before it
	path  []byte // of the file at hand

	long        bool
	unclean     string // what has a control character and must not
	uncleanText []byte
}

func (d *describer) add(s string) { d.out = append(d.out, s...) }

func (d *describer) gap() { d.out = append(d.out, gap) }

func (d *describer) number(n int64) { d.out = strconv.AppendInt(d.out, n, 10) }

// value writes an attribute of what is for programs.
func (d *describer) value(name string, s []byte) {
	d.add(name)
	d.add(`="`)
	start := len(d.out)
	if clean := d.append(xml.AppendValue, s); !clean || len(s) > 0 && len(d.out) == start {
		d.note(name, s)
	}
	d.add(`"`)
}

// word writes an element of text for programs.
func (d *describer) word(indent, name string, s []byte) {
	if clean := d.element(indent, name, s); !clean {
		d.note(name, s)
	}
}

// prose writes an element of text for people.
func (d *describer) prose(indent, name string, s []byte) { d.element(indent, name, s) }

func (d *describer) element(indent, name string, s []byte) (clean bool) {
	d.add(indent)
	d.add("<")
	d.add(name)
	d.add(">")
	clean = d.append(xml.AppendText, s)
	d.add("</")
	d.add(name)
	d.add(">\n")
	return clean
}

// append writes text, if the element does not become too long by it.
func (d *describer) append(escape func(to, text []byte) ([]byte, bool), s []byte) (clean bool) {
	if len(d.out)+len(s) > maxDescription {
		d.long = true
		return true
	}
	d.out, clean = escape(d.out, s)
	return clean
}

func (d *describer) note(name string, s []byte) {
	if d.unclean == "" {
		d.unclean, d.uncleanText = name, s[:min(len(s), 100)]
	}
}

// version writes the element of the version.
func (d *describer) version() {
	h := d.p.Header
	epoch, _ := h.Int(header.Epoch)
	d.add(`  <version epoch="`)
	d.number(int64(epoch))
	d.add(`" `)
	d.value("ver", h.Text(header.Version))
	d.add(" ")
	d.value("rel", h.Text(header.Release))
	d.add("/>\n")
}

// identity begins the element of filelists and other.
func (d *describer) identity() {
	d.add(`<package pkgid="`)
	d.gap()
	d.add(`" `)
	d.value("name", d.p.Header.Text(header.Name))
	d.add(" ")
	d.value("arch", []byte(d.p.Architecture()))
	d.add(">\n")
	d.version()
}

func (d *describer) filelists() error {
	d.identity()
	for i := range d.files {
		d.file("  ", i)
	}
	d.add("</package>\n")
	return nil
}

// file writes the element of a file, if it is one for the list.
func (d *describer) file(indent string, i int) {
	f := &d.files[i]
	d.add(indent)
	switch {
	case f.IsDirectory():
		d.add(`<file type="dir">`)
	case f.IsGhost():
		d.add(`<file type="ghost">`)
	default:
		d.add(`<file>`)
	}
	d.path = append(append(d.path[:0], f.Dir...), f.Base...)
	if clean := d.append(xml.AppendText, d.path); !clean {
		d.note("file", d.path)
	}
	d.add("</file>\n")
}

// other writes the changelog, the newest entry last.
func (d *describer) other(limit int) error {
	d.identity()
	changes, err := d.p.Header.Changelog(limit)
	if err != nil {
		return err
	}
	separate(changes)
	for i := len(changes) - 1; i >= 0; i-- {
		c := &changes[i]
		author := c.Author
		for len(author) > 1 && author[len(author)-1] == ' ' {
			author = author[:len(author)-1]
		}
		d.add(`  <changelog author="`)
		d.append(xml.AppendValue, author)
		d.add(`" date="`)
		d.number(c.Time)
		d.add(`">`)
		d.append(xml.AppendText, c.Text)
		d.add("</changelog>\n")
	}
	d.add("</package>\n")
	return nil
}

// separate makes the times of entries of the same day, of which most have noon, differ:
// clients sort by them. Of two that follow each other the second one keeps its time.
func separate(changes []header.Change) {
	last := int64(0)
	for i := range changes {
		t := changes[i].Time
		if t != last {
			last = t
			continue
		}
		for k := i - 1; k >= 0 && changes[k].Time == t; k-- {
			changes[k].Time++
			t++
		}
	}
}

// PackageFile is what a package does not say of itself: the file that it is, and where
// it lies, relative to the repository.
type PackageFile struct {
	Digest   repo.Digest
	Href     string
	Size     int64
	Modified time.Time
}

// errGaps is a description that was not written by [Describe].
var errGaps = errors.New("the description of the package is damaged")

// AppendPrimary appends the package's element of primary.xml.
func (f *PackageFile) AppendPrimary(to, description []byte) ([]byte, error) {
	return fill(to, description,
		func(b []byte) []byte {
			b = append(append(append(b, `<checksum type="`...), f.Digest.Algorithm().String()...), `" pkgid="YES">`...)
			return append(append(b, f.Digest.Hex()...), "</checksum>"...)
		},
		func(b []byte) []byte { return strconv.AppendInt(b, f.Modified.Unix(), 10) },
		func(b []byte) []byte { return strconv.AppendInt(b, f.Size, 10) },
		func(b []byte) []byte {
			b, _ = xml.AppendValue(b, []byte(f.Href))
			return b
		})
}

// AppendList appends the package's element of filelists.xml or other.xml.
func (f *PackageFile) AppendList(to, description []byte) ([]byte, error) {
	return fill(to, description, func(b []byte) []byte { return append(b, f.Digest.Hex()...) })
}

// fill appends a description with its gaps filled.
func fill(to, description []byte, gaps ...func([]byte) []byte) ([]byte, error) {
	for _, append1 := range gaps {
		i := bytes.IndexByte(description, gap)
		if i < 0 {
			return to, errGaps
		}
		to = append1(append(to, description[:i]...))
		description = description[i+1:]
	}
	if bytes.IndexByte(description, gap) >= 0 {
		return to, errGaps
	}
	return append(to, description...), nil
}
