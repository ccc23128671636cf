package control

// Stanza is one paragraph of a control file. The one that [Reader.Next] returns
// is a view, valid until the reader's next call.
type Stanza struct {
	text   []byte
	fields []field
	line   int
}

// field holds offsets into the stanza's text: the name, then the value from
// behind the colon to the end of its last line.
type field struct{ name, nameEnd, value, end int32 }

// Bytes is the stanza as it stands in the file, without the line that separates
// it from the next one. The last line has its end of line unless the file ends
// without.
func (s Stanza) Bytes() []byte { return s.text }

// Line is the number of the stanza's first line in its file, from 1.
func (s Stanza) Line() int { return s.line }

// Len is the number of fields.
func (s Stanza) Len() int { return len(s.fields) }

// Field returns name and value of a field by its position. The value is as it
// stands there, with all its lines, without blanks around it.
func (s Stanza) Field(i int) (name, value []byte) {
	f := s.fields[i]
	start, end := trim(s.text, f.value, f.end)
	return s.text[f.name:f.nameEnd], s.text[start:end]
}

// FieldOf is Field for a copy of [Stanza.Bytes]: what it returns are parts of
// the copy, and live as long as it does.
func (s Stanza) FieldOf(copied string, i int) (name, value string) {
	f := s.fields[i]
	start, end := trim(s.text, f.value, f.end)
	return copied[f.name:f.nameEnd], copied[start:end]
}

// Get returns the value of the first field of the name, whose case does not
// matter; nil where there is none.
func (s Stanza) Get(name string) []byte {
	for i, f := range s.fields {
		if EqualName(s.text[f.name:f.nameEnd], name) {
			_, value := s.Field(i)
			return value
		}
	}
	return nil
}

// All yields the fields in their order.
func (s Stanza) All(yield func(name, value []byte) bool) {
	for i := range s.fields {
		if !yield(s.Field(i)) {
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
