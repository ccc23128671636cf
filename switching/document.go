package switching

import (
	"errors"
	"strings"

	"go.yaml.in/yaml/v4"
)

// document reads JSON, as YAML, which it is a part of: so that it is known where
// everything stands.
func document(f File) (*yaml.Node, error) {
	at := place{f.Name, 1}
	var d yaml.Node
	if err := yaml.Unmarshal(f.Content, &d); err != nil {
		message := err.Error()
		if e := (*yaml.LoadError)(nil); errors.As(err, &e) {
			at.line, message = max(1, e.Mark.Line), e.Message
		}
		return nil, at.fail("not valid JSON: %s", strings.ReplaceAll(message, "\n", " "))
	}
	if len(d.Content) != 1 {
		return nil, at.fail("the file is empty")
	}
	return d.Content[0], nil
}

// object is a mapping of a document.
type object struct {
	place
	node *yaml.Node
}

// each takes up every object of the files.
func (d *draft) each(in Input, take func(object, Input) error) error {
	for _, f := range in.Files {
		all, err := objects(f)
		if err != nil {
			return err
		}
		for _, o := range all {
			if err := take(o, in); err != nil {
				return err
			}
		}
	}
	return nil
}

// objects are those of a list, or a single one.
func objects(f File) (all []object, err error) {
	root, err := document(f)
	if err != nil {
		return nil, err
	}
	nodes := []*yaml.Node{root}
	if root.Kind == yaml.SequenceNode {
		nodes = root.Content
	}
	for _, n := range nodes {
		o := object{place{f.Name, max(1, n.Line)}, n}
		if n.Kind != yaml.MappingNode {
			return nil, o.fail("expected an object, seen %q", cut(n.Value))
		}
		all = append(all, o)
	}
	return all, nil
}

// value is the node of a key, nil where there is none.
func (o object) value(key string) *yaml.Node {
	for i := 0; i+1 < len(o.node.Content); i += 2 {
		if o.node.Content[i].Value == key {
			return o.node.Content[i+1]
		}
	}
	return nil
}

// at is where a key stands.
func (o object) at(key string) place {
	if n := o.value(key); n != nil {
		return place{o.file, max(1, n.Line)}
	}
	return o.place
}

// text is the text of a key, "" where there is none.
func (o object) text(key string) string {
	if n := o.value(key); n != nil && n.Kind == yaml.ScalarNode && n.ShortTag() != "!!null" {
		return n.Value
	}
	return ""
}

func (o object) on(key string) bool { return o.text(key) == "true" }

// texts are those of a list.
func (o object) texts(key string) (out []string) {
	n := o.value(key)
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	for _, item := range n.Content {
		if item.Kind == yaml.ScalarNode && item.Value != "" {
			out = with(out, item.Value)
		}
	}
	return out
}
