package config

import (
	"fmt"
	"net/url"
	"strings"
)

// address replaces the variables of an address and checks it. Errors show it as
// it is written, since variables may hold secrets.
func (r *reader) address(text string, f field) (string, error) {
	address, err := expandAddress(text, r.env)
	if err != nil {
		return "", err
	}
	if defect := addressDefect(address, f.schemes); defect != "" {
		return "", fmt.Errorf("%s (expected %s, seen %q)", defect, f.expectedAddress(), cut(showAddress(text)))
	}
	return address, nil
}

// addressDefect says what is wrong with an address, "" for nothing.
func addressDefect(address string, schemes []string) string {
	u, err := parseURL(address)
	known := false
	for _, scheme := range schemes {
		known = known || err == nil && u.Scheme == scheme
	}
	switch {
	case !strings.Contains(address, "://"):
		return "is not an address"
	case err != nil || strings.ContainsAny(address, " \t"):
		return "is not a valid address"
	case !known:
		return "is an address of the wrong kind"
	case u.Scheme == "file" && u.Host != "" && u.Host != "localhost":
		return "names a host, which file:///PATH does not"
	case u.Scheme == "file" && u.Path == "":
		return "names no path"
	case u.Scheme != "file" && u.Hostname() == "":
		return "names no host"
	case u.Fragment != "":
		return "holds a fragment (#)"
	}
	return ""
}

// expandAddress is expand for an address: values in its user-info may hold any
// character.
func expandAddress(text string, env func(string) (string, bool)) (string, error) {
	scheme, rest, _ := strings.Cut(text, "://")
	start := len(scheme) + len("://")
	end := start + len(userInfo(rest))
	return expand(text, env, func(value string, at int) string {
		if at >= start && at < end {
			return url.User(value).String()
		}
		return value
	})
}

// showAddress returns an address as it may be shown: without user-info.
func showAddress(text string) string {
	at := strings.LastIndexByte(text, '@')
	if at < 0 {
		return text
	}
	if scheme, _, ok := strings.Cut(text[:at], "://"); ok {
		return scheme + "://..." + text[at:]
	}
	return "..." + text[at:]
}

// userInfo returns the part of an address after "://" that ends in "@", if any.
func userInfo(rest string) string {
	authority := rest
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority = rest[:i]
	}
	return rest[:strings.LastIndexByte(authority, '@')+1]
}

// parseURL is url.Parse for addresses that may hold ${variables}.
func parseURL(address string) (*url.URL, error) {
	return url.Parse(bracedVariable.ReplaceAllString(address, "$1"))
}
