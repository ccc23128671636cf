package system

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
)

// variables are those that may stand in the configuration of repositories, such
// as $basearch (dnf.conf(5), zypper(8)).
type variables map[string]string

// maxNesting bounds variables within variables.
const maxNesting = 32

// expand replaces the variables of a text: $name and ${name} by their values,
// ${name:-word} by the word where the variable is empty or not known, and
// ${name:+word} by the word where it is not. Within words, variables are expanded
// and a backslash takes the meaning of the next byte. What is not known otherwise
// stays as it is.
func (v variables) expand(text string) string { return v.expandNested(text, 0) }

func (v variables) expandNested(text string, depth int) string {
	var b strings.Builder
	for text != "" {
		length := strings.IndexAny(text, `$\`)
		switch {
		case length < 0:
			length = len(text)
			b.WriteString(text)
		case length > 0:
			b.WriteString(text[:length])
		case text[0] == '\\' && depth > 0 && len(text) > 1:
			b.WriteByte(text[1])
			length = 2
		case text[0] == '\\':
			b.WriteByte('\\')
			length = 1
		default:
			var value string
			value, length = v.reference(text, depth)
			b.WriteString(value)
		}
		text = text[length:]
	}
	return b.String()
}

// reference returns the value of the reference to a variable that the text begins
// with, and the length of the reference. Where there is none, it is "$" itself.
func (v variables) reference(text string, depth int) (value string, length int) {
	start := 1
	if strings.HasPrefix(text, "${") {
		start = 2
	}
	end := start
	for end < len(text) && isNameByte(text[end]) {
		end++
	}
	value, known := v.value(text[start:end])
	switch {
	case end == start || end == len(text) && start == 2 || depth > maxNesting:
		return "$", 1
	case start == 1 && known:
		return value, end
	case start == 1:
		return text[:end], end
	case text[end] == '}' && known:
		return value, end + 1
	case text[end] == '}':
		return text[:end+1], end + 1
	}
	word, ok := wordOf(text[end:])
	if !ok {
		return "$", 1
	}
	length = end + len(word) + len(":-}")
	if text[end+1] == '+' == (value != "") {
		value = v.expandNested(word, depth+1)
	} else if text[end+1] == '+' {
		value = ""
	}
	return value, length
}

// wordOf is the word in ":-word}" or ":+word}", up to the brace that is neither
// escaped nor part of a variable within the word.
func wordOf(text string) (word string, ok bool) {
	if !strings.HasPrefix(text, ":-") && !strings.HasPrefix(text, ":+") {
		return "", false
	}
	text = text[2:]
	depth := 0
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\':
			i++
		case strings.HasPrefix(text[i:], "${"):
			depth++
		case text[i] == '}' && depth == 0:
			return text[:i], true
		case text[i] == '}':
			depth--
		}
	}
	return "", false
}

// value returns the value of a variable. The parts of the release are known where
// it is.
func (v variables) value(name string) (string, bool) {
	if value, known := v[name]; known {
		return value, true
	}
	release, known := v["releasever"]
	major, minor, _ := strings.Cut(release, ".")
	switch name {
	case "releasever_major":
		return major, known
	case "releasever_minor":
		return minor, known
	}
	return "", false
}

func isNameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
}

var variableReference = regexp.MustCompile(`\$(\{[A-Za-z0-9_]+[:}]|[A-Za-z0-9_]+)`)

// unknownVariable is the first reference that is left in an expanded text, "" if
// there is none.
func unknownVariable(text string) string {
	return strings.Trim(variableReference.FindString(text), "${:}")
}

// readVariables adds the variables of a directory: the first line of each file is
// the value of the variable that the file is named after.
func (f files) readVariables(into variables, directory string) error {
	entries, err := os.ReadDir(f.on(directory))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		file := path.Join(directory, e.Name())
		if !f.exists(file) {
			continue
		}
		text, err := f.text(file)
		if err != nil {
			return err
		}
		line, _, _ := strings.Cut(text, "\n")
		into[e.Name()] = strings.TrimSuffix(line, "\r")
	}
	return nil
}

// environmentVariable matches those of the environment that dnf takes up.
var environmentVariable = regexp.MustCompile(`^(?:DNF_VAR_([A-Za-z0-9_]+)|(DNF[0-9]))$`)

// addEnvironment adds the variables that the environment sets for dnf.
func (v variables) addEnvironment(environment []string) {
	for _, assignment := range environment {
		name, value, _ := strings.Cut(assignment, "=")
		if m := environmentVariable.FindStringSubmatch(name); m != nil {
			v[m[1]+m[2]] = value
		}
	}
}
