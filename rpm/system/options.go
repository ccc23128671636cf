package system

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// options are the settings of one repository, over those of the section [main]
// that hold for all.
type options struct {
	own, main *section
	inherits  []string // names of those that [main] may set
	variables variables
	file      string // that own stands in, as the machine's user sees it
	note      func(format string, args ...any)
}

// place is where a setting stands, or else the section: "file:line".
func (o *options) place(name string) string {
	line := o.own.line
	if v, found := o.own.get(name); found {
		line = v.line
	}
	return fmt.Sprintf("%s:%d", o.file, line)
}

// values are those that a setting has: the repository's own, then that of [main].
func (o *options) values(name string) (all []string) {
	if v, found := o.own.get(name); found {
		all = append(all, cleared(o.variables.expand(v.value)))
	}
	if v, found := o.main.get(name); found && slices.Contains(o.inherits, name) {
		all = append(all, cleared(v.value))
	}
	return all
}

// cleared is a value, of which "None" is a way to write none.
func cleared(value string) string {
	if value == "None" {
		return ""
	}
	return value
}

// text returns a setting, "" where it is not set.
func (o *options) text(name string) string {
	value, _ := o.lookup(name)
	return value
}

// lookup returns a setting, and whether it is set, if only to nothing.
func (o *options) lookup(name string) (string, bool) {
	if all := o.values(name); len(all) > 0 {
		return all[0], true
	}
	return "", false
}

// list returns the items of a setting.
func (o *options) list(name string) []string { return items(o.text(name)) }

// items are those of a list, between blanks, commas and ends of lines.
func items(value string) []string {
	return strings.FieldsFunc(value, isSeparator)
}

func isSeparator(r rune) bool { return strings.ContainsRune(" ,\n\t", r) }

// boolean returns a yes/no setting. A value that is neither is noted, and does not
// count.
func (o *options) boolean(name string, otherwise bool) bool {
	for _, value := range o.values(name) {
		if yes, known := truth(value); known {
			return yes
		}
		o.note("%s: %s is ignored: expected yes or no, seen %q", o.place(name), name, excerpt(value))
	}
	return otherwise
}

// integer returns a number: the digits that its value begins with.
func (o *options) integer(name string, otherwise int) int {
	for _, value := range o.values(name) {
		end := 0
		for end < len(value) && (value[end] >= '0' && value[end] <= '9' || end == 0 && value[0] == '-') {
			end++
		}
		if n, err := strconv.ParseInt(value[:end], 10, 32); err == nil {
			return int(n)
		}
		o.note("%s: %s is ignored: expected a number, seen %q", o.place(name), name, excerpt(value))
	}
	return otherwise
}

// truth reads a yes/no value; known is false for anything else.
func truth(value string) (yes, known bool) {
	switch strings.ToLower(value) {
	case "1", "yes", "true", "on", "enabled":
		return true, true
	case "0", "no", "false", "off", "disabled":
		return false, true
	}
	return false, false
}

// patterns are the items of lists that add to each other: all settings of the
// section that have one of the names. An empty item at the beginning of a value
// clears what was there before.
func patterns(s *section, v variables, names ...string) (all []string) {
	if s == nil {
		return nil
	}
	for _, setting := range s.settings {
		if !slices.Contains(names, setting.key) {
			continue
		}
		value := cleared(v.expand(setting.value))
		if value == "" || isSeparator(rune(value[0])) {
			all = nil
		}
		all = append(all, items(value)...)
	}
	return all
}
