// Package deb reads and writes Debian repositories: structured suites with
// dists/ and pool/, and flat ones.
//
// [Format] implements repo.Format. The way of the bytes: a Release (release.go)
// becomes a repo.Root (root.go) with its indexes (index.go), of which scope.go
// picks those that a mirror holds; read.go reads the files that they list,
// packages.go the packages; write.go writes the indexes, and writerelease.go the
// Release, of a repository with some of the packages. What a version, a relation,
// a pin means is in the file of that name.
//
// [Creator] implements repo.Creator: inspect.go reads package files, pool.go gives them
// their places, createindex.go decides which indexes there are and writes them, of
// stanzas (createstanza.go, override.go) and paths (createcontents.go). publish.go is
// what both write by.
package deb

import "github.com/mirrorkeeper/mirrorkeeper/repo"

// Format is Debian's repository format. It has no state.
type Format struct{}

var _ repo.Format = Format{}

// Name returns "deb".
func (Format) Name() string { return "deb" }
