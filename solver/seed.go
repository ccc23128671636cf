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
	// Source is the name of the source that packages are taken from, "" for any.
	Source string `json:",omitempty"`
	Label  string // as the user wrote it
}

// String returns the label, or the seed in the form of a dependency.
func (s Seed) String() string {
	if s.Label != "" {
		return s.Label
	}
	return repo.Dependency{Name: s.Pattern, Architecture: s.Architecture, Op: s.Op, Version: s.Version}.String()
}

func (s Seed) isGlob() bool { return strings.ContainsAny(s.Pattern, "*?[") }

// from reports whether the seed takes packages of the source that the package is from.
func (s Seed) from(p *repo.Package) bool {
	return s.Source == "" || p.Repository != nil && p.Repository.Source.Name == s.Source
}

// isWholeSource reports whether the seed asks for all that a source has, which may be
// nothing.
func (s Seed) isWholeSource() bool { return s.Source != "" && s.Pattern == "*" && s.Op == repo.Any }

// isPath reports whether the seed asks for files: packages provide those that are asked
// for.
func (s Seed) isPath() bool { return strings.HasPrefix(s.Pattern, "/") }

// wish is one package that a seed or the mandatory ones ask for: any of the
// candidates, the first being preferred.
type wish struct {
	seed       Seed
	mandatory  bool
	renamed    bool // packages of another name answer the seed
	candidates []int32
	picked     int32 // the candidate that is in the wish's witness
	broken     bool  // the witness breaks facts, which are reported
}

// label is the seed's, "" for a mandatory package.
func (w *wish) label() string {
	if w.mandatory {
		return ""
	}
	return w.seed.String()
}

// wishes finds what answers the seeds, in an order that does not depend on theirs:
// packages of the name; if there are none, those of which it is another form; then those
// that obsolete it, or else that provide it.
func (u *universe) wishes(seeds []Seed) (all []wish, unknown []Unknown) {
	seeds = slices.Clone(seeds)
	slices.SortFunc(seeds, func(a, b Seed) int {
		return cmp.Or(
			cmp.Compare(a.String(), b.String()), cmp.Compare(a.Pattern, b.Pattern), cmp.Compare(a.Architecture, b.Architecture),
			cmp.Compare(a.Op, b.Op), cmp.Compare(a.Version, b.Version), cmp.Compare(a.Source, b.Source))
	})
	seeds = slices.Compact(seeds)
	answers := make([][]wish, len(seeds))
	for i, seed := range seeds {
		answers[i] = u.named(seed)
	}
	u.addFormed(seeds, answers)
	for i, seed := range seeds {
		found := answers[i]
		if len(found) == 0 && !seed.isGlob() {
			if others := u.renamed(seed); len(others) > 0 {
				found = []wish{{seed: seed, renamed: true, candidates: others}}
			}
		}
		if len(found) == 0 && !seed.isWholeSource() {
			unknown = append(unknown, u.unknownSeed(seed))
		}
		for _, w := range found {
			all = append(all, u.versions(w)...)
		}
	}
	return all, unknown
}

// named returns a wish for each name that matches the seed.
func (u *universe) named(seed Seed) (found []wish) {
	if !seed.isGlob() {
		if candidates := u.accepted(u.catalog.NamedAt(seed.Pattern), seed); len(candidates) > 0 {
			found = append(found, wish{seed: seed, candidates: candidates})
		}
		return found
	}
	for name := range u.catalog.Names {
		if !repo.Match(seed.Pattern, name) {
			continue
		}
		if candidates := u.accepted(u.catalog.NamedAt(name), seed); len(candidates) > 0 {
			found = append(found, wish{seed: seed, candidates: candidates})
		}
	}
	return found
}

// accepted returns those of some packages of one name that the seed accepts, best first:
// of its architecture; if it says none, of the machines' own, or else of foreign ones.
func (u *universe) accepted(packages []int32, seed Seed) (accepted []int32) {
	of := func(architecture string) {
		for _, k := range packages {
			p := u.catalog.Packages[k]
			if p.Priority >= 0 && seed.from(p) && p.On(architecture, u.options.Native) && u.catalog.Rules().Satisfies(p.Version, seed.Op, seed.Version) {
				accepted = append(accepted, k)
			}
		}
	}
	of(cmp.Or(seed.Architecture, u.options.Native))
	if len(accepted) == 0 && seed.Architecture == "" {
		for _, architecture := range u.options.Foreign {
			of(architecture)
		}
	}
	return accepted
}

// addFormed adds the answers to the seeds that match no name but other forms of packages,
// or as globs of paths the files of packages: a wish for each name of these, for exactly
// these packages. Seeds with an architecture or a version are names, if they are no globs.
func (u *universe) addFormed(seeds []Seed, answers [][]wish) {
	plain, globs := map[string][]int{}, []int{}
	for i, seed := range seeds {
		switch {
		case len(answers[i]) > 0:
		case seed.isGlob():
			globs = append(globs, i)
		case seed.Op == repo.Any && seed.Architecture == "" && len(u.catalog.NamedAt(seed.Pattern)) == 0:
			plain[seed.Pattern] = append(plain[seed.Pattern], i)
		}
	}
	if len(plain)+len(globs) == 0 {
		return
	}
	matched := map[int][]int32{}
	for k, p := range u.catalog.Packages {
		if p.IsSource() {
			continue
		}
		match := func(i int) {
			if list := matched[i]; len(list) == 0 || list[len(list)-1] != int32(k) {
				matched[i] = append(list, int32(k))
			}
		}
		for _, form := range u.catalog.Rules().Forms(p) {
			for _, i := range plain[form] {
				match(i)
			}
			for _, i := range globs {
				if repo.Match(seeds[i].Pattern, form) {
					match(i)
				}
			}
		}
		for _, i := range globs {
			if seeds[i].isPath() && slices.ContainsFunc(p.Provides, func(x repo.Provide) bool { return repo.Match(seeds[i].Pattern, x.Name) }) {
				match(i)
			}
		}
	}
	for i, packages := range matched {
		answers[i] = u.formed(seeds[i], packages)
	}
}

// formed returns a wish for each name of the packages that match a seed.
func (u *universe) formed(seed Seed, packages []int32) (found []wish) {
	matches := make(map[int32]bool, len(packages))
	for _, k := range packages {
		matches[k] = true
	}
	done := map[string]bool{}
	for _, k := range packages {
		name := u.catalog.Packages[k].Name
		if done[name] {
			continue
		}
		done[name] = true
		named := slices.DeleteFunc(slices.Clone(u.catalog.NamedAt(name)), func(k int32) bool { return !matches[k] })
		if candidates := u.accepted(named, seed); len(candidates) > 0 {
			found = append(found, wish{seed: seed, candidates: candidates})
		}
	}
	return found
}

// versions splits a wish into one for each version that is to be picked, as
// [Options.Versions] has it.
func (u *universe) versions(w wish) (all []wish) {
	most := u.options.Versions
	if w.renamed || most == 0 || most == 1 || u.options.Together {
		return []wish{w}
	}
	type line struct{ architecture, name string }
	type version struct {
		line
		version string
	}
	count, index := map[line]int{}, map[version]int{}
	for _, k := range w.candidates {
		p := u.catalog.Packages[k]
		v := version{line{u.architecture(p), u.catalog.Rules().Line(p)}, p.Version}
		i, known := index[v]
		switch {
		case known:
			all[i].candidates = append(all[i].candidates, k)
		case most < 0 || count[v.line] < most:
			count[v.line]++
			index[v] = len(all)
			all = append(all, wish{seed: w.seed, candidates: []int32{k}})
		}
	}
	return all
}

// renamed returns packages of other names that answer for the seed's: those that
// obsolete it, before them the ones that provide it as well, or else those that
// provide it.
func (u *universe) renamed(seed Seed) (found []int32) {
	if seed.Op == repo.Any && len(u.catalog.NamedAt(seed.Pattern)) == 0 {
		obsoleting := u.accepted(u.catalog.ObsoletingAt(seed.Pattern), Seed{Architecture: seed.Architecture})
		for _, k := range obsoleting {
			if provides(u.catalog.Packages[k], seed.Pattern) {
				found = append(found, k)
			}
		}
		found = append(found, obsoleting...)
	}
	if len(found) == 0 {
		d := repo.Dependency{Name: seed.Pattern, Architecture: seed.Architecture, Op: seed.Op, Version: seed.Version}
		found = u.appendCandidates(nil, d, cmp.Or(seed.Architecture, u.options.Native))
	}
	found = firstOnly(found)
	u.preferFirst(found)
	return found
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
