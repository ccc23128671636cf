package config

import (
	"slices"
	"strings"
)

func (k checker) mirror(m *Mirror) {
	key := join("mirrors", m.Name)
	if k.mistyped[key] {
		return
	}
	k.each(key+".from", m.From, func(key, name string) {
		if k.sources[name] == nil && !k.mistyped["sources"] {
			k.at(key, "unknown source %q%s", cut(name), suggestion(name, k.sourceNames))
		}
	})
	k.each(key+".needs-of", m.NeedsOf, func(key, name string) {
		switch s := k.sources[name]; {
		case s == nil && !k.mistyped["sources"]:
			k.at(key, "unknown source %q%s", cut(name), suggestion(name, k.sourceNames))
		case slices.Contains(m.From, name):
			k.at(key, "is a source that the mirror holds itself (expected it here or in from, seen %q in both)", cut(name))
		case s != nil && s.System():
			k.at(key, "%q is the sources of this machine (expected a source of the configuration)", cut(name))
		}
	})
	k.cleanPath(key+".path", m.Path)
	k.selection(m, key)
	k.scope(m, key)
	k.seeds(m, key)
	k.exclusions(m, key)
	k.merged(m, key)
	k.formats(m, key)
	k.versions(m, key)
	k.sign(m.Sign, key+".sign")
}

// partialOnly are the keys of a mirror that work on a selection.
var partialOnly = []string{
	"recommends", "suggests", "sources", "alternatives", "prefer", "together", "exclude", "versions", "assume-installed",
	"strict", "valid-for",
}

// selection checks that a mirror is clearly full, or partial.
func (k checker) selection(m *Mirror, key string) {
	unclear := false
	for _, name := range []string{"packages", "groups", "needs-of", "mandatory"} {
		unclear = unclear || k.broken[key+"."+name]
	}
	if !m.Full() || unclear {
		return
	}
	for _, name := range []string{"packages", "groups", "needs-of"} {
		if k.has(key + "." + name) {
			k.at(key+"."+name, "selects nothing (expected at least one item, or to be left out for a full mirror)")
			unclear = true
		}
	}
	if unclear {
		return
	}
	for _, name := range partialOnly {
		if k.has(key + "." + name) {
			k.at(key+"."+name, "%s", fullMirror(name))
		}
	}
}

// fullMirror says why a key has no place in a full mirror.
func fullMirror(name string) string {
	const expected = " (expected packages, groups or mandatory beside it, or to be left out)"
	switch name {
	case "valid-for":
		return "has no place in a full mirror, which keeps upstream's signature" + expected
	case "sources":
		return "has no place in a full mirror; include: [packages, sources] of a deb source takes source packages" + expected
	case "exclude", "versions":
		return `has no place in a full mirror, which keeps upstream's metadata; packages: ["*"] selects every package` + expected
	}
	return "has no place in a full mirror, which holds all packages" + expected
}

// scope checks architectures against those of the sources.
func (k checker) scope(m *Mirror, key string) {
	var known []string
	rpm, open := false, false // open: architectures that only the system knows
	for _, name := range m.From {
		s := k.sources[name]
		switch {
		case s == nil || s.System() || len(s.Architectures) == 0:
			open = true
		default:
			known = append(known, s.Architectures...)
			rpm = rpm || s.Type == "rpm"
		}
	}
	slices.Sort(known)
	known = slices.Compact(known)
	unknown := func(name string) bool { return !open && !slices.Contains(known, name) }
	k.each(key+".architectures", m.Architectures, func(key, name string) {
		if unknown(name) {
			k.at(key, "is an architecture of no source of the mirror (expected %s, seen %q)", oneOf(known), cut(name))
		}
	})
	if m.Full() && rpm && k.has(key+".architectures") && !k.broken[key] {
		k.at(key+".architectures", "has no place in a full mirror of rpm, which keeps upstream's metadata of all architectures (expected packages, groups or mandatory beside it)")
	}
	for name, seeds := range map[string][]Seed{
		".packages": m.Packages, ".assume-installed.packages": m.AssumeInstalled.Packages,
	} {
		for i, s := range seeds {
			if s.Architecture != "" && unknown(s.Architecture) {
				k.at(item(key+name, i), "asks for an architecture of no source of the mirror (expected %s, seen %q)", oneOf(known), cut(s.Architecture))
			}
		}
	}
}

// seeds checks what packages are named by.
func (k checker) seeds(m *Mirror, key string) {
	for i, s := range m.Prefer {
		if !s.namesPackage() {
			k.at(item(key+".prefer", i), "prefers packages by name alone (expected such as %q, seen %q)", cut(s.nearestName()), s)
		}
	}
	for _, name := range m.From {
		if s := k.sources[name]; s == nil || s.Type != "deb" {
			return
		}
	}
	for i, s := range m.Packages {
		if strings.ContainsAny(s.Pattern, "/(") {
			k.at(item(key+".packages", i), "is a file, or something that rpm packages provide (expected the name of a deb package, seen %q)", cut(s.Pattern))
		}
	}
}

// exclusions checks the repositories that packages are left out of.
func (k checker) exclusions(m *Mirror, key string) {
	for i, x := range m.Exclude {
		name, _, _ := strings.Cut(x.Repository, "/")
		at := item(key+".exclude", i) + ".repository"
		if name == "" || strings.ContainsAny(name, "*?[") || k.broken[at] || slices.Contains(m.From, name) {
			continue // the names of this machine's own sources are not known here
		}
		if !slices.ContainsFunc(m.From, func(from string) bool { s := k.sources[from]; return s == nil || s.System() }) {
			k.at(at, "is no source of the mirror%s", suggestion(name, m.From))
		}
	}
}

// versions checks that the policy says one thing.
func (k checker) versions(m *Mirror, key string) {
	key += ".versions"
	newest, all := k.has(key+".newest"), m.Versions.All
	switch {
	case !k.has(key) || k.broken[key]:
	case newest && all:
		k.at(key+".all", "stands beside newest (expected one of them)")
	case !newest && !all:
		k.at(key, "says nothing (expected newest: N, or all: true)")
	}
}

// formats checks what depends on the format of the sources.
func (k checker) formats(m *Mirror, key string) {
	of := make(map[string]*Source)
	for i, name := range m.From {
		s := k.sources[name]
		if s == nil || s.Type == "" {
			continue
		}
		of[s.Type] = s
		if s.Type != "rpm" || !m.Full() {
			continue
		}
		for _, only := range []string{"include", "exclude", "only"} {
			if k.has(join("sources", name) + "." + only) {
				k.at(item(key+".from", i), "%q has %s, which a full mirror of rpm cannot heed, since it keeps upstream's metadata of all packages (expected packages, groups or mandatory in the mirror, or a source without)", name, only)
			}
		}
	}
	for _, name := range m.NeedsOf {
		if s := k.sources[name]; s != nil && s.Type != "" {
			of[s.Type] = s
		}
	}
	deb, rpm := of["deb"], of["rpm"]
	if deb != nil && rpm != nil && !m.Full() {
		k.at(key+".from", "mixes %q of type deb with %q of type rpm in a selection (expected a mirror for each)", deb.Name, rpm.Name)
	}
	for _, x := range []struct {
		source  *Source
		foreign string
	}{{deb, "rpm"}, {rpm, "dpkg"}} {
		if x.source != nil && m.AssumeInstalled.From == x.foreign {
			k.at(key+".assume-installed.from", "asks %s for what packages of type %s are installed (expected the other program, a file, or the name of a mirror)", x.foreign, x.source.Type)
		}
	}
	if rpm != nil && k.has(key+".valid-for") && !m.Full() {
		k.at(key+".valid-for", "is for mirrors of deb: the root of an rpm repository does not expire (expected to be left out)")
	}
}

// merged checks the sources of a mirror that share a directory: they become one
// partial repository.
func (k checker) merged(m *Mirror, key string) {
	at := make(map[string]*Source)
	for i, name := range m.From {
		s := k.sources[name]
		if s == nil || s.System() || s.Type == "" || slices.Contains(m.From[:i], name) {
			continue
		}
		path := m.SourcePath(*s)
		other := at[path]
		at[path] = s
		switch {
		case other == nil:
		case other.Type != s.Type:
			k.at(item(key+".from", i), "%q is of type %s and would share the path %q with %q of type %s (expected paths of their own)", name, s.Type, path, other.Name, other.Type)
		case m.Full():
			k.at(item(key+".from", i), "%q would share the path %q with %q, which a full mirror cannot publish as one (expected paths of their own, or a selection)", name, path, other.Name)
		}
	}
}

// assumptions checks what mirrors assume to be installed: lists of packages, of
// which those of other mirrors must not go in circles. It resolves files.
func (k checker) assumptions() {
	next := make(map[string]string) // mirror to the mirror that it builds on
	for i := range k.Mirrors {
		m := &k.Mirrors[i]
		key := join("mirrors", m.Name) + ".assume-installed.from"
		from := m.AssumeInstalled.From
		switch {
		case from == "" || from == "dpkg" || from == "rpm" || k.broken[key]:
		case k.mirrors[from] != nil:
			next[m.Name] = from
		case !strings.ContainsAny(from, "./"):
			k.at(key, "unknown mirror %q, and a file is written with its directory, as ./%s%s", cut(from), cut(from), suggestion(from, append([]string{"dpkg", "rpm"}, k.mirrorNames...)))
		default:
			path, err := k.path(from, field{})
			if err != nil {
				k.at(key, "%v", err)
			}
			m.AssumeInstalled.From = path
		}
	}
	for _, m := range k.Mirrors {
		if circle := circle(m.Name, next); circle != nil {
			k.at(join("mirrors", m.Name)+".assume-installed.from", "goes in a circle: %s", strings.Join(circle, " -> "))
		}
	}
}

// circle returns the names that lead from start back to it, nil if they do not.
func circle(start string, next map[string]string) []string {
	path := []string{start}
	for range next {
		name, ok := next[path[len(path)-1]]
		if !ok {
			return nil
		}
		path = append(path, name)
		if name == start {
			return path
		}
	}
	return nil
}
