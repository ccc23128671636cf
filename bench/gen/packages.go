package main

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
)

// binary is a binary package.
type binary struct {
	name, source, architecture, section string
	version                             version
	relations                           []relation
	size                                int // of its content, in bytes
	file                                packageFile
}

// version is upstream's with Debian's revision.
type version struct {
	upstream string
	revision int
}

func (v version) String() string { return fmt.Sprintf("%s-%d", v.upstream, v.revision) }

// relation is one field of relations, as text, and the same-source packages that
// are bound to exactly the package's own version.
type relation struct {
	field string
	any   []string // "name (>= 1.0)", "a | b"
	same  []string // names
}

func (r relation) text(v version) string {
	all := append([]string(nil), r.any...)
	for _, name := range r.same {
		all = append(all, fmt.Sprintf("%s (= %s)", name, v))
	}
	return r.field + ": " + strings.Join(all, ", ")
}

// part is a kind of package that a source builds.
type part struct {
	name         string // of the package; %s is the source's name
	architecture string
	section      string
	chance       float64 // that a source has it
	needs        int     // how many packages of other sources it depends on at most
	same         int     // index of the part that it needs in the same version, -1 for none
}

var parts = []part{
	{"%s", "amd64", "utils", 1, 8, -1},
	{"lib%s1", "amd64", "libs", .5, 4, -1},
	{"lib%s-dev", "amd64", "libdevel", .4, 3, 1},
	{"%s-data", "all", "misc", .3, 0, -1},
	{"%s-doc", "all", "doc", .25, 0, -1},
	{"python3-%s", "all", "python", .2, 5, 0},
	{"gir1.2-%s", "amd64", "introspection", .06, 2, 1},
}

// draw makes the packages of the first generation, by name: sources with one to
// seven packages each. Every relation is satisfied by a package of the same source
// or of one drawn earlier.
func draw(o options) []binary {
	r := rand.New(rand.NewPCG(2, 7))
	all := make([]binary, 0, o.packages+len(parts))
	for n := 0; len(all) < o.packages; n++ {
		all = append(all, source(r, n, all)...)
	}
	all = all[:o.packages]
	setSizes(r, all, o.bytes)
	slices.SortFunc(all, func(a, b binary) int { return cmp.Compare(a.name, b.name) })
	return all
}

// source makes the packages of one source, which may depend on the earlier ones.
func source(r *rand.Rand, n int, earlier []binary) (packages []binary) {
	name := word(r, n)
	v := version{fmt.Sprintf("%d.%d.%d", r.IntN(9), r.IntN(30), r.IntN(12)), 1 + r.IntN(6)}
	if r.IntN(12) == 0 {
		v.upstream = "1:" + v.upstream
	}
	if r.IntN(8) == 0 {
		v.upstream += "+dfsg"
	}
	built := make([]string, len(parts))
	for i, p := range parts {
		if r.Float64() >= p.chance || p.same >= 0 && built[p.same] == "" {
			continue
		}
		built[i] = fmt.Sprintf(p.name, name)
		b := binary{name: built[i], source: name, architecture: p.architecture, section: p.section, version: v}
		depends := relation{field: "Depends", any: some(r, earlier, r.IntN(p.needs+1))}
		if p.same >= 0 {
			depends.same = []string{built[p.same]}
		}
		b.relations = nonEmpty(depends,
			relation{field: "Recommends", any: some(r, earlier, r.IntN(2))},
			relation{field: "Suggests", any: some(r, earlier, r.IntN(3))})
		packages = append(packages, b)
	}
	return packages
}

func nonEmpty(relations ...relation) (all []relation) {
	for _, r := range relations {
		if len(r.any)+len(r.same) > 0 {
			all = append(all, r)
		}
	}
	return all
}

// some are n relations to earlier packages, the first ones the most often, as a
// few libraries are needed by nearly all.
func some(r *rand.Rand, earlier []binary, n int) (relations []string) {
	if len(earlier) == 0 {
		return nil
	}
	pick := func() binary { return earlier[int(math.Pow(r.Float64(), 3)*float64(len(earlier)))] }
	seen := map[string]bool{}
	for range n {
		b := pick()
		if seen[b.name] {
			continue
		}
		seen[b.name] = true
		text := b.name
		if r.IntN(2) == 0 {
			text += " (>= " + b.version.upstream + ")"
		}
		if r.IntN(10) == 0 {
			text += " | " + pick().name
		}
		relations = append(relations, text)
	}
	return relations
}

const (
	consonants = "bcdfghklmnprstvz"
	vowels     = "aeiou"
)

// word is a name that can be pronounced; its number makes it the only one.
func word(r *rand.Rand, n int) string {
	var b strings.Builder
	for range 2 + r.IntN(3) {
		b.WriteByte(consonants[r.IntN(len(consonants))])
		b.WriteByte(vowels[r.IntN(len(vowels))])
	}
	fmt.Fprintf(&b, "%d", n)
	return b.String()
}

// The sizes of packages are about log-normal, as in Debian, where the median is a
// tenth of the mean. None is more than 300 times the median.
const (
	spread  = 2.1
	largest = 300
)

func setSizes(r *rand.Rand, all []binary, total float64) {
	drawn, sum := make([]float64, len(all)), 0.
	for i := range drawn {
		drawn[i] = min(math.Exp(spread*r.NormFloat64()), largest)
		sum += drawn[i]
	}
	for i := range all {
		all[i].size = int(drawn[i] / sum * total)
	}
}

// next is the generation after one: whole sources, until they are the given part
// of the packages, have a new revision. It returns how many packages changed.
func next(before []binary, part float64) (now []binary, changed int) {
	bySource := map[string][]int{}
	var sources []string
	for i, b := range before {
		if bySource[b.source] == nil {
			sources = append(sources, b.source)
		}
		bySource[b.source] = append(bySource[b.source], i)
	}
	now = append(now, before...)
	r := rand.New(rand.NewPCG(1, 8))
	for _, s := range r.Perm(len(sources)) {
		if float64(changed) >= math.Round(part*float64(len(before))) {
			break
		}
		for _, i := range bySource[sources[s]] {
			now[i].version.revision++
			changed++
		}
	}
	return now, changed
}
