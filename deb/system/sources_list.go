package system

import (
	"fmt"
	"slices"
	"strings"
)

// entry is one line or stanza of sources.list(5).
type entry struct {
	place      string   // "file:line"
	types      []string // "deb", "deb-src"
	uris       []string
	suites     []string
	components []string
	options    options
}

// options are an entry's options by the lower-case names of the deb822 style.
type options map[string]string

// oneLineOptions are the options whose names differ between the styles.
var oneLineOptions = map[string]string{
	"arch":   "architectures",
	"lang":   "languages",
	"target": "targets",
}

// parseSourcesList reads the one-line style of sources.list(5).
func parseSourcesList(file, text string) (entries []entry, err error) {
	number := 0
	for line := range strings.SplitSeq(text, "\n") {
		number++
		line = strings.Trim(withoutComment(line), blanks)
		if line == "" {
			continue
		}
		place := fmt.Sprintf("%s:%d", file, number)
		e, err := parseSourceLine(line)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", place, err)
		}
		e.place = place
		entries = append(entries, e)
	}
	return entries, nil
}

// withoutComment cuts a comment off; a "#" within [...] is none.
func withoutComment(line string) string {
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case '#':
			return line[:i]
		case '[':
			for i < len(line) && line[i] != ']' {
				i++
			}
		}
	}
	return line
}

// parseSourceLine reads "type [options] uri suite components...".
func parseSourceLine(line string) (e entry, err error) {
	kind, rest, _ := nextWord(line)
	if kind = unquoted(kind); !isType(kind) {
		return e, fmt.Errorf("type %q is not known; expected deb or deb-src", excerpt(kind))
	}
	e.types = []string{kind}
	if e.options, rest, err = parseLineOptions(rest); err != nil {
		return e, err
	}
	var words []string
	for rest != "" {
		word, after, ok := nextWord(rest)
		if !ok {
			return e, fmt.Errorf("%q has a quote or bracket that is not closed", excerpt(rest))
		}
		words, rest = append(words, word), after
	}
	if len(words) < 2 {
		return e, fmt.Errorf("%q has no suite; expected %q", excerpt(line), kind+" URI SUITE COMPONENT...")
	}
	// URLs keep their %XX, which quote bytes for the server.
	e.uris = []string{strings.ReplaceAll(words[0], `"`, "")}
	e.suites = []string{unquoted(words[1])}
	for _, w := range words[2:] {
		e.components = append(e.components, unquoted(w))
	}
	return e, e.check()
}

// parseLineOptions reads "[name=value ...]" at the start of rest.
func parseLineOptions(rest string) (options, string, error) {
	if !strings.HasPrefix(rest, "[") {
		return nil, rest, nil
	}
	list, after, found := strings.Cut(rest[1:], "]")
	if !found {
		return nil, "", fmt.Errorf("the options %q are not closed by \"]\"", excerpt(rest))
	}
	if after != "" && !isBlank(after[0]) {
		return nil, "", fmt.Errorf("no blank between the options and the URI: %q", excerpt(rest))
	}
	all := options{}
	for list = strings.TrimLeft(list, blanks); list != ""; {
		word, remaining, ok := nextWord(list)
		if !ok {
			return nil, "", fmt.Errorf("option %q has a quote that is not closed", excerpt(list))
		}
		name, value, found := strings.Cut(unquoted(word), "=")
		if !found || name == "" || value == "" {
			return nil, "", fmt.Errorf("option %q is not name=value", excerpt(word))
		}
		all[optionName(name)] = value
		list = remaining
	}
	return all, strings.TrimLeft(after, blanks), nil
}

// optionName is the deb822 style's name of a one-line style's option.
func optionName(name string) string {
	suffix := ""
	switch name[len(name)-1] {
	case '+':
		name, suffix = name[:len(name)-1], "-add"
	case '-':
		name, suffix = name[:len(name)-1], "-remove"
	}
	if long, ok := oneLineOptions[name]; ok {
		name = long
	}
	return name + suffix
}

func isType(t string) bool { return t == "deb" || t == "deb-src" }

// check refuses what is incomplete in either style.
func (e *entry) check() error {
	for _, uri := range e.uris {
		if !strings.Contains(uri, ":") {
			return fmt.Errorf("%q is no URI: it has no scheme", excerpt(uri))
		}
	}
	for _, suite := range e.suites {
		switch {
		case strings.HasSuffix(suite, "/") && len(e.components) > 0:
			return fmt.Errorf("suite %q is a path, as it ends in \"/\", and takes no components; seen %q", suite, e.components)
		case !strings.HasSuffix(suite, "/") && len(e.components) == 0:
			return fmt.Errorf("suite %q has no components", suite)
		}
	}
	return nil
}

// list returns a list of several values: the option's or, where it is not
// given, the default, with what the -add and -remove options change.
func (o options) list(name string, otherwise []string) []string {
	values := otherwise
	if v, given := o[name]; given {
		values = splitList(v)
	}
	result := []string{}
	removed := splitList(o[name+"-remove"])
	for _, v := range append(values[:len(values):len(values)], splitList(o[name+"-add"])...) {
		if !slices.Contains(removed, v) && !slices.Contains(result, v) {
			result = append(result, v)
		}
	}
	return result
}

// splitList splits values at blanks and commas.
func splitList(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r < 0x80 && isBlank(byte(r)) })
}
