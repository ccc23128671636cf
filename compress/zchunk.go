package compress

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"hash"
	"io"
	"math"

	"github.com/klauspost/compress/zstd"
)

const (
	// maxZchunkHeader is room for some million chunks, in bytes; repositories have one
	// a package.
	maxZchunkHeader = 64 << 20
	// maxZchunkDictionary is far more than dictionaries have, in bytes.
	maxZchunkDictionary = 16 << 20
)

// zchunkDecoder reads a zchunk file (zchunk_format.txt of the zchunk project): a header
// with an index of chunks, then the chunks, each compressed on its own, the first of
// which is the dictionary of the others. The header's checksum is checked before
// anything else is read, that of a chunk at its end, that of all at the end.
//
// A file is one stream; nothing can follow it. As libzck does, it refuses files with
// several streams of data. Signatures are not looked at: no program makes any.
type zchunkDecoder struct {
	chunks  []zchunk // that are still to come
	content io.Reader
	begun   bool  // whether content is that of the first of the chunks
	left    int64 // of its content

	stored    io.LimitedReader // the chunk as it stands in the file
	source    io.Reader        // what reads it, for the checksums
	chunkHash checksum
	allHash   checksum
	all       []byte // the checksum of all chunks, nil if there is none

	zstd   *zstd.Decoder // nil where chunks are not compressed
	shared bool          // whether it may serve other files
}

// zchunk is a chunk as the index has it.
type zchunk struct {
	checksum             []byte
	stored, uncompressed int64 // sizes in bytes
}

func openZchunk(r *bufio.Reader) (decoder, error) {
	d := &zchunkDecoder{stored: io.LimitedReader{R: r}}
	compressed, err := d.readHeader(r)
	if err != nil {
		return nil, err
	}
	d.source = io.TeeReader(&d.stored, io.MultiWriter(d.chunkHash, d.allHash))
	if compressed {
		err = d.openZstd()
	} else {
		_, err = d.dictionary() // nothing is made of it
	}
	if err != nil {
		return nil, err
	}
	return d, nil
}

// openZstd makes the decompressor, with the dictionary if there is one.
func (d *zchunkDecoder) openZstd() error {
	z, err := openZstd(bufio.NewReader(bytes.NewReader(nil)))
	if err != nil {
		return err
	}
	d.zstd, d.shared = z.(zstdDecoder).Decoder, true
	dictionary, err := d.dictionary()
	if err != nil || len(dictionary) == 0 {
		return err
	}
	d.free()
	// What is no dictionary in zstd's own format is content that chunks refer to.
	option := zstd.WithDecoderDictRaw(0, dictionary)
	if bytes.HasPrefix(dictionary, []byte{0x37, 0xa4, 0x30, 0xec}) {
		option = zstd.WithDecoderDicts(dictionary)
	}
	d.shared = false
	d.zstd, err = zstd.NewReader(nil,
		zstd.WithDecoderConcurrency(1),
		zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(maxZstdWindow),
		option)
	return err
}

// dictionary reads the first chunk.
func (d *zchunkDecoder) dictionary() ([]byte, error) {
	size := d.chunks[0].uncompressed
	if size > maxZchunkDictionary {
		return nil, fmt.Errorf("its dictionary has %d bytes (at most %d)", size, maxZchunkDictionary)
	}
	if d.chunks[0].stored == 0 && size == 0 {
		d.chunks = d.chunks[1:]
		return nil, nil
	}
	var content bytes.Buffer
	rest := d.chunks[1:]
	d.chunks = d.chunks[:1]
	for piece := make([]byte, 4096); len(d.chunks) > 0; {
		n, err := d.readChunk(piece)
		content.Write(piece[:n])
		if err != nil {
			return nil, fmt.Errorf("dictionary: %w", err)
		}
	}
	d.chunks = rest
	return content.Bytes(), nil
}

func (d *zchunkDecoder) Read(p []byte) (int, error) {
	for len(d.chunks) > 0 {
		if n, err := d.readChunk(p); n > 0 || err != nil {
			return n, err
		}
	}
	if d.all != nil && !bytes.Equal(d.all, d.allHash.sum()) {
		return 0, errors.New("the checksum of all its chunks is not that of the header")
	}
	return 0, io.EOF
}

// readChunk reads from the first of the chunks, and takes it off at its end.
func (d *zchunkDecoder) readChunk(p []byte) (int, error) {
	chunk := d.chunks[0]
	if !d.begun {
		d.begun, d.left, d.content, d.stored.N = true, chunk.uncompressed, d.source, chunk.stored
		d.chunkHash.Reset()
		if d.zstd != nil {
			d.content = d.zstd
			if err := d.zstd.Reset(d.source); err != nil {
				return 0, err
			}
		}
	}
	n, err := d.content.Read(p)
	d.left -= int64(n)
	switch {
	case d.left < 0:
		return 0, fmt.Errorf("a chunk has more than the %d bytes that the index says", chunk.uncompressed)
	case err == nil:
		return n, nil
	case err != io.EOF:
		return n, err
	case d.stored.N > 0:
		return n, io.ErrUnexpectedEOF
	case d.left > 0:
		return n, fmt.Errorf("a chunk has %d bytes fewer than the %d that the index says", d.left, chunk.uncompressed)
	case !bytes.Equal(chunk.checksum, d.chunkHash.sum()):
		return n, errors.New("the checksum of a chunk is not that of the index")
	}
	d.begun, d.chunks = false, d.chunks[1:]
	return n, nil
}

func (d *zchunkDecoder) free() {
	if d.shared {
		zstdDecoders.Put(d.zstd)
	}
}

// checksum is a digest, of which the first bytes count.
type checksum struct {
	hash.Hash
	size int
}

func (c checksum) sum() []byte { return c.Sum(nil)[:c.size] }

// newChecksum makes the checksum of a type in the format.
func newChecksum(number uint64) (checksum, error) {
	switch number {
	case 0:
		return checksum{sha1.New(), sha1.Size}, nil
	case 1:
		return checksum{sha256.New(), sha256.Size}, nil
	case 2:
		return checksum{sha512.New(), sha512.Size}, nil
	case 3:
		return checksum{sha512.New(), 16}, nil
	}
	return checksum{}, fmt.Errorf("its checksums are of the unknown type %d", number)
}

// Flags of a file. Files with others cannot be read.
const (
	zchunkStreams      = 1 << iota // chunks belong to several streams
	zchunkOptional                 // there are optional elements
	zchunkUncompressed             // the index has checksums of the uncompressed chunks too
)

// readHeader reads up to the data, and whether they are compressed.
func (d *zchunkDecoder) readHeader(r *bufio.Reader) (compressed bool, err error) {
	id := []byte("\x00ZCK1")
	lead := make([]byte, len(id), 64)
	if _, err := io.ReadFull(r, lead); err != nil {
		return false, err
	}
	if !bytes.Equal(lead, id) {
		return false, fmt.Errorf("it begins with %q, expected %q", lead, id)
	}
	var numbers [2]uint64 // type of the checksum, size of the header
	for i := range numbers {
		begin := len(lead)
		for len(lead) == begin || lead[len(lead)-1]&0x80 == 0 && len(lead)-begin < maxZchunkNumber {
			c, err := r.ReadByte()
			if err != nil {
				return false, err
			}
			lead = append(lead, c)
		}
		number := fields{rest: lead[begin:]}
		if numbers[i] = number.number(); number.err != nil {
			return false, number.err
		}
	}
	if d.allHash, err = newChecksum(numbers[0]); err != nil {
		return false, err
	}
	if numbers[1] > maxZchunkHeader {
		return false, fmt.Errorf("its header has %d bytes (at most %d)", numbers[1], maxZchunkHeader)
	}
	want := make([]byte, d.allHash.size)
	if _, err := io.ReadFull(r, want); err != nil {
		return false, err
	}
	var header bytes.Buffer // grows with what is really there
	if _, err := io.CopyN(&header, r, int64(numbers[1])); err != nil {
		return false, err
	}
	d.allHash.Write(lead)
	d.allHash.Write(header.Bytes())
	if !bytes.Equal(want, d.allHash.sum()) {
		return false, errors.New("the checksum of its header is wrong")
	}
	d.allHash.Reset()
	return d.parseHeader(header.Bytes())
}

// parseHeader reads the preface and the index.
func (d *zchunkDecoder) parseHeader(header []byte) (compressed bool, err error) {
	f := fields{rest: header}
	d.all = f.bytes(uint64(d.allHash.size))
	flags := f.number()
	compression := f.number()
	if flags&zchunkOptional != 0 {
		for range f.count(2) {
			f.number() // which one
			f.bytes(f.number())
		}
	}
	index := fields{rest: f.bytes(f.number())}
	chunkHash := index.number()
	switch {
	case f.err != nil:
		return false, f.err
	case flags&^(zchunkOptional|zchunkUncompressed) != 0:
		return false, fmt.Errorf("it has the flags %#x, which are not supported", flags)
	case compression != 0 && compression != 2:
		return false, fmt.Errorf("its compression is of the unknown type %d", compression)
	}
	if d.chunkHash, err = newChecksum(chunkHash); err != nil {
		return false, err
	}
	if flags&zchunkUncompressed != 0 {
		d.all = nil // is not made then
	}
	for range index.count(d.chunkHash.size + 2) {
		chunk := zchunk{checksum: index.bytes(uint64(d.chunkHash.size))}
		if flags&zchunkUncompressed != 0 {
			index.bytes(uint64(d.chunkHash.size))
		}
		chunk.stored, chunk.uncompressed = index.size(), index.size()
		d.chunks = append(d.chunks, chunk)
	}
	switch {
	case index.err != nil:
		return false, fmt.Errorf("index: %w", index.err)
	case len(d.chunks) == 0:
		return false, errors.New("its index has no chunk, not even that of the dictionary")
	case len(index.rest) > 0:
		return false, fmt.Errorf("its index has %d bytes behind the last chunk", len(index.rest))
	}
	return compression == 2, nil
}

// maxZchunkNumber is how many bytes a number has at most: 63 bits.
const maxZchunkNumber = 9

// fields reads the parts of a header, up to the first error.
type fields struct {
	rest []byte
	err  error
}

// number reads a number: seven bits a byte, the lowest first; the top bit marks the
// last byte.
func (f *fields) number() (n uint64) {
	for i, c := range f.rest {
		if i == maxZchunkNumber {
			break
		}
		n |= uint64(c&0x7f) << (7 * i)
		if c&0x80 != 0 {
			f.rest = f.rest[i+1:]
			return n
		}
	}
	f.fail("a number has no end")
	return 0
}

// size reads a size in bytes.
func (f *fields) size() int64 {
	n := f.number()
	if n > math.MaxInt64/2 {
		f.fail(fmt.Sprintf("a size is %d", n))
	}
	return int64(n)
}

// count reads how many parts follow, of which each has some bytes at least.
func (f *fields) count(each int) int {
	n := f.number()
	if n > uint64(len(f.rest)/each) {
		f.fail(fmt.Sprintf("%d parts are announced in %d bytes", n, len(f.rest)))
		return 0
	}
	return int(n)
}

func (f *fields) bytes(n uint64) (b []byte) {
	if n > uint64(len(f.rest)) {
		f.fail(fmt.Sprintf("%d bytes are announced, %d are left", n, len(f.rest)))
		return nil
	}
	b, f.rest = f.rest[:n], f.rest[n:]
	return b
}

func (f *fields) fail(problem string) {
	if f.err == nil {
		f.err = errors.New(problem)
	}
	f.rest = nil
}
