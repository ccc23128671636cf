package control

// Stanza is one paragraph of a control file. The one that [Reader.Next] returns
// is a view, valid until the reader's next call.
type Stanza struct {
	text   []byte
	fields []field
	offset int64
	line   int
}

// field holds offsets into the stanza's text: the name, then the value from
// behind the colon to the end of its last line.
type field struct{ name, nameEnd, value, end int32 }

// Bytes is the stanza as it stands in the file, without the line that separates
// it from the next one. The last line has its end of line unless the file ends
// without.
func (s Stanza) Bytes() []byte { return s.text }

// Offset is the number of bytes that the reader read before the stanza.
func (s Stanza) Offset() int64 { return s.offset }

// Line is the number of the stanza's first line in its file, from 1.
func (s Stanza) Line() int { return s.line }

// Len is the number of fields.
func (s Stanza) Len() int { return len(s.fields) }

// Name returns the name of field i, as it stands there.
func (s Stanza) Name(i int) []byte {
	f := s.fields[i]
	return s.text[f.name:f.nameEnd]
}

// Value returns the value of field i: as it stands there, with all its lines,
// without blanks around it.
func (s Stanza) Value(i int) []byte {
	f := s.fields[i]
	start, end := trim(s.text, f.value, f.end)
	return s.text[start:end]
}

// Lines returns field i with its name, as it stands there, to the end of its last line.
func (s Stanza) Lines(i int) []byte {
	f := s.fields[i]
	return s.text[f.name:f.end]
}

// ValueIn is Value as a part of a copy of [Stanza.Bytes], which lives as long as
// the copy does.
func (s Stanza) ValueIn(copied string, i int) string {
	f := s.fields[i]
	start, end := trim(s.text, f.value, f.end)
	return copied[start:end]
}

// Get returns the value of the first field of the name, whose case does not
// matter; nil where there is none.
func (s Stanza) Get(name string) []byte {
	for i := range s.fields {
		if EqualName(s.Name(i), name) {
			return s.Value(i)
		}
	}
	return nil
}

// All yields the fields in their order.
func (s Stanza) All(yield func(name, value []byte) bool) {
	for i := range s.fields {
		if !yield(s.Name(i), s.Value(i)) {
			return
		}
	}
}

// trim narrows text[start:end] by the blanks and ends of line around it.
func trim(text []byte, start, end int32) (int32, int32) {
	for start < end && isBlank(text[start]) {
		start++
	}
	for start < end && (isBlank(text[end-1]) || text[end-1] == '\n') {
		end--
	}
	return start, end
}

// EqualName reports whether two names of fields are the same but for the case of
// ASCII letters.
func EqualName[A, B string | []byte](a A, b B) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if a[i] != b[i] && lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(b byte) byte {
	if 'A' <= b && b <= 'Z' {
		return b | 0x20
	}
	return b
}
