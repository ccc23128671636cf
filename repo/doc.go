// Package repo is the vocabulary of mirrorkeeper: the words that every other
// package speaks, and the interfaces that a repository format implements.
//
// A [Repository] (one deb suite, one rpm repository) has a root file from which
// digests reach every other file. The root's state is a generation; all that it
// reaches is its [Manifest]. The packages that its indexes describe, each with
// its [Relation] values, form a [Catalog] that is searched by name and version.
//
// The package does no I/O and imports no other package of the project.
package repo
