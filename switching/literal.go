package switching

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// literals reads keyword arguments of Python literals, as in
// url='http://mirror.example.net/pub',whitelist=True,interval=90. Values are string,
// int64, float64, bool, or nil for None (The Python Language Reference, section 2.4).
func literals(line string) (map[string]any, error) {
	values := map[string]any{}
	rest := strings.TrimSpace(line)
	for rest != "" {
		name, after, ok := strings.Cut(rest, "=")
		name = strings.TrimSpace(name)
		if !ok || !isIdentifier(name) {
			return nil, fmt.Errorf("expected name=value, seen %q", cut(rest))
		}
		if _, twice := values[name]; twice {
			return nil, fmt.Errorf("%s is given twice", name)
		}
		value, left, err := literal(strings.TrimLeft(after, " \t"))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		values[name] = value
		left = strings.TrimLeft(left, " \t")
		if left == "" {
			break
		}
		if left[0] != ',' {
			return nil, fmt.Errorf("expected a comma behind %s, seen %q", name, cut(left))
		}
		rest = strings.TrimSpace(left[1:])
	}
	return values, nil
}

// literal reads the literal that a text begins with, and returns what follows.
func literal(text string) (value any, rest string, err error) {
	if text == "" {
		return nil, "", errors.New("the value is missing")
	}
	if text[0] == '\'' || text[0] == '"' {
		return quoted(text)
	}
	end := strings.IndexAny(text, ", \t")
	if end < 0 {
		end = len(text)
	}
	word, rest := text[:end], text[end:]
	switch word {
	case "True":
		return true, rest, nil
	case "False":
		return false, rest, nil
	case "None":
		return nil, rest, nil
	}
	if n, err := strconv.ParseInt(word, 10, 64); err == nil {
		return n, rest, nil
	}
	if f, err := strconv.ParseFloat(word, 64); err == nil {
		return f, rest, nil
	}
	return nil, "", fmt.Errorf("%q is no value (expected a quoted text, a number, True, False or None)", cut(word))
}

// escapes are those of one character that Python knows.
var escapes = map[byte]string{
	'\\': "\\", '\'': "'", '"': `"`, 'a': "\a", 'b': "\b", 'f': "\f", 'n': "\n", 'r': "\r", 't': "\t", 'v': "\v",
}

// quoted reads the string that a text begins with.
func quoted(text string) (value any, rest string, err error) {
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		c := text[i]
		if c == text[0] {
			return b.String(), text[i+1:], nil
		}
		if c != '\\' || i+1 == len(text) {
			b.WriteByte(c)
			continue
		}
		i++
		digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[text[i]]
		if digits > 0 {
			if i+digits >= len(text) {
				break
			}
			code, err := strconv.ParseUint(text[i+1:i+1+digits], 16, 32)
			if err != nil || !utf8.ValidRune(rune(code)) {
				return nil, "", fmt.Errorf("%q is no character", text[i-1:i+1+digits])
			}
			b.WriteRune(rune(code))
			i += digits
			continue
		}
		plain, known := escapes[text[i]]
		if !known {
			b.WriteByte('\\') // Python leaves what it does not know
			plain = text[i : i+1]
		}
		b.WriteString(plain)
	}
	return nil, "", errors.New("the text has no closing quote")
}

func isIdentifier(name string) bool {
	for i := range len(name) {
		c := name[i]
		if c != '_' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}

// cut is the beginning of a text, for messages.
func cut(text string) string {
	const most = 60
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "..."
}
