package config

import (
	"reflect"
	"strconv"

	"go.yaml.in/yaml/v4"
)

// wrong notes that a value is of the wrong type.
func (r *reader) wrong(n *yaml.Node, v reflect.Value, f field, key string) {
	r.mistyped[key] = true
	r.problem(n.Line, key, "is of the wrong type (expected %s, seen %s)", f.expected(v.Type()), describe(n, v.Type(), f))
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
