package rpm

import (
	"errors"
	"fmt"
	"strings"
)

// template is an address in which variables stand, as dnf.conf(5) and dnf5-vars(7)
// have them: $name, ${name}, ${name:-word}, which is the word where the variable has
// no value, and ${name:+word}, which is the word where it has one.
type template []piece

// piece is literal text, or a variable.
type piece struct {
	literal  string
	variable string
	op       byte // '-' or '+' where a word follows, else 0
	word     template
}

// maxNesting bounds variables within the words of variables.
const maxNesting = 8

// parseTemplate reads an address. A dollar sign that no name follows is one.
func parseTemplate(address string) (template, error) {
	t, _, err := parseParts(address, 0)
	if err != nil {
		return nil, fmt.Errorf("address %q: %w", address, err)
	}
	return t, nil
}

// parseParts reads up to the end, or within a word up to its brace.
func parseParts(s string, depth int) (t template, rest string, err error) {
	if depth > maxNesting {
		return nil, "", fmt.Errorf("variables stand within each other more than %d deep", maxNesting)
	}
	stops := "$"
	if depth > 0 {
		stops = "$}"
	}
	for s != "" {
		i := strings.IndexAny(s, stops)
		if i < 0 {
			i = len(s)
		}
		if i > 0 {
			t = append(t, piece{literal: s[:i]})
			s = s[i:]
			continue
		}
		if s[0] == '}' {
			return t, s, nil
		}
		var p piece
		if p, s, err = parseVariable(s, depth); err != nil {
			return nil, "", err
		}
		t = append(t, p)
	}
	return t, "", nil
}

// parseVariable reads what begins with a dollar sign.
func parseVariable(s string, depth int) (p piece, rest string, err error) {
	after, braced := strings.CutPrefix(s[1:], "{")
	n := 0
	for n < len(after) && isVariableByte(after[n]) {
		n++
	}
	if n == 0 {
		return piece{literal: s[:1]}, s[1:], nil
	}
	p.variable, rest = after[:n], after[n:]
	if !braced {
		return p, rest, nil
	}
	if strings.HasPrefix(rest, ":-") || strings.HasPrefix(rest, ":+") {
		p.op = rest[1]
		if p.word, rest, err = parseParts(rest[2:], depth+1); err != nil {
			return p, "", err
		}
	}
	if !strings.HasPrefix(rest, "}") {
		return p, "", fmt.Errorf("no \"}\" where ${%s needs one", p.variable)
	}
	return p, rest[1:], nil
}

func isVariableByte(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// variables yields the names of all variables, those within words too.
func (t template) variables(yield func(string)) {
	for _, p := range t {
		if p.variable != "" {
			yield(p.variable)
		}
		p.word.variables(yield)
	}
}

var errNoValue = errors.New("has no value")

// expand puts the values in the place of the variables. A variable without a value
// and without a word for that case is an error.
func (t template) expand(values map[string]string) (string, error) {
	var b strings.Builder
	for _, p := range t {
		value, known := values[p.variable]
		var err error
		switch {
		case p.variable == "":
			value = p.literal
		case p.op == '-' && value == "", p.op == '+' && value != "":
			value, err = p.word.expand(values)
		case p.op == 0 && !known:
			err = fmt.Errorf("$%s %w", p.variable, errNoValue)
		}
		if err != nil {
			return "", err
		}
		b.WriteString(value)
	}
	return b.String(), nil
}
