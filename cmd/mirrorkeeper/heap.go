package main

import "runtime/debug"

// tuneGC lets the heap grow further between collections than is usual: a run reads
// its indexes into memory once and keeps them, so that early collections go through
// much and free little. The limit makes them frequent again where the heap gets
// large. GOGC and GOMEMLIMIT in the environment come first.
func tuneGC(env func(string) (string, bool)) {
	if _, set := env("GOGC"); !set {
		debug.SetGCPercent(400)
	}
	if _, set := env("GOMEMLIMIT"); !set {
		debug.SetMemoryLimit(450 << 20)
	}
}

// frugalGC makes the collector keep the memory small until the returned function is
// called, unless the environment says something else: for jobs that mostly read files,
// where there is little to collect.
func frugalGC(env func(string) (string, bool)) (restore func()) {
	if _, set := env("GOGC"); set {
		return func() {}
	}
	before := debug.SetGCPercent(50)
	return func() { debug.SetGCPercent(before) }
}

// lastingGC is for a program that runs for months beside others: the heap grows as usual,
// and to no more than 208 MiB as long as that is possible at all.
func lastingGC(env func(string) (string, bool)) {
	if _, set := env("GOGC"); !set {
		debug.SetGCPercent(100)
	}
	if _, set := env("GOMEMLIMIT"); !set {
		debug.SetMemoryLimit(208 << 20)
	}
}
