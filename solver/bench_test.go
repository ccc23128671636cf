package solver

import "testing"

// BenchmarkSolve picks what seeds of every size need from the machine's own index,
// all at once.
func BenchmarkSolve(b *testing.B) {
	c, native := machineCatalog(b)
	var seeds []Seed
	for _, name := range wellKnown {
		seeds = append(seeds, Seed{Pattern: name})
	}
	for b.Loop() {
		Solve(c, seeds, Options{Native: native, Recommends: true})
	}
}

// BenchmarkFindUnresolved looks at every package of the machine's own index.
func BenchmarkFindUnresolved(b *testing.B) {
	c, native := machineCatalog(b)
	for b.Loop() {
		FindUnresolved(c, c.Packages, native)
	}
}
