package fuel

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/mirrorkeeper/mirrorkeeper/config"
)

// maxFile bounds a file in bytes.
const maxFile = 1 << 20

// file reads a YAML file strictly; every mistake is noted with its line and key.
type file struct {
	name     string
	problems config.Errors
}

// readFile returns the value of the file's only document, nil for an empty one.
func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(content) > maxFile {
		err = fmt.Errorf("%s is larger than %d bytes", name, maxFile)
	}
	return content, err
}

// document returns the value of the only document, nil where there is none.
func (f *file) document(content []byte) *yaml.Node {
	d := yaml.NewDecoder(bytes.NewReader(content))
	var document, next yaml.Node
	err := d.Decode(&document)
	if err == nil {
		if d.Decode(&next) != io.EOF {
			f.problem(&next, "", "a second YAML document begins (expected one)")
		}
	}
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		line, message := 1, err.Error()
		if e := (*yaml.LoadError)(nil); errors.As(err, &e) {
			line, message = max(1, e.Mark.Line), e.Message
		}
		f.problems = append(f.problems, config.Problem{File: f.name, Line: line, Message: "not valid YAML: " + message})
		return nil
	case len(document.Content) != 1 || isNull(document.Content[0]):
		return nil
	}
	return resolve(document.Content[0])
}

func (f *file) problem(n *yaml.Node, key, format string, args ...any) {
	f.problems = append(f.problems, config.Problem{File: f.name, Line: n.Line, Key: key, Message: fmt.Sprintf(format, args...)})
}

// err is all mistakes, in the order of their lines.
func (f *file) err() error {
	if len(f.problems) == 0 {
		return nil
	}
	slices.SortStableFunc(f.problems, func(a, b config.Problem) int { return cmp.Compare(a.Line, b.Line) })
	return f.problems
}

func resolve(n *yaml.Node) *yaml.Node {
	for range 8 {
		if n.Kind != yaml.AliasNode || n.Alias == nil {
			break
		}
		n = n.Alias
	}
	return n
}

func isNull(n *yaml.Node) bool {
	n = resolve(n)
	return n.Kind == yaml.ScalarNode && n.Tag == "!!null" || n.Kind == yaml.ScalarNode && n.Style == 0 && strings.TrimSuffix(n.Value, ",") == "null"
}

// fields is what is done with the values of a mapping, by key.
type fields map[string]func(key string, n *yaml.Node)

// mapping reads a mapping. Keys that are not known are mistakes.
func (f *file) mapping(n *yaml.Node, key string, known fields) {
	f.pairs(n, key, func(name, key string, at, value *yaml.Node) {
		read, ok := known[name]
		if !ok {
			f.problem(at, key, "is not known here (expected one of %s)", strings.Join(slices.Sorted(maps.Keys(known)), ", "))
			return
		}
		if !isNull(value) {
			read(key, value)
		}
	})
}

// pairs calls a function for each entry of a mapping.
func (f *file) pairs(n *yaml.Node, key string, do func(name, key string, at, value *yaml.Node)) {
	n = resolve(n)
	if n.Kind != yaml.MappingNode {
		f.problem(n, key, "is no mapping (expected such as \"name: value\")")
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name := n.Content[i].Value
		at := strings.TrimPrefix(key+"."+name, ".")
		if seen[name] {
			f.problem(n.Content[i], at, "stands here twice")
			continue
		}
		seen[name] = true
		do(name, at, n.Content[i], resolve(n.Content[i+1]))
	}
}

// items calls a function for each item of a list; one value stands for a list of it.
func (f *file) items(n *yaml.Node, key string, do func(key string, n *yaml.Node)) {
	n = resolve(n)
	if n.Kind != yaml.SequenceNode {
		do(key, n)
		return
	}
	for i, x := range n.Content {
		do(key+"["+strconv.Itoa(i)+"]", resolve(x))
	}
}

// text reads a text: numbers are taken as they are written.
func (f *file) text(to *string) func(key string, n *yaml.Node) {
	return func(key string, n *yaml.Node) {
		if n.Kind != yaml.ScalarNode {
			f.problem(n, key, "is no text")
			return
		}
		*to = n.Value
	}
}

func (f *file) texts(to *[]string) func(key string, n *yaml.Node) {
	return func(key string, n *yaml.Node) {
		f.items(n, key, func(key string, n *yaml.Node) {
			var text string
			f.text(&text)(key, n)
			*to = append(*to, text)
		})
	}
}

// number reads a number from least up. A comma behind it is passed over: the first
// description of the file had them.
func (f *file) number(to *int, least int) func(key string, n *yaml.Node) {
	return func(key string, n *yaml.Node) {
		v, err := strconv.Atoi(strings.TrimSuffix(n.Value, ","))
		if n.Kind != yaml.ScalarNode || err != nil || v < least || v > 1<<16 {
			f.problem(n, key, "is no number from %d to %d (seen %q)", least, 1<<16, cut(n.Value))
			return
		}
		*to = v
	}
}

func (f *file) flag(to *bool) func(key string, n *yaml.Node) {
	return func(key string, n *yaml.Node) {
		if n.Kind != yaml.ScalarNode || n.Tag != "!!bool" {
			f.problem(n, key, "is neither true nor false (seen %q)", cut(n.Value))
			return
		}
		*to = n.Value == "true"
	}
}

// files reads names of files, relative to the directory of this one.
func (f *file) files(to *[]string) func(key string, n *yaml.Node) {
	return func(key string, n *yaml.Node) {
		var names []string
		f.texts(&names)(key, n)
		for _, name := range names {
			*to = append(*to, f.resolved(name))
		}
	}
}

// directory reads the name of a directory, relative to that of this file.
func (f *file) directory(to *string) func(key string, n *yaml.Node) {
	return func(key string, n *yaml.Node) {
		f.text(to)(key, n)
		*to = f.resolved(*to)
	}
}

func (f *file) resolved(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(f.name), name)
}

// cut keeps what is shown of a value at a readable length.
func cut(text string) string {
	const most = 60
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "..."
	}
	return text
}
