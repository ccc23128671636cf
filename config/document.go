package config

import (
	"bytes"
	"errors"
	"io"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// document returns the value of the file's only document, nil if there is none to
// be read. An empty file is an empty mapping.
func (r *reader) document(data []byte) *yaml.Node {
	if len(data) > maxFile {
		r.problem(1, "", "the file is too large (expected at most %d bytes)", maxFile)
		return nil
	}
	if line := invalidUTF8(data); line > 0 {
		r.problem(line, "", "the file is not UTF-8")
		return nil
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var document, next yaml.Node
	switch err := decoder.Decode(&document); {
	case errors.Is(err, io.EOF):
		return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: 1}
	case err != nil:
		r.syntax(err)
		return nil
	}
	switch err := decoder.Decode(&next); {
	case errors.Is(err, io.EOF):
	case err != nil:
		r.syntax(err)
		return nil
	default:
		r.problem(next.Line, "", "a second YAML document begins (expected one)")
		return nil
	}
	if document.Kind != yaml.DocumentNode || len(document.Content) != 1 {
		r.problem(1, "", "the file holds no YAML document")
		return nil
	}
	root := document.Content[0]
	if isNull(root) {
		return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: 1}
	}
	return root
}

// invalidUTF8 returns the line of the first byte that is not UTF-8, 0 for none.
func invalidUTF8(data []byte) int {
	line := 1
	for len(data) > 0 {
		c, size := utf8.DecodeRune(data)
		switch {
		case c == utf8.RuneError && size == 1:
			return line
		case c == '\n':
			line++
		}
		data = data[size:]
	}
	return 0
}

func (r *reader) syntax(err error) {
	line, message := 1, err.Error()
	if e := (*yaml.LoadError)(nil); errors.As(err, &e) {
		line, message = max(1, e.Mark.Line), e.Message
	}
	r.problem(line, "", "not valid YAML: %s", message)
}
