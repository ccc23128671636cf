package deb

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/deb/control"
)

// overrides are what override files say in the place of packages, as apt-ftparchive(1)
// describes them.
type overrides struct {
	packages map[string]*override // by name, or "name/architecture"
	sources  map[string]*override
}

// override is what is said of one package; fields are set in their order.
type override struct {
	fields []Field
	// maintainer takes the place of those in replaces, of all where that is empty.
	maintainer string
	replaces   []string
}

func (c *Creator) overrides() (*overrides, error) {
	o := &overrides{packages: make(map[string]*override), sources: make(map[string]*override)}
	for _, f := range []struct {
		name, text string
		read       func(line string) error
	}{
		{"overrides", c.Overrides, o.readBinary},
		{"source overrides", c.SourceOverrides, o.readSource},
		{"extra overrides", c.ExtraOverrides, o.readExtra},
	} {
		n := 0
		for line := range strings.Lines(f.text) {
			n++
			if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
				continue
			}
			if err := f.read(line); err != nil {
				return nil, fmt.Errorf("%s, line %d: %w", f.name, n, err)
			}
		}
	}
	return o, nil
}

// word cuts the first word off a line.
func word(line string) (first, rest string) {
	i := strings.IndexAny(line, " \t")
	if i < 0 {
		return line, ""
	}
	return line[:i], strings.TrimLeft(line[i:], " \t")
}

// readBinary reads a line of package, priority, section and maintainer.
func (o *overrides) readBinary(line string) error {
	name, rest := word(line)
	priority, rest := word(rest)
	section, maintainer := word(rest)
	if section == "" {
		return fmt.Errorf("%q is not a package, its priority and its section", line)
	}
	ov := of(o.packages, name)
	ov.set("Priority", priority)
	ov.set("Section", section)
	if maintainer == "" {
		return nil
	}
	old, now, conditional := strings.Cut(maintainer, "=>")
	if !conditional {
		ov.maintainer = maintainer
		return nil
	}
	ov.maintainer, ov.replaces = strings.TrimSpace(now), nil
	if old = strings.TrimSpace(old); old != "*" {
		for one := range strings.SplitSeq(old, " //") {
			ov.replaces = append(ov.replaces, strings.TrimSpace(one))
		}
	}
	return nil
}

// readSource reads a line of source package and section.
func (o *overrides) readSource(line string) error {
	name, section := word(line)
	if section == "" || strings.ContainsAny(section, " \t") {
		return fmt.Errorf("%q is not a source package and its section", line)
	}
	of(o.sources, name).set("Section", section)
	return nil
}

// readExtra reads a line of package, field and value.
func (o *overrides) readExtra(line string) error {
	name, rest := word(line)
	field, value := word(rest)
	if value == "" {
		return fmt.Errorf("%q is not a package, a field and its value", line)
	}
	if err := checkFieldName([]byte(field)); err != nil || strings.Contains(field, ":") {
		return fmt.Errorf("%q is not the name of a field", field)
	}
	switch id := identify([]byte(field)); {
	case id >= firstFileField, id == fieldPackage, id == fieldVersion, id == fieldArchitecture:
		return fmt.Errorf("the field %s cannot be overridden", id)
	}
	of(o.packages, name).set(field, value)
	return nil
}

func of(all map[string]*override, name string) *override {
	if all[name] == nil {
		all[name] = &override{}
	}
	return all[name]
}

func (ov *override) set(name, value string) {
	for i, f := range ov.fields {
		if control.EqualName(f.Name, name) {
			ov.fields[i].Value = value
			return
		}
	}
	ov.fields = append(ov.fields, Field{name, value})
}

// get is what is said of a field, "" for nothing.
func (ov *override) get(name string) string {
	if ov != nil {
		for _, f := range ov.fields {
			if control.EqualName(f.Name, name) {
				return f.Value
			}
		}
	}
	return ""
}

// binary is what is said of a package: for all architectures, and over that for its own.
// It is nil for nothing.
func (o *overrides) binary(name, architecture string) *override {
	general, special := o.packages[name], o.packages[name+"/"+architecture]
	if general == nil || special == nil {
		if general == nil {
			return special
		}
		return general
	}
	both := &override{fields: slices.Clone(general.fields), maintainer: general.maintainer, replaces: general.replaces}
	for _, f := range special.fields {
		both.set(f.Name, f.Value)
	}
	if special.maintainer != "" {
		both.maintainer, both.replaces = special.maintainer, special.replaces
	}
	return both
}

// importance are those of Debian, the most important first.
var importance = []string{"required", "important", "standard", "optional", "extra"}

// source is what is said of a source package: by the source overrides, else by what is
// said of a package of its name, else of the first of its packages. It has the priority of
// the most important of its packages, and the maintainer of the first.
func (o *overrides) source(name, binaries string) *override {
	var first *override
	best := ""
	for b := range strings.SplitSeq(binaries, ",") {
		ov := o.packages[strings.TrimSpace(b)]
		if ov == nil {
			continue
		}
		if first == nil {
			first = ov
		}
		if p := ov.get("Priority"); best == "" || rank(p) < rank(best) {
			best = p
		}
	}
	own := o.sources[name]
	if own == nil {
		own = o.packages[name]
	}
	if own == nil {
		own = first
	}
	if own == nil {
		return nil
	}
	ov := &override{}
	for _, f := range []Field{{"Priority", best}, {"Section", own.get("Section")}} {
		if f.Value != "" {
			ov.set(f.Name, f.Value)
		}
	}
	if first != nil {
		ov.maintainer, ov.replaces = first.maintainer, first.replaces
	}
	return ov
}

func rank(priority string) int {
	if i := slices.Index(importance, priority); i >= 0 {
		return i
	}
	return len(importance)
}

// of returns what takes the place of a field's value, "" for nothing.
func (ov *override) of(name, value string) string {
	if control.EqualName(name, "Maintainer") && ov.maintainer != "" {
		if len(ov.replaces) == 0 || slices.ContainsFunc(ov.replaces, func(old string) bool { return strings.EqualFold(old, value) }) {
			return ov.maintainer
		}
	}
	return ov.get(name)
}

// apply returns the stanza with the values of the override.
func (ov *override) apply(s control.Stanza) []byte {
	text := make([]byte, 0, len(s.Bytes())+64)
	line := func(name, value string) {
		text = append(append(append(append(text, name...), ": "...), value...), '\n')
	}
	for i := range s.Len() {
		name := string(s.Name(i))
		if value := ov.of(name, string(s.Value(i))); value != "" {
			line(name, value)
		} else {
			text = append(text, s.Lines(i)...)
		}
	}
	for _, f := range ov.fields {
		if s.Get(f.Name) == nil {
			line(f.Name, f.Value)
		}
	}
	return text
}
