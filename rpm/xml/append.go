package xml

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// What bytes mean when text is written.
const (
	asIs = iota
	reference
	valueReference // in the value of an attribute only
	control
	beyond // of a character that is not ASCII
)

// written has the meaning of each byte.
var written = func() (all [256]uint8) {
	for c := range byte(' ') {
		all[c] = control
	}
	for c := utf8.RuneSelf; c < len(all); c++ {
		all[c] = beyond
	}
	all['\t'], all['\n'], all['"'] = valueReference, valueReference, valueReference
	all['\r'], all['&'], all['<'], all['>'] = reference, reference, reference, reference
	return all
}()

var references = [...]string{
	'&': "&amp;", '<': "&lt;", '>': "&gt;", '"': "&quot;", '\t': "&#9;", '\n': "&#10;", '\r': "&#13;",
}

// AppendText appends any bytes as text between tags, as libxml2 writes it for
// createrepo_c. What is no UTF-8 is taken for Latin-1. Characters that XML cannot have,
// such as most control characters, become U+FFFD, the replacement character; clean
// reports that there was none.
func AppendText(to, text []byte) (out []byte, clean bool) {
	text = utf8Of(text)
	clean = true
	start := 0
	for i, c := range text {
		meaning := written[c]
		switch {
		case meaning == asIs || meaning == valueReference:
			continue
		case meaning == beyond && !isNoncharacter(text[i:]):
			continue
		}
		to = append(to, text[start:i]...)
		if meaning == reference {
			to = append(to, references[c]...)
			start = i + 1
			continue
		}
		to = append(to, "\uFFFD"...)
		clean = false
		start = i + 1
		if meaning == beyond {
			start = i + len("\uFFFE")
		}
	}
	return append(to, text[start:]...), clean
}

// AppendValue appends any bytes as the value of an attribute between double quotes, as
// [AppendText] does; what is not ASCII by references.
func AppendValue(to, text []byte) (out []byte, clean bool) {
	text = utf8Of(text)
	clean = true
	start := 0
	for i := 0; i < len(text); i++ {
		meaning := written[text[i]]
		if meaning == asIs {
			continue
		}
		to = append(to, text[start:i]...)
		start = i + 1
		switch meaning {
		case reference, valueReference:
			to = append(to, references[text[i]]...)
		default:
			r, size := utf8.DecodeRune(text[i:])
			if meaning == control || isNoncharacter(text[i:]) {
				r, clean = utf8.RuneError, false
			}
			to = append(to, "&#x"...)
			to = append(to, strings.ToUpper(strconv.FormatInt(int64(r), 16))...)
			to = append(to, ';')
			start = i + size
			i = start - 1
		}
	}
	return append(to, text[start:]...), clean
}

// isNoncharacter reports whether the text begins with U+FFFE or U+FFFF.
func isNoncharacter(text []byte) bool {
	return text[0] == 0xef && text[1] == 0xbf && text[2] >= 0xbe
}

// utf8Of returns text of UTF-8, and other text as if it were Latin-1, without what are
// control characters or signs there: such text is another encoding's, mostly.
func utf8Of(text []byte) []byte {
	if utf8.Valid(text) {
		return text
	}
	out := make([]byte, 0, len(text)+len(text)/4)
	for _, c := range text {
		if c < 0x80 || c >= 0xc0 {
			out = utf8.AppendRune(out, rune(c))
		}
	}
	return out
}
