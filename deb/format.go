// Package deb reads and writes Debian repositories: structured suites with
// dists/ and pool/, and flat ones.
//
// [Format] implements repo.Format. The way of the bytes: Release becomes a
// repo.Root (root.go), of whose indexes scope.go picks those that a mirror
// holds; read.go reads the files and packages they list; write.go writes the
// indexes and the Release of a repository with some of the packages. What a
// version, a relation, a pin means is in the file of that name.
package deb

// Format is Debian's repository format. It has no state.
type Format struct{}

// Name returns "deb".
func (Format) Name() string { return "deb" }
