package treeinfo

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// section is a section of an INI file, with its options in order.
type section struct {
	name    string
	options []option
}

type option struct {
	key, value string
	line       int // from 1
}

// maxSize bounds both kinds of files, in bytes; real ones have some KB.
const maxSize = 4 << 20

// parseINI reads an INI file as Python's configparser does, with which treeinfo files
// are written and read: "key = value" or "key: value", comments are lines of their own
// after # or ;, indented lines continue a value.
func parseINI(content []byte, name string) ([]section, error) {
	if err := check(content, name); err != nil {
		return nil, err
	}
	var sections []section
	number := 0
	for line := range strings.Lines(string(content)) {
		number++
		indented := line[0] == ' ' || line[0] == '\t'
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		if len(sections) > 0 && indented {
			if options := sections[len(sections)-1].options; len(options) > 0 {
				options[len(options)-1].value += "\n" + line
				continue
			}
		}
		if title, ok := strings.CutPrefix(line, "["); ok && strings.HasSuffix(title, "]") {
			sections = append(sections, section{name: title[:len(title)-1]})
			continue
		}
		i := strings.IndexAny(line, "=:")
		if len(sections) == 0 || i <= 0 {
			return nil, fmt.Errorf("%s:%d: %.40q where a section or an option of one is expected", name, number, line)
		}
		last := &sections[len(sections)-1]
		last.options = append(last.options, option{strings.TrimSpace(line[:i]), strings.TrimSpace(line[i+1:]), number})
	}
	return sections, nil
}

func check(content []byte, name string) error {
	if len(content) > maxSize {
		return fmt.Errorf("%s has %d bytes (at most %d)", name, len(content), maxSize)
	}
	if !utf8.Valid(content) {
		return fmt.Errorf("%s is not UTF-8", name)
	}
	return nil
}
