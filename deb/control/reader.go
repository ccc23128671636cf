// Package control reads files in Debian's control format (deb822): paragraphs
// of "Name: value" fields, as in Packages, Sources, Release and .sources files.
//
// It is a streaming reader that copies nothing: a [Stanza] is a view into the
// reader's buffer, and its fields are views into the stanza.
package control

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// MaxStanza is the greatest size of one stanza in bytes. The largest that occur
// are Release files, of a few MB.
const MaxStanza = 16 << 20

// The buffer begins small, for small files, and grows to chunk; beyond that only
// where a stanza needs it.
const (
	firstChunk = 8 << 10
	chunk      = 256 << 10
)

// ErrSyntax is wrapped by all errors about the content that is read.
var ErrSyntax = errors.New("malformed control file")

// Reader reads stanzas one after the other.
type Reader struct {
	// Comments makes lines that begin with "#" comments, as in .sources and
	// debian/control files. Indexes have none.
	Comments bool

	in   io.Reader
	file string
	err  error // of in, after the buffered bytes

	buf      []byte
	pos, end int   // the bytes of buf that were read and not yet returned
	passed   int64 // bytes that were read before those in buf
	line     int   // number of the line at pos, from 1
	fields   []field
}

// NewReader reads from in; file names it in errors.
func NewReader(in io.Reader, file string) *Reader {
	return &Reader{in: in, file: file, buf: make([]byte, firstChunk), line: 1}
}

// ReadText reads from text, which stays as it is, without a buffer.
func ReadText(text []byte, file string) *Reader {
	return &Reader{file: file, err: io.EOF, buf: text, end: len(text), line: 1}
}

// Next returns the next stanza, which is valid until the next call. At the end
// it returns io.EOF. A stanza ends at a line that is empty or holds blanks only;
// the end of the file ends the last one.
func (r *Reader) Next() (Stanza, error) {
	r.fields = r.fields[:0]
	size := 0  // of the stanza so far, from pos
	lines := 0 // in it
	first := r.line
	for {
		line := r.buf[r.pos+size : r.end]
		if i := bytes.IndexByte(line, '\n'); i >= 0 {
			line = line[:i+1]
		} else {
			var err error
			if line, err = r.lastLine(size); err == io.EOF {
				break
			} else if err != nil {
				return Stanza{}, err
			}
		}
		if blank(line) {
			if len(r.fields) > 0 {
				s := r.stanza(size, first)
				r.pos += size + len(line)
				r.line += lines + 1
				return s, nil
			}
			// Blank lines and comments before a stanza are no part of it.
			r.pos += size + len(line)
			r.line += lines + 1
			size, lines, first = 0, 0, r.line
			continue
		}
		if err := r.addLine(line, size, r.line+lines); err != nil {
			return Stanza{}, err
		}
		lines++
		size += len(line)
		if size > MaxStanza {
			return Stanza{}, r.syntax(first, "stanza is larger than %d bytes", MaxStanza)
		}
	}
	s := r.stanza(size, first)
	r.pos += size
	r.line += lines
	if len(r.fields) == 0 {
		return Stanza{}, io.EOF
	}
	return s, nil
}

// stanza returns the next size bytes as a stanza.
func (r *Reader) stanza(size, line int) Stanza {
	text := r.buf[r.pos : r.pos+size : r.pos+size]
	return Stanza{text: text, fields: r.fields, offset: r.passed + int64(r.pos), line: line}
}

// addLine makes the line, which begins at offset in the stanza, part of the
// stanza's fields.
func (r *Reader) addLine(line []byte, offset, number int) error {
	switch {
	case r.Comments && line[0] == '#':
		return nil
	case line[0] == ' ' || line[0] == '\t':
		if len(r.fields) == 0 {
			return r.syntax(number, "continuation line %s before any field", quote(line))
		}
		r.fields[len(r.fields)-1].end = int32(offset + len(line))
		return nil
	}
	// Names are short: a loop beats bytes.IndexByte.
	colon := 0
	for colon < len(line) && line[colon] != ':' {
		colon++
	}
	name := colon
	for name > 0 && isBlank(line[name-1]) {
		name--
	}
	if name == 0 || colon == len(line) {
		return r.syntax(number, "line %s is not \"Name: value\"", quote(line))
	}
	r.fields = append(r.fields, field{
		name:    int32(offset),
		nameEnd: int32(offset + name),
		value:   int32(offset + colon + 1),
		end:     int32(offset + len(line)),
	})
	return nil
}

// lastLine returns the line that begins offset bytes after pos and does not end
// within the buffer; io.EOF when there is none.
func (r *Reader) lastLine(offset int) ([]byte, error) {
	for searched := r.end - r.pos; ; searched = r.end - r.pos {
		if searched > MaxStanza {
			return nil, r.syntax(r.line, "stanza is larger than %d bytes", MaxStanza)
		}
		if r.err == nil {
			r.fill()
			if i := bytes.IndexByte(r.buf[r.pos+searched:r.end], '\n'); i >= 0 {
				return r.buf[r.pos+offset : r.pos+searched+i+1], nil
			}
			continue
		}
		if r.err != io.EOF {
			return nil, fmt.Errorf("%s: %w", r.file, r.err)
		}
		if offset == searched {
			return nil, io.EOF
		}
		return r.buf[r.pos+offset : r.end], nil
	}
}

// fill reads more bytes into the buffer, or sets err.
func (r *Reader) fill() {
	if r.pos > 0 {
		copy(r.buf, r.buf[r.pos:r.end])
		r.passed += int64(r.pos)
		r.end -= r.pos
		r.pos = 0
	}
	if r.end == len(r.buf) || r.end > 0 && len(r.buf) < chunk {
		r.buf = append(r.buf, make([]byte, len(r.buf))...)
	}
	var n int
	n, r.err = readSome(r.in, r.buf[r.end:])
	r.end += n
}

// readSome reads at least one byte, or returns an error.
func readSome(in io.Reader, to []byte) (n int, err error) {
	for range 100 {
		if n, err = in.Read(to); n > 0 || err != nil {
			return n, err
		}
	}
	return 0, io.ErrNoProgress
}

func (r *Reader) syntax(line int, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %w: %s", r.file, line, ErrSyntax, fmt.Sprintf(format, args...))
}

// Errorf returns an error about the stanza, which the reader returned, that
// names file and line. It wraps what a %w in the format does.
func (r *Reader) Errorf(s Stanza, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %w", r.file, s.line, fmt.Errorf(format, args...))
}

// blank reports whether the line is a separator.
func blank(line []byte) bool {
	// Nearly every line begins with a letter.
	if line[0] > ' ' {
		return false
	}
	for _, b := range line {
		if !isBlank(b) && b != '\n' {
			return false
		}
	}
	return true
}

// isBlank takes the carriage return for a blank, so that files with CRLF are
// read too.
func isBlank(b byte) bool { return b == ' ' || b == '\t' || b == '\r' }

// quote shortens a line for an error.
func quote(line []byte) string {
	line = bytes.TrimRight(line, "\r\n")
	if len(line) > 60 {
		return fmt.Sprintf("%q...", line[:60])
	}
	return fmt.Sprintf("%q", line)
}
