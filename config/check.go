package config

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// checker checks what the values of a configuration say together. What could not
// be read is left alone.
type checker struct {
	*reader
	*Config
	sources     map[string]*Source
	sourceNames []string
	mirrors     map[string]*Mirror
	mirrorNames []string
}

// check checks a configuration that was read.
func check(r *reader, c *Config) {
	k := checker{reader: r, Config: c, sources: map[string]*Source{}, mirrors: map[string]*Mirror{}}
	for i := range c.Sources {
		k.sources[c.Sources[i].Name] = &c.Sources[i]
		k.sourceNames = append(k.sourceNames, c.Sources[i].Name)
	}
	for i := range c.Mirrors {
		k.mirrors[c.Mirrors[i].Name] = &c.Mirrors[i]
		k.mirrorNames = append(k.mirrorNames, c.Mirrors[i].Name)
	}
	k.whole()
	for i := range c.Sources {
		k.source(&c.Sources[i])
	}
	for i := range c.Mirrors {
		k.mirror(&c.Mirrors[i])
	}
	for i := range c.Repositories {
		k.repository(&c.Repositories[i])
	}
	k.paths()
	k.assumptions()
	if c.Watch != nil {
		k.watch(c.Watch)
	}
}

// whole checks which parts there are: mirrors, repositories, or something to watch.
func (k checker) whole() {
	missing := func(key, expected string) {
		if !k.has(key) {
			k.at(key, "is missing (expected %s)", expected)
		}
	}
	watches, creates := k.has("watch"), k.has("repositories")
	if !watches || creates || k.has("mirrors") {
		missing("destination", "a directory, such as /srv/mirror")
	} else if !k.has("destination") {
		missing("state", "a directory, where there is no destination")
	}
	if !watches && !creates || k.has("mirrors") {
		missing("sources", "a mapping from names to sources")
		missing("mirrors", "a mapping from names to mirrors")
	}
	if len(k.Repositories) == 0 && creates && !k.broken["repositories"] {
		k.at("repositories", "names no repository (expected at least one)")
	}
	if len(k.Mirrors) == 0 && k.has("mirrors") && !k.broken["mirrors"] {
		k.at("mirrors", "names no mirror (expected at least one)")
	}
}

// at notes a problem at the line of the key, or of what should hold it.
func (k checker) at(key, format string, args ...any) {
	line := 1
	for at := key; at != ""; at = parent(at) {
		if k.has(at) {
			line = k.nodes[at].Line
			break
		}
	}
	k.problem(line, key, format, args...)
}

// each calls check for each item of a list that could be read, with its key.
func (k checker) each(key string, items []string, check func(key, value string)) {
	for i, value := range items {
		at := item(key, i)
		if !k.has(at) {
			at = key // one text in the place of a list
		}
		if value != "" && !k.broken[at] {
			check(at, value)
		}
	}
}

// cleanPath checks a path that something is published at. "." is the tree itself.
func (k checker) cleanPath(key, path string) {
	if path == "." || path == "" || k.broken[key] {
		return
	}
	clean, err := repo.CleanPath(path)
	switch {
	case err != nil:
		k.at(key, "%v (expected one below the tree)", err)
	case clean != path:
		k.at(key, "is not in its shortest form (expected %q, seen %q)", clean, cut(path))
	}
}

// publisher is a mirror or a repository that publishes into a directory.
type publisher struct {
	kind, key, name string
	archive         string // of a repository: those of one archive share a directory
}

func (p publisher) String() string { return fmt.Sprintf("%s %q", p.kind, p.name) }

// paths checks that no two mirrors or repositories publish into each other, nor into the
// state.
func (k checker) paths() {
	published := make(map[string]publisher)
	for i := range k.Mirrors {
		m := &k.Mirrors[i]
		k.publishes(published, m.directory(), publisher{"mirror", join("mirrors", m.Name), m.Name, ""})
	}
	for i := range k.Repositories {
		r := &k.Repositories[i]
		k.publishes(published, r.directory(), publisher{"repository", join("repositories", r.Name), r.Name, r.archive()})
	}
	for path, p := range published {
		for above := path; above != "."; {
			above = parentDir(above)
			if other, there := published[above]; there {
				k.at(p.key, "publishes to %q, which lies in %q of %s on line %d", path, above, other, k.nodes[other.key].Line)
			}
		}
	}
	if k.State != "" && k.State == k.Destination {
		k.at("state", "is the destination (expected a directory that is never served)")
	}
}

// publishes checks one directory that is published into.
func (k checker) publishes(published map[string]publisher, path string, p publisher) {
	if other, there := published[path]; there {
		if p.archive == "" || p.archive != other.archive {
			k.at(p.key, "publishes to %q, as %s on line %d does", path, other, k.nodes[other.key].Line)
		}
		return
	}
	published[path] = p
	if k.State != "" && !k.bucket() && inside(k.State, filepath.Join(k.Destination, path)) {
		if state, _ := filepath.Rel(k.Destination, k.State); state != stateDir {
			k.at("state", "lies in what %s publishes (expected a directory that is never served, seen %q)", p, k.State)
		}
	}
}

// inside reports whether the path is the directory or lies below it.
func inside(path, directory string) bool {
	relative, err := filepath.Rel(directory, path)
	return err == nil && relative != ".." && !strings.HasPrefix(relative, "../")
}

// parentDir returns the directory that holds a clean path, "." above all others.
func parentDir(path string) string {
	if i := strings.LastIndexByte(path, '/'); i > 0 {
		return path[:i]
	}
	return "."
}

var (
	// variable is one of yum's variables in an address, with the sign of a word that
	// stands for it where it has no value, if any.
	variable = regexp.MustCompile(`\$\{?([A-Za-z_][A-Za-z0-9_]*)(:[-+])?\}?`)
	// variableName is the name of one.
	variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	// headerName is a field name of HTTP (RFC 9110, section 5.1).
	headerName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")
	// language is the name of a translation.
	language = regexp.MustCompile(`^[A-Za-z]{2,8}([_@.-][A-Za-z0-9]+)*$`)
	// upwards leads to a directory above.
	upwards = regexp.MustCompile(`^\.\.(/\.\.)*$`)
)
