package solver

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// BenchmarkSolve picks what seeds of every size need from the machine's own index,
// all at once.
func BenchmarkSolve(b *testing.B) {
	c, native := machineCatalog(b)
	var seeds []Seed
	for _, name := range wellKnown {
		seeds = append(seeds, Seed{Pattern: name})
	}
	for _, o := range []Options{{}, {Together: true}, {Alternatives: AlternativesAll}} {
		o.Native, o.Recommends = native, true
		b.Run(fmt.Sprintf("together=%v/alternatives=%d", o.Together, o.Alternatives), func(b *testing.B) {
			for b.Loop() {
				Solve(c, seeds, o)
			}
		})
	}
}

// BenchmarkCheck looks for a witness of every package of the machine's own index.
func BenchmarkCheck(b *testing.B) {
	c, native := machineCatalog(b)
	for b.Loop() {
		Check(c, Options{Native: native})
	}
}

// BenchmarkFindUnresolved looks at every package of the machine's own index.
func BenchmarkFindUnresolved(b *testing.B) {
	c, native := machineCatalog(b)
	for b.Loop() {
		FindUnresolved(c, c.Packages, native)
	}
}

// BenchmarkNewCatalog makes the machine's own index ready for search.
func BenchmarkNewCatalog(b *testing.B) {
	c, _ := machineCatalog(b)
	for b.Loop() {
		repo.NewCatalog(c.Rules(), c.Packages)
	}
}

// BenchmarkMemory checks 150,000 packages, copies of the machine's own index under other
// names, and tells how much memory is in use at the end.
func BenchmarkMemory(b *testing.B) {
	one, native := machineCatalog(b)
	all := one.Packages
	for copied := 1; len(all) < 150_000; copied++ {
		suffix := fmt.Sprintf("-%d", copied)
		for _, p := range one.Packages {
			all = append(all, renamed(p, suffix))
		}
	}
	all = all[:150_000]
	for b.Loop() {
		c := repo.NewCatalog(one.Rules(), all)
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		Check(c, Options{Native: native})
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(before.HeapAlloc)/1e6, "MB-catalog")
		b.ReportMetric(float64(after.Sys)/1e6, "MB-system")
		runtime.KeepAlive(c)
	}
}

// renamed is the package with a suffix to all names.
func renamed(p *repo.Package, suffix string) *repo.Package {
	q := *p
	q.Name += suffix
	q.Provides, q.Relations = nil, nil
	for _, x := range p.Provides {
		x.Name += suffix
		q.Provides = append(q.Provides, x)
	}
	for _, r := range p.Relations {
		other := repo.Relation{Kind: r.Kind}
		for _, d := range r.Alternatives {
			d.Name += suffix
			other.Alternatives = append(other.Alternatives, d)
		}
		q.Relations = append(q.Relations, other)
	}
	return &q
}
