package compress

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
)

// Errors of readers that callers tell apart. An error of the underlying reader is
// neither of them and is returned as it is.
var (
	ErrTooLarge = errors.New("decompresses to more than the limit")
	ErrCorrupt  = errors.New("cannot be decompressed")
)

// Reader returns a reader of the decompressed bytes of r, whose compression has
// the given suffix. Several compressed streams in a row are read as one.
//
// More than limit bytes are an error that wraps [ErrTooLarge], after the first
// limit bytes. Truncated or damaged data, data of another compression and data
// that would need an unusual amount of memory are errors that wrap [ErrCorrupt];
// bytes are proven good only when the end was reached with io.EOF.
//
// The reader reads r in its caller's goroutine, and further than it needs. Close
// frees it and does not close r.
func Reader(r io.Reader, suffix string, limit int64) (io.ReadCloser, error) {
	out := &reader{suffix: suffix, limit: limit, left: limit, source: source{r: r}}
	if suffix == "" {
		out.decoder = plain{&out.source}
		return out, nil
	}
	open := decoderOf(suffix)
	if open == nil {
		return nil, fmt.Errorf("no compression has the suffix %q (known are %q)", suffix, Suffixes())
	}
	out.input = inputs.Get().(*bufio.Reader)
	out.input.Reset(&out.source)
	// Some decoders take an empty file for an empty stream, which no compressor
	// ever wrote.
	if _, err := out.input.Peek(1); err != nil {
		return nil, out.explain(err)
	}
	var err error
	if out.decoder, err = open(out.input); err != nil {
		return nil, out.explain(err)
	}
	return out, nil
}

// inputs are used again as decoders are.
var inputs = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, 32<<10) }}

// reader keeps the limit around a decoder.
type reader struct {
	suffix  string
	limit   int64 // in bytes, as the caller set it
	left    int64 // of the limit
	source  source
	input   *bufio.Reader // of the source; nil when nothing is decoded
	decoder decoder
	err     error // sticky
}

// decoder is one of the decompressors.
type decoder interface {
	io.Reader
	// free gives the decoder up, for use by another reader.
	free()
}

func (r *reader) Read(p []byte) (int, error) {
	if r.err != nil || len(p) == 0 {
		return 0, r.err
	}
	// One byte more than allowed tells a file that is too large from one that ends
	// at the limit, whose checksum is read then.
	if int64(len(p)) > r.left {
		p = p[:r.left+1]
	}
	n, err := r.decoder.Read(p)
	switch {
	case int64(n) > r.left:
		n = int(r.left)
		r.err = fmt.Errorf("%s data %w of %d bytes", r.name(), ErrTooLarge, r.limit)
	case err == io.EOF:
		r.err = r.end()
	case err != nil:
		r.err = r.explain(err)
	}
	r.left -= int64(n)
	return n, r.err
}

// end says what follows the end of what was decoded: io.EOF if all is well. The
// source may have an error to tell there, of a digest for example.
func (r *reader) end() error {
	if r.input == nil {
		return io.EOF
	}
	switch _, err := r.input.Peek(1); err {
	case nil:
		return r.explain(errors.New("other data follows its end"))
	case io.EOF:
		return io.EOF
	default:
		return r.explain(err)
	}
}

func (r *reader) Close() error {
	if r.decoder == nil {
		return nil
	}
	if r.err == nil || r.err == io.EOF {
		r.decoder.free()
		if r.input != nil {
			r.input.Reset(nil)
			inputs.Put(r.input)
			r.input = nil
		}
	}
	r.decoder, r.err = nil, fs.ErrClosed
	return nil
}

// explain tells an error of the source from one of the data.
func (r *reader) explain(err error) error {
	if r.source.err != nil {
		return r.source.err
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("%s data %w: %w", r.name(), ErrCorrupt, err)
}

func (r *reader) name() string {
	if r.suffix == "" {
		return "uncompressed"
	}
	return r.suffix
}

// source remembers the error of the reader below, for decoders hide it.
type source struct {
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// plain decodes what is not compressed.
type plain struct{ io.Reader }

func (plain) free() {}

// Open returns a reader as [Reader] does, whose Close closes the file too. The file
// is closed as well when it cannot be read.
func Open(file io.ReadCloser, suffix string, limit int64) (io.ReadCloser, error) {
	r, err := Reader(file, suffix, limit)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &opened{r, file}, nil
}

type opened struct {
	io.ReadCloser
	file io.Closer
}

func (o *opened) Close() error { return errors.Join(o.ReadCloser.Close(), o.file.Close()) }
