package system

import (
	"strconv"
	"strings"
)

// nextWord cuts the first word off a line. Blanks within "..." and [...] are
// part of the word, which is returned as written. It is "" at the end of the
// line; ok is false when a quote or bracket is not closed.
func nextWord(line string) (word, rest string, ok bool) {
	line = strings.TrimLeft(line, blanks)
	end := 0
	for end < len(line) && !isBlank(line[end]) {
		closing := byte(0)
		switch line[end] {
		case '"':
			closing = '"'
		case '[':
			closing = ']'
		}
		if closing != 0 {
			length := strings.IndexByte(line[end+1:], closing)
			if length < 0 {
				return "", line, false
			}
			end += 1 + length
		}
		end++
	}
	return line[:end], strings.TrimLeft(line[end:], blanks), true
}

const blanks = " \t\r\n\v\f"

func isBlank(b byte) bool { return strings.IndexByte(blanks, b) >= 0 }

// unquoted is the text of a word: without quotes, and with %XX decoded.
func unquoted(word string) string {
	if !strings.ContainsAny(word, `"%`) {
		return word
	}
	var b strings.Builder
	for i := 0; i < len(word); i++ {
		switch {
		case word[i] == '"':
		case word[i] == '%' && i+2 < len(word):
			if n, err := strconv.ParseUint(word[i+1:i+3], 16, 8); err == nil {
				b.WriteByte(byte(n))
				i += 2
				continue
			}
			b.WriteByte('%')
		default:
			b.WriteByte(word[i])
		}
	}
	return b.String()
}

// excerpt is the beginning of a text, for messages.
func excerpt(text string) string {
	const most = 80
	if len(text) <= most {
		return text
	}
	return text[:most] + "..."
}
