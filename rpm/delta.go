package rpm

import (
	"bytes"
	"io"
	"strconv"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/rpm/xml"
)

// readDeltas reads a prestodelta.xml, or the deltainfo.xml of SUSE, whose deltas are
// described in the same words: a <delta> has a <filename>, a <size>, a <checksum>
// (libsolv's repo_deltainfoxml.c).
func readDeltas(r *repo.Repository, content io.Reader, ix repo.Index, yield func(repo.File) error) error {
	in := xml.NewReader(content, ix.Name)
	for {
		kind, err := in.NextTag()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if kind != xml.Start || string(in.Local()) != "delta" {
			continue
		}
		d := delta{size: -1}
		if err := d.read(in); err != nil {
			return err
		}
		f, err := d.file(r)
		if err != nil {
			return in.Errorf("a delta: %w", err)
		}
		if err := yield(f); err != nil {
			return err
		}
	}
}

// delta describes a package that holds the difference of two.
type delta struct {
	name                   string
	size                   int64
	checksumType, checksum string
}

// read reads the element that has just begun.
func (d *delta) read(in *xml.Reader) error {
	for {
		kind, err := in.NextTag()
		if err != nil || kind == xml.End {
			return err
		}
		element := string(in.Local())
		if element == "checksum" {
			d.checksumType = string(in.Attr("type"))
		}
		text, err := in.Content()
		if err != nil {
			return err
		}
		text = bytes.TrimSpace(text)
		switch element {
		case "filename":
			d.name = string(text)
		case "checksum":
			d.checksum = string(text)
		case "size":
			if d.size, err = strconv.ParseInt(string(text), 10, 64); err != nil || d.size < 0 {
				return in.Errorf("%q is not a size in bytes", text)
			}
		}
	}
}

func (d *delta) file(r *repo.Repository) (f repo.File, err error) {
	a, err := repo.ParseAlgorithm(d.checksumType)
	if err != nil {
		return f, err
	}
	f.Size = d.size
	if f.Digest, err = repo.ParseHex(a, d.checksum); err != nil {
		return f, err
	}
	if f.Path, err = resolve(r, d.name); err != nil {
		return f, err
	}
	return f, checkStrength(r, f)
}
