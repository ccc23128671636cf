package repotest

import (
	"encoding/binary"
	"fmt"
)

// RawRPM is an rpm file of any tags, such as no rpmbuild of today makes.
type RawRPM struct {
	Signature, Header []RawTag
	Payload           []byte
	// Source makes the lead that of a source package.
	Source bool
	// NoRegions leaves out the regions, which packages of format 3 do not have.
	NoRegions bool
}

// RawTag is a value of a header: a string, []string, []byte, []uint8, uint16, []uint16, uint32,
// []uint32, []uint64, or a [Translated].
type RawTag struct {
	Tag   uint32
	Value any
}

// Translated is a string in several languages, that of the C locale first.
type Translated []string

// The tags of regions, by which rpm knows a header's own part (rpmtag.h).
const tagSignatures, tagImmutable = 62, 63

// Bytes is the file.
func (r RawRPM) Bytes() []byte {
	lead := make([]byte, 96)
	copy(lead, "\xed\xab\xee\xdb\x03\x00\x00\x00\x00\x01raw")
	if r.Source {
		lead[7] = 1
	}
	lead[77], lead[79] = 1, 5
	file := append(lead, r.header(r.Signature, tagSignatures)...)
	for len(file)%8 != 0 {
		file = append(file, 0)
	}
	file = append(file, r.header(r.Header, tagImmutable)...)
	return append(file, r.Payload...)
}

// header is a header of the tags, in their order.
func (r RawRPM) header(tags []RawTag, region uint32) []byte {
	var index, data []byte
	add := func(to []byte, numbers ...uint32) []byte {
		for _, n := range numbers {
			to = binary.BigEndian.AppendUint32(to, n)
		}
		return to
	}
	for _, t := range tags {
		kind, count, align, value := t.encode()
		for len(data)%align != 0 {
			data = append(data, 0)
		}
		index = add(index, t.Tag, kind, uint32(len(data)), count)
		data = append(data, value...)
	}
	n := uint32(len(tags))
	if !r.NoRegions {
		n++
		index = append(add(nil, region, 7, uint32(len(data)), 16), index...)
		data = add(data, region, 7, uint32(-16*int32(n)), 16)
	}
	return append(append(add([]byte{0x8e, 0xad, 0xe8, 1, 0, 0, 0, 0}, n, uint32(len(data))), index...), data...)
}

// encode returns the type of the value, how many there are, and their bytes.
func (t RawTag) encode() (kind, count uint32, align int, value []byte) {
	texts := func(all []string) (value []byte) {
		for _, s := range all {
			value = append(append(value, s...), 0)
		}
		return value
	}
	switch v := t.Value.(type) {
	case string:
		return 6, 1, 1, texts([]string{v})
	case []string:
		return 8, uint32(len(v)), 1, texts(v)
	case Translated:
		return 9, uint32(len(v)), 1, texts(v)
	case []byte:
		return 7, uint32(len(v)), 1, v
	case []uint16:
		for _, n := range v {
			value = binary.BigEndian.AppendUint16(value, n)
		}
		return 3, uint32(len(v)), 2, value
	case uint32:
		return 4, 1, 4, binary.BigEndian.AppendUint32(nil, v)
	case []uint32:
		for _, n := range v {
			value = binary.BigEndian.AppendUint32(value, n)
		}
		return 4, uint32(len(v)), 4, value
	case []uint64:
		for _, n := range v {
			value = binary.BigEndian.AppendUint64(value, n)
		}
		return 5, uint32(len(v)), 8, value
	}
	panic(fmt.Sprintf("tag %d has a value of type %T", t.Tag, t.Value))
}
