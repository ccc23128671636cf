package sshconfig

import (
	"errors"
	"strings"
)

const blanks = " \t\r\f"

// splitKeyword splits a line into its keyword, in lower case, and what follows. A
// blank, an equals sign, or both stand between. Empty lines and comments have no
// keyword.
func splitKeyword(line string) (keyword, rest string) {
	line = strings.Trim(line, blanks)
	if line == "" || line[0] == '#' {
		return "", ""
	}
	end := strings.IndexAny(line, blanks+"=\"")
	if end < 0 {
		end = len(line)
	}
	keyword, rest = strings.ToLower(line[:end]), strings.TrimLeft(line[end:], blanks)
	if strings.HasPrefix(rest, "=") {
		rest = strings.TrimLeft(rest[1:], blanks)
	}
	return keyword, rest
}

// splitArguments splits text into arguments as OpenSSH does: at blanks, with quotes
// of both kinds, a backslash before quotes, backslashes and blanks, and a comment
// where an argument begins with #.
func splitArguments(text string) (args []string, err error) {
	for i := 0; i < len(text); {
		switch {
		case isBlank(text[i]):
			i++
			continue
		case text[i] == '#':
			return args, nil
		}
		var arg strings.Builder
		quote := byte(0)
		for ; i < len(text); i++ {
			c := text[i]
			switch {
			case c == '\\' && i+1 < len(text) && (strings.IndexByte(`\'"`, text[i+1]) >= 0 || quote == 0 && text[i+1] == ' '):
				i++
				arg.WriteByte(text[i])
				continue
			case quote == 0 && isBlank(c):
			case quote == 0 && (c == '"' || c == '\''):
				quote = c
				continue
			case quote != 0 && c == quote:
				quote = 0
				continue
			default:
				arg.WriteByte(c)
				continue
			}
			break
		}
		if quote != 0 {
			return nil, errors.New("a quote has no end")
		}
		args = append(args, arg.String())
	}
	return args, nil
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' }
