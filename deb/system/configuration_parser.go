package system

import (
	"errors"
	"fmt"
	"strings"
)

// maxNesting bounds the blocks of apt.conf(5) within each other.
const maxNesting = 100

// configurationParser reads the syntax of apt.conf(5) into a tree.
type configurationParser struct {
	into    *configuration
	include func(file string) error // for #include

	comment bool            // within /* */
	pending strings.Builder // of a statement that is not complete yet
	scope   string          // name of the block
	outer   []string        // scopes around it
}

// parseConfiguration reads the text of the file into the tree.
func parseConfiguration(into *configuration, file, text string, include func(file string) error) error {
	p := &configurationParser{into: into, include: include}
	line := 0
	for l := range strings.SplitSeq(text, "\n") {
		line++
		if err := p.line(l); err != nil {
			return fmt.Errorf("%s:%d: %w", file, line, err)
		}
	}
	if rest := p.pending.String(); rest != "" {
		return fmt.Errorf("%s:%d: %q at the end of the file has no \";\"", file, line, excerpt(rest))
	}
	return nil
}

// line reads one line. Every "{", ";" and "}" outside of quotes ends a statement.
func (p *configurationParser) line(line string) error {
	line = p.uncommented(strings.Trim(strings.ReplaceAll(line, "\t", "        "), blanks))
	quoted, start := false, 0
	for i := range len(line) {
		switch line[i] {
		case '"':
			quoted = !quoted
		case '{', ';', '}':
			if quoted {
				continue
			}
			p.append(line[start:i])
			start = i + 1
			statement := p.pending.String()
			p.pending.Reset()
			if err := p.statement(statement, line[i]); err != nil {
				return err
			}
		}
	}
	p.append(line[start:])
	return nil
}

// append adds a part of a line to the statement.
func (p *configurationParser) append(part string) {
	part = strings.Trim(part, blanks)
	if part != "" && p.pending.Len() > 0 {
		p.pending.WriteByte(' ')
	}
	p.pending.WriteString(part)
}

// uncommented returns the line without its comments: // and # to the end of the
// line, and /* */ over any number of lines, none of them within quotes.
func (p *configurationParser) uncommented(line string) string {
	if p.comment {
		_, after, found := strings.Cut(line, "*/")
		if !found {
			return ""
		}
		line, p.comment = after, false
	}
	if i := unquotedIndex(line, "//", nil); i >= 0 {
		line = line[:i]
	}
	if i := unquotedIndex(line, "#", isDirective); i >= 0 {
		line = line[:i]
	}
	var kept strings.Builder
	for {
		i := unquotedIndex(line, "/*", nil)
		if i < 0 {
			kept.WriteString(line)
			return kept.String()
		}
		kept.WriteString(line[:i])
		_, after, found := strings.Cut(line[i+2:], "*/")
		if !found {
			p.comment = true
			return kept.String()
		}
		line = after
	}
}

// unquotedIndex is the index of mark outside of quotes, where except does not
// hold for what follows, or -1.
func unquotedIndex(line, mark string, except func(after string) bool) int {
	quoted := false
	for i := range len(line) {
		if line[i] == '"' {
			quoted = !quoted
		}
		if !quoted && strings.HasPrefix(line[i:], mark) && (except == nil || !except(line[i+len(mark):])) {
			return i
		}
	}
	return -1
}

// isDirective tells directives, which begin with #, from comments.
func isDirective(after string) bool {
	for _, name := range []string{"clear", "include", "x-apt-configure-index"} {
		if strings.HasPrefix(after, name) {
			return true
		}
	}
	return false
}

// statement carries out one statement and what its end means for the blocks.
func (p *configurationParser) statement(text string, end byte) error {
	if text == "" {
		switch end {
		case '{':
			return errors.New("a block begins without a name")
		case '}':
			p.leave()
		}
		return nil
	}
	tag, value, err := tagAndValue(text)
	if err != nil {
		return err
	}
	if value == nil && end != '{' {
		// A value alone is the next item of the block's list.
		item := tag
		tag, value = "", &item
	}
	if end == '{' {
		if len(p.outer) == maxNesting {
			return fmt.Errorf("blocks are nested more than %d deep", maxNesting)
		}
		p.outer = append(p.outer, p.scope)
		p.scope = scoped(p.scope, tag)
		if value != nil {
			p.into.set(p.scope, *value)
		}
		return nil
	}
	switch {
	case strings.HasPrefix(tag, "#"):
		err = p.directive(tag, *value)
	case tag == "" && *value == "#clear":
		err = errors.New("#clear names no option")
	default:
		p.into.set(scoped(p.scope, tag), *value)
	}
	if end == '}' {
		p.leave()
	}
	return err
}

// tagAndValue splits a statement; value is nil when it has one word only.
func tagAndValue(text string) (tag string, value *string, err error) {
	tag, rest, ok := nextWord(text)
	if !ok {
		return "", nil, fmt.Errorf("%q has a quote or bracket that is not closed", excerpt(text))
	}
	tag = unquoted(tag)
	if rest == "" {
		return tag, nil, nil
	}
	if v, ok := quotedStrings(rest); ok {
		return tag, &v, nil
	}
	v, rest, ok := nextWord(rest)
	if !ok || rest != "" {
		return "", nil, fmt.Errorf("%q is not a name and one value", excerpt(text))
	}
	v = unquoted(v)
	return tag, &v, nil
}

// quotedStrings reads text that is quoted strings and nothing else, which are
// joined by blanks.
func quotedStrings(text string) (string, bool) {
	var all []string
	for text != "" {
		if text[0] != '"' {
			return "", false
		}
		s, rest, found := strings.Cut(text[1:], `"`)
		if !found {
			return "", false
		}
		all = append(all, s)
		text = strings.TrimLeft(rest, blanks)
	}
	return strings.Join(all, " "), true
}

// scoped is the full name of a tag in a block, where an empty tag is an item of
// the block's list.
func scoped(scope, tag string) string {
	if scope == "" {
		return tag
	}
	return scope + "::" + tag
}

// leave ends the innermost block; an excess "}" is ignored, as by apt.
func (p *configurationParser) leave() {
	if len(p.outer) == 0 {
		p.scope = ""
		return
	}
	last := len(p.outer) - 1
	p.scope, p.outer = p.outer[last], p.outer[:last]
}

func (p *configurationParser) directive(name, value string) error {
	if p.scope != "" {
		return fmt.Errorf("%s stands in the block %q; directives work at the top level only", name, excerpt(p.scope))
	}
	switch name {
	case "#clear":
		p.into.clear(value)
	case "#include":
		return p.include(value)
	case "#x-apt-configure-index": // lists known options, for apt's own checks
	default:
		return fmt.Errorf("unknown directive %q", excerpt(name))
	}
	return nil
}
