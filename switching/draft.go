package switching

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/config"
)

// place is where something stands in an old file.
type place struct {
	file string
	line int
}

func (p place) fail(format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", p.file, p.line, fmt.Sprintf(format, args...))
}

// draft is a configuration that is being made of old files.
type draft struct {
	*config.Config
	comments map[string][]string
	lost     []Lost
	adopt    []string
	origins  map[string]place // of keys
	names    map[string]bool
	first    place // of what has no other
}

func newDraft(in Input) *draft {
	d := &draft{Config: config.New(), comments: map[string][]string{}, origins: map[string]place{}, names: map[string]bool{}, first: place{"arguments", 1}}
	if len(in.Files) > 0 {
		d.first.file = in.Files[0].Name
	}
	return d
}

// note explains a key.
func (d *draft) note(key, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if !slices.Contains(d.comments[key], text) {
		d.comments[key] = append(d.comments[key], text)
	}
}

// lose notes what could not be carried over; the key is the one that it would be at.
func (d *draft) lose(at place, key, format string, args ...any) {
	l := Lost{at.file, at.line, fmt.Sprintf(format, args...)}
	if !slices.Contains(d.lost, l) {
		d.lost = append(d.lost, l)
		d.note(key, "not carried over: %s (%s:%d)", l.What, l.File, l.Line)
	}
}

// name makes a name of a text that no other source or mirror has.
func (d *draft) name(text string) string {
	base := strings.TrimLeft(strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '+' || c == '-' {
			return c
		}
		return '-'
	}, text), "._+-")
	if base == "" {
		base = "source"
	}
	name := base
	for n := 2; d.names[name]; n++ {
		name = fmt.Sprintf("%s-%d", base, n)
	}
	d.names[name] = true
	return name
}

// addSource adds a source, and where it comes from.
func (d *draft) addSource(at place, s config.Source) {
	d.origins[join("sources", s.Name)] = at
	d.Sources = append(d.Sources, s)
}

// addMirror adds a mirror, and where it comes from.
func (d *draft) addMirror(at place, m config.Mirror) {
	d.origins[join("mirrors", m.Name)] = at
	d.Mirrors = append(d.Mirrors, m)
}

// join is the key of an entry, as package config writes it.
func join(key, name string) string {
	for _, c := range name {
		if c != '_' && c != '-' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return fmt.Sprintf("%s.%q", key, name)
		}
	}
	return key + "." + name
}

// variable is the name of a variable of the environment for a secret.
func variable(text string) string {
	name := strings.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z':
			return c - 'a' + 'A'
		case c >= 'A' && c <= 'Z' || c >= '0' && c <= '9':
			return c
		}
		return '_'
	}, text)
	if name == "" || name[0] >= '0' && name[0] <= '9' {
		name = "_" + name
	}
	return name
}

// secret is what stands in the place of a secret of an old file: a variable of the
// environment. What the old file says stays there.
func (d *draft) secret(at place, key, what, name string) string {
	name = variable(name)
	d.lose(at, key, "%s: have %s in the environment", what, name)
	return "${" + name + "}"
}

// plain writes a text so that nothing in it is taken for a variable of the environment.
func plain(text string) string { return strings.ReplaceAll(text, "$", "$$") }

// address reads an address of an archive. A password goes to the environment; what is
// not http, https or file is asked for by http.
func (d *draft) address(at place, key, name, text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" {
		return "", at.fail("%q is no address (expected http://HOST/PATH)", showAddress(text))
	}
	switch u.Scheme {
	case "http", "https", "file":
	case "ftp", "rsync":
		d.lose(at, key, "%s is not spoken: the archive is asked for by http, which the host may serve at another path", u.Scheme)
		u.Scheme = "http"
	default:
		return "", at.fail("%s:// is not spoken (expected http, https or file)", cut(u.Scheme))
	}
	user := ""
	if u.User != nil {
		user = plain(url.User(u.User.Username()).String())
		if _, has := u.User.Password(); has {
			user += ":" + d.secret(at, key, "the password for "+u.Hostname(), name+"_PASSWORD")
		}
		user += "@"
		u.User = nil
	}
	u.Fragment = ""
	return u.Scheme + "://" + user + plain(strings.TrimPrefix(u.String(), u.Scheme+"://")), nil
}

// showAddress is an address without user and password.
func showAddress(text string) string {
	if at := strings.LastIndexByte(text, '@'); at >= 0 {
		text = text[at+1:]
	}
	return cut(text)
}

// sortedKeys are the keys of settings, in the order of their lines.
func sortedKeys(settings map[string]setting) []string {
	keys := slices.Collect(maps.Keys(settings))
	slices.SortFunc(keys, func(a, b string) int {
		return cmp.Or(cmp.Compare(settings[a].line, settings[b].line), cmp.Compare(a, b))
	})
	return keys
}

// hostPath is host and path of an address, as old programs name directories after them.
func hostPath(text string) string {
	_, rest, found := strings.Cut(text, "://")
	if !found {
		rest = text
	}
	host, path, _ := strings.Cut(rest, "/")
	host = host[strings.LastIndexByte(host, '@')+1:]
	if i := strings.LastIndexByte(host, ':'); i > 0 && !strings.HasSuffix(host, "]") {
		host = host[:i]
	}
	var parts []string
	for _, part := range append([]string{host}, strings.Split(path, "/")...) {
		if part != "" && part != "." && part != ".." {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, "/")
}

// finish checks the draft by having package config read it.
func (d *draft) finish() (*Import, error) {
	i := &Import{Config: d.Config, Comments: d.comments, Lost: d.lost, Adopt: d.adopt}
	text, err := i.Text()
	if err != nil {
		return nil, d.first.fail("%v", err)
	}
	_, err = config.Parse("/mirrorkeeper.yaml", text, func(string) (string, bool) { return "secret", true })
	var problems config.Errors
	if errors.As(err, &problems) {
		var errs []error
		for _, p := range problems {
			errs = append(errs, d.origin(p.Key).fail("has no counterpart: %s: %s", p.Key, p.Message))
		}
		return nil, errors.Join(errs...)
	}
	return i, err
}

// origin is where the key, or what holds it, comes from.
func (d *draft) origin(key string) place {
	longest := ""
	for at := range d.origins {
		if len(at) > len(longest) && (key == at || strings.HasPrefix(key, at+".") || strings.HasPrefix(key, at+"[")) {
			longest = at
		}
	}
	if longest == "" {
		return d.first
	}
	return d.origins[longest]
}
