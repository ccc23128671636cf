package solver

import (
	"cmp"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// rules are the relations of one package in numbers.
type rules struct {
	needs    []need
	excludes []int32 // what cannot be installed beside it; others may say so of it, too
}

// need is a relation that one of the candidates satisfies.
type need struct {
	relation int32 // index in the package's Relations, or noRelation
	weak     bool
	// reverse needs are told by what they want: relation is an index in the Relations
	// of the candidate.
	reverse    bool
	candidates []int32    // in order of preference
	when       *condition // nil: it always counts
}

const noRelation = -1

// condition says when a need counts.
type condition struct {
	in []int32 // all of these are in
	// Of weak needs only:
	out  []int32  // none of these is in
	also *formula // and this holds by something that is in, nil for nothing
}

// rules returns the rules of a package.
func (u *universe) rules(p int32) *rules {
	if r := u.known[p]; r != nil {
		return r
	}
	pkg := u.at(p)
	r := &rules{needs: make([]need, 0, u.followed(pkg))}
	u.known[p] = r
	for _, kind := range []repo.Kind{repo.PreRequires, repo.Requires, repo.Recommends, repo.Suggests} {
		if !u.follows(kind) {
			continue
		}
		for i := range pkg.Relations {
			switch relation := &pkg.Relations[i]; {
			case relation.Kind != kind:
			case relation.Rich != nil:
				u.addRich(r, p, pkg, i)
			default:
				u.addNeed(r, p, pkg, i)
			}
		}
	}
	u.addReverse(r, p, pkg)
	u.addExcluded(r, p, pkg)
	for i := range pkg.Relations {
		if relation := &pkg.Relations[i]; relation.Rich != nil && excludes(relation.Kind) {
			u.addRich(r, p, pkg, i)
		}
	}
	return r
}

// followed counts the relations that become needs of a package, a rich one as one.
func (u *universe) followed(p *repo.Package) (count int) {
	for i := range p.Relations {
		if u.follows(p.Relations[i].Kind) {
			count++
		}
	}
	return count
}

// keep copies a list to where it stays.
func (u *universe) keep(list []int32) []int32 {
	if len(list) == 0 {
		return nil
	}
	if cap(u.room)-len(u.room) < len(list) {
		u.room = make([]int32, 0, max(len(list), 2048))
	}
	start := len(u.room)
	u.room = append(u.room, list...)
	return u.room[start:len(u.room):len(u.room)]
}

func (u *universe) follows(kind repo.Kind) bool {
	switch kind {
	case repo.PreRequires, repo.Requires:
		return true
	case repo.Recommends, repo.Supplements:
		return u.options.Recommends
	case repo.Suggests, repo.Enhances:
		return u.options.Suggests
	}
	return false
}

// excludes reports whether relations of the kind forbid what they name.
func excludes(kind repo.Kind) bool { return kind == repo.Conflicts || kind == repo.Breaks }

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
	r.needs = append(r.needs, need{relation: int32(i), weak: !relation.Kind.Hard(), candidates: u.keep(candidates)})
}

// addRich adds the i-th relation of a package, a rich one: a need for each disjunction
// that must hold, those with a condition first, since what is in already decides before
// a choice is made. A disjunction that only says that one package is not in excludes
// it. Where there are too many, the relation is a need that nothing satisfies.
//
// A weak relation is not worth that anything else is kept out: what would have to be
// out is a condition of its needs.
func (u *universe) addRich(r *rules, p int32, pkg *repo.Package, i int) {
	relation := &pkg.Relations[i]
	weak := !relation.Kind.Hard() && !excludes(relation.Kind)
	if weak && u.isAssumed(p) {
		return
	}
	all, ok := u.formula(pkg, relation.Rich, excludes(relation.Kind)).disjunctions()
	if !ok {
		all = []disjunction{{}}
	}
	// Of what is not attainable it is reported that it is missing, not that it excludes.
	exclusive := excludes(relation.Kind) || u.attainable(pkg, relation.Rich)
	var needs []need
	var out []int32
	for _, d := range all {
		itself := len(d.in) == 0 && len(d.out) > 0 && !slices.ContainsFunc(d.out, func(q int32) bool { return q != p })
		d, needed := d.of(p)
		switch {
		case !needed, itself && excludes(relation.Kind): // nothing conflicts with itself
		case u.isAssumed(p) && !slices.ContainsFunc(d.in, u.isAssumed) && !slices.ContainsFunc(d.out, u.isNew):
			// It is broken already.
		case len(d.in) == 0 && len(d.out) == 1 && (exclusive || weak):
			out = append(out, d.out[0])
		case weak && len(d.in) == 0:
		default:
			u.arrange(pkg, d.in)
			n := need{relation: int32(i), weak: weak, candidates: d.in}
			if len(d.out) > 0 {
				n.when = &condition{in: d.out}
			}
			needs = append(needs, n)
		}
	}
	if weak && len(out) > 0 {
		for k := range needs {
			if needs[k].when == nil {
				needs[k].when = &condition{}
			}
			needs[k].when.out = out
		}
	}
	if !weak {
		r.excludes = append(r.excludes, out...)
	}
	slices.SortStableFunc(needs, func(a, b need) int { return cmp.Compare(unconditional(a), unconditional(b)) })
	for _, n := range needs {
		u.watch(p, int32(len(r.needs)), n)
		r.needs = append(r.needs, n)
	}
}

func unconditional(n need) int {
	if n.when != nil && len(n.when.in) > 0 {
		return 0
	}
	return 1
}

func (u *universe) isNew(p int32) bool { return !u.isAssumed(p) }

// reference names a need by its package and number.
type reference struct{ of, need int32 }

// watch remembers a need with the packages that it depends on.
func (u *universe) watch(of, number int32, n need) {
	if n.when == nil {
		return
	}
	u.conditional = true
	if u.watching == nil {
		u.watching = map[int32][]reference{}
	}
	for _, p := range n.when.in {
		list := u.watching[p]
		x := reference{of, number}
		at, _ := slices.BinarySearchFunc(list, x, func(a, b reference) int {
			return cmp.Or(cmp.Compare(a.of, b.of), cmp.Compare(a.need, b.need))
		})
		u.watching[p] = slices.Insert(slices.Clip(list), at, x) // somebody may be reading the list
	}
}

// addReverse adds what is wanted where the package is in, as the wanted says itself: one
// package of each name, the best of those for the machines' own architecture, if there
// are such.
func (u *universe) addReverse(r *rules, p int32, pkg *repo.Package) {
	if !u.client.Reverse || u.isAssumed(p) || !u.follows(repo.Supplements) && !u.follows(repo.Enhances) {
		return
	}
	named := []string{pkg.Name}
	for _, x := range pkg.Provides {
		if !slices.Contains(named, x.Name) {
			named = append(named, x.Name)
		}
	}
	var wanted []int32
	for _, name := range named {
		for _, q := range u.catalog.SupplementingAt(name) {
			if o := u.at(q); o.Name != pkg.Name && o.Priority >= 0 && u.accepts(o.Architecture) && !slices.Contains(wanted, q) {
				wanted = append(wanted, q)
			}
		}
	}
	slices.SortStableFunc(wanted, func(a, b int32) int { return cmp.Compare(u.distance(u.at(a)), u.distance(u.at(b))) })
	for _, q := range wanted {
		var others []int32
		for _, o := range wanted {
			if o != q && u.at(o).Name == u.at(q).Name {
				others = append(others, o)
			}
		}
		for i := range u.at(q).Relations {
			u.addReverseNeed(r, pkg, q, i, others)
		}
	}
}

// addReverseNeed adds the i-th relation of q, if it is a reverse one that the package
// may make hold. It does not count where one of the others is in.
func (u *universe) addReverseNeed(r *rules, pkg *repo.Package, q int32, i int, others []int32) {
	wanted := u.at(q)
	relation := &wanted.Relations[i]
	if relation.Kind != repo.Supplements && relation.Kind != repo.Enhances || !u.follows(relation.Kind) {
		return
	}
	concerned := false
	for d := range relation.Leaves {
		concerned = concerned || u.catalog.Satisfied(d, pkg, wanted.Architecture, u.options.Native)
	}
	if !concerned {
		return
	}
	n := need{relation: int32(i), weak: true, reverse: true, candidates: []int32{q}}
	if relation.Rich != nil || others != nil {
		n.when = &condition{out: others}
		u.conditional = true
	}
	if relation.Rich != nil {
		if n.when.also = u.formula(wanted, relation.Rich, false); n.when.also == nil {
			return
		}
	}
	r.needs = append(r.needs, n)
}

// candidates returns what satisfies a relation, in the order of preference (see
// [universe.arrange]). The result is valid until the next call.
func (u *universe) candidates(pkg *repo.Package, relation *repo.Relation) []int32 {
	all := u.spare[:0]
	if len(u.assumed.Packages) > 0 {
		for _, d := range relation.Alternatives {
			all = u.assumed.AppendCandidatesAt(all, d, pkg.Architecture, u.options.Native)
		}
		u.renumber(all)
	}
	for _, d := range relation.Alternatives {
		all = u.appendCandidates(all, d, pkg.Architecture)
	}
	u.spare = all
	u.arrange(pkg, all)
	if len(relation.Alternatives) > 1 {
		all = firstOnly(all)
	}
	return all
}

// arrange orders, in place, what satisfies a relation of the package. What is assumed
// comes first.
//
// Then apt tries alternative by alternative, of each name only the version that it
// regards, the best, and after all these come the versions that it never chooses by
// itself. libsolv tries the repository of the highest priority, the machines' own
// architecture, what nothing else that would do obsoletes, what the package recommends
// or else suggests, and then goes by name and version.
//
// Both orders are for what [Options.Prefer] names, and again for the rest.
func (u *universe) arrange(pkg *repo.Package, candidates []int32) {
	if len(candidates) < 2 {
		return
	}
	if u.client.ProvidersByName {
		u.arrangeByName(pkg, candidates)
	} else {
		u.arrangeByMention(candidates)
	}
	u.preferFirst(candidates)
}

// preferFirst puts what is preferred, in place, after what is assumed and before the
// rest.
func (u *universe) preferFirst(candidates []int32) {
	if len(u.options.Prefer) == 0 {
		return
	}
	rank := func(p int32) int {
		switch {
		case u.isAssumed(p):
			return 0
		case slices.ContainsFunc(u.options.Prefer, func(pattern string) bool { return repo.Match(pattern, u.at(p).Name) }):
			return 1
		}
		return 2
	}
	slices.SortStableFunc(candidates, func(a, b int32) int { return cmp.Compare(rank(a), rank(b)) })
}

// arrangeByMention leaves the candidates as they are mentioned, but for versions that apt
// does not regard.
func (u *universe) arrangeByMention(candidates []int32) {
	assumed := slices.IndexFunc(candidates, u.isNew)
	if assumed < 0 || !slices.ContainsFunc(candidates[assumed:], u.surpassed) {
		return
	}
	slices.SortStableFunc(candidates[assumed:], func(a, b int32) int {
		return compareBools(u.surpassed(a), u.surpassed(b))
	})
}

func (u *universe) arrangeByName(pkg *repo.Package, candidates []int32) {
	type key struct {
		number                          int32
		assumed, obsolete, surpassed    bool
		priority, architecture, mention int
		name                            string
	}
	nearest := u.nearest(candidates)
	keys := make([]key, len(candidates))
	for i, k := range candidates {
		p := u.at(k)
		keys[i] = key{
			number: k, assumed: u.isAssumed(k), obsolete: u.isObsolete(k, candidates), surpassed: u.isNew(k) && u.surpassed(k),
			priority: p.Priority, architecture: max(nearest, u.distance(p)), mention: u.mention(pkg, k), name: p.Name,
		}
	}
	slices.SortStableFunc(keys, func(a, b key) int {
		return cmp.Or(
			compareBools(b.assumed, a.assumed), cmp.Compare(b.priority, a.priority), cmp.Compare(a.architecture, b.architecture),
			compareBools(a.obsolete, b.obsolete), cmp.Compare(a.mention, b.mention), compareBools(a.surpassed, b.surpassed), cmp.Compare(a.name, b.name),
			u.catalog.Rules().Compare(u.at(b.number).Version, u.at(a.number).Version))
	})
	for i, x := range keys {
		candidates[i] = x.number
	}
}

// compareBools orders false before true.
func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// nearest is the distance of the best architecture among the packages; those for every
// architecture are no nearer than that.
func (u *universe) nearest(packages []int32) int {
	least := -1
	for _, k := range packages {
		if p := u.at(k); !p.Anywhere() && (least < 0 || u.distance(p) < least) {
			least = u.distance(p)
		}
	}
	return max(least, 0)
}

// distance says how far a package's architecture is from the machines' own.
func (u *universe) distance(p *repo.Package) int {
	if p.On(u.options.Native, u.options.Native) {
		return 0
	}
	if i := slices.Index(u.options.Foreign, p.Architecture); i >= 0 {
		return 1 + i
	}
	return 1 + len(u.options.Foreign)
}

// mention is 0 for what the package recommends, 1 for what it suggests, 2 for the rest.
func (u *universe) mention(pkg *repo.Package, candidate int32) int {
	for i, kind := range []repo.Kind{repo.Recommends, repo.Suggests} {
		for _, r := range pkg.Relations {
			if r.Kind == kind && slices.ContainsFunc(r.Alternatives, func(d repo.Dependency) bool {
				return u.catalog.Satisfied(d, u.at(candidate), pkg.Architecture, u.options.Native)
			}) {
				return i
			}
		}
	}
	return 2
}

// surpassed reports whether the catalog has a better version of the package, of its
// name, architecture and line.
func (u *universe) surpassed(p int32) bool {
	pkg := u.catalog.Packages[p]
	rules := u.catalog.Rules()
	for _, k := range u.catalog.NamedAt(pkg.Name) {
		if q := u.catalog.Packages[k]; u.architecture(q) == u.architecture(pkg) && rules.Line(q) == rules.Line(pkg) {
			return q.Version != pkg.Version
		}
	}
	return false
}

// isObsolete reports whether a candidate is obsoleted by another one of another name,
// and clients heed that.
func (u *universe) isObsolete(k int32, among []int32) bool {
	p := u.at(k)
	return u.client.ObsoletesExclude && slices.ContainsFunc(among, func(other int32) bool {
		q := u.at(other)
		return q.Name != p.Name && u.obsoletes(q, p) != nil && u.obsoletes(p, q) == nil
	})
}

// obsoletes returns the relation by which p obsoletes q, or nil.
func (u *universe) obsoletes(p, q *repo.Package) *repo.Relation {
	for i, r := range p.Relations {
		if r.Kind == repo.Obsoletes && slices.ContainsFunc(r.Alternatives, func(d repo.Dependency) bool { return u.isNamed(q, d) }) {
			return &p.Relations[i]
		}
	}
	return nil
}

// isNamed reports whether the dependency means the package by its name.
func (u *universe) isNamed(p *repo.Package, d repo.Dependency) bool {
	return p.Name == d.Name && u.catalog.Rules().Satisfies(p.Version, d.Op, d.Version)
}

// addExcluded adds what a package excludes: all others of its name that cannot be
// installed beside it; what it conflicts with or breaks, but for the same package of
// other architectures; what it obsoletes, where clients heed that; and the packages of
// other streams of its module.
func (u *universe) addExcluded(r *rules, p int32, pkg *repo.Package) {
	out := u.spare[:0]
	native, coinstallable := u.options.Native, u.catalog.Rules().Coinstallable
	out = u.appendNamed(out, pkg.Name)
	out = slices.DeleteFunc(out, func(k int32) bool { return k == p || coinstallable(pkg, u.at(k)) })
	for _, relation := range pkg.Relations {
		start := len(out)
		switch {
		case excludes(relation.Kind):
			for _, d := range relation.Alternatives {
				out = u.catalog.AppendExcludedAt(out, d, native)
				inCatalog := len(out)
				out = u.assumed.AppendExcludedAt(out, d, native)
				u.renumber(out[inCatalog:])
			}
		case relation.Kind == repo.Obsoletes && u.client.ObsoletesExclude:
			for _, d := range relation.Alternatives {
				from := len(out)
				out = u.appendNamed(out, d.Name)
				named := slices.DeleteFunc(out[from:], func(k int32) bool { return !u.isNamed(u.at(k), d) })
				out = out[:from+len(named)]
			}
		default:
			continue
		}
		others := slices.DeleteFunc(out[start:], func(k int32) bool {
			q := u.at(k)
			return k == p || q.Name == pkg.Name && (pkg.MultiArch == repo.Same || !coinstallable(pkg, q))
		})
		out = out[:start+len(others)]
	}
	out = u.appendOtherStreams(out, pkg)
	u.spare = out
	if len(r.excludes) > 0 {
		out = append(out, r.excludes...)
	}
	r.excludes = u.keep(out)
}

// appendNamed appends the packages of the name, in the catalog and assumed.
func (u *universe) appendNamed(to []int32, name string) []int32 {
	to = append(to, u.catalog.NamedAt(name)...)
	inCatalog := len(to)
	to = append(to, u.assumed.NamedAt(name)...)
	u.renumber(to[inCatalog:])
	return to
}

// appendOtherStreams appends the packages of other lines of the module that the package
// belongs to, if it is of one: that is what a line's name has before the colon.
func (u *universe) appendOtherStreams(to []int32, pkg *repo.Package) []int32 {
	line := u.catalog.Rules().Line(pkg)
	module, _, ok := strings.Cut(line, ":")
	if !ok {
		return to
	}
	if u.modules == nil {
		u.modules = map[string][]int32{}
		for k := range u.known[:u.request()] {
			if name, _, ok := strings.Cut(u.catalog.Rules().Line(u.at(int32(k))), ":"); ok {
				u.modules[name] = append(u.modules[name], int32(k))
			}
		}
	}
	for _, k := range u.modules[module] {
		if u.catalog.Rules().Line(u.at(k)) != line {
			to = append(to, k)
		}
	}
	return to
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
