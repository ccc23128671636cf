package xml

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"unicode/utf8"
)

const (
	blanks        = " \t\r\n"
	byteOrderMark = "\ufeff"
	badUTF8       = "bytes that are not UTF-8"
)

var blank = [256]bool{' ': true, '\t': true, '\r': true, '\n': true}

// characters returns the size of the whole characters that a document may hold (XML 1.0,
// 2.2), and what is wrong with the one that follows, "" where it is only cut.
func characters(text []byte) (size int, bad string) {
	i := 0
	for {
		// Nearly all is ASCII and ends of line: eight bytes at a time.
		for i+8 <= len(text) && plain(binary.LittleEndian.Uint64(text[i:])) {
			i += 8
		}
		for end := min(i+8, len(text)); i < end; {
			c := text[i]
			switch {
			case c >= utf8.RuneSelf:
				char, n := utf8.DecodeRune(text[i:])
				switch {
				case char != utf8.RuneError && char != 0xfffe && char != 0xffff || n == 3 && char == utf8.RuneError:
					i += n
				case n != 1:
					return i, fmt.Sprintf("character %U", char)
				case utf8.FullRune(text[i:]):
					return i, badUTF8
				default:
					return i, ""
				}
			case c < ' ' && !blank[c]:
				return i, fmt.Sprintf("control character %#02x", c)
			default:
				i++
			}
		}
		if i == len(text) {
			return i, ""
		}
	}
}

// plain reports whether eight bytes are ASCII, and no control characters but \n.
func plain(w uint64) bool {
	const (
		each = 0x0101010101010101 // times a byte is that byte in each place
		top  = 0x80 * each
	)
	if w&top != 0 {
		return false
	}
	printed := w + (0x80-' ')*each           // sets the top bit from the space on
	other := (w ^ '\n'*each) + (0x80-1)*each // sets it for all but \n
	return (printed|^other)&top == top
}

// unescape replaces the references and the ends of line in raw, which begins with some
// plain bytes; in values of attributes all blanks become spaces (XML 1.0, 3.3.3).
func (r *Reader) unescape(raw []byte, plain, pos int, value bool) ([]byte, error) {
	first := len(r.scratch)
	out := append(r.scratch, raw[:plain]...)
	for i := plain; i < len(raw); {
		c := raw[i]
		switch {
		case c == '&':
			var size int
			if out, size = appendReference(out, raw[i:]); size == 0 {
				return nil, r.syntax(pos+i, "%s is none of the references that XML has", quote(raw[i:]))
			}
			i += size
			continue
		case c == '\r':
			if i+1 < len(raw) && raw[i+1] == '\n' {
				i++
			}
			c = '\n'
		case !value:
			next := len(raw)
			if odd := bytes.IndexAny(raw[i:], "&\r"); odd >= 0 {
				next = i + odd
			}
			out = append(out, raw[i:next]...)
			i = next
			continue
		}
		if value && blank[c] {
			c = ' '
		}
		out = append(out, c)
		i++
	}
	r.scratch = out
	return out[first:len(out):len(out)], nil
}

// normalizeLines makes every end of line a \n (XML 1.0, 2.11).
func (r *Reader) normalizeLines(raw []byte) []byte {
	if bytes.IndexByte(raw, '\r') < 0 {
		return raw
	}
	first := len(r.scratch)
	for i, c := range raw {
		switch {
		case c != '\r':
			r.scratch = append(r.scratch, c)
		case i+1 == len(raw) || raw[i+1] != '\n':
			r.scratch = append(r.scratch, '\n')
		}
	}
	return r.scratch[first:len(r.scratch):len(r.scratch)]
}

// entities are those that every document has.
var entities = [...]struct {
	name string
	char byte
}{{"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'}, {"&apos;", '\''}}

// appendReference appends the character that the reference at the start of the text
// stands for. The size of the reference is 0 if it is none.
func appendReference(to, text []byte) (out []byte, size int) {
	for _, e := range entities {
		if len(text) >= len(e.name) && string(text[:len(e.name)]) == e.name {
			return append(to, e.char), len(e.name)
		}
	}
	char, size := numeric(text)
	if size == 0 || char < ' ' && !blank[char] || char > utf8.MaxRune || char == 0xfffe || char == 0xffff || 0xd800 <= char && char < 0xe000 {
		return to, 0
	}
	return utf8.AppendRune(to, rune(char)), size
}

// numeric reads "&#10;" or "&#xa;"; a number that is too large is some larger one than
// that of the last character.
func numeric(text []byte) (number uint32, size int) {
	i, base := 2, uint32(10)
	if len(text) > 3 && text[2] == 'x' {
		i, base = 3, 16
	}
	if len(text) < 4 || text[1] != '#' {
		return 0, 0
	}
	for first := i; i < len(text); i++ {
		digit := uint32(16)
		switch c := text[i]; {
		case '0' <= c && c <= '9':
			digit = uint32(c - '0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			digit = uint32(c|0x20-'a') + 10
		case c == ';' && i > first:
			return number, i + 1
		}
		if digit >= base {
			break
		}
		number = min(number*base+digit, utf8.MaxRune+1)
	}
	return 0, 0
}

// scanName returns where the name that begins at i ends, i where there is none, and
// where its first colon is, -1 where there is none.
func scanName(text []byte, i int) (end, colon int) {
	colon = -1
	if i < len(text) && (text[i] == '-' || text[i] == '.' || '0' <= text[i] && text[i] <= '9') {
		return i, colon
	}
	for ; i < len(text) && inName[text[i]]; i++ {
		if text[i] == ':' && colon < 0 {
			colon = i
		}
	}
	return i, colon
}

// inName has the bytes of names.
var inName = func() (set [256]bool) {
	for c := range set {
		lower := byte(c) | 0x20
		set[c] = c < utf8.RuneSelf && 'a' <= lower && lower <= 'z' || '0' <= c && c <= '9'
	}
	for _, c := range "-._:" {
		set[c] = true
	}
	return set
}()

// quote shortens a piece of the document for an error.
func quote(text []byte) string {
	if i := bytes.IndexByte(text, '\n'); i > 0 {
		text = text[:i]
	}
	if len(text) > 40 {
		return fmt.Sprintf("%q...", text[:40])
	}
	return fmt.Sprintf("%q", text)
}
