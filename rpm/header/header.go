package header

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
)

const (
	introSize = 16
	entrySize = 16
)

// form is what a header has to be like, as rpm has it (lib/header.c).
type form struct {
	region              Tag  // of what belongs to the header as it was built
	whole               bool // the region is all of it: nothing was added
	maxEntries, maxData uint32
}

var (
	signatureForm = form{region: SignatureImmutable, maxEntries: 32, maxData: 64 << 20}
	headerForm    = form{region: HeaderImmutable, whole: true, maxEntries: 1<<16 - 1, maxData: 1<<28 - 1}
)

var magic = []byte{0x8e, 0xad, 0xe8, 0x01, 0, 0, 0, 0}

// kind is the type of a value.
type kind uint32

const (
	kindChar kind = iota + 1
	kindInt8
	kindInt16
	kindInt32
	kindInt64
	kindString
	kindBinary
	kindStrings
	kindTranslated // the first one is that of the C locale
)

// sizes are those of one value of the kind in bytes, 0 for strings.
var sizes = [...]int{kindChar: 1, kindInt8: 1, kindInt16: 2, kindInt32: 4, kindInt64: 8, kindString: 0, kindBinary: 1, kindStrings: 0, kindTranslated: 0}

// Header is typed values by tag. A value of another type than the getter's, or none,
// is the zero value.
type Header struct {
	bytes   []byte
	entries []entry // by tag
}

// entry is a value: count elements, in data.
type entry struct {
	tag   Tag
	kind  kind
	count int
	data  []byte
}

// Bytes returns the header exactly as it stands in the file, with its magic number:
// what signatures and digests of the header cover.
func (h *Header) Bytes() []byte { return h.bytes }

// Tags yields the tags that have a value, in ascending order.
func (h *Header) Tags(yield func(Tag) bool) {
	for _, e := range h.entries {
		if !yield(e.tag) {
			return
		}
	}
}

// Has reports whether the tag has a value.
func (h *Header) Has(tag Tag) bool { return h.find(tag).count > 0 }

// String returns a string, the first one of several: that of the C locale, where it is
// translated.
func (h *Header) String(tag Tag) string {
	return string(h.Text(tag))
}

// Text returns a string as [Header.String] does, as bytes, which must not be changed.
func (h *Header) Text(tag Tag) []byte {
	if e := h.find(tag); e.isStrings() {
		s, _, _ := bytes.Cut(e.data, []byte{0})
		return s[:len(s):len(s)]
	}
	return nil
}

// Strings returns all strings of a tag.
func (h *Header) Strings(tag Tag) []string {
	e := h.find(tag)
	if !e.isStrings() {
		return nil
	}
	all, rest := make([]string, e.count), e.data
	for i := range all {
		var s []byte
		s, rest, _ = bytes.Cut(rest, []byte{0})
		all[i] = string(s)
	}
	return all
}

// Int returns a number, the first one of several, and whether there is one. Numbers
// are unsigned.
func (h *Header) Int(tag Tag) (uint64, bool) {
	if e := h.find(tag); e.isInts() {
		return e.int(0), true
	}
	return 0, false
}

// Ints returns all numbers of a tag.
func (h *Header) Ints(tag Tag) []uint64 {
	e := h.find(tag)
	if !e.isInts() {
		return nil
	}
	all := make([]uint64, e.count)
	for i := range all {
		all[i] = e.int(i)
	}
	return all
}

// Binary returns bytes, which must not be changed.
func (h *Header) Binary(tag Tag) []byte {
	if e := h.find(tag); e.kind == kindBinary {
		return e.data
	}
	return nil
}

// find returns the value of the tag, the zero entry where there is none.
func (h *Header) find(tag Tag) entry {
	i, there := slices.BinarySearchFunc(h.entries, tag, func(e entry, tag Tag) int { return cmp.Compare(e.tag, tag) })
	if !there {
		return entry{}
	}
	return h.entries[i]
}

func (e entry) isStrings() bool {
	return e.kind == kindString || e.kind == kindStrings || e.kind == kindTranslated
}

func (e entry) isInts() bool { return e.kind >= kindInt8 && e.kind <= kindInt64 }

func (e entry) int(i int) uint64 {
	switch e.kind {
	case kindInt16:
		return uint64(binary.BigEndian.Uint16(e.data[2*i:]))
	case kindInt32:
		return uint64(binary.BigEndian.Uint32(e.data[4*i:]))
	case kindInt64:
		return binary.BigEndian.Uint64(e.data[8*i:])
	}
	return uint64(e.data[i])
}

// read reads a header and nothing behind it.
func (f form) read(r io.Reader) (*Header, error) {
	var intro [introSize]byte
	if _, err := io.ReadFull(r, intro[:]); err != nil {
		return nil, truncated(err)
	}
	if !bytes.HasPrefix(intro[:], magic) {
		return nil, fmt.Errorf("it begins with % x, expected % x", intro[:len(magic)], magic)
	}
	entries, size := binary.BigEndian.Uint32(intro[8:]), binary.BigEndian.Uint32(intro[12:])
	if entries == 0 || entries > f.maxEntries {
		return nil, fmt.Errorf("it has %d entries, expected 1 to %d", entries, f.maxEntries)
	}
	if size > f.maxData {
		return nil, fmt.Errorf("its data are %d bytes (at most %d)", size, f.maxData)
	}
	content, err := readGrowing(r, intro[:], int(entries)*entrySize+int(size))
	if err != nil {
		return nil, truncated(err)
	}
	return f.parse(content, int(entries))
}

// atOnce is how many bytes are read without having seen that there are so many: more
// than most headers have.
const atOnce = 1 << 20

// readGrowing reads n bytes behind those that are there, into a buffer that grows with
// what is really there.
func readGrowing(r io.Reader, there []byte, n int) ([]byte, error) {
	content := append(make([]byte, 0, len(there)+min(n, atOnce)), there...)
	for n > 0 {
		more := min(n, max(len(content), atOnce))
		start := len(content)
		content = slices.Grow(content, more)[:start+more]
		if _, err := io.ReadFull(r, content[start:]); err != nil {
			return nil, err
		}
		n -= more
	}
	return content, nil
}

func truncated(err error) error {
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("the file ends within it: %w", io.ErrUnexpectedEOF)
	}
	return err
}

// parse reads the index of a whole header.
func (f form) parse(content []byte, entries int) (*Header, error) {
	h := &Header{bytes: content, entries: make([]entry, 0, entries)}
	index, data := content[introSize:introSize+entries*entrySize], content[introSize+entries*entrySize:]
	region, trailer, err := f.parseRegion(index, data)
	if err != nil {
		return nil, err
	}
	if region.count > 0 {
		h.entries = append(h.entries, region)
		index = index[entrySize:]
	}
	// Values are in order and do not overlap: so no small header is great work.
	for end := 0; len(index) > 0; index = index[entrySize:] {
		e, start, err := parseEntry(index, data, end)
		if err != nil {
			return nil, fmt.Errorf("tag %d: %w", e.tag, err)
		}
		end = start + len(e.data)
		if start < trailer+len(region.data) && end > trailer {
			return nil, fmt.Errorf("tag %d: its value ends at byte %d, within the trailer of the region, which begins at %d", e.tag, end, trailer)
		}
		h.entries = append(h.entries, e)
	}
	slices.SortFunc(h.entries, func(a, b entry) int { return cmp.Compare(a.tag, b.tag) })
	for i := 1; i < len(h.entries); i++ {
		if tag := h.entries[i].tag; tag == h.entries[i-1].tag {
			return nil, fmt.Errorf("tag %d stands there twice", tag)
		}
	}
	return h, nil
}

// parseRegion reads the first entry where it is that of the region. Its value, at the
// end of the region's data, says once more what it is, and how many bytes of the index
// belong to it: the trailer, which begins at a byte of the data. Format 3 has none.
func (f form) parseRegion(index, data []byte) (region entry, trailer int, err error) {
	region.tag = Tag(binary.BigEndian.Uint32(index))
	if region.tag != f.region {
		return entry{}, 0, nil
	}
	start := binary.BigEndian.Uint32(index[8:])
	end := int64(start) + entrySize
	switch {
	case binary.BigEndian.Uint32(index[4:]) != uint32(kindBinary) || binary.BigEndian.Uint32(index[12:]) != entrySize:
		return region, 0, fmt.Errorf("tag %d: the region is malformed", region.tag)
	case end > int64(len(data)) || f.whole && end != int64(len(data)):
		return region, 0, fmt.Errorf("tag %d: the region ends at byte %d of %d", region.tag, end, len(data))
	}
	region.kind, region.count, region.data = kindBinary, entrySize, data[start:end:end]
	expected := bytes.Clone(index[:entrySize])
	size := int64(-int32(binary.BigEndian.Uint32(region.data[8:]))) // it is written as a negative offset
	copy(expected[8:12], region.data[8:12])
	switch {
	case !bytes.Equal(region.data, expected):
		return region, 0, fmt.Errorf("tag %d: the region has the trailer % x, expected % x", region.tag, region.data, expected)
	case size < entrySize || size > int64(len(index)) || size%entrySize != 0 || f.whole && size != int64(len(index)):
		return region, 0, fmt.Errorf("tag %d: the region has %d bytes of the index, which has %d", region.tag, size, len(index))
	}
	return region, int(start), nil
}

// parseEntry reads an entry whose value begins at or behind a byte of the data, and
// returns where it begins.
func parseEntry(index, data []byte, from int) (e entry, start int, err error) {
	e = entry{tag: Tag(binary.BigEndian.Uint32(index)), kind: kind(binary.BigEndian.Uint32(index[4:]))}
	offset, count := binary.BigEndian.Uint32(index[8:]), binary.BigEndian.Uint32(index[12:])
	switch {
	case e.kind < kindChar || e.kind > kindTranslated:
		return e, 0, fmt.Errorf("its type is %d, expected %d to %d", e.kind, kindChar, kindTranslated)
	case int64(offset) > int64(len(data)):
		return e, 0, fmt.Errorf("its value begins at byte %d of %d", offset, len(data))
	case int(offset) < from:
		return e, 0, fmt.Errorf("its value begins at byte %d, within another one, which ends at %d", offset, from)
	case sizes[e.kind] > 1 && offset%uint32(sizes[e.kind]) != 0:
		return e, 0, fmt.Errorf("its value begins at byte %d, expected a multiple of %d", offset, sizes[e.kind])
	case e.kind == kindString && count != 1:
		return e, 0, fmt.Errorf("it is a string with %d values", count)
	}
	rest := data[offset:]
	if count == 0 || int64(count) > int64(len(rest)) {
		return e, 0, fmt.Errorf("it has %d values in %d bytes", count, len(rest))
	}
	size := int(count) * sizes[e.kind]
	if e.isStrings() {
		if size = sizeOfStrings(rest, int(count)); size < 0 {
			return e, 0, errors.New("a string has no end")
		}
	}
	if size > len(rest) {
		return e, 0, fmt.Errorf("its value has %d bytes, of which %d are there", size, len(rest))
	}
	e.count, e.data = int(count), rest[:size:size]
	return e, int(offset), nil
}

// sizeOfStrings is how many bytes some strings have with their ends, -1 where one has
// no end.
func sizeOfStrings(data []byte, count int) int {
	size := 0
	for range count {
		end := bytes.IndexByte(data[size:], 0)
		if end < 0 {
			return -1
		}
		size += end + 1
	}
	return size
}
