// Package xml reads the XML of repository metadata, token by token.
//
// It exists for speed: indexes of rpm repositories hold hundreds of MB. Tokens are
// views into the reader's buffer; nothing is copied unless it has to be, for
// references such as &amp;.
//
// It reads well-formed XML 1.0 with namespaces in UTF-8. What repository metadata
// never has it refuses: document type declarations, and with them all entities but
// the five predefined ones, and names with other letters than those of ASCII. Sizes
// and nesting are bounded.
package xml

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// The limits, in bytes, levels and attributes of one element.
const (
	// MaxElement bounds what is held in memory: a token, or an element that is read as
	// a whole. The file list of a package with half a million files has 50 MB.
	MaxElement    = 64 << 20
	maxDepth      = 64
	maxAttributes = 64
)

// The buffer begins small, for small files, and grows to chunk; beyond that only
// where a token or an element needs it.
const (
	firstChunk = 8 << 10
	chunk      = 256 << 10
)

// ErrSyntax is wrapped by all errors about the content that is read.
var ErrSyntax = errors.New("malformed XML")

// errShort says that a token does not end within the buffer.
var errShort = errors.New("token is cut")

// Kind is the kind of a token.
type Kind uint8

// The kinds. An empty element, <a/>, is a Start and an End. Comments and processing
// instructions are checked and passed over.
const (
	Start Kind = iota + 1
	End
	Text
)

// Attr is an attribute: its name as it is written, and its value without references.
type Attr struct{ Name, Value []byte }

// Reader reads a document.
type Reader struct {
	in   io.Reader
	file string
	err  error // of in or its content, after the bytes up to end

	buf    []byte
	pos    int   // of the next token
	end    int   // of the bytes that may be read: whole characters that XML allows
	filled int   // of the bytes that were read from in
	line   int   // number of the line at the start of buf, from 1
	passed int64 // bytes before buf
	limit  int   // of the bytes that are held
	mark   int64 // size of the byte order mark before the document

	state
	whole  bool // an element is read as a whole: the buffer does not move
	start  int  // of the last token
	failed error

	// of the last token
	local   []byte
	space   string
	attrs   []Attr
	text    []byte
	scratch []byte // texts and values that are not as they are written
	joined  []byte // contents of several texts

	open     []byte // the names of the open elements one after the other, as written
	lengths  []int  // of these
	bindings []binding
}

// state is where a reader is within the document, apart from its place in the buffer.
type state struct {
	depth  int  // how many elements are open
	empty  bool // the last Start was of an empty element
	rooted bool // the outermost element has begun
}

// NewReader reads from in; file names it in errors.
func NewReader(in io.Reader, file string) *Reader {
	return &Reader{in: in, file: file, buf: make([]byte, firstChunk), line: 1, limit: MaxElement}
}

// NewTextReader reads a document that is in memory, and that must not be changed; file
// names it in errors.
func NewTextReader(text []byte, file string) *Reader {
	r := &Reader{in: bytes.NewReader(nil), file: file, buf: text, filled: len(text), err: io.EOF, line: 1}
	r.check()
	return r
}

// Rest returns what follows the last token, as it is read from the stream.
func (r *Reader) Rest() io.Reader {
	return io.MultiReader(bytes.NewReader(r.buf[r.pos:r.filled]), r.in)
}

// Next reads the next token. At the end of the document it returns io.EOF.
//
// What the methods return of a token is valid until the next one, within
// [Reader.Whole] until the element was read.
func (r *Reader) Next() (Kind, error) {
	if r.failed != nil {
		return 0, r.failed
	}
	if !r.whole {
		r.scratch, r.joined = r.scratch[:0], r.joined[:0]
	}
	for {
		kind, err := r.token()
		if err == nil {
			return kind, nil
		}
		if err == errShort {
			if r.whole {
				return 0, errShort
			}
			if err = r.more(r.pos); err == nil {
				continue
			}
		}
		r.failed = err
		return 0, err
	}
}

// NextTag reads up to the next Start or End.
func (r *Reader) NextTag() (Kind, error) {
	for {
		if kind, err := r.Next(); kind != Text {
			return kind, err
		}
	}
}

// Local is the name of the element that begins, without prefix.
func (r *Reader) Local() []byte { return r.local }

// Name is the name of the innermost open element as it is written, with its prefix.
func (r *Reader) Name() string { return string(r.innermost()) }

// Space is the namespace of the element that begins, "" for none.
func (r *Reader) Space() string { return r.space }

// Attrs are the attributes of the element that begins, those that declare namespaces
// among them.
func (r *Reader) Attrs() []Attr { return r.attrs }

// Attr returns the value of the attribute of that name, nil where there is none.
func (r *Reader) Attr(name string) []byte {
	for i := range r.attrs {
		if string(r.attrs[i].Name) == name {
			return r.attrs[i].Value
		}
	}
	return nil
}

// Text is the text, without references, and with lines that end in \n.
func (r *Reader) Text() []byte { return r.text }

// Tag is the last token as it is written.
func (r *Reader) Tag() []byte { return r.buf[r.start:r.pos] }

// Offset is where the last token begins, in bytes from the start of the document.
func (r *Reader) Offset() int64 { return r.passed + int64(r.start) }

// Depth is how many elements are open: one that begins is, one that ends is not.
func (r *Reader) Depth() int { return r.depth }

// Skip reads to the end of the element that has just begun.
func (r *Reader) Skip() error {
	for outside := r.depth - 1; ; {
		if _, err := r.Next(); err != nil {
			return err
		}
		if r.depth == outside {
			return nil
		}
	}
}

// Content reads to the end of the element that has just begun and returns the text
// that is directly in it.
func (r *Reader) Content() (content []byte, err error) {
	if r.whole {
		return r.content()
	}
	_, err = r.Whole(func() (err error) {
		content, err = r.content()
		return err
	})
	return content, err
}

func (r *Reader) content() (content []byte, err error) {
	first := -1 // of it in joined; mostly there is one text
	for inside := r.depth; ; {
		kind, err := r.Next()
		if err != nil {
			return nil, err
		}
		switch {
		case kind == End && r.depth < inside:
			return content, nil
		case kind != Text || r.depth > inside:
		case content == nil:
			content = r.text
		default:
			if first < 0 {
				first = len(r.joined)
				r.joined = append(r.joined, content...)
			}
			r.joined = append(r.joined, r.text...)
			content = r.joined[first:]
		}
	}
}

// Whole reads the element that has just begun with parse, which must read to its end,
// and returns it as it is written. All that parse gets to see is valid until the next
// token after the element. Where the buffer is too small parse is begun anew, from the
// first token in the element on; r is then at the Start of the element again.
func (r *Reader) Whole(parse func() error) ([]byte, error) {
	before := r.state
	before.depth--
	first := r.start
	r.whole = true
	defer func() { r.whole = false }()
	for {
		err := parse()
		if err == nil && r.depth > before.depth {
			err = errors.New("the element was not read to its end")
		}
		if !errors.Is(err, errShort) {
			return r.buf[first:r.pos], err
		}
		if err := r.more(first); err != nil {
			r.failed = err
			return nil, err
		}
		r.rewind(before)
		first = r.start
	}
}

// Errorf returns an error that names the file and the line of the last token. It
// wraps what a %w in the format does.
func (r *Reader) Errorf(format string, args ...any) error {
	return fmt.Errorf("%s:%d: %w", r.file, r.lineAt(r.start), fmt.Errorf(format, args...))
}

// Line is the number of the line that the last token begins in, from 1.
func (r *Reader) Line() int { return r.lineAt(r.start) }

func (r *Reader) lineAt(pos int) int { return r.line + bytes.Count(r.buf[:pos], []byte{'\n'}) }

func (r *Reader) syntax(pos int, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %w: %s", r.file, r.lineAt(pos), ErrSyntax, fmt.Sprintf(format, args...))
}

// more reads more bytes into the buffer, of which those from keep on stay.
func (r *Reader) more(keep int) error {
	if r.err != nil {
		return r.ended()
	}
	if r.filled-keep >= r.limit {
		return r.syntax(keep, "an element or a token is larger than %d bytes", r.limit)
	}
	r.line += bytes.Count(r.buf[:keep], []byte{'\n'})
	r.passed += int64(keep)
	copy(r.buf, r.buf[keep:r.filled])
	r.filled -= keep
	r.end -= keep
	r.pos -= keep
	r.start = 0
	r.grow()
	for r.filled < len(r.buf) && r.err == nil {
		var n int
		n, r.err = readSome(r.in, r.buf[r.filled:])
		r.filled += n
	}
	r.check()
	return nil
}

// grow makes room in the buffer. What it holds already is scanned once more, so that
// there has to be room for as much again.
func (r *Reader) grow() {
	size := len(r.buf)
	if r.filled > 0 || r.passed > 0 {
		size = max(size, chunk)
	}
	if r.filled > size/2 {
		size *= 2
	}
	if size > len(r.buf) {
		buf := make([]byte, size)
		copy(buf, r.buf[:r.filled])
		r.buf = buf
	}
}

// check moves end behind the characters that XML allows.
func (r *Reader) check() {
	n, bad := characters(r.buf[r.end:r.filled])
	r.end += n
	switch {
	case bad != "":
		r.err = r.syntax(r.end, "%s", bad)
	case r.err == io.EOF && r.end < r.filled:
		r.err = r.syntax(r.end, "%s", badUTF8)
	}
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

// rewind goes back to the Start at the start of the buffer, where the reader was in
// the given state.
func (r *Reader) rewind(before state) {
	for r.depth > before.depth {
		r.pop()
	}
	r.state = before
	r.pos = 0
	r.scratch, r.joined = r.scratch[:0], r.joined[:0]
	if _, err := r.token(); err != nil {
		r.failed = err // cannot be: the tag was read before
	}
}

// ended says why there are no more bytes.
func (r *Reader) ended() error {
	switch {
	case r.err != io.EOF && errors.Is(r.err, ErrSyntax):
		return r.err
	case r.err != io.EOF:
		return fmt.Errorf("%s: %w", r.file, r.err)
	case r.depth > 0:
		return r.syntax(r.end, "the document ends within <%s>", r.innermost())
	case len(bytes.TrimLeft(r.buf[r.pos:r.end], blanks)) > 0:
		return r.syntax(r.pos, "the document ends within a token")
	case !r.rooted:
		return r.syntax(r.end, "there is no element")
	}
	return io.EOF
}
