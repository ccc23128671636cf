package probe

import (
	"cmp"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/store"
	"github.com/mirrorkeeper/mirrorkeeper/watch"
)

// filesOf are the files of a task, in its order. The error is [store.ErrNotKept] where
// the ledger does not know them.
func filesOf(l *store.Ledger, t watch.Task, part func(path string) watch.Part) ([]repo.File, error) {
	switch t.Level {
	case watch.LevelDelta:
		added, _, err := l.Difference(t.Against, t.Generation)
		if err != nil {
			return nil, err
		}
		return added.Packages, nil
	case watch.LevelRemoved:
		_, removed, err := l.Difference(t.Generation, t.Against)
		if err != nil {
			return nil, err
		}
		return removed.Packages, nil
	}
	m, err := l.Manifest(t.Generation)
	if err != nil {
		return nil, err
	}
	switch t.Level {
	case watch.LevelIndexes:
		return m.Indexes, nil
	case watch.LevelSample, watch.LevelBytes:
		return shuffled(m.Packages, t.Seed, part), nil
	case watch.LevelAgain:
		return named(m, t.Paths), nil
	}
	all := slices.Concat(m.Indexes, m.Packages)
	slices.SortStableFunc(all, func(a, b repo.File) int { return strings.Compare(a.Path, b.Path) })
	return all, nil
}

// named are the files of a manifest that stand in a list of paths.
func named(m *repo.Manifest, paths []string) (out []repo.File) {
	wanted := map[string]bool{}
	for _, p := range paths {
		wanted[p] = true
	}
	for f := range m.All {
		if wanted[f.Path] {
			out = append(out, f)
			delete(wanted, f.Path)
		}
	}
	return out
}

// shuffled puts files in an order by chance, in which the first ones, however many, are
// spread over the parts as all files are.
func shuffled(files []repo.File, seed uint64, part func(path string) watch.Part) []repo.File {
	byPart := map[watch.Part][]repo.File{}
	for _, f := range files {
		p := part(f.Path)
		byPart[p] = append(byPart[p], f)
	}
	type placed struct {
		file repo.File
		at   float64
	}
	all := make([]placed, 0, len(files))
	for p, of := range byPart {
		name := fnv.New64a()
		name.Write([]byte(p.Component + "\n" + p.Architecture))
		random := rand.New(rand.NewPCG(seed, name.Sum64()))
		random.Shuffle(len(of), func(i, j int) { of[i], of[j] = of[j], of[i] })
		for i, f := range of {
			all = append(all, placed{f, (float64(i) + random.Float64()) / float64(len(of))})
		}
	}
	slices.SortFunc(all, func(a, b placed) int {
		return cmp.Or(cmp.Compare(a.at, b.at), strings.Compare(a.file.Path, b.file.Path))
	})
	out := make([]repo.File, len(all))
	for i, p := range all {
		out[i] = p.file
	}
	return out
}
