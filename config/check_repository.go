package config

import "slices"

func (k checker) repository(r *Repository) {
	key := join("repositories", r.Name)
	if k.mistyped[key] {
		return
	}
	if !k.has(key+".packages") && !k.has(key+".from") && !k.has(key+".incoming") {
		k.at(key+".packages", "is missing (expected a path or an address, or a list of such; or from, or incoming)")
	}
	k.selected(r, key)
	k.cleanPath(key+".path", r.Path)
	k.archive(r, key)
	k.incoming(r, key)
	k.sign(r.Sign, key+".sign")
	if r.Unsigned && k.has(key+".sign") {
		k.at(key+".unsigned", "stands beside sign (expected one of them)")
	}
	if r.Type == "" || k.broken[key+".type"] {
		return
	}
	for _, name := range slices.Concat(debOnly, rpmOnly) {
		if f := FormatOf(name); f != r.Type && k.has(key+"."+name) {
			k.at(key+"."+name, "is for repositories of %s (expected to be left out)", f)
		}
	}
	if r.Type == "rpm" {
		for name, list := range map[string][]string{"compress": r.Compress, "digests": r.Digests} {
			if len(list) > 1 {
				k.at(key+"."+name, "has several items (expected one for rpm)")
			}
		}
	}
	if r.Flat {
		for _, name := range []string{"suite", "component"} {
			if k.has(key + "." + name) {
				k.at(key+"."+name, "has no place in a flat repository (expected to be left out)")
			}
		}
	}
}

// selected checks what is taken from sources.
func (k checker) selected(r *Repository, key string) {
	if !k.has(key + ".from") {
		for _, name := range []string{"select", "closure", "recommends"} {
			if k.has(key + "." + name) {
				k.at(key+"."+name, "is about packages of sources (expected from beside it, or to be left out)")
			}
		}
		return
	}
	k.each(key+".from", r.From, func(key, name string) {
		s := k.sources[name]
		switch {
		case s == nil && !k.mistyped["sources"]:
			k.at(key, "unknown source %q%s", cut(name), suggestion(name, k.sourceNames))
		case s != nil && s.Type != "" && r.Type != "" && s.Type != r.Type:
			k.at(key, "is a source of %s, and the repository is one of %s (expected the same)", s.Type, r.Type)
		}
	})
	switch {
	case !k.has(key + ".select"):
		k.at(key+".select", "is missing (expected the packages to take from the sources)")
	case !r.Closure && k.has(key+".recommends"):
		k.at(key+".recommends", "is about what packages need (expected closure: true beside it, or to be left out)")
	}
}

// archive checks a repository against others of its archive, and against mirrors, whose
// names are kept together with those of archives.
func (k checker) archive(r *Repository, key string) {
	if !k.broken[key+".archive"] && r.Archive != "" && !ValidName(r.Archive) {
		k.at(key+".archive", "cannot be a name (expected letters, digits, . _ + and -, a letter or digit first, seen %q)", cut(r.Archive))
	}
	name := r.archive()
	if k.mirrors[name] != nil {
		k.at(key, "has the name of a mirror, %q (expected another one)", name)
	}
	for i := range k.Repositories {
		other := &k.Repositories[i]
		if other == r {
			return
		}
		switch line := k.nodes[join("repositories", other.Name)].Line; {
		case other.archive() != name:
		case other.directory() != r.directory():
			k.at(key, "publishes to %q, and %q of the same archive on line %d to %q (expected one path)", r.directory(), other.Name, line, other.directory())
		case other.Type != r.Type:
			k.at(key+".type", "is another one than that of %q of the same archive on line %d", other.Name, line)
		case other.part() == r.part():
			k.at(key, "is the same part of the archive as %q on line %d (expected another suite or component)", other.Name, line)
		}
	}
}
