package config

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Problem is one mistake in a configuration.
type Problem struct {
	File    string // as the caller named it
	Line    int    // from 1; 0 where the value stands in no file
	Key     string // such as "sources.debian.url[0]"; "" for the file as a whole
	Message string // what is wrong, what was expected and what was seen
	// Cause is [errors.ErrUnsupported] where the value is right, but this version
	// cannot do what it asks for; else nil.
	Cause error
}

// Error returns "FILE:LINE: KEY: MESSAGE".
func (p Problem) Error() string {
	var b strings.Builder
	if p.File != "" {
		b.WriteString(p.File)
		if p.Line > 0 {
			b.WriteString(":" + strconv.Itoa(p.Line))
		}
		b.WriteString(": ")
	}
	if p.Key != "" {
		b.WriteString(p.Key + ": ")
	}
	return b.String() + p.Message
}

// Unwrap returns the cause.
func (p Problem) Unwrap() error { return p.Cause }

// Errors are all mistakes in a configuration, in the order of their lines.
type Errors []Problem

// Error returns one line for each problem.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, p := range e {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the problems.
func (e Errors) Unwrap() []error {
	errs := make([]error, len(e))
	for i, p := range e {
		errs[i] = p
	}
	return errs
}

// sorted returns the problems in the order of their lines, each once.
func (e Errors) sorted() Errors {
	slices.SortStableFunc(e, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Key, b.Key))
	})
	seen := make(map[Problem]bool, len(e))
	return slices.DeleteFunc(e, func(p Problem) bool {
		was := seen[p]
		seen[p] = true
		return was
	})
}
