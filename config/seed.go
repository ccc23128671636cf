package config

import (
	"fmt"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Seed asks for packages by name, and by version if wanted.
type Seed struct {
	Pattern      string // a package's name, or a glob as [repo.Match] reads it
	Architecture string // "" for any of the mirror's
	Op           repo.Op
	Version      string // "" where Op is [repo.Any]
}

// operators are the signs of version constraints; << and >> are deb's.
var operators = map[string]repo.Op{
	"<": repo.Less, "<<": repo.Less, "<=": repo.LessEqual,
	"=": repo.Equal, "==": repo.Equal, "!=": repo.NotEqual,
	">=": repo.GreaterEqual, ">": repo.Greater, ">>": repo.Greater,
}

// ParseSeed reads a seed: "nginx", "python3-*", "libc6:i386", and with a version
// "postgresql (>= 15)", "postgresql >= 15" or "nginx=1.22.1-9". The operators are
// <, <=, =, !=, >= and >, with deb's << and >> for < and >.
func ParseSeed(text string) (Seed, error) {
	seed, err := parseSeed(strings.TrimSpace(text))
	if err != nil {
		return Seed{}, fmt.Errorf("seed %q %w", text, err)
	}
	return seed, nil
}

func parseSeed(text string) (s Seed, err error) {
	name, constraint, err := splitConstraint(text)
	if err != nil {
		return s, err
	}
	if s.Pattern, s.Architecture, err = parseName(name); err != nil {
		return s, err
	}
	if constraint != "" {
		s.Op, s.Version, err = parseConstraint(constraint)
	}
	return s, err
}

// splitConstraint parts the name from the version constraint with its operator.
func splitConstraint(text string) (name, constraint string, err error) {
	if name, rest, ok := strings.Cut(text, "("); ok {
		constraint, after, closed := strings.Cut(rest, ")")
		constraint = strings.TrimSpace(constraint)
		switch {
		case !closed:
			return "", "", fmt.Errorf("lacks the closing parenthesis")
		case after != "":
			return "", "", fmt.Errorf("goes on after the closing parenthesis (seen %q)", after)
		case constraint == "":
			return "", "", fmt.Errorf("has nothing between its parentheses (expected such as (>= 1.0))")
		}
		return strings.TrimSpace(name), constraint, nil
	}
	inClass := false // in a glob, [!a] is no operator
	for i := range len(text) {
		switch text[i] {
		case '[':
			inClass = true
		case ']':
			inClass = false
		case '<', '=', '>', '!':
			if !inClass {
				return strings.TrimSpace(text[:i]), text[i:], nil
			}
		}
	}
	return text, "", nil
}

func parseName(text string) (pattern, architecture string, err error) {
	pattern, architecture, qualified := strings.Cut(text, ":")
	switch {
	case pattern == "":
		return "", "", fmt.Errorf("names no package (expected such as nginx)")
	case strings.ContainsAny(pattern, " \t"):
		return "", "", fmt.Errorf("holds a blank in its name (expected one name; a version is written nginx (= 1.0))")
	}
	open := false
	for _, c := range pattern {
		switch {
		case c == '[':
			open = true
		case c == ']':
			open = false
		case c == '!' || c == '^':
			if !open {
				return "", "", fmt.Errorf("holds %q in its name (expected letters, digits, + - . _ and globs with * ? [])", c)
			}
		case !isWord(c) && !strings.ContainsRune("+-.*?", c):
			return "", "", fmt.Errorf("holds %q in its name (expected letters, digits, + - . _ and globs with * ? [])", c)
		}
	}
	if open {
		return "", "", fmt.Errorf("lacks the closing bracket of its glob")
	}
	if qualified && !isArchitecture(architecture) {
		return "", "", fmt.Errorf("has no architecture after its colon (expected such as :amd64, seen %q)", architecture)
	}
	return pattern, architecture, nil
}

func parseConstraint(text string) (op repo.Op, version string, err error) {
	version = strings.TrimLeft(text, "<=>!~")
	sign := text[:len(text)-len(version)]
	version = strings.TrimSpace(version)
	op, known := operators[sign]
	switch {
	case sign == "":
		return 0, "", fmt.Errorf("has no operator before its version (expected such as (= %s))", text)
	case !known:
		return 0, "", fmt.Errorf("has the unknown operator %q%s", sign, expectedOperator(sign))
	case version == "":
		return 0, "", fmt.Errorf("has no version after %s", sign)
	}
	for _, c := range version {
		if !isWord(c) && !strings.ContainsRune("+-.:~^", c) {
			return 0, "", fmt.Errorf("holds %q in its version (expected letters, digits and + - . : ~ ^ _, seen %q)", c, version)
		}
	}
	return op, version, nil
}

func expectedOperator(sign string) string {
	switch sign {
	case "=>":
		return `; did you mean ">="?`
	case "=<":
		return `; did you mean "<="?`
	}
	return " (expected one of < <= = != >= >)"
}

func isWord(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
}

// isArchitecture reports whether the text looks like an architecture's name.
func isArchitecture(text string) bool {
	for i, c := range text {
		if !isWord(c) && (c != '-' || i == 0) {
			return false
		}
	}
	return text != ""
}

// String returns the seed as people write it: "postgresql (>= 15)".
func (s Seed) String() string {
	return repo.Dependency{Name: s.Pattern, Architecture: s.Architecture, Op: s.Op, Version: s.Version}.String()
}

// MarshalText writes the form of [Seed.String].
func (s Seed) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what [ParseSeed] reads.
func (s *Seed) UnmarshalText(text []byte) (err error) {
	*s, err = ParseSeed(string(text))
	return err
}
