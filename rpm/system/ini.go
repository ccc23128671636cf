package system

import (
	"errors"
	"fmt"
	"strings"
)

// section is a section of a configuration file: what stands below "[name]", in
// one place or in several.
type section struct {
	name string
	line int
	// settings are in the order in which their keys came first.
	settings []setting
}

// setting is a key with its value, the lines of which are separated by "\n".
type setting struct {
	key, value string
	line       int
}

// get returns the value of a key; nil sections have none.
func (s *section) get(key string) (setting, bool) {
	if s != nil {
		for _, v := range s.settings {
			if v.key == key {
				return v, true
			}
		}
	}
	return setting{}, false
}

// set gives a key a value; a later one takes the place of an earlier one.
func (s *section) set(v setting) *setting {
	for i := range s.settings {
		if s.settings[i].key == v.key {
			s.settings[i] = v
			return &s.settings[i]
		}
	}
	s.settings = append(s.settings, v)
	return &s.settings[len(s.settings)-1]
}

// sections are those of a file, in their order.
type sections []*section

// named returns the section of a name, nil if there is none.
func (all sections) named(name string) *section {
	for _, s := range all {
		if s.name == name {
			return s
		}
	}
	return nil
}

// begin returns the section of a name, a new one at the line if need be.
func (all *sections) begin(name string, line int) *section {
	s := all.named(name)
	if s == nil {
		s = &section{name: name, line: line}
		*all = append(*all, s)
	}
	return s
}

// parseINI reads a file as dnf does: lines that begin with a blank belong to the
// value of the line above, up to an empty line or a comment. Errors do not repeat
// lines, which may be secret.
func parseINI(file, text string) (all sections, err error) {
	var in *section
	var open *setting // whose value the next line may go on with
	number := 0
	for line := range strings.SplitSeq(strings.TrimPrefix(text, "\uFEFF"), "\n") {
		number++
		if line == "" || line[0] == '#' || line[0] == ';' {
			open = nil
			continue
		}
		trimmed := strings.Trim(line, " \t\r")
		switch {
		case trimmed == "":
			if open != nil {
				open.value += "\n"
			}
		case trimmed[0] == '[':
			name, err := sectionName(trimmed)
			if err != nil {
				return nil, fmt.Errorf("%s:%d: %w", file, number, err)
			}
			in, open = all.begin(name, number), nil
		case in == nil:
			return nil, fmt.Errorf("%s:%d: the line stands before the first section; expected [main] or the id of a repository", file, number)
		case trimmed[0] != line[0]:
			if open == nil {
				return nil, fmt.Errorf("%s:%d: the line is indented and there is no value above that it belongs to", file, number)
			}
			open.value += "\n" + trimmed
		default:
			key, value, found := strings.Cut(trimmed, "=")
			if key = strings.TrimRight(key, " \t"); !found || key == "" {
				return nil, fmt.Errorf("%s:%d: the line is no setting; expected key = value", file, number)
			}
			open = in.set(setting{key: key, value: strings.TrimLeft(value, " \t"), line: number})
		}
	}
	return all, nil
}

// sectionName is the name in "[name]", which a comment may follow.
func sectionName(line string) (string, error) {
	name, rest, found := strings.Cut(line[1:], "]")
	switch rest = strings.TrimLeft(rest, " \t"); {
	case !found:
		return "", errors.New("a section begins and its name is not closed by ]")
	case name == "":
		return "", errors.New("a section has no name")
	case rest != "" && rest[0] != '#' && rest[0] != ';':
		return "", fmt.Errorf("text follows the section [%s]", excerpt(name))
	}
	return name, nil
}

// excerpt is the beginning of a text, for messages.
func excerpt(text string) string {
	const most = 80
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "..."
}
