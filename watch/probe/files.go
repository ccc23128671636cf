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

// filesOf are the files of a task within a scope, by path: those behind its
// After in a sweep, too. The error is [store.ErrNotKept] where the ledger does not know
// them.
func filesOf(s *Source, scope *watch.Scope, t watch.Task) ([]repo.File, error) {
	files, err := allOf(s.Ledger, t)
	if err != nil {
		return nil, err
	}
	if scope != nil {
		files = slices.DeleteFunc(slices.Clone(files), func(f repo.File) bool { return !scope.Holds(s.part(f.Path)) })
	}
	return files, nil
}

// allOf are the files of a task, by path.
func allOf(l *store.Ledger, t watch.Task) ([]repo.File, error) {
	if t.Level == watch.LevelDelta || t.Level == watch.LevelRemoved {
		mine, _, err := l.Difference(t.Generation, t.Against)
		if err != nil {
			return nil, err
		}
		return mine.Packages, nil
	}
	m, err := l.Manifest(t.Generation)
	if err != nil {
		return nil, err
	}
	switch t.Level {
	case watch.LevelIndexes:
		return m.Indexes, nil
	case watch.LevelAgain:
		return named(m, t.Paths), nil
	case watch.LevelSweep:
		all := slices.Concat(m.Indexes, m.Packages)
		slices.SortStableFunc(all, func(a, b repo.File) int { return strings.Compare(a.Path, b.Path) })
		return all, nil
	}
	return m.Packages, nil
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
// spread over the parts as all files are, and returns at most so many of them.
func shuffled(files []repo.File, most int, seed uint64, part func(path string) watch.Part) []repo.File {
	byPart := map[watch.Part][]int32{} // positions: files are large
	for i, f := range files {
		p := part(f.Path)
		byPart[p] = append(byPart[p], int32(i))
	}
	type placed struct {
		at   float64
		file int32
	}
	all := make([]placed, 0, len(files))
	for p, of := range byPart {
		random := rand.New(rand.NewPCG(seed, hashOf(p.Component+"\n"+p.Architecture)))
		random.Shuffle(len(of), func(i, j int) { of[i], of[j] = of[j], of[i] })
		for i, f := range of {
			all = append(all, placed{(float64(i) + random.Float64()) / float64(len(of)), f})
		}
	}
	slices.SortFunc(all, func(a, b placed) int {
		return cmp.Or(cmp.Compare(a.at, b.at), strings.Compare(files[a.file].Path, files[b.file].Path))
	})
	out := make([]repo.File, min(most, len(all)))
	for i, p := range all[:len(out)] {
		out[i] = files[p.file]
	}
	return out
}

func hashOf(text string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(text))
	return h.Sum64()
}
