// Package repodata reads and writes the XML metadata of rpm repositories, the files
// that createrepo_c makes.
//
// primary.xml, filelists.xml and other.xml, which are large, are read package by
// package; what the readers return are views that live until the next package.
package repodata
