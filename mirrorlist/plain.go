package mirrorlist

import (
	"fmt"
	"net/url"
	"strings"
)

// parsePlain reads a list of URLs, one a line, preferred first. Lines that begin
// with "#" are comments; a line that begins with "/" is a directory of the
// machine (librepo's mirrorlist.c).
func parsePlain(text string) (*List, error) {
	list := &List{}
	remark, refused := "", ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case line == "":
			continue
		case line[0] == '#':
			remark = first(remark, strings.TrimSpace(strings.TrimLeft(line, "#")))
			continue
		case line[0] == '/':
			line = (&url.URL{Scheme: "file", Path: line}).String()
		}
		before := len(list.URLs)
		if err := list.add(line); err != nil {
			return nil, err
		}
		if len(list.URLs) == before {
			refused = first(refused, line)
		}
	}
	switch {
	case len(list.URLs) > 0:
		return list, nil
	case refused != "":
		return nil, fmt.Errorf("%w: expected http, https or file URLs, seen %q", ErrNoMirror, excerpt(withoutUser(refused)))
	case remark != "":
		return nil, fmt.Errorf("%w; it says %q", ErrNoMirror, excerpt(remark))
	}
	return nil, fmt.Errorf("%w: it is empty", ErrNoMirror)
}

// first is the text that was found first.
func first(before, now string) string {
	if before != "" {
		return before
	}
	return now
}

// withoutUser is an address for messages: without user and password.
func withoutUser(address string) string {
	scheme, rest, found := strings.Cut(address, "://")
	if !found {
		return address
	}
	host, path, _ := strings.Cut(rest, "/")
	return scheme + "://" + host[strings.LastIndexByte(host, '@')+1:] + "/" + path
}
