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
