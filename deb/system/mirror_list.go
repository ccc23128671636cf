package system

import (
	"cmp"
	"fmt"
	"io/fs"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// listedMirror is a line of a list of mirrors (apt-transport-mirror(1)).
type listedMirror struct {
	uri      string
	priority int  // the lowest is tried first
	limited  bool // to some of the files
}

// listedURLs are the URLs of a mirror list, in the order of their priorities.
// Mirrors that have some of the files only are left out where others have all.
func (s *System) listedURLs(g *group, path string) (urls []string, err error) {
	u, err := url.Parse(path)
	if err != nil || !strings.HasPrefix(u.Path, "/") {
		return nil, fmt.Errorf("%s: mirror list %q is no absolute path", g.place, path)
	}
	if !s.files.exists(u.Path) {
		return nil, fmt.Errorf("%s: mirror list %s: %w", g.place, s.files.on(u.Path), fs.ErrNotExist)
	}
	text, err := s.files.text(u.Path)
	if err != nil {
		return nil, fmt.Errorf("%s: mirror list: %w", g.place, err)
	}
	mirrors := parseMirrorList(text)
	complete := slices.ContainsFunc(mirrors, func(m listedMirror) bool { return !m.limited })
	for _, m := range mirrors {
		scheme, _, _ := strings.Cut(m.uri, ":")
		switch {
		case m.limited && complete:
			s.note("%s: mirror %s is left out: it is for some of the files only", s.files.on(u.Path), redacted(m.uri))
			continue
		case !slices.Contains([]string{"http", "https", "file", "copy"}, scheme):
			s.note("%s: mirror %s is left out: its transport is not supported", s.files.on(u.Path), redacted(m.uri))
			continue
		}
		url, err := cleanURL(m.uri)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.files.on(u.Path), err)
		}
		if !slices.Contains(urls, url) {
			urls = append(urls, url)
		}
	}
	if len(urls) == 0 {
		return nil, fmt.Errorf("%s: mirror list %s names no mirror that can be used", g.place, s.files.on(u.Path))
	}
	return urls, nil
}

// parseMirrorList reads a list of mirrors: on each line a URI, then after a tab
// "key:value" words. The result is in the order of the priorities.
func parseMirrorList(text string) (mirrors []listedMirror) {
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.Trim(line, blanks)
		if line == "" || line[0] == '#' {
			continue
		}
		uri, metadata, _ := strings.Cut(line, "\t")
		m := listedMirror{uri: strings.TrimRight(strings.Trim(uri, blanks), "/"), priority: math.MaxInt}
		for _, word := range strings.Fields(metadata) {
			key, value, _ := strings.Cut(word, ":")
			n, err := strconv.Atoi(value)
			if key == "priority" && err == nil {
				m.priority = n
			} else if key != "priority" {
				m.limited = true
			}
		}
		mirrors = append(mirrors, m)
	}
	slices.SortStableFunc(mirrors, func(a, b listedMirror) int { return cmp.Compare(a.priority, b.priority) })
	return mirrors
}
