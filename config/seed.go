package config

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Seed asks for packages by name, and by version if wanted. For rpm it may also be
// another form of a package ("bash-5.1-2.el9.x86_64"), something that packages
// provide ("perl(Foo::Bar)"), or a file ("/usr/bin/python3").
type Seed struct {
	Pattern      string // one of these, or a glob of it as [repo.Match] reads it
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
//
// For rpm it also reads "bash-0:5.1-2.el9.x86_64" and "0:bash-5.1-2.el9.x86_64", where
// a colon behind digits ends an epoch, unless an architecture follows it; "libfoo.so.1()(64bit)",
// where a parenthesis follows the name at once and holds no operator; and paths.
func ParseSeed(text string) (Seed, error) {
	seed, err := parseSeed(strings.TrimSpace(text))
	if err != nil {
		return Seed{}, fmt.Errorf("seed %q %w", text, err)
	}
	return seed, nil
}

func parseSeed(text string) (s Seed, err error) {
	switch {
	case strings.HasPrefix(text, "/"):
		return Seed{Pattern: text}, checkPath(text)
	case strings.HasPrefix(text, "@"):
		return s, fmt.Errorf("is the name of a group (expected it among groups, as %q)", text[1:])
	}
	name, constraint, err := splitConstraint(text)
	if err != nil {
		return s, err
	}
	s.Pattern, s.Architecture = splitArchitecture(name)
	if err := checkName(s.Pattern); err != nil {
		return s, err
	}
	if s.Pattern != name && !isArchitecture(s.Architecture) {
		return s, fmt.Errorf("has no architecture after its colon (expected such as :amd64, seen %q)", s.Architecture)
	}
	if constraint != "" {
		s.Op, s.Version, err = parseConstraint(constraint)
	}
	return s, err
}

// splitConstraint parts the name from the version constraint with its operator.
func splitConstraint(text string) (name, constraint string, err error) {
	end, err := nameEnd(text)
	if err != nil {
		return "", "", err
	}
	name, rest := text[:end], strings.TrimSpace(text[end:])
	if !strings.HasPrefix(rest, "(") {
		if rest != "" && !strings.ContainsAny(rest[:1], operatorSigns) {
			return "", "", fmt.Errorf("holds a blank in its name (expected one name; a version is written nginx (= 1.0))")
		}
		return name, rest, nil
	}
	constraint, after, closed := strings.Cut(rest[1:], ")")
	constraint = strings.TrimSpace(constraint)
	switch {
	case !closed:
		return "", "", errNotClosed
	case after != "":
		return "", "", fmt.Errorf("goes on after the closing parenthesis (seen %q)", after)
	case constraint == "":
		return "", "", fmt.Errorf("has nothing between its parentheses (expected such as (>= 1.0))")
	}
	return name, constraint, nil
}

var errNotClosed = errors.New("lacks the closing parenthesis")

// operatorSigns are the characters that operators begin with.
const operatorSigns = "<=>!"

// nameEnd returns where the name ends that the text begins with: at a blank, at an
// operator, or at a parenthesis with an operator in it. What stands in other
// parentheses is of the name, "perl(Foo)", and [!a] of a glob is no operator.
func nameEnd(text string) (int, error) {
	inClass, depth := false, 0
	for i := range len(text) {
		switch c := text[i]; {
		case c == '(' && depth == 0 && strings.ContainsAny(first(strings.TrimLeft(text[i+1:], " \t")), operatorSigns):
			return i, nil
		case c == '(':
			depth++
		case c == ')':
			depth = max(0, depth-1)
		case depth > 0:
		case c == '[':
			inClass = true
		case c == ']':
			inClass = false
		case c == ' ' || c == '\t' || !inClass && strings.IndexByte(operatorSigns, c) >= 0:
			return i, nil
		}
	}
	if depth > 0 {
		return 0, errNotClosed
	}
	return len(text), nil
}

// first returns the first byte of a text, if any.
func first(text string) string { return text[:min(1, len(text))] }

// epochEnd is the end of what stands before a colon that ends an epoch.
var epochEnd = regexp.MustCompile(`(^|-)[0-9]+$`)

// splitArchitecture cuts the architecture from a name. The last colon outside of
// parentheses is before it, unless the colon ends an epoch.
func splitArchitecture(text string) (pattern, architecture string) {
	colon := strings.LastIndexByte(text, ':')
	if colon < strings.LastIndexByte(text, ')') {
		colon = -1
	}
	if colon < 0 {
		return text, ""
	}
	pattern, architecture = text[:colon], text[colon+1:]
	if epoch := epochEnd.FindString(pattern); epoch != "" && (epoch == pattern || !isArchitecture(architecture)) {
		return text, ""
	}
	return pattern, architecture
}

// checkName checks a name: a package's, one of the forms of a package, or one that
// packages provide, whose parentheses may hold nearly anything.
func checkName(pattern string) error {
	if pattern == "" || pattern[0] == '(' {
		return fmt.Errorf("names no package (expected such as nginx)")
	}
	unexpected := func(c rune) error {
		return fmt.Errorf("holds %q in its name (expected letters, digits, + - . _ ~ ^ and globs with * ? [])", c)
	}
	open, depth := false, 0
	for i, c := range pattern {
		switch {
		case c == '(' && !open:
			depth++
		case c == ')' && depth > 0:
			depth--
		case depth > 0:
			if !unicode.IsGraphic(c) || unicode.IsSpace(c) || c == utf8.RuneError {
				return fmt.Errorf("holds %q between its parentheses (expected no blanks)", c)
			}
		case c == '[':
			open = true
		case c == ']':
			open = false
		case c == '!' && !open, c == ':' && !epochEnd.MatchString(pattern[:i]):
			return unexpected(c)
		case !isWord(c) && !strings.ContainsRune("+-.*?~^!:", c):
			return unexpected(c)
		}
	}
	if open {
		return errOpenClass
	}
	return nil
}

var errOpenClass = errors.New("lacks the closing bracket of its glob")

// checkPath checks a path of files in packages, or a glob of it.
func checkPath(pattern string) error {
	open := false
	for _, c := range pattern {
		switch {
		case c == '[':
			open = true
		case c == ']':
			open = false
		case !unicode.IsGraphic(c) || unicode.IsSpace(c) || c == utf8.RuneError:
			return fmt.Errorf("holds %q in its path (expected no blanks, and no version beside a path)", c)
		}
	}
	if open {
		return errOpenClass
	}
	return nil
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
func isArchitecture(text string) bool { return architectureName.MatchString(text) }

var architectureName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*$`)

// namesPackage reports whether the seed is a package's name, a glob of it or another
// form of a package, and nothing else.
func (s Seed) namesPackage() bool {
	return s.Op == repo.Any && s.Architecture == "" && !strings.ContainsAny(s.Pattern, "/(")
}

// nearestName returns a package's name that may be meant, for messages.
func (s Seed) nearestName() string {
	if strings.ContainsAny(s.Pattern, "/(") {
		return "nginx"
	}
	return s.Pattern
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
