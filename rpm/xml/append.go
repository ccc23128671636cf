package xml

import (
	"unicode/utf8"
)

// What bytes mean when text is written.
const (
	asIs = iota
	reference
	valueReference // in the value of an attribute only
	control
	noncharacter // may begin U+FFFE or U+FFFF
)

// written has the meaning of each byte.
var written = func() (all [256]uint8) {
	for c := range byte(' ') {
		all[c] = control
	}
	all['\t'], all['\n'], all['"'] = valueReference, valueReference, valueReference
	all['\r'], all['&'], all['<'], all['>'] = reference, reference, reference, reference
	all[0xef] = noncharacter
	return all
}()

var references = map[byte]string{
	'&': "&amp;", '<': "&lt;", '>': "&gt;", '"': "&quot;", '\t': "&#9;", '\n': "&#10;", '\r': "&#13;",
}

// AppendText appends any bytes as text between tags, as libxml2 and createrepo_c write
// it. What is no UTF-8 is taken for Latin-1. Characters that XML cannot have, such as
// most control characters, become U+FFFD, the replacement character; clean reports that
// there was none.
func AppendText(to, text []byte) (out []byte, clean bool) { return escape(to, text, valueReference) }

// AppendValue appends any bytes as the value of an attribute between double quotes, as
// [AppendText] does.
func AppendValue(to, text []byte) (out []byte, clean bool) { return escape(to, text, asIs) }

// escape appends text in which bytes of the meaning as stand for themselves.
func escape(to, text []byte, as uint8) (out []byte, clean bool) {
	if !utf8.Valid(text) {
		text = latin1(text)
	}
	clean = true
	start := 0
	for i := 0; i < len(text); i++ {
		meaning := written[text[i]]
		if meaning == asIs || meaning == as {
			continue
		}
		size := 1
		if meaning == noncharacter {
			if text[i+1] != 0xbf || text[i+2] < 0xbe {
				continue
			}
			size = 3
		}
		to = append(to, text[start:i]...)
		if meaning == control || meaning == noncharacter {
			clean = false
			to = append(to, "\uFFFD"...)
		} else {
			to = append(to, references[text[i]]...)
		}
		start = i + size
		i = start - 1
	}
	return append(to, text[start:]...), clean
}

// latin1 returns text of Latin-1 as UTF-8, without what is a control character or a sign
// there: such text is another encoding's, mostly.
func latin1(text []byte) []byte {
	out := make([]byte, 0, len(text)+len(text)/4)
	for _, c := range text {
		if c < 0x80 || c >= 0xc0 {
			out = utf8.AppendRune(out, rune(c))
		}
	}
	return out
}
