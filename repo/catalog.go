package repo

import (
	"cmp"
	"slices"
	"strings"
)

// Catalog is packages of one format, made ready for search. It is read-only and
// safe for concurrent use.
//
// It keeps the three orders of search: packages by name, the packages that
// obsolete a name, and the packages that provide it. Within a name they are
// ordered by priority, then version, highest first, then as they were given.
// Packages of several names that obsolete or provide one are ordered by priority,
// then as the format's client tries them. libsolv goes by their names
// ([Client.ProvidersByName]); apt takes essential ones first, then mandatory ones, and
// then the name that is mentioned first in the catalog, be it by a relation, comes last.
//
// It also knows the packages that supplement or enhance a name.
//
// Source packages stand among the packages, but no search finds them.
//
// A package's position is its index in Packages. The methods that end in At speak
// of positions and return slices that must not be changed.
type Catalog struct {
	Packages   []*Package
	rules      Rules
	byName     bool
	names      names
	named      table
	obsolete   table
	provided   table
	supplement table
}

// names gives each name a small number, in the order of first mention.
type names map[string]int32

func (n names) number(name string) int32 {
	i, ok := n[name]
	if !ok {
		i = int32(len(n))
		n[name] = i
	}
	return i
}

// table lists packages by number of name: those of name i are
// packages[start[i]:start[i+1]].
type table struct {
	start    []int32
	packages []int32
}

func (t *table) of(i int32) []int32 { return t.packages[t.start[i]:t.start[i+1]] }

// entry is a package that a name leads to.
type entry struct{ name, position int32 }

// NewCatalog makes a catalog of the packages, whose order is kept where nothing
// else decides.
func NewCatalog(rules Rules, packages []*Package) *Catalog {
	client := rules.Client()
	c := &Catalog{Packages: packages, rules: rules, byName: client.ProvidersByName, names: make(names, 2*len(packages))}
	named := make([]entry, 0, len(packages))
	var obsolete, provided, supplement []entry
	for i, p := range packages {
		if p.IsSource() {
			continue
		}
		at := int32(i)
		named = append(named, entry{c.names.number(p.Name), at})
		for _, r := range p.Relations {
			for d := range r.Leaves {
				name := c.names.number(d.Name)
				switch {
				case r.Kind == Obsoletes && !p.breaksOlder(d.Name):
					obsolete = append(obsolete, entry{name, at})
				case client.Reverse && (r.Kind == Supplements || r.Kind == Enhances):
					supplement = append(supplement, entry{name, at})
				}
			}
		}
		for _, x := range p.Provides {
			provided = append(provided, entry{c.names.number(x.Name), at})
		}
	}
	nameOf := make([]int32, len(packages))
	for _, e := range named {
		nameOf[e.position] = e.name
	}
	better := func(a, b int32) int { return c.compare(a, b, nameOf) }
	c.named = newTable(len(c.names), named, better)
	c.obsolete = newTable(len(c.names), obsolete, better)
	c.provided = newTable(len(c.names), provided, better)
	if client.Reverse {
		c.supplement = newTable(len(c.names), supplement, better)
	}
	return c
}

// breaksOlder reports whether the package breaks some versions of the name: then it
// does not take its place but only took over files (Debian Policy 7.6.1).
func (p *Package) breaksOlder(name string) bool {
	return slices.ContainsFunc(p.Relations, func(r Relation) bool {
		return r.Kind == Breaks && slices.ContainsFunc(r.Alternatives, func(d Dependency) bool { return d.Name == name && d.Op != Any })
	})
}

// newTable is a counting sort by name into one flat array, so that a lookup is one
// map access.
func newTable(names int, entries []entry, better func(a, b int32) int) table {
	t := table{start: make([]int32, names+1), packages: make([]int32, len(entries))}
	for _, e := range entries {
		t.start[e.name+1]++
	}
	for i := range names {
		t.start[i+1] += t.start[i]
	}
	next := slices.Clone(t.start)
	for _, e := range entries {
		t.packages[next[e.name]] = e.position
		next[e.name]++
	}
	for i := range int32(names) {
		if of := t.of(i); len(of) > 1 {
			slices.SortStableFunc(of, better)
		}
	}
	return t
}

// compare orders the better one of two packages first.
func (c *Catalog) compare(a, b int32, nameOf []int32) int {
	p, q := c.Packages[a], c.Packages[b]
	switch {
	case p.Priority != q.Priority:
		return cmp.Compare(q.Priority, p.Priority)
	case nameOf[a] == nameOf[b]:
		return c.rules.Compare(q.Version, p.Version)
	case c.byName:
		return cmp.Compare(p.Name, q.Name)
	case p.Essential != q.Essential:
		return first(p.Essential)
	case p.Mandatory != q.Mandatory:
		return first(p.Mandatory)
	}
	return cmp.Compare(nameOf[b], nameOf[a])
}

func first(yes bool) int {
	if yes {
		return -1
	}
	return 1
}

// Rules returns the rules of the catalog's format.
func (c *Catalog) Rules() Rules { return c.rules }

func (c *Catalog) at(t *table, name string) []int32 {
	n, ok := c.names[name]
	if !ok || t.start == nil {
		return nil
	}
	return t.of(n)
}

func (c *Catalog) list(at []int32) []*Package {
	if len(at) == 0 {
		return nil
	}
	out := make([]*Package, len(at))
	for i, k := range at {
		out[i] = c.Packages[k]
	}
	return out
}

// Names yields each name that packages have, in the order of their first packages.
func (c *Catalog) Names(yield func(string) bool) {
	for i, p := range c.Packages {
		if !p.IsSource() && slices.Min(c.NamedAt(p.Name)) == int32(i) && !yield(p.Name) {
			return
		}
	}
}

// NamedAt returns the positions of the packages of the name, best first.
func (c *Catalog) NamedAt(name string) []int32 { return c.at(&c.named, name) }

// ObsoletingAt returns the positions of the packages that obsolete the name, best
// first. One that does so twice may stand there twice.
func (c *Catalog) ObsoletingAt(name string) []int32 { return c.at(&c.obsolete, name) }

// ProvidingAt returns the positions of the packages that provide the name, best
// first. One that does so twice may stand there twice.
func (c *Catalog) ProvidingAt(name string) []int32 { return c.at(&c.provided, name) }

// SupplementingAt returns the positions of the packages that supplement or enhance
// something of the name, best first, where the format's clients look at that
// ([Client.Reverse]). One that does so twice may stand there twice.
func (c *Catalog) SupplementingAt(name string) []int32 { return c.at(&c.supplement, name) }

// Named returns the packages of the name, best first.
func (c *Catalog) Named(name string) []*Package { return c.list(c.NamedAt(name)) }

// Obsoleting returns the packages of [Catalog.ObsoletingAt].
func (c *Catalog) Obsoleting(name string) []*Package { return c.list(c.ObsoletingAt(name)) }

// Providing returns the packages of [Catalog.ProvidingAt].
func (c *Catalog) Providing(name string) []*Package { return c.list(c.ProvidingAt(name)) }

// Candidates returns every package that satisfies the dependency of a package
// whose architecture is from, on machines of the native architecture: packages
// of the name first, then those that provide it, in both parts those that fit the
// machines themselves before those of foreign architectures, these in the order of
// the ones that machines accept. Packages of negative priority are no candidates.
func (c *Catalog) Candidates(d Dependency, from, native string, accepted ...string) []*Package {
	return c.list(c.AppendCandidatesAt(nil, d, from, native, accepted...))
}

// AppendCandidatesAt appends the positions of the packages of [Catalog.Candidates].
func (c *Catalog) AppendCandidatesAt(to []int32, d Dependency, from, native string, accepted ...string) []int32 {
	n, ok := c.names[d.Name]
	if !ok {
		return to
	}
	start := len(to)
	for _, k := range c.named.of(n) {
		if c.isCandidate(k, d, from, native) {
			to = append(to, k)
		}
	}
	c.nativeFirst(to[start:], native, accepted)
	start = len(to)
	for _, k := range c.provided.of(n) {
		twice := len(to) > start && to[len(to)-1] == k
		named := c.Packages[k].Name == d.Name && c.isCandidate(k, d, from, native)
		if !twice && !named && c.isProvider(k, d, from, native) {
			to = append(to, k)
		}
	}
	c.nativeFirst(to[start:], native, accepted)
	return to
}

func (c *Catalog) isCandidate(k int32, d Dependency, from, native string) bool {
	p := c.Packages[k]
	return p.Priority >= 0 && p.answers(d.Architecture, from, native) && c.rules.Satisfies(p.Version, d.Op, d.Version)
}

func (c *Catalog) isProvider(k int32, d Dependency, from, native string) bool {
	p := c.Packages[k]
	if p.Priority < 0 {
		return false
	}
	for _, x := range p.Provides {
		if x.Name == d.Name && p.provides(x, d.Architecture, from, native) && c.rules.Satisfies(x.Version, d.Op, d.Version) {
			return true
		}
	}
	return false
}

func (c *Catalog) nativeFirst(at []int32, native string, accepted []string) {
	foreign := func(k int32) bool { return !c.Packages[k].On(native, native) }
	if !slices.ContainsFunc(at, foreign) {
		return
	}
	rank := func(k int32) int {
		if !foreign(k) {
			return 0
		}
		i := slices.Index(accepted, c.Packages[k].Architecture)
		if i < 0 {
			i = len(accepted)
		}
		return 1 + i
	}
	slices.SortStableFunc(at, func(a, b int32) int { return cmp.Compare(rank(a), rank(b)) })
}

// AppendExcludedAt appends the positions of the packages that a conflict with the
// dependency excludes. Unlike a requirement, one that names no architecture means
// all of them (deb-control(5), dpkg's rule for Conflicts and Breaks).
func (c *Catalog) AppendExcludedAt(to []int32, d Dependency, native string) []int32 {
	n, ok := c.names[d.Name]
	if !ok {
		return to
	}
	concerned := func(p *Package, x string) bool {
		switch {
		case d.Architecture == "" || d.Architecture == "any":
			return true
		case x != "" && x != "any":
			return x == d.Architecture
		case d.Architecture == "native":
			return p.On(native, native)
		}
		return p.On(d.Architecture, native)
	}
	named := func(p *Package) bool {
		return p.Name == d.Name && concerned(p, "") && c.rules.Satisfies(p.Version, d.Op, d.Version)
	}
	for _, k := range c.named.of(n) {
		if named(c.Packages[k]) {
			to = append(to, k)
		}
	}
	start := len(to)
	for _, k := range c.provided.of(n) {
		p := c.Packages[k]
		if len(to) > start && to[len(to)-1] == k || named(p) {
			continue
		}
		for _, x := range p.Provides {
			if x.Name == d.Name && concerned(p, x.Architecture) && c.rules.Satisfies(x.Version, d.Op, d.Version) {
				to = append(to, k)
				break
			}
		}
	}
	return to
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
	if p.Name == d.Name && p.answers(d.Architecture, from, native) && c.rules.Satisfies(p.Version, d.Op, d.Version) {
		return true
	}
	for _, x := range p.Provides {
		if x.Name == d.Name && p.provides(x, d.Architecture, from, native) && c.rules.Satisfies(x.Version, d.Op, d.Version) {
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
	// The last star so far and how much of the name comes before what it matches:
	// where the rest does not match, it takes one byte more.
	star, before := -1, 0
	p, n := 0, 0
	for n < len(name) {
		if p < len(pattern) && pattern[p] == '*' {
			star, before = p, n
			p++
			continue
		}
		if size := matchByte(pattern[p:], name[n]); size > 0 {
			p += size
			n++
			continue
		}
		if star < 0 {
			return false
		}
		before++
		p, n = star+1, before
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// matchByte returns the size of the pattern's first part if it matches the byte, or 0.
func matchByte(pattern string, b byte) int {
	if pattern == "" {
		return 0
	}
	size, matches := 1, pattern[0] == b
	switch pattern[0] {
	case '?':
		matches = true
	case '[':
		end := strings.IndexByte(pattern, ']')
		if end < 0 {
			return 0
		}
		size, matches = end+1, class(pattern[1:end], b)
	}
	if !matches {
		return 0
	}
	return size
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
