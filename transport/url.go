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
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok {
		scheme, rest = "", raw
	} else {
		scheme += "://"
	}
	if _, err := url.Parse(raw); err != nil {
		// Where the password ends is anybody's guess.
		return scheme + "(not a URL)"
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	rest = rest[strings.LastIndexByte(rest[:end], '@')+1:]
	rest, _, _ = strings.Cut(rest, "#")
	if before, query, ok := strings.Cut(rest, "?"); ok && query != "" {
		rest = before + "?..."
	}
	return scheme + rest
}
