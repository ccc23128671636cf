package solver

import (
	"cmp"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Seed asks for packages: a name or a glob, optionally at a version and of an
// architecture.
type Seed struct {
	Pattern      string // see [repo.Match]
	Architecture string // "" for the machines' own
	Op           repo.Op
	Version      string
	Label        string // as the user wrote it
}

// String returns the label, or the seed in the form of a dependency.
func (s Seed) String() string {
	if s.Label != "" {
		return s.Label
	}
	return repo.Dependency{Name: s.Pattern, Architecture: s.Architecture, Op: s.Op, Version: s.Version}.String()
}

func (s Seed) isGlob() bool { return strings.ContainsAny(s.Pattern, "*?[") }

// wish is one package that a seed or the mandatory ones ask for: any of the
// candidates, the first being preferred.
type wish struct {
	seed       Seed
	mandatory  bool
	renamed    bool // packages of another name answer the seed
	candidates []int32
}

// label is the seed's, "" for a mandatory package.
func (w *wish) label() string {
	if w.mandatory {
		return ""
	}
	return w.seed.String()
}

// wishes finds what answers the seeds, in an order that does not depend on theirs:
// packages of the name; if there are none, those that obsolete it, or else that
// provide it.
func (u *universe) wishes(seeds []Seed) (all []wish, unknown []Unknown) {
	seeds = slices.Clone(seeds)
	slices.SortFunc(seeds, func(a, b Seed) int {
		return cmp.Or(
			cmp.Compare(a.String(), b.String()), cmp.Compare(a.Pattern, b.Pattern), cmp.Compare(a.Architecture, b.Architecture),
			cmp.Compare(a.Op, b.Op), cmp.Compare(a.Version, b.Version))
	})
	for _, seed := range slices.Compact(seeds) {
		found := u.named(seed)
		if len(found) == 0 && !seed.isGlob() {
			if others := u.renamed(seed); len(others) > 0 {
				found = []wish{{seed: seed, renamed: true, candidates: others}}
			}
		}
		if len(found) == 0 {
			unknown = append(unknown, u.unknownSeed(seed))
		}
		all = append(all, found...)
	}
	return all, unknown
}

// named returns a wish for each name that matches the seed.
func (u *universe) named(seed Seed) (found []wish) {
	if !seed.isGlob() {
		if candidates := u.ofName(seed.Pattern, seed); len(candidates) > 0 {
			found = append(found, wish{seed: seed, candidates: candidates})
		}
		return found
	}
	for name := range u.catalog.Names {
		if !repo.Match(seed.Pattern, name) {
			continue
		}
		if candidates := u.ofName(name, seed); len(candidates) > 0 {
			found = append(found, wish{seed: seed, candidates: candidates})
		}
	}
	return found
}

// ofName returns the packages of the name that the seed accepts, best first.
func (u *universe) ofName(name string, seed Seed) (accepted []int32) {
	architecture := cmp.Or(seed.Architecture, u.options.Native)
	for _, k := range u.catalog.NamedAt(name) {
		p := u.catalog.Packages[k]
		if p.Priority >= 0 && p.On(architecture, u.options.Native) && u.catalog.Rules().Satisfies(p.Version, seed.Op, seed.Version) {
			accepted = append(accepted, k)
		}
	}
	return accepted
}

// renamed returns packages of other names that answer for the seed's: those that
// obsolete it, before them the ones that provide it as well, or else those that
// provide it.
func (u *universe) renamed(seed Seed) (found []int32) {
	architecture := cmp.Or(seed.Architecture, u.options.Native)
	if seed.Op == repo.Any && len(u.catalog.NamedAt(seed.Pattern)) == 0 {
		var only []int32
		for _, k := range u.catalog.ObsoletingAt(seed.Pattern) {
			p := u.catalog.Packages[k]
			switch {
			case p.Priority < 0 || !p.On(architecture, u.options.Native):
			case provides(p, seed.Pattern):
				found = append(found, k)
			default:
				only = append(only, k)
			}
		}
		found = append(found, only...)
	}
	if len(found) == 0 {
		d := repo.Dependency{Name: seed.Pattern, Architecture: seed.Architecture, Op: seed.Op, Version: seed.Version}
		found = u.appendCandidates(nil, d, architecture)
	}
	return firstOnly(found)
}

func provides(p *repo.Package, name string) bool {
	return slices.ContainsFunc(p.Provides, func(x repo.Provide) bool { return x.Name == name })
}

// mandatory returns a wish for each name of which a package is mandatory on the
// machines.
func (u *universe) mandatory() (all []wish) {
	for name := range u.catalog.Names {
		var candidates []int32
		for _, k := range u.catalog.NamedAt(name) {
			if u.isMandatory(u.catalog.Packages[k]) {
				candidates = append(candidates, k)
			}
		}
		if len(candidates) > 0 {
			all = append(all, wish{mandatory: true, candidates: candidates})
		}
	}
	return all
}

func (u *universe) isMandatory(p *repo.Package) bool {
	return (p.Mandatory || p.Essential) && p.Priority >= 0 && p.On(u.options.Native, u.options.Native)
}
