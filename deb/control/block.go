package control

import (
	"bytes"
	"io"
	"slices"
)

// blockSize is how much of a file is read for a block. Blocks are much larger than
// most stanzas, and fit the caches of one processor.
const blockSize = 256 << 10

// Splitter cuts a file without comments between stanzas, so that several readers
// can work on it at once. It must not itself be used by several at once.
type Splitter struct {
	in   io.Reader
	file string
	size int    // of a block, about
	line int    // number of the line that comes next, from 1
	rest []byte // of what was read
	err  error  // of in, after the rest
}

// Block is a part of a file with whole stanzas.
type Block struct {
	Text []byte

	file string
	line int   // number of its first line in the file
	err  error // of what follows: io.EOF but for an error of the stream
}

// NewSplitter cuts what it reads from in; file names it in errors.
func NewSplitter(in io.Reader, file string) *Splitter {
	return &Splitter{in: in, file: file, size: blockSize, line: 1}
}

// Next returns the next block, and false behind the last one. The buffer, which may
// be nil, is used for its text. What is wrong with the file or the stream comes
// from the reader of the block that it is in.
func (s *Splitter) Next(buffer []byte) (b Block, ok bool) {
	text := append(buffer[:0], s.rest...)
	s.rest = s.rest[:0]
	end := 0
	for s.err == nil && end == 0 && len(text) <= MaxStanza {
		text = s.read(text)
		end = lastSeparator(text)
	}
	b = Block{Text: text, file: s.file, line: s.line, err: io.EOF}
	switch {
	case s.err != nil:
		b.err, s.err = s.err, io.EOF
	case end > 0:
		b.Text = text[:end]
		s.rest = append(s.rest, text[end:]...)
	}
	s.line += bytes.Count(b.Text, []byte{'\n'})
	return b, len(b.Text) > 0 || b.err != io.EOF
}

// read appends the size of a block, or as much again as is there already, so that
// long stanzas are not searched over and over.
func (s *Splitter) read(to []byte) []byte {
	more := max(s.size, len(to))
	to = slices.Grow(to, more)
	for wanted := len(to) + more; len(to) < wanted && s.err == nil; {
		var n int
		n, s.err = readSome(s.in, to[len(to):wanted])
		to = to[:len(to)+n]
	}
	return to
}

// lastSeparator returns where the last complete line that separates stanzas ends,
// 0 if there is none.
func lastSeparator(text []byte) int {
	end := bytes.LastIndexByte(text, '\n') + 1
	for end > 0 {
		start := bytes.LastIndexByte(text[:end-1], '\n') + 1
		if blank(text[start:end]) {
			return end
		}
		end = start
	}
	return 0
}

// Reader returns a reader of the block's stanzas. Their offsets are within the
// block's text, their lines those of the file.
func (b Block) Reader() *Reader {
	return &Reader{file: b.file, err: b.err, buf: b.Text, end: len(b.Text), line: b.line}
}
