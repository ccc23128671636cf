package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// maxAliased bounds the number of values that the aliases of a file stand for.
const maxAliased = 10_000

// reader reads YAML into the types of this package. It goes on after a mistake
// and collects all of them.
type reader struct {
	file     string
	dir      string // that relative paths are resolved against
	env      func(string) (string, bool)
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
		file: file, dir: dir, env: env,
		nodes: map[string]place{}, broken: map[string]bool{}, mistyped: map[string]bool{},
	}
}

func (r *reader) problem(line int, key, format string, args ...any) {
	r.problems = append(r.problems, Problem{File: r.file, Line: line, Key: key, Message: fmt.Sprintf(format, args...)})
	for ; key != ""; key = parent(key) {
		r.broken[key] = true
	}
}

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
	case t.Kind() == reflect.Pointer:
		target := reflect.New(t.Elem())
		if t.Elem().Kind() == reflect.Struct {
			setDefaults(target.Interface())
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

// resolve follows an alias, within bounds; nil is beyond them.
func (r *reader) resolve(n *yaml.Node, key string) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		if r.aliased > maxAliased {
			return nil
		}
		r.aliased += size(n.Alias, maxAliased+1-r.aliased)
		if r.aliased > maxAliased {
			r.problem(n.Line, key, "the aliases up to here stand for more than %d values", maxAliased)
			return nil
		}
		n = n.Alias
	}
	return n
}

// size is the number of values in a node, its aliases followed; it stops counting
// at the limit.
func size(n *yaml.Node, limit int) int {
	count := 1
	children := n.Content
	if n.Kind == yaml.AliasNode {
		children = []*yaml.Node{n.Alias}
	}
	for _, child := range children {
		if count >= limit {
			break
		}
		count += size(child, limit-count)
	}
	return count
}

// structure reads a mapping of the keys that the struct's fields name.
func (r *reader) structure(n *yaml.Node, v reflect.Value, f field, key string) {
	if !r.isMapping(n, v, f, key) {
		return
	}
	all := fields(v.Type())
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

// named reads a mapping from names into a slice of structs with a field Name.
func (r *reader) named(n *yaml.Node, v reflect.Value, f field, key string) {
	if !r.isMapping(n, v, f, key) {
		return
	}
	for name, value := range r.entries(n, key) {
		entry := reflect.New(v.Type().Elem())
		setDefaults(entry.Interface())
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

// list reads a list, or one text for a list of one, whose key then has no index.
func (r *reader) list(n *yaml.Node, v reflect.Value, f field, key string) {
	items := n.Content
	kind := v.Type().Elem()
	alone := n.Kind == yaml.ScalarNode && !f.is("command") && (kind.Kind() == reflect.String || kind == seedType)
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
			setDefaults(v.Index(i).Addr().Interface())
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

func (r *reader) boolean(n *yaml.Node, v reflect.Value, f field, key string) {
	if n.ShortTag() != "!!bool" || n.Value != "true" && n.Value != "false" {
		r.wrong(n, v, f, key)
		return
	}
	v.SetBool(n.Value == "true")
}

func (r *reader) number(n *yaml.Node, v reflect.Value, f field, key string) {
	number, err := strconv.ParseInt(n.Value, 10, 64)
	switch tag := n.ShortTag(); {
	case f.is("bytes") && (tag == "!!int" || tag == "!!str"):
		if number, err = ParseSize(n.Value); err != nil {
			r.problem(n.Line, key, "%v", err)
			return
		}
	case tag != "!!int" || err != nil || strconv.FormatInt(number, 10) != n.Value: // not the octal 010
		r.wrong(n, v, f, key)
		return
	}
	if f.minimum != nil && number < *f.minimum || f.maximum != nil && number > *f.maximum || v.OverflowInt(number) {
		r.problem(n.Line, key, "is out of range (expected %s, seen %d)", f.expected(v.Type()), number)
		return
	}
	v.SetInt(number)
}

func (r *reader) duration(n *yaml.Node, v reflect.Value, f field, key string) {
	if n.ShortTag() != "!!str" {
		r.wrong(n, v, f, key)
		return
	}
	d, err := ParseDuration(n.Value)
	switch {
	case err != nil:
		r.problem(n.Line, key, "%v", err)
	case d <= 0:
		r.problem(n.Line, key, "is out of range (expected more than 0s, seen %q)", cut(n.Value))
	default:
		v.SetInt(int64(d))
	}
}

func (r *reader) seed(n *yaml.Node, v reflect.Value, f field, key string) {
	if !isText(n, f) {
		r.wrong(n, v, f, key)
		return
	}
	seed, err := ParseSeed(n.Value)
	if err != nil {
		r.problem(n.Line, key, "%v", err)
		return
	}
	v.Set(reflect.ValueOf(seed))
}

// text reads a text, whose field says what it stands for.
func (r *reader) text(n *yaml.Node, v reflect.Value, f field, key string) {
	secret := v.Type() == secretType
	if !isText(n, f) {
		r.wrong(n, v, f, key)
		return
	}
	text := n.Value
	var err error
	switch {
	case text == "" && secret:
	case text == "":
		r.problem(n.Line, key, "is empty (expected %s)", f.expected(v.Type()))
		return
	case f.is("url") && text == f.or:
	case f.is("url"):
		text, err = r.address(text, f)
	case secret || f.is("env"):
		text, err = expand(text, r.env, nil)
	case f.is("command"):
	case environment.MatchString(text):
		err = fmt.Errorf("variables of the environment are not replaced here, but in addresses, auth, headers and passphrases (seen %q)", cut(text))
	case f.is("path"):
		text, err = r.path(text, f)
	case len(f.enum) > 0:
		err = f.known(text)
	case f.pattern != nil && !f.pattern.MatchString(text):
		err = fmt.Errorf("has not the form %s (seen %q)", f.pattern, cut(text))
	}
	if err == nil && strings.ContainsFunc(text, isControl) {
		err = errors.New("holds a control character, such as a line end")
	}
	if err != nil {
		r.problem(n.Line, key, "%v", err)
		return
	}
	v.SetString(text)
}

func isControl(c rune) bool { return c < ' ' || c == 0x7f }

// known checks that the text is one of the field's words.
func (f *field) known(text string) error {
	for _, word := range f.enum {
		if word == text {
			return nil
		}
	}
	near := nearest(text, f.enum)
	if near != "" {
		near = fmt.Sprintf("; did you mean %q?", near)
	}
	return fmt.Errorf("is unknown%s (expected %s, seen %q)", near, oneOf(f.enum), cut(text))
}

// path resolves a path of the file.
func (r *reader) path(text string, f field) (string, error) {
	scheme, rest, isAddress := strings.Cut(text, "://")
	switch {
	case isAddress && scheme == "s3" && f.is("bucket"):
		if rest == "" || rest[0] == '/' {
			return "", fmt.Errorf("names no bucket (expected s3://BUCKET/PREFIX, seen %q)", cut(text))
		}
		return text, nil
	case isAddress && f.is("bucket"):
		return "", fmt.Errorf("is an address of the wrong kind (expected a directory or s3://BUCKET/PREFIX, seen %q)", cut(showAddress(text)))
	case isAddress:
		return "", fmt.Errorf("is an address (expected a path on this machine, seen %q)", cut(showAddress(text)))
	case text[0] == '~':
		return "", fmt.Errorf("begins with ~, which stands for itself here (expected a path, seen %q)", cut(text))
	case filepath.IsAbs(text):
		return filepath.Clean(text), nil
	}
	return filepath.Join(r.dir, text), nil
}

// address replaces the variables of an address and checks it. Errors show it as
// it is written, since variables may hold secrets.
func (r *reader) address(text string, f field) (string, error) {
	address, err := expandAddress(text, r.env)
	if err != nil {
		return "", err
	}
	if defect := addressDefect(address, f.schemes); defect != "" {
		return "", fmt.Errorf("%s (expected %s, seen %q)", defect, f.expectedAddress(), cut(showAddress(text)))
	}
	return address, nil
}

// addressDefect says what is wrong with an address, "" for nothing.
func addressDefect(address string, schemes []string) string {
	u, err := parseURL(address)
	known := false
	for _, scheme := range schemes {
		known = known || err == nil && u.Scheme == scheme
	}
	switch {
	case !strings.Contains(address, "://"):
		return "is not an address"
	case err != nil || strings.ContainsAny(address, " \t"):
		return "is not a valid address"
	case !known:
		return "is an address of the wrong kind"
	case u.Scheme == "file" && u.Host != "" && u.Host != "localhost":
		return "names a host, which file:///PATH does not"
	case u.Scheme == "file" && u.Path == "":
		return "names no path"
	case u.Scheme != "file" && u.Hostname() == "":
		return "names no host"
	case u.Fragment != "":
		return "holds a fragment (#)"
	}
	return ""
}

// wrong notes that a value is of the wrong type.
func (r *reader) wrong(n *yaml.Node, v reflect.Value, f field, key string) {
	r.mistyped[key] = true
	r.problem(n.Line, key, "is of the wrong type (expected %s, seen %s)", f.expected(v.Type()), describe(n, v.Type(), f))
}

func (r *reader) isMapping(n *yaml.Node, v reflect.Value, f field, key string) bool {
	if n.Kind == yaml.MappingNode && n.ShortTag() == "!!map" {
		return true
	}
	r.wrong(n, v, f, key)
	return false
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// isText reports whether the value may be taken as text: what YAML takes for a
// date is the text it is written as, and so is a number where the field allows it.
func isText(n *yaml.Node, f field) bool {
	switch n.ShortTag() {
	case "!!str", "!!timestamp":
		return n.Kind == yaml.ScalarNode
	case "!!int", "!!float":
		return n.Kind == yaml.ScalarNode && f.is("numbers")
	}
	return false
}

// describe says what a value is that should have been one of the type. It does
// not show texts that may be secret.
func describe(n *yaml.Node, t reflect.Type, f field) string {
	secret := t == secretType || f.is("url")
	shown := strconv.Quote(cut(n.Value))
	switch tag := n.ShortTag(); {
	case tag == "!!null":
		return "nothing"
	case tag == "!!seq":
		return "a list"
	case tag == "!!map":
		return "a mapping"
	case tag == "!!str" || tag == "!!timestamp":
		if secret || t.Kind() == reflect.Map || t.Kind() == reflect.Struct && t != seedType {
			return "text"
		}
		return shown
	case tag != "!!bool" && tag != "!!int" && tag != "!!float":
		return "a value tagged " + strconv.Quote(cut(tag))
	case secret:
		return "a number or truth value"
	case t.Kind() == reflect.String:
		return cut(n.Value) + "; in quotes it is text: " + shown
	}
	return cut(n.Value)
}

// cut shortens a text for messages.
func cut(text string) string {
	const most = 80
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "..."
	}
	return text
}
