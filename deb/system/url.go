package system

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// urls are the URLs of a group as the machine sees them; none, with a note, where
// a mirror cannot be made from there.
func (s *System) urls(g *group) ([]string, error) {
	scheme, rest, _ := strings.Cut(g.uri, ":")
	switch scheme {
	case "mirror+file", "mirror+copy":
		return s.listedURLs(g, rest)
	case "http", "https", "file", "copy":
		u, err := cleanURL(g.uri)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", g.place, err)
		}
		return []string{u}, nil
	case "mirror", "mirror+http", "mirror+https":
		s.note("%s: the source is left out: mirror lists are read from files (mirror+file:) only, seen %q", g.place, redacted(g.uri))
	case "cdrom":
		s.note("%s: the source is left out: it is a CD", g.place)
	default:
		s.note("%s: the source is left out: the transport %q is not supported; expected http, https, file, copy or mirror+file", g.place, scheme)
	}
	return nil, nil
}

// cleanURL checks a URI of apt's and makes a URL of it: bytes that apt quotes
// when it asks for a file are quoted, and copy: is file:.
func cleanURL(uri string) (string, error) {
	u, err := url.Parse(quotedURL(uri))
	if err != nil {
		return "", fmt.Errorf("%q is no URL", redacted(uri))
	}
	if u.Scheme == "http" || u.Scheme == "https" {
		if u.Hostname() == "" {
			return "", fmt.Errorf("%q names no host", redacted(uri))
		}
		return strings.TrimRight(u.String(), "/"), nil
	}
	if u.Opaque != "" || u.Host != "" && u.Host != "localhost" {
		return "", fmt.Errorf("%q is no absolute path; expected %s:/PATH", uri, u.Scheme)
	}
	return fileURL("/" + strings.Trim(u.Path, "/")), nil
}

func fileURL(path string) string { return (&url.URL{Scheme: "file", Path: path}).String() }

// quotedURL quotes bytes that no URL holds.
func quotedURL(uri string) string {
	var b strings.Builder
	for i := range len(uri) {
		if c := uri[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>\\^`{|}", c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// redacted is a URI for messages, without its password.
func redacted(uri string) string {
	start := strings.Index(uri, "://") + len("://")
	at := strings.LastIndexByte(uri, '@')
	if start < len("://") || at < start {
		return uri
	}
	user, _, _ := strings.Cut(uri[start:at], ":")
	return uri[:start] + user + uri[at:]
}

// names are those of sources that are taken.
type names map[string]bool

// unique names a source by host and path of its URL. A further source of the
// same URL has its first suite, and if need be a number, added.
func (n names) unique(rawURL, suite string) string {
	base := "source"
	if u, err := url.Parse(rawURL); err == nil {
		if s := sanitized(strings.ToLower(u.Host) + u.Path); s != "" {
			base = s
		}
	}
	name := base
	if n[name] {
		if s := sanitized(suite); s != "" {
			base += "-" + s
		}
		name = base
	}
	for i := 2; n[name]; i++ {
		name = fmt.Sprintf("%s-%d", base, i)
	}
	n[name] = true
	return name
}

// sanitized makes text fit for a file name: letters, digits, ".", "_", "+" and
// "~" stay, all else becomes a "-", and no "." is first.
func sanitized(text string) string {
	parts := strings.FieldsFunc(text, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._+~", r)
	})
	for i := range parts {
		parts[i] = strings.TrimLeft(parts[i], ".")
	}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "-")
}
