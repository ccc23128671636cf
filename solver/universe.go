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
	client  repo.Client
	options Options
	foreign []string // architectures that machines accept beside their own
	stays   []need   // that each assumed package is there, at its version or another
	known   []*rules // by number, nil while not worked out
	// watching are the needs that depend on a package's being in, by package.
	watching map[int32][]reference
	// conditional is true when there are needs that depend on others' being in.
	conditional bool
	modules     map[string][]int32 // the packages of each module, nil while not looked for
	spare       []int32
	room        []int32 // where lists of rules are kept, many in one piece of memory
}

func newUniverse(c *repo.Catalog, o Options, foreign []string) *universe {
	u := &universe{
		catalog: c,
		assumed: repo.NewCatalog(c.Rules(), o.Assumed),
		client:  c.Rules().Client(),
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
		if u.client.ObsoletesExclude {
			for _, k := range c.ObsoletingAt(p.Name) {
				if q := c.Packages[k]; q.Priority >= 0 && u.obsoletes(q, p) != nil {
					stays = append(stays, k)
				}
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

// ask makes the request that one package of each list is installed beside the assumed
// ones.
func (u *universe) ask(wanted ...[]int32) {
	needs := slices.Clone(u.stays)
	for _, candidates := range wanted {
		needs = append(needs, need{relation: noRelation, candidates: candidates})
	}
	u.known[u.request()] = &rules{needs: needs}
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
	to = u.catalog.AppendCandidatesAt(to, d, from, u.options.Native, u.options.Foreign...)
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
