package repodata

import (
	"io"

	"github.com/mirrorkeeper/mirrorkeeper/rpm/xml"
)

// Element is a package in filelists.xml or other.xml.
type Element struct {
	// PkgID is the checksum that primary.xml has for the package.
	PkgID []byte
	// Files are the paths of the package's files and directories; filelists only.
	Files [][]byte
	// Raw is the element as it is written.
	Raw []byte
}

// ListReader reads filelists.xml or other.xml package by package.
type ListReader struct {
	document
	e     Element
	parse func() error
}

// NewFilelistsReader reads filelists.xml from in; file names it in errors.
func NewFilelistsReader(in io.Reader, file string) *ListReader {
	lr := &ListReader{document: document{Reader: xml.NewReader(in, file), name: "filelists", space: filelistsSpace}}
	lr.parse = lr.readFiles
	return lr
}

// NewOtherReader reads other.xml, which holds the changelogs, from in; file names it in
// errors.
func NewOtherReader(in io.Reader, file string) *ListReader {
	lr := &ListReader{document: document{Reader: xml.NewReader(in, file), name: "otherdata", space: otherSpace}}
	lr.parse = lr.readPackage
	return lr
}

// Next reads the next package, which is valid until the next call. At the end of the
// document it returns io.EOF.
func (lr *ListReader) Next() (*Element, error) {
	if err := lr.next(); err != nil {
		return nil, err
	}
	raw, err := lr.Whole(lr.parse)
	if err != nil {
		return nil, err
	}
	lr.e.Raw = raw
	return &lr.e, nil
}

// begin reads the start of a package.
func (lr *ListReader) begin() error {
	lr.e = Element{PkgID: lr.Attr("pkgid"), Files: lr.e.Files[:0]}
	if len(lr.e.PkgID) == 0 {
		return lr.Errorf("a package without pkgid")
	}
	return nil
}

func (lr *ListReader) readPackage() error {
	if err := lr.begin(); err != nil {
		return err
	}
	return lr.Skip()
}

func (lr *ListReader) readFiles() error {
	if err := lr.begin(); err != nil {
		return err
	}
	for {
		kind, err := lr.NextTag()
		if err != nil || kind == xml.End {
			return err
		}
		if string(lr.Local()) != "file" || lr.Space() != filelistsSpace {
			err = lr.Skip()
		} else {
			var path []byte
			if path, err = lr.Content(); err == nil {
				lr.e.Files = append(lr.e.Files, path)
			}
		}
		if err != nil {
			return err
		}
	}
}
