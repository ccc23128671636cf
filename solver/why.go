package solver

import (
	"slices"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Why returns for every pick of the name the shortest chain of picks that leads to
// it, from what was asked for to the pick itself.
func (s *Solution) Why(name string) (chains [][]Pick) {
	for _, p := range s.Picks {
		if p.Package.Name == name {
			chains = append(chains, s.chain(p.Package))
		}
	}
	return chains
}

func (s *Solution) chain(p *repo.Package) (chain []Pick) {
	for p != nil {
		i := slices.IndexFunc(s.Picks, func(pick Pick) bool { return pick.Package == p })
		if i < 0 {
			break
		}
		chain = append(chain, s.Picks[i])
		p = s.Picks[i].Reason.By
	}
	slices.Reverse(chain)
	return chain
}
