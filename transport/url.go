package transport

import (
	"net/url"
	"strings"
)

// URL returns the URL of a path below a base. The path is taken literally, so a
// file named "a%3ab" is asked for as "a%253ab". A query of the base stays at the
// end; an empty path is the base itself.
//
// Beside what a URL cannot hold, "+" and "~" are escaped, as apt does: some object
// stores read a plain "+" as a space, and caches between see the URLs of apt.
func URL(base, path string) string {
	base, _, _ = strings.Cut(base, "#")
	if path == "" {
		return base
	}
	base, query, found := strings.Cut(base, "?")
	var b strings.Builder
	b.Grow(len(base) + len(path) + len(query) + 8)
	b.WriteString(strings.TrimRight(base, "/"))
	b.WriteByte('/')
	escape(&b, path)
	if found {
		b.WriteByte('?')
		b.WriteString(query)
	}
	return b.String()
}

func escape(b *strings.Builder, path string) {
	const digits = "0123456789abcdef"
	for i := range len(path) {
		if c := path[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("+~%?#\"<>[\\]^`{|}", c) >= 0 {
			b.WriteByte('%')
			b.WriteByte(digits[c>>4])
			b.WriteByte(digits[c&15])
		} else {
			b.WriteByte(c)
		}
	}
}

// Redacted returns a URL fit for logs and errors: without user name and password,
// and without the values that a query holds, which may be tokens.
func Redacted(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Opaque != "" {
		return "(not a URL)" // what is a password in it is anybody's guess
	}
	u.User = nil
	u.Fragment, u.RawFragment = "", ""
	if u.RawQuery != "" {
		u.RawQuery = "..."
	}
	return u.String()
}
