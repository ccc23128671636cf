package config

import (
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

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

// exclusion reads a mapping of fields, or a text in its place.
func (r *reader) exclusion(n *yaml.Node, v reflect.Value, f field, key string) {
	switch {
	case n.Kind == yaml.MappingNode:
		r.structure(n, v, f, key)
		if v.IsZero() && !r.broken[key] {
			r.problem(n.Line, key, "says nothing of packages (expected at least one of its fields, such as {section: games})")
		}
	case !isText(n, f):
		r.wrong(n, v, f, key)
	default:
		if err := checkExclusion(n.Value); err != nil {
			r.problem(n.Line, key, "%v", err)
			return
		}
		v.Set(reflect.ValueOf(Exclusion{Package: strings.TrimSpace(n.Value)}))
	}
}

// checkExclusion checks a text that says which packages to leave out.
func checkExclusion(text string) error {
	pattern, err := repo.ParsePattern(text)
	if err != nil || pattern.IsRegexp() {
		return err
	}
	seed, err := ParseSeed(text)
	if err == nil && !seed.namesPackage() {
		err = fmt.Errorf("leaves out packages by name alone (expected such as %q, seen %q)", cut(seed.nearestName()), seed)
	}
	return err
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
	case text == "" && secret && f.fallback == "":
	case text == "":
		r.problem(n.Line, key, "is empty (expected %s)", f.expected(v.Type()))
		return
	case f.is("url") && text == f.or:
	case f.is("url"):
		text, err = r.address(text, f)
	case secret:
		text, err = expand(text, r.env, nil)
	case f.is("command"):
	case environment.MatchString(text):
		err = fmt.Errorf("variables of the environment are not replaced here, but in addresses, auth, headers and passphrases (seen %q)", cut(text))
	case f.is("path"), f.is("input"):
		text, err = r.path(text, f)
	case f.is("match"):
		_, err = repo.ParsePattern(text)
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
	case isAddress && f.is("input") && (scheme == "http" || scheme == "https" || scheme == "file"):
		return text, nil
	case isAddress && f.is("input"):
		return "", fmt.Errorf("is an address of the wrong kind (expected a path, or an address of http or https, seen %q)", cut(showAddress(text)))
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
