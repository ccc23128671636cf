package config

import (
	"fmt"
	"reflect"
	"regexp"

	"go.yaml.in/yaml/v4"
)

// reader reads YAML into the types of this package. It goes on after a mistake
// and collects all of them.
type reader struct {
	file     string
	dir      string // that relative paths are resolved against
	env      func(string) (string, bool)
	shapes   shapes
	nodes    map[string]place // by key
	problems Errors
	broken   map[string]bool // keys with a problem, in themselves or below
	mistyped map[string]bool // keys of another type than expected
	aliased  int
}

// place is where a value stands, and how it was written if it is a scalar.
type place struct {
	Line int
	Text string
}

func newReader(file, dir string, env func(string) (string, bool)) *reader {
	if env == nil {
		env = func(string) (string, bool) { return "", false }
	}
	return &reader{
		file: file, dir: dir, env: env, shapes: shapes{},
		nodes: map[string]place{}, broken: map[string]bool{}, mistyped: map[string]bool{},
	}
}

func (r *reader) problem(line int, key, format string, args ...any) {
	r.problems = append(r.problems, Problem{File: r.file, Line: line, Key: key, Message: fmt.Sprintf(format, args...)})
	for ; key != ""; key = parent(key) {
		r.broken[key] = true
	}
}

// config reads the whole configuration.
func (r *reader) config(root *yaml.Node, c *Config) {
	r.nodes[""] = place{Line: 1}
	r.structure(root, reflect.ValueOf(c).Elem(), field{}, "")
}

// value reads one value, of any type.
func (r *reader) value(n *yaml.Node, v reflect.Value, f field, key string) {
	n = r.resolve(n, key)
	switch t := v.Type(); {
	case n == nil:
	case isNull(n):
		r.wrong(n, v, f, key)
	case t == durationType:
		r.duration(n, v, f, key)
	case t == seedType:
		r.seed(n, v, f, key)
	case t == exclusionType:
		r.exclusion(n, v, f, key)
	case t.Kind() == reflect.Pointer:
		target := reflect.New(t.Elem())
		if t.Elem().Kind() == reflect.Struct {
			r.shapes.setDefaults(target.Interface())
		}
		r.value(n, target.Elem(), f, key)
		v.Set(target)
	case t.Kind() == reflect.Struct:
		r.structure(n, v, f, key)
	case t.Kind() == reflect.Map:
		r.mapping(n, v, f, key)
	case t.Kind() == reflect.Slice && f.is("named"):
		r.named(n, v, f, key)
	case t.Kind() == reflect.Slice:
		r.list(n, v, f, key)
	case t.Kind() == reflect.Bool:
		r.boolean(n, v, f, key)
	case v.CanInt():
		r.number(n, v, f, key)
	default:
		r.text(n, v, f, key)
	}
}

// structure reads a mapping of the keys that the struct's fields name.
func (r *reader) structure(n *yaml.Node, v reflect.Value, f field, key string) {
	if !r.isMapping(n, v, f, key) {
		return
	}
	all := r.shapes.fields(v.Type())
	names := make([]string, len(all))
	for i, f := range all {
		names[i] = f.name
	}
	for name, value := range r.entries(n, key) {
		known := false
		for _, f := range all {
			if f.name == name.Value {
				known = true
				r.place(join(key, f.name), name.Line, value)
				r.value(value, v.Field(f.index), f, join(key, f.name))
			}
		}
		if !known {
			r.problem(name.Line, key, "unknown key %q%s", cut(name.Value), suggestion(name.Value, names))
		}
	}
	for _, f := range all {
		if f.required && !r.mistyped[key] && !r.has(join(key, f.name)) {
			r.problem(r.nodes[key].Line, join(key, f.name), "is missing (expected %s)", f.expected(v.Field(f.index).Type()))
		}
	}
}

// place notes where a value stands: at its key's line.
func (r *reader) place(key string, line int, n *yaml.Node) {
	p := place{Line: line}
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind == yaml.ScalarNode {
		p.Text = n.Value
	}
	r.nodes[key] = p
}

// has reports whether the file has the key.
func (r *reader) has(key string) bool {
	_, ok := r.nodes[key]
	return ok
}

// entries yields the keys of a mapping with their values. Keys that are no text,
// and those that stand there again, are problems.
func (r *reader) entries(n *yaml.Node, key string) func(yield func(name, value *yaml.Node) bool) {
	return func(yield func(name, value *yaml.Node) bool) {
		first := make(map[string]int, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			name, value := r.resolve(n.Content[i], key), n.Content[i+1]
			switch {
			case name == nil:
			case name.Kind == yaml.ScalarNode && name.ShortTag() == "!!merge":
				r.mistyped[key] = true
				r.problem(name.Line, key, "merge keys (<<) are not supported; an alias may stand for a whole value")
			case name.Kind != yaml.ScalarNode || isNull(name):
				r.problem(name.Line, key, "a key is not text (seen %s)", describe(name, reflect.TypeFor[string](), field{}))
			case first[name.Value] > 0:
				r.problem(name.Line, key, "duplicate key %q; it is on line %d already", cut(name.Value), first[name.Value])
			default:
				first[name.Value] = name.Line
				if !yield(name, value) {
					return
				}
			}
		}
	}
}

// entryName is what sources, mirrors and repositories may be called: they are
// parts of paths.
var entryName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+-]*$`)

// ValidName reports whether a source, a mirror or a repository may be called so.
func ValidName(name string) bool { return entryName.MatchString(name) }

// named reads a mapping from names into a slice of structs with a field Name.
func (r *reader) named(n *yaml.Node, v reflect.Value, f field, key string) {
	if !r.isMapping(n, v, f, key) {
		return
	}
	for name, value := range r.entries(n, key) {
		entry := reflect.New(v.Type().Elem())
		r.shapes.setDefaults(entry.Interface())
		entry.Elem().FieldByName("Name").SetString(name.Value)
		entryKey := join(key, name.Value)
		r.place(entryKey, name.Line, value)
		if !entryName.MatchString(name.Value) {
			r.problem(name.Line, key, "%q cannot be a name (expected letters, digits, . _ + and -, a letter or digit first)", cut(name.Value))
		}
		r.value(value, entry.Elem(), field{}, entryKey)
		v.Set(reflect.Append(v, entry.Elem()))
	}
}

// mapping reads a mapping from texts to texts, or to lists of them.
func (r *reader) mapping(n *yaml.Node, v reflect.Value, f field, key string) {
	if !r.isMapping(n, v, f, key) {
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for name, value := range r.entries(n, key) {
		entry := reflect.New(v.Type().Elem()).Elem()
		r.place(join(key, name.Value), name.Line, value)
		r.value(value, entry, field{options: f.options, minItems: 1}, join(key, name.Value))
		v.SetMapIndex(reflect.ValueOf(name.Value), entry)
	}
}

// list reads a list, or one item for a list of one, whose key then has no index.
func (r *reader) list(n *yaml.Node, v reflect.Value, f field, key string) {
	items := n.Content
	kind := v.Type().Elem()
	alone := n.Kind == yaml.ScalarNode && !f.is("command") && (kind.Kind() == reflect.String || kind == seedType || kind == exclusionType) ||
		n.Kind == yaml.MappingNode && f.is("single")
	switch {
	case alone:
		items = []*yaml.Node{n}
	case n.Kind != yaml.SequenceNode || n.ShortTag() != "!!seq":
		r.wrong(n, v, f, key)
		return
	}
	if len(items) < f.minItems {
		r.problem(r.nodes[key].Line, key, "is an empty list (expected at least one item)")
	}
	v.Set(reflect.MakeSlice(v.Type(), len(items), len(items)))
	first := map[string]int{}
	for i, n := range items {
		itemKey := key
		if !alone {
			itemKey = item(key, i)
			r.place(itemKey, n.Line, n)
		}
		if kind.Kind() == reflect.Struct {
			r.shapes.setDefaults(v.Index(i).Addr().Interface())
		}
		r.value(n, v.Index(i), f, itemKey)
		if n.Kind != yaml.ScalarNode || f.is("command") {
			continue
		}
		if line := first[n.Value]; line > 0 {
			r.problem(n.Line, itemKey, "is in the list already, on line %d", line)
		}
		first[n.Value] = n.Line
	}
}

func (r *reader) isMapping(n *yaml.Node, v reflect.Value, f field, key string) bool {
	if n.Kind == yaml.MappingNode && n.ShortTag() == "!!map" {
		return true
	}
	r.wrong(n, v, f, key)
	return false
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }
