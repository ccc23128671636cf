package solver

import (
	"cmp"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// fork returns a universe that shares the rules which are known and can be used beside
// this one, as long as neither has to work out those of the same package.
func (u *universe) fork() *universe {
	other := *u
	other.known = slices.Clone(u.known)
	other.spare, other.room = nil, nil
	return &other
}

// inParallel calls a function for each number below n, on all processors. start makes
// the function for one processor, with a universe for its own use.
func (u *universe) inParallel(n int, start func(*universe) func(i int)) {
	var workers []func(i int) // all made before the first changes what they are made of
	for range min(n, runtime.GOMAXPROCS(0)) {
		workers = append(workers, start(u.fork()))
	}
	var next atomic.Int64
	var all sync.WaitGroup
	for _, do := range workers {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	all.Wait()
}

// batch is how many packages' rules are worked out at a time.
const batch = 512

// prepare works out the rules of all packages, after which nothing in the universe
// changes but the request.
func (u *universe) prepare() {
	var forks []*universe
	packages := len(u.known) - 1
	known := u.known
	u.inParallel((packages+batch-1)/batch, func(f *universe) func(int) {
		f.watching = nil
		forks = append(forks, f)
		return func(i int) {
			for p := i * batch; p < min((i+1)*batch, packages); p++ {
				known[p] = f.rules(int32(p))
			}
		}
	})
	for _, f := range forks {
		u.conditional = u.conditional || f.conditional
		for p, list := range f.watching {
			if u.watching == nil {
				u.watching = map[int32][]reference{}
			}
			u.watching[p] = append(u.watching[p], list...)
		}
	}
	for _, list := range u.watching {
		slices.SortFunc(list, func(a, b reference) int { return cmp.Or(cmp.Compare(a.of, b.of), cmp.Compare(a.need, b.need)) })
	}
}
