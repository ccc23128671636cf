package header

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sort"
)

const (
	maxEntries = 65535    // as rpm has it
	maxData    = 64 << 20 // in bytes; the headers of the greatest packages have some 20 MB
	introSize  = 16
	entrySize  = 16
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

// find returns the first value of the tag, the zero entry where there is none.
func (h *Header) find(tag Tag) entry {
	i := sort.Search(len(h.entries), func(i int) bool { return h.entries[i].tag >= tag })
	if i < len(h.entries) && h.entries[i].tag == tag {
		return h.entries[i]
	}
	return entry{}
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
func read(r io.Reader) (*Header, error) {
	var intro [introSize]byte
	if _, err := io.ReadFull(r, intro[:]); err != nil {
		return nil, truncated(err)
	}
	if !bytes.HasPrefix(intro[:], magic) {
		return nil, fmt.Errorf("it begins with % x, expected % x", intro[:len(magic)], magic)
	}
	entries, size := binary.BigEndian.Uint32(intro[8:]), binary.BigEndian.Uint32(intro[12:])
	if entries == 0 || entries > maxEntries {
		return nil, fmt.Errorf("it has %d entries, expected 1 to %d", entries, maxEntries)
	}
	if size > maxData {
		return nil, fmt.Errorf("its data are %d bytes (at most %d)", size, maxData)
	}
	// The buffer grows with what is really there.
	content := bytes.NewBuffer(intro[:])
	if _, err := io.CopyN(content, r, int64(entries)*entrySize+int64(size)); err != nil {
		return nil, truncated(err)
	}
	return parse(content.Bytes(), int(entries))
}

func truncated(err error) error {
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("the file ends within it: %w", io.ErrUnexpectedEOF)
	}
	return err
}

// parse reads the index of a whole header.
func parse(content []byte, entries int) (*Header, error) {
	h := &Header{bytes: content, entries: make([]entry, 0, entries)}
	index, data := content[introSize:introSize+entries*entrySize], content[introSize+entries*entrySize:]
	// Values of a sound header do not overlap. Without a bound on them all, a small
	// header could be great work.
	left := len(data)
	for ; len(index) > 0; index = index[entrySize:] {
		e, err := parseEntry(index, data, left)
		if err != nil {
			return nil, fmt.Errorf("tag %d: %w", e.tag, err)
		}
		left -= len(e.data)
		h.entries = append(h.entries, e)
	}
	sort.SliceStable(h.entries, func(i, j int) bool { return h.entries[i].tag < h.entries[j].tag })
	return h, nil
}

func parseEntry(index, data []byte, left int) (entry, error) {
	e := entry{tag: Tag(binary.BigEndian.Uint32(index)), kind: kind(binary.BigEndian.Uint32(index[4:]))}
	offset, count := binary.BigEndian.Uint32(index[8:]), binary.BigEndian.Uint32(index[12:])
	switch {
	case e.kind < kindChar || e.kind > kindTranslated:
		return e, fmt.Errorf("its type is %d, expected %d to %d", e.kind, kindChar, kindTranslated)
	case int64(offset) > int64(len(data)):
		return e, fmt.Errorf("its value begins at byte %d of %d", offset, len(data))
	case count == 0 || int64(count) > int64(left):
		return e, fmt.Errorf("it has %d values in %d bytes", count, left)
	case e.kind == kindString && count != 1:
		return e, fmt.Errorf("it is a string with %d values", count)
	}
	e.count, e.data = int(count), data[offset:]
	size := e.count * sizes[e.kind]
	if e.isStrings() {
		if size = sizeOfStrings(e.data, e.count); size < 0 {
			return e, errors.New("a string has no end")
		}
	}
	switch {
	case size > len(e.data) || size > left:
		return e, fmt.Errorf("its value has %d bytes, of which %d are there", size, min(len(e.data), left))
	case sizes[e.kind] > 1 && offset%uint32(sizes[e.kind]) != 0:
		return e, fmt.Errorf("its value begins at byte %d, expected a multiple of %d", offset, sizes[e.kind])
	}
	e.data = e.data[:size:size]
	return e, nil
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
