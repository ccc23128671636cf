package watch

import (
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Find returns the position of the newest generation with the root, -1 where the source
// never published it.
func (l Ledger) Find(root repo.Digest) int {
	for i := len(l.Generations) - 1; i >= 0; i-- {
		if l.Generations[i].Root == root {
			return i
		}
	}
	return -1
}

// findAt is Find at an earlier moment: a source that went back published a root twice.
func (l Ledger) findAt(root repo.Digest, at time.Time) int {
	for i := len(l.Generations) - 1; i >= 0; i-- {
		if g := &l.Generations[i]; g.Root == root && !g.Published.After(at) {
			return i
		}
	}
	return -1
}

// completeAt returns the position of the newest generation that the source was found to
// hold completely and that it showed at the moment already, -1 for none.
func (l Ledger) completeAt(at time.Time) int {
	for i := len(l.Generations) - 1; i >= 0; i-- {
		if g := &l.Generations[i]; g.Complete && !g.Published.After(at) {
			return i
		}
	}
	return -1
}

// becameStale is when a site that holds the generation at the position became stale: when
// the next one was published; zero where there is none.
func (l Ledger) becameStale(held int) time.Time {
	if held < 0 || held+1 >= len(l.Generations) {
		return time.Time{}
	}
	return l.Generations[held+1].Published
}

// ledger returns that of a repository.
func (s *SourceKnown) ledger(name string) Ledger {
	for _, l := range s.Ledgers {
		if l.Name == name {
			return l
		}
	}
	return Ledger{Name: name}
}

// newest returns the newest generation of the ledger, the zero one where there is none.
func (l Ledger) newest() Generation {
	if len(l.Generations) == 0 {
		return Generation{}
	}
	return l.Generations[len(l.Generations)-1]
}
