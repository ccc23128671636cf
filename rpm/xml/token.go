package xml

import "bytes"

// token scans the token at pos. It returns errShort, and changes nothing, where the
// token does not end within the buffer.
func (r *Reader) token() (Kind, error) {
	if r.empty {
		r.empty = false
		r.start = r.pos
		r.pop()
		return End, nil
	}
	for {
		text := r.buf[:r.end]
		pos := r.pos
		switch {
		case pos == len(text):
			return 0, errShort
		case text[pos] != '<':
			if done, err := r.scanText(text, pos); done || err != nil {
				return Text, err
			}
			continue
		case pos+1 == len(text):
			return 0, errShort
		}
		switch text[pos+1] {
		case '/':
			return End, r.scanEnd(text, pos)
		case '?':
			if err := r.scanInstruction(text, pos); err != nil {
				return 0, err
			}
		case '!':
			if done, err := r.scanDeclaration(text, pos); done || err != nil {
				return Text, err
			}
		default:
			return Start, r.scanStart(text, pos)
		}
	}
}

// scanText scans text up to the next tag. Blanks outside of the outermost element are
// no token.
func (r *Reader) scanText(text []byte, pos int) (done bool, err error) {
	size := bytes.IndexByte(text[pos:], '<')
	if size < 0 {
		return false, errShort
	}
	raw := text[pos : pos+size]
	if r.depth == 0 {
		if mark := len(byteOrderMark); r.passed == 0 && pos == 0 && bytes.HasPrefix(raw, []byte(byteOrderMark)) {
			r.pos, r.mark = mark, int64(mark)
			return false, nil
		}
		if at := len(raw) - len(bytes.TrimLeft(raw, blanks)); at < size {
			return false, r.syntax(pos+at, "text %s outside of all elements", quote(raw[at:]))
		}
		r.pos = pos + size
		return false, nil
	}
	if plain := plainSize(raw); plain < size {
		if at := bytes.Index(raw, []byte("]]>")); at >= 0 {
			return false, r.syntax(pos+at, "\"]]>\" in a text")
		}
		if raw, err = r.unescape(raw, plain, pos, false); err != nil {
			return false, err
		}
	}
	r.text = raw
	r.start, r.pos = pos, pos+size
	return true, nil
}

// plainSize returns how many bytes of a text come before one that may mean something
// else.
func plainSize(text []byte) int {
	const short = 24
	if len(text) < short {
		for i, c := range text {
			if c == '&' || c == ']' || c == '\r' {
				return i
			}
		}
		return len(text)
	}
	for _, c := range [...]byte{'&', ']', '\r'} {
		if i := bytes.IndexByte(text, c); i >= 0 {
			text = text[:i]
		}
	}
	return len(text)
}

// scanEnd scans an end tag.
func (r *Reader) scanEnd(text []byte, pos int) error {
	if r.depth == 0 {
		return r.syntax(pos, "an end tag where no element is open")
	}
	name := r.innermost()
	i := pos + 2
	if len(text)-i <= len(name) {
		if bytes.IndexByte(text[i:], '>') < 0 {
			return errShort
		}
	} else if string(text[i:i+len(name)]) == string(name) {
		i += len(name)
		for i < len(text) && blank[text[i]] {
			i++
		}
		if i == len(text) {
			return errShort
		}
		if text[i] == '>' {
			r.start, r.pos = pos, i+1
			r.pop()
			return nil
		}
	}
	return r.syntax(pos, "%s where </%s> is expected", quote(text[pos:]), name)
}

// scanInstruction passes a processing instruction, or the XML declaration.
func (r *Reader) scanInstruction(text []byte, pos int) error {
	size := bytes.Index(text[pos+2:], []byte("?>"))
	if size < 0 {
		return errShort
	}
	content := text[pos+2 : pos+2+size]
	name, colon := scanName(content, 0)
	target, rest := content[:name], content[name:]
	switch {
	case name == 0 || colon >= 0 || len(rest) > 0 && !blank[rest[0]]:
		return r.syntax(pos, "%s is no processing instruction", quote(text[pos:pos+size+4]))
	case !bytes.EqualFold(target, []byte("xml")):
	case r.passed+int64(pos) > r.mark || string(target) != "xml":
		return r.syntax(pos, "an XML declaration that is not at the start")
	default:
		if err := r.checkDeclaration(pos, rest); err != nil {
			return err
		}
	}
	r.pos = pos + size + 4
	return nil
}

// scanDeclaration passes a comment, or scans a CDATA section, which is a text.
func (r *Reader) scanDeclaration(text []byte, pos int) (done bool, err error) {
	const comment, cdata = "<!--", "<![CDATA["
	switch rest := text[pos:]; {
	case bytes.HasPrefix(rest, []byte(comment)):
		size := bytes.Index(rest[len(comment):], []byte("--"))
		if size < 0 || len(comment)+size+2 == len(rest) {
			return false, errShort
		}
		if rest[len(comment)+size+2] != '>' {
			return false, r.syntax(pos+len(comment)+size, "\"--\" in a comment")
		}
		r.pos = pos + len(comment) + size + 3
		return false, nil
	case bytes.HasPrefix(rest, []byte(cdata)):
		size := bytes.Index(rest[len(cdata):], []byte("]]>"))
		if size < 0 {
			return false, errShort
		}
		if r.depth == 0 {
			return false, r.syntax(pos, "text outside of all elements")
		}
		r.text = r.normalizeLines(rest[len(cdata) : len(cdata)+size])
		r.start, r.pos = pos, pos+len(cdata)+size+3
		return true, nil
	case bytes.HasPrefix([]byte(comment), rest) || bytes.HasPrefix([]byte(cdata), rest):
		return false, errShort
	default:
		return false, r.syntax(pos, "%s: document type declarations are not read", quote(rest))
	}
}

// scanStart scans a start tag.
func (r *Reader) scanStart(text []byte, pos int) error {
	if r.depth == 0 && r.rooted {
		return r.syntax(pos, "a second outermost element")
	}
	r.attrs = r.attrs[:0]
	i, colon := scanName(text, pos+1)
	if i == len(text) {
		return errShort
	}
	name := text[pos+1 : i]
	if len(name) == 0 {
		return r.syntax(pos, "%s is no tag", quote(text[pos:]))
	}
	declares := false
	for {
		gap := i
		for i < len(text) && blank[text[i]] {
			i++
		}
		if i == len(text) {
			return errShort
		}
		if text[i] == '>' {
			i++
			break
		}
		if text[i] == '/' {
			if i+1 == len(text) {
				return errShort
			}
			if text[i+1] != '>' {
				return r.syntax(i, "%s in a tag", quote(text[i:]))
			}
			i += 2
			break
		}
		if gap == i {
			return r.syntax(i, "%s where a blank is expected", quote(text[i:]))
		}
		var err error
		if i, err = r.scanAttr(text, i); err != nil {
			return err
		}
		declares = declares || r.attrs[len(r.attrs)-1].isNamespace()
	}
	var prefix []byte
	r.local = name
	if colon >= 0 {
		prefix, r.local = text[pos+1:colon], text[colon+1:pos+1+len(name)]
	}
	if err := r.push(pos, name, prefix, declares); err != nil {
		return err
	}
	r.empty = text[i-2] == '/'
	r.start, r.pos = pos, i
	return nil
}

// scanAttr scans an attribute and returns where it ends.
func (r *Reader) scanAttr(text []byte, first int) (end int, err error) {
	i, colon := scanName(text, first)
	name := text[first:i]
	if len(name) == 0 && i < len(text) {
		return 0, r.syntax(i, "%s where an attribute is expected", quote(text[i:]))
	}
	if colon >= 0 && i < len(text) && !isQualified(text[first:colon], text[colon+1:i]) {
		return 0, r.syntax(first, "attribute %s has more than one prefix, or half of one", quote(name))
	}
	for i < len(text) && blank[text[i]] {
		i++
	}
	if i < len(text) && text[i] != '=' {
		return 0, r.syntax(i, "%s where \"=\" is expected", quote(text[i:]))
	}
	i++
	for i < len(text) && blank[text[i]] {
		i++
	}
	if i >= len(text) {
		return 0, errShort
	}
	delimiter := text[i]
	if delimiter != '"' && delimiter != '\'' {
		return 0, r.syntax(i, "%s where a value in quotes is expected", quote(text[i:]))
	}
	i++
	start, plain := i, -1
	for ; i < len(text) && text[i] != delimiter; i++ {
		if !special[text[i]] {
			continue
		}
		if text[i] == '<' {
			return 0, r.syntax(i, "\"<\" in a value")
		}
		if plain < 0 {
			plain = i - start
		}
	}
	if i == len(text) {
		return 0, errShort
	}
	value := text[start:i]
	if plain >= 0 {
		if value, err = r.unescape(value, plain, start, true); err != nil {
			return 0, err
		}
	}
	return i + 1, r.addAttr(first, Attr{name, value})
}

// special has the bytes of a value that mean something else.
var special = [256]bool{'<': true, '&': true, '\t': true, '\n': true, '\r': true}

func (r *Reader) addAttr(pos int, a Attr) error {
	for i := range r.attrs {
		if string(r.attrs[i].Name) == string(a.Name) {
			return r.syntax(pos, "attribute %s stands there twice", a.Name)
		}
	}
	if len(r.attrs) == maxAttributes {
		return r.syntax(pos, "more than %d attributes", maxAttributes)
	}
	r.attrs = append(r.attrs, a)
	return nil
}

// push makes an element one that is open.
func (r *Reader) push(pos int, name, prefix []byte, declares bool) error {
	if r.depth == maxDepth {
		return r.syntax(pos, "elements are nested more than %d levels deep", maxDepth)
	}
	if declares {
		if err := r.declare(pos); err != nil {
			return err
		}
	}
	if err := r.resolve(pos, prefix); err != nil {
		r.unbind()
		return err
	}
	r.open = append(r.open, name...)
	r.lengths = append(r.lengths, len(name))
	r.depth++
	r.rooted = true
	return nil
}

// pop takes the innermost element from those that are open.
func (r *Reader) pop() {
	r.depth--
	r.open = r.open[:len(r.open)-r.lengths[r.depth]]
	r.lengths = r.lengths[:r.depth]
	if n := len(r.bindings); n > 0 && r.bindings[n-1].depth > r.depth {
		r.unbind()
	}
}

// innermost is the name of the innermost open element.
func (r *Reader) innermost() []byte {
	return r.open[len(r.open)-r.lengths[r.depth-1]:]
}
