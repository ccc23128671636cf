package repo

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Pattern matches texts: it is one itself, a glob as [Match] reads it, or a regular
// expression of package regexp between slashes. The zero Pattern matches the empty text.
type Pattern struct {
	text       string
	expression *regexp.Regexp // nil for others
}

// ParsePattern reads a pattern. Between slashes stands a regular expression, which
// matches any part of a text unless ^ and $ hold it.
func ParsePattern(text string) (Pattern, error) {
	if len(text) < 2 || text[0] != '/' || !strings.HasSuffix(text, "/") {
		return Pattern{text: text}, nil
	}
	inside := text[1 : len(text)-1]
	if inside == "" {
		return Pattern{}, errors.New("holds no regular expression between its slashes")
	}
	expression, err := regexp.Compile(inside)
	if err != nil {
		return Pattern{}, fmt.Errorf("is no regular expression: %w", err)
	}
	return Pattern{text, expression}, nil
}

// Match reports whether the pattern matches the text.
func (p Pattern) Match(text string) bool {
	if p.expression != nil {
		return p.expression.MatchString(text)
	}
	return Match(p.text, text)
}

// IsZero reports whether it is the zero Pattern.
func (p Pattern) IsZero() bool { return p.text == "" }

// IsRegexp reports whether the pattern is a regular expression.
func (p Pattern) IsRegexp() bool { return p.expression != nil }

// String returns what [ParsePattern] read.
func (p Pattern) String() string { return p.text }

// MarshalText writes the form of [Pattern.String].
func (p Pattern) MarshalText() ([]byte, error) { return []byte(p.text), nil }

// UnmarshalText reads what [ParsePattern] reads.
func (p *Pattern) UnmarshalText(text []byte) (err error) {
	*p, err = ParsePattern(string(text))
	return err
}
