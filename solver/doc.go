// Package solver decides which packages a partial mirror holds: what is picked,
// why, what is missing and why.
//
// For every seed there is a witness: a set of packages with the seed in it,
// closed under its dependencies and free of conflicts inside itself, so that the
// seed can be installed from it. A mirror is the union of the witnesses; seeds
// that exclude each other are both mirrored. The choice inside a witness is the
// one that the format's own client makes, wherever that is possible.
//
// All functions are pure: the same catalog and seeds give the same answer.
package solver
