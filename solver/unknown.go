package solver

import (
	"cmp"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// unknownSeed reports a seed that no package answers.
func (u *universe) unknownSeed(seed Seed) Unknown {
	unknown := Unknown{Seed: seed, Reason: "no package has or provides this name"}
	switch named := u.catalog.Named(seed.Pattern); {
	case seed.isGlob():
		unknown.Reason = "it matches no name of a package"
		if seed.Op != repo.Any || seed.Architecture != "" {
			unknown.Reason = "it matches no package"
		}
	case len(named) > 0:
		unknown.Reason = onlyThere(named, seed.Architecture, u.options.Native, u.options.Native)
	default:
		unknown.Near = u.near(seed.Pattern)
	}
	return unknown
}

// near returns at most three names of packages that a misspelt one may mean: those
// that few edits lead to, and those that it begins.
func (u *universe) near(name string) []string {
	type guess struct {
		name  string
		edits int
	}
	limit := 1 + len(name)/5
	var guesses []guess
	var rows [3][]int
	for other := range u.catalog.Names {
		edits := distance(name, other, limit, &rows)
		if rest, begins := strings.CutPrefix(other, name); begins && len(name) > 2 {
			edits = limit
			if strings.HasPrefix(rest, "-") {
				edits = 1
			}
		}
		if edits <= limit {
			guesses = append(guesses, guess{other, edits})
		}
	}
	slices.SortFunc(guesses, func(a, b guess) int {
		return cmp.Or(cmp.Compare(a.edits, b.edits), cmp.Compare(len(a.name), len(b.name)), cmp.Compare(a.name, b.name))
	})
	var names []string
	for _, g := range guesses[:min(3, len(guesses))] {
		names = append(names, g.name)
	}
	return names
}

// distance is the number of insertions, deletions, substitutions and swaps of
// neighbours that lead from a to b (optimal string alignment, in bytes), or
// something above the limit. The rows are space to work in.
func distance(a, b string, limit int, rows *[3][]int) int {
	if max(len(a)-len(b), len(b)-len(a)) > limit {
		return limit + 1
	}
	for i := range rows {
		rows[i] = slices.Grow(rows[i][:0], len(b)+1)[:len(b)+1]
	}
	before, last, now := rows[0], rows[1], rows[2]
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		now[0] = i + 1
		least := now[0]
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			now[j+1] = min(last[j]+cost, last[j+1]+1, now[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				now[j+1] = min(now[j+1], before[j-1]+1)
			}
			least = min(least, now[j+1])
		}
		if least > limit+1 { // a swap may still take one back
			return least
		}
		before, last, now = last, now, before
	}
	return last[len(b)]
}
