package modulemd

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"
)

// The limits. The largest files of distributions have some tens of MB, their
// documents some hundred KB, nested less than ten deep.
const (
	maxFile     = 128 << 20
	maxDocument = 2 << 20
	maxDepth    = 32
)

// document is one YAML document of a file.
type document struct {
	file string
	text []byte // with the lines that mark its start and its end
	line int    // number of its first line, from 1
}

// readDocuments reads a file and splits it into its documents.
func readDocuments(r io.Reader, name string) ([]document, error) {
	content, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(content) > maxFile {
		return nil, fmt.Errorf("%s has more than %d bytes", name, maxFile)
	}
	if !utf8.Valid(content) {
		return nil, fmt.Errorf("%s is not UTF-8", name)
	}
	return split(content, name), nil
}

// split cuts a file at the lines that mark the start or the end of a document, which
// may stand within none (YAML 1.1, 4.3: they are forbidden in scalars too). Comments
// that no document follows are left out.
func split(content []byte, name string) (all []document) {
	start, first, begun := 0, 1, false
	end := func(at, line int) {
		if begun {
			all = append(all, document{name, content[start:at], first})
		}
		start, first, begun = at, line, false
	}
	at, line := 0, 1
	for text := range bytes.Lines(content) {
		switch {
		case isMarker(text, "---"):
			if begun {
				end(at, line)
			}
			begun = true
		case isMarker(text, "..."):
			end(at+len(text), line+1)
		case !begun:
			begun = !isPrefix(text)
		}
		at += len(text)
		line++
	}
	end(at, line)
	return all
}

func isMarker(line []byte, marker string) bool {
	rest, ok := bytes.CutPrefix(line, []byte(marker))
	return ok && (len(rest) == 0 || bytes.IndexByte([]byte(" \t\r\n"), rest[0]) >= 0)
}

// isPrefix reports whether the line may stand before the start of a document: it is
// blank, a comment or a directive.
func isPrefix(line []byte) bool {
	line = bytes.TrimSpace(line)
	return len(line) == 0 || line[0] == '#' || line[0] == '%'
}

// parse reads the document. Aliases are refused, as libmodulemd does: they can make
// little text mean much.
func (d document) parse() (*yaml.Node, error) {
	if len(d.text) > maxDocument {
		return nil, fmt.Errorf("%s:%d: the document has %d bytes (at most %d)", d.file, d.line, len(d.text), maxDocument)
	}
	var n yaml.Node
	if err := yaml.Load(d.text, &n, yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthValue(maxDepth)))); err != nil {
		if e, ok := errors.AsType[*yaml.LoadError](err); ok {
			return nil, fmt.Errorf("%s:%d: malformed YAML: %s", d.file, d.line+max(e.Mark.Line, 1)-1, e.Message)
		}
		return nil, fmt.Errorf("%s:%d: malformed YAML: %w", d.file, d.line, err)
	}
	if alias := findAlias(&n); alias != nil {
		return nil, fmt.Errorf("%s:%d: there is an alias, *%s, which module metadata must not have", d.file, d.line+alias.Line-1, alias.Value)
	}
	if n.Kind != yaml.DocumentNode || len(n.Content) != 1 || n.Content[0].Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s:%d: the document is no mapping", d.file, d.line)
	}
	return &n, nil
}

func findAlias(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n
	}
	for _, child := range n.Content {
		if alias := findAlias(child); alias != nil {
			return alias
		}
	}
	return nil
}

// field returns what the keys lead to, one in the other; nil where there is none.
func field(n *yaml.Node, keys ...string) *yaml.Node {
	if n != nil && n.Kind == yaml.DocumentNode {
		n = n.Content[0]
	}
	for _, key := range keys {
		if n = value(n, key); n == nil {
			return nil
		}
	}
	return n
}

func value(n *yaml.Node, key string) *yaml.Node {
	for k, v := range pairs(n) {
		if k.Value == key {
			return v
		}
	}
	return nil
}

// pairs yields the keys that are scalars, and their values; none of what is no mapping.
func pairs(n *yaml.Node) func(func(key, value *yaml.Node) bool) {
	return func(yield func(key, value *yaml.Node) bool) {
		if n == nil || n.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Kind == yaml.ScalarNode && !yield(n.Content[i], n.Content[i+1]) {
				return
			}
		}
	}
}

// text returns a scalar as it is written, "" for all else: libmodulemd takes versions
// such as 1.10 as text, too.
func text(n *yaml.Node) string {
	if n == nil || n.Kind != yaml.ScalarNode {
		return ""
	}
	return n.Value
}

// texts returns the scalars of a sequence.
func texts(n *yaml.Node) (list []string) {
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	for _, item := range n.Content {
		if item.Kind == yaml.ScalarNode {
			list = append(list, item.Value)
		}
	}
	return list
}
