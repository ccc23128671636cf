package repo

import (
	"io"
	"iter"
	"time"
)

// Creator makes one repository of package files, with all settings that its format
// has for that: a value of the format's own, such as deb.Creator. As a [Format] it
// transforms bytes and values only. Package files are treated as hostile.
type Creator interface {
	Versions

	// Name is the format's name: "deb".
	Name() string

	// Repository is the repository that is made, with its place. Those of one tree
	// (deb: suites) differ in it.
	Repository() *Repository

	// Part is the part of the repository that packages given now belong to (deb: the
	// component), "" where there are no parts. Packages of other parts stay.
	Part() string

	// Settings identifies all that decides how the indexes look, apart from packages
	// and date: where it changes, they are written anew. Inspection identifies those
	// settings that Inspect depends on: where they change, files are read again.
	Settings() string
	Inspection() string

	// IsPackage reports whether a file of this base name is one for Inspect:
	// directories are searched for these.
	IsPackage(base string) bool

	// Algorithms are the digests that the indexes need of each package file.
	Algorithms() []Algorithm

	// Inspect reads a package file. It reads Content at most once, and need not read all
	// of it. What is broken, truncated or has absurd sizes is an error that says what was
	// expected and seen; the caller puts the name of the file before it.
	Inspect(f PackageFile) (*Inspected, error)

	// Place is the path in the repository at which the package file is published; found
	// is its path below the input that it was found in.
	Place(p *Inspected, found string) (string, error)

	// Create writes the indexes and the root of the repository, and returns its manifest
	// without the packages.
	Create(c *Creation) (*Manifest, error)
}

// PackageFile is a file to inspect.
type PackageFile struct {
	Base     string // its name, without directories
	Content  io.Reader
	Size     int64 // in bytes, of all of Content
	Modified time.Time
	// Thorough asks for all checks, those too that need to read all of the payload.
	Thorough bool
}

// Inspected is what a package file says of itself.
type Inspected struct {
	Name, Version, Architecture string
	// Source is the source package that it was built from, Section as in [Package].
	Source, Section string
	// Base is the file name that the package ought to have.
	Base string
	// SourcePackage is set where the file describes a source package (deb: .dsc) or is
	// one (rpm: src).
	SourcePackage bool
	// Files are further files that the file names, which lie beside it, with size and
	// digest; their paths are base names. A source package needs them to be there.
	Files []File
	// Lists is set where the file is no package, but only a list of Files that are
	// (deb: .changes).
	Lists bool
	// Texts are what the indexes say of the package, apart from its place, size, time
	// and digests; in an order of the format's own, such as one for each kind of index.
	Texts [][]byte
}

// Entry is a package of a repository that is created.
type Entry struct {
	*Inspected
	// Path is where it lies in the repository; Files lie in the same directory.
	Path     string
	Part     string
	Size     int64
	Modified time.Time
	// Digests are those of [Creator.Algorithms], in that order.
	Digests []Digest
}

// Creation is what [Creator.Create] works on.
type Creation struct {
	// Entries are all packages, those of other parts too, by name, then version, then
	// architecture, then path. They may be ranged over several times, and are valid until
	// the next one only: a repository of any size is made in little memory. Length is
	// their number.
	Entries iter.Seq2[*Entry, error]
	Length  int
	// Signer signs the root; nil leaves it unsigned.
	Signer Signer
	// Date is when the generation is made; ValidFor how long its root is valid, 0 for
	// ever.
	Date     time.Time
	ValidFor time.Duration
	// Output opens a file of the tree for writing.
	Output func() (Output, error)
}

// Output is a file that is being written and has no name yet: it may depend on what is
// written.
type Output interface {
	io.Writer
	// Finish stores what was written and returns it with size and SHA-256 digest, without
	// a path.
	Finish() (File, error)
	// Discard drops it; after Finish it does nothing.
	Discard()
}
