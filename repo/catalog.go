package repo

import (
	"slices"
	"strings"
)

// Catalog is packages of one format, made ready for search. It is read-only and
// safe for concurrent use.
//
// It keeps the three orders of search: packages by name, the packages that
// obsolete a name, and the packages that provide it. Within a name they are
// ordered by priority, then version, highest first, then as they were given.
type Catalog struct {
	Packages []*Package
	versions Versions
	names    names
	named    table
	obsolete table
	provided table
}

// names gives each name a small number.
type names map[string]int32

// table lists packages by number of name: those of name i are
// packages[start[i]:start[i+1]].
type table struct {
	start    []int32
	packages []int32
}

func (t *table) of(i int32) []int32 { return t.packages[t.start[i]:t.start[i+1]] }

// NewCatalog makes a catalog of the packages, whose order is kept where nothing
// else decides.
func NewCatalog(v Versions, packages []*Package) *Catalog {
	c := &Catalog{Packages: packages, versions: v, names: make(names, len(packages))}
	number := func(name string) int32 {
		n, ok := c.names[name]
		if !ok {
			n = int32(len(c.names))
			c.names[name] = n
		}
		return n
	}
	type entry struct{ name, pkg int32 }
	var named, obsolete, provided []entry
	for i, p := range packages {
		named = append(named, entry{number(p.Name), int32(i)})
		for _, x := range p.Provides {
			provided = append(provided, entry{number(x.Name), int32(i)})
		}
		for _, r := range p.Relations {
			if r.Kind == Obsoletes {
				for _, d := range r.Alternatives {
					obsolete = append(obsolete, entry{number(d.Name), int32(i)})
				}
			}
		}
	}
	// A counting sort by name into one flat array: lookups are one map access.
	build := func(entries []entry) (t table) {
		t.start = make([]int32, len(c.names)+1)
		for _, e := range entries {
			t.start[e.name+1]++
		}
		for i := range t.start[1:] {
			t.start[i+1] += t.start[i]
		}
		next := slices.Clone(t.start)
		t.packages = make([]int32, len(entries))
		for _, e := range entries {
			t.packages[next[e.name]] = e.pkg
			next[e.name]++
		}
		for i := range len(t.start) - 1 {
			if of := t.packages[t.start[i]:t.start[i+1]]; len(of) > 1 {
				slices.SortStableFunc(of, c.compare)
			}
		}
		return t
	}
	c.named, c.obsolete, c.provided = build(named), build(obsolete), build(provided)
	return c
}

// compare orders the better package first: priority, then version where the
// names agree.
func (c *Catalog) compare(a, b int32) int {
	p, q := c.Packages[a], c.Packages[b]
	if p.Priority != q.Priority {
		return q.Priority - p.Priority
	}
	if p.Name == q.Name {
		return c.versions.Compare(q.Version, p.Version)
	}
	return 0
}

// Versions returns the order of versions of the catalog's format.
func (c *Catalog) Versions() Versions { return c.versions }

func (c *Catalog) list(t *table, name string) []*Package {
	n, ok := c.names[name]
	if !ok {
		return nil
	}
	of := t.of(n)
	out := make([]*Package, len(of))
	for i, k := range of {
		out[i] = c.Packages[k]
	}
	return out
}

// Named returns the packages of the name, best first.
func (c *Catalog) Named(name string) []*Package { return c.list(&c.named, name) }

// Obsoleting returns the packages that obsolete the name, best first.
func (c *Catalog) Obsoleting(name string) []*Package { return c.list(&c.obsolete, name) }

// Providing returns the packages that provide the name, best first. A package
// that provides it twice stands there twice.
func (c *Catalog) Providing(name string) []*Package { return c.list(&c.provided, name) }

// Candidates returns every package that satisfies the dependency of a package
// whose architecture is from, on machines of the native architecture: packages
// of the name first, then those that provide it. Packages of negative priority
// are no candidates.
func (c *Catalog) Candidates(d Dependency, from, native string) (out []*Package) {
	n, ok := c.names[d.Name]
	if !ok {
		return nil
	}
	for _, k := range c.named.of(n) {
		if p := c.Packages[k]; p.Priority >= 0 && p.answers(d.Architecture, from, native) && c.versions.Satisfies(p.Version, d.Op, d.Version) {
			out = append(out, p)
		}
	}
	for _, k := range c.provided.of(n) {
		p := c.Packages[k]
		if p.Priority < 0 || p.Name == d.Name || slices.Contains(out, p) {
			continue
		}
		for _, x := range p.Provides {
			if x.Name == d.Name && p.provides(x, d.Architecture, from, native) && c.versions.Satisfies(x.Version, d.Op, d.Version) {
				out = append(out, p)
				break
			}
		}
	}
	return out
}

// answers reports whether the package is of an architecture that a relation of a
// package of architecture from, qualified as given, accepts.
func (p *Package) answers(qualifier, from, native string) bool {
	if from == "all" || from == "noarch" {
		from = native
	}
	switch qualifier {
	case "":
		return p.MultiArch == Foreign || p.On(from, native)
	case "any":
		return p.MultiArch == Allowed
	case "native":
		return p.On(native, native)
	}
	return p.On(qualifier, native)
}

// provides is answers for one of the package's Provides, which may carry a
// qualifier of its own.
func (p *Package) provides(x Provide, qualifier, from, native string) bool {
	if x.Architecture == "" || x.Architecture == "any" {
		return x.Architecture == qualifier && qualifier == "any" || p.answers(qualifier, from, native)
	}
	if from == "all" || from == "noarch" {
		from = native
	}
	return x.Architecture == qualifier || qualifier == "" && x.Architecture == from
}

// Satisfied reports whether the package satisfies the dependency of a package of
// architecture from on machines of the native architecture.
func (c *Catalog) Satisfied(d Dependency, p *Package, from, native string) bool {
	if p.Name == d.Name && p.answers(d.Architecture, from, native) && c.versions.Satisfies(p.Version, d.Op, d.Version) {
		return true
	}
	for _, x := range p.Provides {
		if x.Name == d.Name && p.provides(x, d.Architecture, from, native) && c.versions.Satisfies(x.Version, d.Op, d.Version) {
			return true
		}
	}
	return false
}

// Match reports whether the name matches a pattern as configurations write them:
// a name, a glob with * ? and [], or a regular expression is not among them.
func Match(pattern, name string) bool {
	if !strings.ContainsAny(pattern, "*?[") {
		return pattern == name
	}
	return glob(pattern, name)
}

// glob matches like path.Match, but * matches slashes too.
func glob(pattern, name string) bool {
	for len(pattern) > 0 {
		switch pattern[0] {
		case '*':
			for i := 0; i <= len(name); i++ {
				if glob(pattern[1:], name[i:]) {
					return true
				}
			}
			return false
		case '?':
			if name == "" {
				return false
			}
			pattern, name = pattern[1:], name[1:]
		case '[':
			end := strings.IndexByte(pattern, ']')
			if name == "" || end < 0 {
				return false
			}
			if !class(pattern[1:end], name[0]) {
				return false
			}
			pattern, name = pattern[end+1:], name[1:]
		default:
			if name == "" || pattern[0] != name[0] {
				return false
			}
			pattern, name = pattern[1:], name[1:]
		}
	}
	return name == ""
}

func class(set string, b byte) bool {
	negated := strings.HasPrefix(set, "!") || strings.HasPrefix(set, "^")
	if negated {
		set = set[1:]
	}
	for i := 0; i < len(set); i++ {
		if i+2 < len(set) && set[i+1] == '-' {
			if set[i] <= b && b <= set[i+2] {
				return !negated
			}
			i += 2
		} else if set[i] == b {
			return !negated
		}
	}
	return negated
}
