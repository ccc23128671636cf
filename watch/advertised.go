package watch

import (
	"slices"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Advertised is the generation that lists tell clients to expect: the newest that the
// source was found to hold completely. It never goes back behind the one that was
// advertised before, unless an administrator expired that. It is the zero digest where there
// is none.
func Advertised(l Ledger, before repo.Digest) repo.Digest {
	was := l.Find(before)
	for i := len(l.Generations) - 1; i >= 0; i-- {
		g := l.Generations[i]
		if g.Expired || !g.Complete && i != was {
			continue
		}
		return g.Root
	}
	return repo.Digest{}
}

// Alternates are the older generations that clients may meet as well: those that at least
// so many of the listed sites serve completely on every endpoint, newest first. None was
// expired by an administrator.
func Alternates(l Ledger, advertised repo.Digest, listed []Verdict, enough int) (older []repo.Digest) {
	serving := map[repo.Digest]int{}
	for _, v := range listed {
		for _, r := range v.Roots {
			if r.Name == l.Name && v.serves(r) {
				serving[r.Root]++
			}
		}
	}
	for i := l.Find(advertised) - 1; i >= 0; i-- {
		g := l.Generations[i]
		if n := serving[g.Root]; n > 0 && n >= enough && !g.Expired && g.Root != advertised && !slices.Contains(older, g.Root) {
			older = append(older, g.Root)
		}
	}
	return older
}

// serves reports whether a repository is complete at the site, as far as is known.
func (v Verdict) serves(r RootVerdict) bool {
	return r.State == InSync || r.State == Behind && r.Reason != Unrecorded
}
