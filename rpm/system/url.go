package system

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// errUnsupported is the cause where a mirror cannot be made from an address that
// the machine's programs could use.
var errUnsupported = errors.New("not supported")

// cleanURL checks the address of a directory and makes a URL of it, without a
// slash at its end. A path, and dir: of zypper, is file:, below the machine's root.
func (f files) cleanURL(address string) (string, error) {
	if strings.HasPrefix(address, "/") {
		return fileURL(f.on(address)), nil
	}
	u, err := url.Parse(quotedURL(address))
	if err != nil {
		return "", fmt.Errorf("%q is no URL", withoutUser(address))
	}
	switch u.Scheme {
	case "http", "https":
		if u.Hostname() == "" {
			return "", fmt.Errorf("%q names no host", withoutUser(address))
		}
		if u.RawQuery != "" || u.Fragment != "" {
			// What follows the "?" may be a secret.
			before, _, _ := strings.Cut(withoutUser(address), "?")
			return "", fmt.Errorf("%w: %q is followed by a query", errUnsupported, before)
		}
		return strings.TrimRight(u.String(), "/"), nil
	case "file", "dir":
		path := u.Path
		if u.Opaque != "" || path == "" || u.Host != "" && u.Host != "localhost" {
			return "", fmt.Errorf("%q is no absolute path; expected %s:///PATH", address, u.Scheme)
		}
		return fileURL(f.on("/" + strings.Trim(path, "/"))), nil
	case "":
		return "", fmt.Errorf("%q is no URL", withoutUser(address))
	}
	return "", fmt.Errorf("%w: the transport %q; expected http, https or file", errUnsupported, u.Scheme)
}

// listURL checks the address of a list of mirrors, which may have a query.
func (f files) listURL(address string) (string, error) {
	before, query, found := strings.Cut(address, "?")
	clean, err := f.cleanURL(before)
	if err == nil && strings.HasSuffix(before, "/") {
		clean += "/"
	}
	if err == nil && found {
		clean += "?" + quotedURL(query)
	}
	return clean, err
}

func fileURL(path string) string { return (&url.URL{Scheme: "file", Path: path}).String() }

// quotedURL quotes bytes that no URL holds.
func quotedURL(address string) string {
	var b strings.Builder
	for i := range len(address) {
		if c := address[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>\\^`{|}", c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// withoutUser is an address for messages, without user, password and query.
func withoutUser(address string) string {
	scheme, rest, found := strings.Cut(address, "://")
	if found {
		scheme += "://"
	} else {
		scheme, rest = "", address
	}
	rest = rest[strings.LastIndexByte(rest, '@')+1:]
	rest, _, _ = strings.Cut(rest, "?")
	return scheme + rest
}

// sanitized makes text fit for a file name: letters, digits, ".", "_", "+", ":"
// and "~" stay, all else becomes a "-", and no "." is first.
func sanitized(text string) string {
	parts := strings.FieldsFunc(text, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._+~:", r)
	})
	for i := range parts {
		parts[i] = strings.TrimLeft(parts[i], ".")
	}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "-")
}
