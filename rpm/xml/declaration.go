package xml

import (
	"regexp"
	"strings"
)

// declared is what may stand in the XML declaration (XML 1.0, 2.8).
var declared = regexp.MustCompile(`^\s+version\s*=\s*["']1\.0["'](?:\s+encoding\s*=\s*["']([A-Za-z0-9._-]*)["'])?(?:\s+standalone\s*=\s*["'](?:yes|no)["'])?\s*$`)

// checkDeclaration checks the text of the XML declaration: the encoding is UTF-8, or
// ASCII, which is a part of it.
func (r *Reader) checkDeclaration(pos int, text []byte) error {
	found := declared.FindSubmatch(text)
	if found == nil {
		return r.syntax(pos, "%s is no declaration of XML 1.0", quote(text))
	}
	switch encoding := string(found[1]); strings.ToUpper(encoding) {
	case "", "UTF-8", "US-ASCII", "ASCII":
		return nil
	default:
		return r.syntax(pos, "encoding %s where UTF-8 is expected", encoding)
	}
}
