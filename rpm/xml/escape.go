package xml

import (
	"io"
	"strings"
)

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;", "\t", "&#9;", "\n", "&#10;", "\r", "&#13;")

// Escape writes the text so that it may stand in a value or between tags. The text is
// one that a document may hold: UTF-8 without control characters.
func Escape(w io.StringWriter, text string) {
	_, _ = w.WriteString(escaper.Replace(text)) // w is a buffer: writing cannot fail
}
