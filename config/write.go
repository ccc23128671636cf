package config

import (
	"bytes"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// Text returns the configuration as a file that [Parse] reads. What has its default is
// left out, and so are Logins, which the addresses of a file have in them.
//
// Addresses and secrets are written as they are: they hold ${NAME} where the environment
// is to be asked, and $$ for a dollar sign. Comments stand above the keys that they are
// for, such as "mirrors.web.packages", or above what would hold the key; those for ""
// begin the file.
func Text(c *Config, comments map[string][]string) ([]byte, error) {
	w := &writer{comments: comments, placed: map[string]bool{}}
	root := w.structure(reflect.ValueOf(*c), reflect.ValueOf(*New()), "")
	document := &yaml.Node{Kind: yaml.DocumentNode, Content: []*yaml.Node{root}}
	document.HeadComment = comment(w.unplaced())
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(document); err != nil {
		return nil, fmt.Errorf("cannot write the configuration: %w", err)
	}
	return b.Bytes(), e.Close()
}

// writer makes nodes of values.
type writer struct {
	comments map[string][]string
	placed   map[string]bool // keys whose comments stand somewhere
	shapes   shapes
}

// comment is a text of comment lines.
func comment(lines []string) string {
	var b strings.Builder
	for _, line := range lines {
		b.WriteString("# " + strings.Map(oneLine, line) + "\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// oneLine keeps a text from ending its comment, and from being no valid YAML.
func oneLine(c rune) rune {
	if c < ' ' || c >= 0x7f && c < 0xa0 || c == '\u2028' || c == '\u2029' || c == '\uFEFF' || c >= 0xd800 && c < 0xe000 || c == 0xfffe || c == 0xffff {
		return ' '
	}
	return c
}

// unplaced are the comments whose keys are not in the file, nor what would hold them.
func (w *writer) unplaced() (lines []string) {
	for _, key := range slices.Sorted(maps.Keys(w.comments)) {
		if !w.placed[key] {
			lines = append(lines, w.comments[key]...)
		}
	}
	return lines
}

// structure writes the fields that differ from the defaults.
func (w *writer) structure(v, defaults reflect.Value, key string) *yaml.Node {
	if w.shapes == nil {
		w.shapes = shapes{}
	}
	n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	for _, f := range w.shapes.fields(v.Type()) {
		value, fallback := v.Field(f.index), defaults.Field(f.index)
		if reflect.DeepEqual(value.Interface(), fallback.Interface()) || value.Kind() == reflect.Slice && value.Len() == 0 || value.Kind() == reflect.Map && value.Len() == 0 {
			continue
		}
		at := join(key, f.name)
		if child := w.value(value, fallback, f, at); child != nil {
			n.Content = append(n.Content, w.name(f.name, at), child)
		}
	}
	return n
}

// name is the node of a key, with the comments for it and for what it holds that is not
// in the file.
func (w *writer) name(name, at string) *yaml.Node {
	n := text(name)
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(w.comments)) {
		for above := key; above != "" && !w.placed[key]; above = parent(above) {
			if above == at {
				w.placed[key] = true
				lines = append(lines, w.comments[key]...)
			}
		}
	}
	n.HeadComment = comment(lines)
	return n
}

func text(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s} }

func number(n int64) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: strconv.FormatInt(n, 10)}
}

// value writes one value, nil for one that stands for nothing.
func (w *writer) value(v, fallback reflect.Value, f field, key string) *yaml.Node {
	switch t := v.Type(); {
	case t == durationType:
		return text(duration(time.Duration(v.Int())))
	case t == seedType:
		return text(v.Interface().(Seed).String())
	case t == exclusionType:
		x := v.Interface().(Exclusion)
		if x.Package != "" {
			return text(x.Package)
		}
		return flow(w.structure(v, reflect.Zero(t), key))
	case t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Struct:
		defaults := reflect.New(t.Elem())
		shapes{}.setDefaults(defaults.Interface())
		return w.structure(v.Elem(), defaults.Elem(), key)
	case t.Kind() == reflect.Pointer:
		return w.value(v.Elem(), fallback, f, key)
	case t.Kind() == reflect.Struct:
		return w.structure(v, fallback, key)
	case t.Kind() == reflect.Map:
		return w.mapping(v, f, key)
	case t.Kind() == reflect.Slice && f.is("named"):
		return w.named(v, key)
	case t.Kind() == reflect.Slice:
		return w.list(v, f, key)
	case t.Kind() == reflect.Bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: strconv.FormatBool(v.Bool())}
	case v.CanInt():
		return number(v.Int())
	}
	return text(v.String()) // of a Secret too, whose method is not asked
}

// flow has a node of scalars stand on one line.
func flow(n *yaml.Node) *yaml.Node {
	n.Style = yaml.FlowStyle
	return n
}

func (w *writer) mapping(v reflect.Value, f field, key string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	names := v.MapKeys()
	slices.SortFunc(names, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	for _, name := range names {
		value := v.MapIndex(name)
		n.Content = append(n.Content, text(name.String()), w.value(value, reflect.Zero(value.Type()), f, join(key, name.String())))
	}
	return flow(n)
}

// named writes a mapping from the names of structs to them.
func (w *writer) named(v reflect.Value, key string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	for i := range v.Len() {
		item := v.Index(i)
		name := item.FieldByName("Name").String()
		defaults := reflect.New(item.Type())
		shapes{}.setDefaults(defaults.Interface())
		switch d := defaults.Interface().(type) {
		case *Mirror:
			d.Path = name
		case *Repository:
			d.Path, d.Archive = name, name
		}
		at := join(key, name)
		value := w.structure(item, defaults.Elem(), at)
		n.Content = append(n.Content, w.name(name, at), value)
	}
	return n
}

// list writes a list; one of texts stands on one line where it is short.
func (w *writer) list(v reflect.Value, f field, key string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
	length, scalars := 0, true
	for i := range v.Len() {
		defaults := reflect.New(v.Type().Elem())
		if v.Type().Elem().Kind() == reflect.Struct {
			shapes{}.setDefaults(defaults.Interface())
		}
		at := item(key, i)
		child := w.value(v.Index(i), defaults.Elem(), f, at)
		length += len(child.Value) + len(", ")
		scalars = scalars && child.Kind == yaml.ScalarNode
		if lines := w.comments[at]; len(lines) > 0 && !w.placed[at] {
			w.placed[at] = true
			child.HeadComment = comment(lines)
			scalars = false
		}
		n.Content = append(n.Content, child)
	}
	if f.is("url") && scalars && v.Len() == 1 {
		return n.Content[0]
	}
	const line = 90
	if scalars && length < line {
		return flow(n)
	}
	return n
}

// duration writes a duration as people do: "12h" and not "12h0m0s".
func duration(d time.Duration) string {
	var b strings.Builder
	for _, unit := range []struct {
		name string
		of   time.Duration
	}{{"d", 24 * time.Hour}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}, {"ms", time.Millisecond}} {
		if n := d / unit.of; n > 0 {
			if unit.name == "d" && d%unit.of != 0 {
				continue // 36h is easier to read than 1d12h
			}
			fmt.Fprintf(&b, "%d%s", n, unit.name)
			d %= unit.of
		}
	}
	return b.String()
}
