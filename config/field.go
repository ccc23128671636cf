package config

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// field is what the tags of a struct's field say of its value.
type field struct {
	index    int
	name     string   // the key
	options  []string // how the value is read, see the documentation of the package
	required bool
	enum     []string
	minimum  *int64
	maximum  *int64
	minItems int
	pattern  *regexp.Regexp
	fallback string // the default, "" for none
	schemes  []string
	or       string // a word that is accepted in the place of an address
	means    string // what a text is, for errors
}

// shapes remembers the fields of structs, whose tags are read once.
type shapes map[reflect.Type][]field

// fields returns the fields of a struct that have a key, in order.
func (s shapes) fields(t reflect.Type) []field {
	all, ok := s[t]
	if !ok {
		all = fields(t)
		s[t] = all
	}
	return all
}

func fields(t reflect.Type) (all []field) {
	for i := range t.NumField() {
		tag := t.Field(i).Tag
		options := strings.Split(tag.Get("yaml"), ",")
		if options[0] == "" || options[0] == "-" {
			continue
		}
		f := field{index: i, name: options[0], options: options[1:], or: tag.Get("or"), means: tag.Get("means")}
		if schemes := tag.Get("schemes"); schemes != "" {
			f.schemes = strings.Split(schemes, ",")
		}
		for _, rule := range strings.Split(tag.Get("jsonschema"), ",") {
			f.rule(rule)
		}
		all = append(all, f)
	}
	return all
}

// rule takes up one rule of a jsonschema tag.
func (f *field) rule(rule string) {
	name, value, _ := strings.Cut(rule, "=")
	number, _ := strconv.ParseInt(value, 10, 64)
	switch name {
	case "required":
		f.required = true
	case "enum":
		f.enum = append(f.enum, value)
	case "minimum":
		f.minimum = &number
	case "maximum":
		f.maximum = &number
	case "minItems":
		f.minItems = int(number)
	case "pattern":
		f.pattern = regexp.MustCompile(value)
	case "default":
		f.fallback = value
	}
}

func (f *field) is(option string) bool { return slices.Contains(f.options, option) }

// expected says which values of a type the field accepts.
func (f *field) expected(t reflect.Type) string {
	switch t {
	case durationType:
		return "a duration such as 90s, 12h or 14d"
	case seedType:
		return `a package such as nginx or "postgresql (>= 15)"`
	case exclusionType:
		return "a package such as nginx, or a mapping"
	}
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64:
		if f.is("bytes") {
			return "a number of bytes such as 500k, 10MB or 1GiB"
		}
		return "a whole number" + f.bounds()
	case reflect.Pointer:
		return f.expected(t.Elem())
	case reflect.Slice:
		switch {
		case f.is("named"):
			return "a mapping from names to entries"
		case f.is("command"):
			return "a list of a program and its arguments, such as [systemctl, reload, nginx]"
		case f.is("single"):
			return "a mapping, or a list of such"
		case t.Elem() == exclusionType:
			return "a package such as nginx, or a list of such and of mappings"
		case t.Elem().Kind() == reflect.Struct && t.Elem() != seedType:
			return "a list of mappings"
		}
		return f.expected(t.Elem()) + ", or a list of such"
	case reflect.Struct, reflect.Map:
		return "a mapping"
	}
	switch {
	case f.means != "":
		return f.means
	case len(f.enum) > 0:
		return oneOf(f.enum)
	case f.is("url"):
		return f.expectedAddress()
	case f.is("path"):
		return "a path"
	}
	return "text"
}

func (f *field) bounds() string {
	switch {
	case f.minimum != nil && f.maximum != nil:
		return fmt.Sprintf(" from %d to %d", *f.minimum, *f.maximum)
	case f.minimum != nil:
		return fmt.Sprintf(" of at least %d", *f.minimum)
	}
	return ""
}

func (f *field) expectedAddress() string {
	expected := "an address of " + oneOf(f.schemes)
	if f.or != "" {
		expected += ", or " + f.or
	}
	return expected
}

var (
	durationType = reflect.TypeFor[time.Duration]()
	seedType     = reflect.TypeFor[Seed]()
	secretType   = reflect.TypeFor[Secret]()

	exclusionType = reflect.TypeFor[Exclusion]()
)

// setDefaults sets the defaults of the struct that is pointed to.
func (s shapes) setDefaults(pointer any) {
	v := reflect.ValueOf(pointer).Elem()
	for _, f := range s.fields(v.Type()) {
		switch v := v.Field(f.index); {
		case v.Kind() == reflect.Struct && v.Type() != seedType:
			s.setDefaults(v.Addr().Interface())
		case f.fallback == "":
		case v.Type() == durationType:
			d, _ := ParseDuration(f.fallback)
			v.SetInt(int64(d))
		case v.CanInt():
			n, _ := strconv.ParseInt(f.fallback, 10, 64)
			v.SetInt(n)
		case v.Kind() == reflect.Bool:
			v.SetBool(f.fallback == "true")
		case v.Kind() == reflect.String:
			v.SetString(f.fallback)
		}
	}
}
