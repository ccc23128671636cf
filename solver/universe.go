package solver

import (
	"slices"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// universe numbers what a search decides on: the packages of the catalog by their
// positions, then the assumed ones, then the request itself. A package's rules are
// worked out when a search first comes to it.
type universe struct {
	catalog *repo.Catalog
	assumed *repo.Catalog
	options Options
	foreign []string // architectures that machines accept beside their own
	stays   []need   // that each assumed package is there, at its version or another
	known   []*rules // by number, nil while not worked out
	spare   []int32
}

// rules are the relations of one package in numbers.
type rules struct {
	needs    []need
	excludes []int32 // what cannot be installed beside it; others may say so of it, too
}

// need is a relation that one of the candidates satisfies.
type need struct {
	relation   int32 // index in the package's Relations, or noRelation
	weak       bool
	candidates []int32 // in order of preference
}

const noRelation = -1

func newUniverse(c *repo.Catalog, o Options, foreign []string) *universe {
	u := &universe{
		catalog: c,
		assumed: repo.NewCatalog(c.Rules(), o.Assumed),
		options: o,
		foreign: foreign,
		known:   make([]*rules, len(c.Packages)+len(o.Assumed)+1),
	}
	for i, p := range o.Assumed {
		stays := []int32{int32(i)}
		u.renumber(stays)
		for _, k := range c.NamedAt(p.Name) {
			if q := c.Packages[k]; q.Priority >= 0 && u.architecture(q) == u.architecture(p) {
				stays = append(stays, k)
			}
		}
		u.stays = append(u.stays, need{relation: noRelation, candidates: stays})
	}
	return u
}

// request is the number of what is asked for: a package of no name that needs it.
func (u *universe) request() int32 { return int32(len(u.known) - 1) }

func (u *universe) isAssumed(p int32) bool {
	return int(p) >= len(u.catalog.Packages) && p != u.request()
}

// at returns the package of the number, nil for the request.
func (u *universe) at(p int32) *repo.Package {
	switch {
	case int(p) < len(u.catalog.Packages):
		return u.catalog.Packages[p]
	case p != u.request():
		return u.assumed.Packages[int(p)-len(u.catalog.Packages)]
	}
	return nil
}

// ask makes the request that one of the wanted packages is installed beside the
// assumed ones.
func (u *universe) ask(wanted []int32) {
	wish := need{relation: noRelation, candidates: wanted}
	u.known[u.request()] = &rules{needs: append(slices.Clip(u.stays), wish)}
}

// rules returns the rules of a package.
func (u *universe) rules(p int32) *rules {
	if r := u.known[p]; r != nil {
		return r
	}
	r := &rules{}
	u.known[p] = r
	pkg := u.at(p)
	for _, kind := range []repo.Kind{repo.PreRequires, repo.Requires, repo.Recommends, repo.Suggests} {
		if kind == repo.Recommends && !u.options.Recommends || kind == repo.Suggests && !u.options.Suggests {
			continue
		}
		for i := range pkg.Relations {
			if pkg.Relations[i].Kind == kind {
				u.addNeed(r, p, pkg, i)
			}
		}
	}
	r.excludes = u.excluded(p, pkg)
	return r
}

// addNeed adds the i-th relation of a package. What the package satisfies itself
// needs nothing. Of an assumed package only those relations count that the assumed
// ones satisfy among themselves: they must stay so when one is replaced.
func (u *universe) addNeed(r *rules, p int32, pkg *repo.Package, i int) {
	relation := &pkg.Relations[i]
	candidates := u.candidates(pkg, relation)
	if slices.Contains(candidates, p) {
		return
	}
	if u.isAssumed(p) && (!relation.Kind.Hard() || !slices.ContainsFunc(candidates, u.isAssumed)) {
		return
	}
	if len(candidates) == 0 && !relation.Kind.Hard() {
		return
	}
	r.needs = append(r.needs, need{int32(i), !relation.Kind.Hard(), slices.Clone(candidates)})
}

// candidates returns what satisfies a relation, in the order of preference: what is
// assumed; then as clients try, alternative by alternative, of each name only the
// version that a client regards, its best; then the versions that no client chooses
// by itself. The result is valid until the next call.
func (u *universe) candidates(pkg *repo.Package, relation *repo.Relation) []int32 {
	all := u.spare[:0]
	if len(u.assumed.Packages) > 0 {
		for _, d := range relation.Alternatives {
			all = u.assumed.AppendCandidatesAt(all, d, pkg.Architecture, u.options.Native)
		}
		u.renumber(all)
	}
	assumed := len(all)
	for _, d := range relation.Alternatives {
		all = u.appendCandidates(all, d, pkg.Architecture)
	}
	u.spare = all
	if slices.ContainsFunc(all[assumed:], u.surpassed) {
		slices.SortStableFunc(all[assumed:], func(a, b int32) int {
			switch x, y := u.surpassed(a), u.surpassed(b); {
			case x == y:
				return 0
			case y:
				return -1
			}
			return 1
		})
	}
	if len(relation.Alternatives) > 1 {
		all = firstOnly(all)
	}
	return all
}

// renumber makes numbers of positions among the assumed packages.
func (u *universe) renumber(positions []int32) {
	for i := range positions {
		positions[i] += int32(len(u.catalog.Packages))
	}
}

// appendCandidates appends what of the catalog satisfies the dependency of a package
// of architecture from.
func (u *universe) appendCandidates(to []int32, d repo.Dependency, from string) []int32 {
	start := len(to)
	to = u.catalog.AppendCandidatesAt(to, d, from, u.options.Native)
	usable := to[start:start]
	for _, k := range to[start:] {
		if a := u.catalog.Packages[k].Architecture; a == from || u.accepts(a) {
			usable = append(usable, k)
		}
	}
	return to[:start+len(usable)]
}

// accepts reports whether machines install packages of the architecture.
func (u *universe) accepts(architecture string) bool {
	return architecture == u.options.Native || architecture == "all" || architecture == "noarch" || slices.Contains(u.foreign, architecture)
}

// architecture returns the architecture that a package counts as.
func (u *universe) architecture(p *repo.Package) string {
	if p.Anywhere() {
		return u.options.Native
	}
	return p.Architecture
}

// surpassed reports whether the catalog has a better version of the package, of its
// name and architecture.
func (u *universe) surpassed(p int32) bool {
	pkg := u.catalog.Packages[p]
	for _, k := range u.catalog.NamedAt(pkg.Name) {
		if q := u.catalog.Packages[k]; u.architecture(q) == u.architecture(pkg) {
			return q.Version != pkg.Version
		}
	}
	return false
}

// firstOnly removes, in place, numbers that came before.
func firstOnly(numbers []int32) []int32 {
	kept := numbers[:0]
	for _, n := range numbers {
		if !slices.Contains(kept, n) {
			kept = append(kept, n)
		}
	}
	return kept
}

// excluded returns what a package excludes: all others of its name, but for those
// that may be installed for several architectures at once, and what it conflicts
// with or breaks, never those of its own name.
func (u *universe) excluded(p int32, pkg *repo.Package) []int32 {
	out := u.spare[:0]
	native := u.options.Native
	out = append(out, u.catalog.NamedAt(pkg.Name)...)
	inCatalog := len(out)
	out = append(out, u.assumed.NamedAt(pkg.Name)...)
	u.renumber(out[inCatalog:])
	out = slices.DeleteFunc(out, func(k int32) bool { return k == p || u.catalog.Rules().Coinstallable(pkg, u.at(k)) })
	for _, r := range pkg.Relations {
		if r.Kind != repo.Conflicts && r.Kind != repo.Breaks {
			continue
		}
		for _, d := range r.Alternatives {
			start := len(out)
			out = u.catalog.AppendExcludedAt(out, d, native)
			inCatalog := len(out)
			out = u.assumed.AppendExcludedAt(out, d, native)
			u.renumber(out[inCatalog:])
			others := slices.DeleteFunc(out[start:], func(k int32) bool { return u.at(k).Name == pkg.Name })
			out = out[:start+len(others)]
		}
	}
	u.spare = out
	return slices.Clone(out)
}
