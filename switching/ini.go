package switching

import (
	"strings"
)

// section is a section of an INI file as dnf reads it.
type section struct {
	place
	name   string
	values map[string]setting // by the key, in small letters
}

// text is the value of a key, "" where there is none.
func (s *section) text(key string) string { return s.values[key].value }

// on reports whether a key is true, in dnf's words.
func (s *section) on(key string, fallback bool) bool {
	switch strings.ToLower(s.text(key)) {
	case "1", "yes", "true", "on", "enabled":
		return true
	case "0", "no", "false", "off", "disabled":
		return false
	}
	return fallback
}

// list is a value of several words, with blanks, commas or line ends between.
func (s *section) list(key string) []string {
	return strings.FieldsFunc(s.text(key), func(c rune) bool { return c == ' ' || c == ',' || c == '\n' || c == '\t' })
}

// parseINI reads the sections of a file. A line that begins with a blank belongs to the
// value above it.
func parseINI(f File) (all []*section, err error) {
	var in *section
	key := ""
	number := 0
	for line := range strings.Lines(strings.TrimPrefix(string(f.Content), "\uFEFF")) {
		number++
		at := place{f.Name, number}
		text := strings.TrimSpace(line)
		switch {
		case text == "" || text[0] == '#' || text[0] == ';':
			key = ""
		case text[0] == '[' && line[0] == '[':
			name, _, closed := strings.Cut(text[1:], "]")
			if !closed || name == "" {
				return nil, at.fail("a section begins and has no name in brackets (expected [NAME])")
			}
			in, key = &section{place: at, name: name, values: map[string]setting{}}, ""
			all = append(all, in)
		case in == nil:
			return nil, at.fail("the line stands before the first section (expected [NAME])")
		case line[0] == ' ' || line[0] == '\t':
			if key == "" {
				return nil, at.fail("the line is indented and belongs to no value")
			}
			s := in.values[key]
			in.values[key] = setting{s.place, s.value + "\n" + text}
		default:
			name, value, found := strings.Cut(text, "=")
			key = strings.ToLower(strings.TrimSpace(name))
			if !found || key == "" {
				return nil, at.fail("the line is no setting (expected KEY = VALUE)")
			}
			in.values[key] = setting{at, strings.TrimSpace(value)}
		}
	}
	return all, nil
}
