// Package rpm reads and writes rpm repositories, directories with repodata/, as
// createrepo_c makes them for dnf and zypper.
//
// [Format] implements repo.Format. The way of the bytes: addresses with variables
// (variable.go) become repositories (repository.go); a repomd.xml becomes a repo.Root
// (root.go) with its indexes (index.go) and what lies beside it (beside.go), of which
// scope.go picks those that a mirror holds; read.go and delta.go read the files that
// they list, packages.go the packages, by elements of primary (list.go, element.go).
// link.go joins the packages of several repositories, with groups.go, modules.go and
// files.go. write.go and writemodules.go write the indexes, and writerepomd.go the
// root, of a repository with some of the packages. [Creator] makes repositories of
// package files: create.go has its settings, createinspect.go reads the files,
// createindexes.go writes the indexes, createlists.go those with all packages. What a
// version, a relation, an architecture means is in the file of that name, how clients
// choose in client.go.
//
// The forms of files are in packages below: repodata, xml, modulemd, treeinfo, header.
package rpm

import "github.com/mirrorkeeper/mirrorkeeper/repo"

// Format is the format of rpm repositories. It has no state.
type Format struct{}

var _ repo.Format = Format{}

// Name returns "rpm".
func (Format) Name() string { return "rpm" }
