package nailgun

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Document is a JSON value as its bytes. What is not changed keeps its form: the order of
// keys, numbers, and fields that nobody here has heard of.
type Document []byte

// MarshalJSON writes the document as it is.
func (d Document) MarshalJSON() ([]byte, error) { return json.RawMessage(d).MarshalJSON() }

// UnmarshalJSON keeps the bytes.
func (d *Document) UnmarshalJSON(b []byte) error {
	*d = bytes.Clone(b)
	return nil
}

// Get returns the value below the keys; false where there is none.
func (d Document) Get(keys ...string) (Document, bool) {
	for _, key := range keys {
		fields, err := d.fields()
		if err != nil {
			return nil, false
		}
		f := last(fields, key)
		if f == nil {
			return nil, false
		}
		d = d[f.start:f.end]
	}
	return d, true
}

// Text returns the text below the keys, "" where there is none.
func (d Document) Text(keys ...string) (text string) {
	if value, ok := d.Get(keys...); ok && json.Unmarshal(value, &text) != nil {
		return ""
	}
	return text
}

// With returns the document with another value below the keys. Where the last one is
// missing it is added; the others must be there.
func (d Document) With(value Document, keys ...string) (Document, error) {
	if len(keys) == 0 {
		return value, nil
	}
	fields, err := d.fields()
	if err != nil {
		return nil, err
	}
	if f := last(fields, keys[0]); f != nil {
		inner, err := d[f.start:f.end].With(value, keys[1:]...)
		if err != nil {
			return nil, err
		}
		return splice(d, f.start, f.end, inner), nil
	}
	if len(keys) > 1 {
		return nil, fmt.Errorf("there is no %s to hold %s", keys[0], strings.Join(keys[1:], "."))
	}
	name, err := json.Marshal(keys[0])
	if err != nil {
		return nil, err
	}
	added := append(append(name, ": "...), value...)
	if len(fields) > 0 {
		end := fields[len(fields)-1].end
		return splice(d, end, end, append([]byte(", "), added...)), nil
	}
	at := bytes.IndexByte(d, '{') + 1
	return splice(d, at, at, added), nil
}

// Items returns the items of a list.
func (d Document) Items() ([]Document, error) {
	var items []Document
	if err := json.Unmarshal(d, &items); err != nil {
		return nil, err
	}
	if items == nil {
		return nil, errors.New("a list was expected")
	}
	return items, nil
}

// List puts a list together.
func List(items []Document) Document {
	return append(append(Document("["), bytes.Join(raw(items), []byte(", "))...), ']')
}

func raw(items []Document) (out [][]byte) {
	for _, x := range items {
		out = append(out, x)
	}
	return out
}

// field is one of an object: its value lies between start and end.
type fieldAt struct {
	name       string
	start, end int
}

// fields are those of an object, in its order.
func (d Document) fields() (all []fieldAt, err error) {
	in := json.NewDecoder(bytes.NewReader(d))
	if token, err := in.Token(); err != nil || token != json.Delim('{') {
		return nil, errors.Join(errors.New("an object was expected"), err)
	}
	for in.More() {
		name, err := in.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := in.Decode(&value); err != nil {
			return nil, err
		}
		end := int(in.InputOffset())
		all = append(all, fieldAt{name.(string), end - len(value), end})
	}
	if _, err := in.Token(); err != nil {
		return nil, err
	}
	if _, err := in.Token(); err != io.EOF {
		return nil, errors.New("there is more after the object")
	}
	return all, nil
}

// last is the field of the name that counts: the last one.
func last(fields []fieldAt, name string) *fieldAt {
	for i := len(fields) - 1; i >= 0; i-- {
		if fields[i].name == name {
			return &fields[i]
		}
	}
	return nil
}

func splice(d Document, start, end int, with []byte) Document {
	out := make(Document, 0, len(d)-(end-start)+len(with))
	out = append(out, d[:start]...)
	out = append(out, with...)
	return append(out, d[end:]...)
}
