package repodata

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/rpm/xml"
)

// blockSize is how much of primary.xml makes a document of its own: much more than a
// package takes, and little enough for the cache of one processor.
const blockSize = 512 << 10

// Splitter cuts primary.xml into documents of some packages each, so that several
// readers can work on it at once. It must not itself be used by several at once.
//
// It cuts wherever it sees the end of a package. Where that is none, in a comment or a
// CDATA section, the document before it is malformed, and so is one with what is wrong
// with the whole: then a [PrimaryReader] has to read the whole. Where all documents
// are well-formed their packages are those of the whole, in its order.
type Splitter struct {
	in         io.Reader
	file       string
	size       int    // of a document, about
	start, end []byte // of every document
	last       []byte // what a package ends with
	rest       []byte // of what was read
	err        error  // of in, after the rest
	over       bool   // the last document was returned
}

// NewSplitter reads the head of the document from in; file names it in errors.
func NewSplitter(in io.Reader, file string) (*Splitter, error) {
	d := newPrimary(xml.NewReader(in, file))
	head, err := d.Head()
	if err != nil {
		return nil, err
	}
	prefix := strings.TrimSuffix(head.name, d.name)
	return &Splitter{in: d.Rest(), file: file, size: blockSize, start: head.Start(0), end: head.End(), last: []byte("</" + prefix + "package>")}, nil
}

// Next returns the next document, for which the buffer, which may be nil, is used;
// io.EOF behind the last one.
func (s *Splitter) Next(buffer []byte) (document []byte, err error) {
	text := append(append(buffer[:0], s.start...), s.rest...)
	s.rest = s.rest[:0]
	searched := len(s.start)
	for s.err == nil {
		text = s.read(text)
		if i := bytes.LastIndex(text[searched:], s.last); i >= 0 && s.err == nil {
			end := searched + i + len(s.last)
			s.rest = append(s.rest, text[end:]...)
			return append(text[:end], s.end...), nil
		}
		if len(text) > xml.MaxElement {
			return nil, fmt.Errorf("%s: no package ends within %d bytes", s.file, xml.MaxElement)
		}
		searched = max(searched, len(text)-len(s.last)+1)
	}
	if s.err != io.EOF {
		return nil, fmt.Errorf("%s: %w", s.file, s.err)
	}
	if s.over {
		return nil, io.EOF
	}
	s.over = true
	return text, nil // it has the end of the whole, or none
}

// read appends a block, or as much again as is there already, so that long packages
// are not copied over and over.
func (s *Splitter) read(to []byte) []byte {
	size := max(s.size, len(to))
	to = slices.Grow(to, size+len(s.end))
	n, err := io.ReadFull(s.in, to[len(to):len(to)+size])
	if s.err = err; err == io.ErrUnexpectedEOF {
		s.err = io.EOF
	}
	return to[:len(to)+n]
}
