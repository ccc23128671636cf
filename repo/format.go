package repo

import (
	"io"
	"io/fs"
	"time"
)

// Format reads and writes one kind of repository. It transforms bytes and
// values; fetching, storing and deciding are the work of the jobs. All input
// comes from upstream and is treated as hostile: sizes are bounded, paths are
// clean ([CleanPath]), errors name the file and the line.
type Format interface {
	Rules

	// Name is the name in configurations: "deb".
	Name() string

	// Machines are the kinds of machines that packages of the architectures are for.
	Machines(architectures []string) []Machine

	// CheckVersion refuses what the format's own tools refuse to compare.
	CheckVersion(version string) error

	// Find finds the repositories in a tree of files, with sources made up from what
	// is there.
	Find(tree fs.FS) ([]Found, error)

	// Repositories expands a source into its repositories.
	Repositories(s *Source) ([]*Repository, error)

	// RootForms are the forms in which a root may be published, preferred first.
	RootForms(r *Repository) []RootForm

	// ReadRoot verifies the files of a root, as fetched by one of the forms, and
	// reads it. It checks signature, date and expiry, and that the repository is
	// the one asked for.
	ReadRoot(r *Repository, form RootForm, files RootFiles, keys Verifier, now time.Time) (*Root, error)

	// InScope picks from the root's indexes those that a full mirror of the
	// repository holds: the source's components, architectures and kinds.
	InScope(r *Repository, root *Root) ([]Index, error)

	// ReadFiles reads an index that lists files, decompressed, and calls yield for
	// each. The File is valid after the call.
	ReadFiles(r *Repository, ix Index, content io.Reader, yield func(File) error) error

	// Part tells what a file of the repository is of by its path: a component and an
	// architecture, each "" where the format has none or the file is of all, or where the
	// path does not tell.
	Part(r *Repository, path string) (component, architecture string)

	// FileName tells by the name of a package file, without directories, which package and
	// version it is of; file names have no epoch. It reports false for other files.
	FileName(base string) (name, version string, ok bool)

	// CatalogIndexes picks from the root's indexes those that ReadPackages and
	// Rewrite need for a partial mirror.
	CatalogIndexes(r *Repository, root *Root) ([]Index, error)

	// ReadPackages reads the repository's packages in the order of its indexes. A
	// package that stands in several indexes is one Package.
	ReadPackages(r *Repository, root *Root, open OpenIndex) ([]*Package, error)

	// InstallCommand is the command line by which the format's client installs exactly
	// these packages, on machines of the native architecture.
	InstallCommand(packages []*Package, native string) string

	// Link completes the packages of all repositories of a mirror with what can only
	// be told of them together, such as which files they have that others require,
	// and returns those that clients see, in order.
	Link(all []Reading, w Wanted) ([]*Package, error)

	// CheckPackage checks the signature that a package file carries itself.
	CheckPackage(name string, content io.Reader, keys Verifier, now time.Time) error

	// Rewrite writes the indexes and the root of a repository that holds the given
	// packages of upstream's only, and returns its manifest.
	Rewrite(w *Rewriting) (*Manifest, error)

	// Renew writes the root of a repository again with another date, for the same indexes:
	// clients take it for a newer one. It returns its files, the main one last.
	Renew(n *Renewal) ([]File, error)
}

// Found is a repository in a tree of files.
type Found struct {
	Dir        string // of the tree, "." for its top
	Repository *Repository
}

// Reading is a repository of which the packages were read.
type Reading struct {
	Repository *Repository
	Root       *Root
	Packages   []*Package
	Open       OpenIndex
}

// Wanted is what packages are linked for.
type Wanted struct {
	// Groups are the groups that seeds name, Names the names, which may be paths.
	Groups, Names []string
	// Everything hides no package from clients.
	Everything bool
}

// OpenIndex opens an index of a root, decompressed. It fails when upstream had
// none; the error then is [fs.ErrNotExist].
type OpenIndex func(Index) (io.ReadCloser, error)

// Rewriting is what [Format.Rewrite] works on.
type Rewriting struct {
	Repository *Repository
	// Root is upstream's.
	Root *Root
	// Packages are those to hold, of this repository, in upstream's order.
	Packages []*Package
	// Names are the names of all packages of the mirror, whatever repository they
	// are of: groups may name them.
	Names map[string]bool
	// Open opens upstream's indexes.
	Open OpenIndex
	// Signer signs the root.
	Signer Signer
	// Date is when the generation is made; ValidFor how long its root is valid,
	// 0 for ever.
	Date     time.Time
	ValidFor time.Duration
	// Put stores a file of the tree and returns it with size and digest.
	Put func(path string, content []byte) (File, error)
}

// Renewal is what [Format.Renew] works on.
type Renewal struct {
	Repository *Repository
	// Root is the root as [Format.ReadRoot] read it from Files.
	Root  *Root
	Files RootFiles
	// Signer signs the root; nil leaves it unsigned.
	Signer Signer
	// Date is when the root is made; ValidFor how long it is valid, 0 for ever.
	Date     time.Time
	ValidFor time.Duration
	// Put stores a file of the tree and returns it with size and digest.
	Put func(path string, content []byte) (File, error)
}

// Verifier checks signatures with the keys that a source pins.
type Verifier interface {
	// Inline returns the signed content of a clear-signed document and who signed.
	// Nothing outside of the signed content may be used.
	Inline(document []byte, now time.Time) (content []byte, signers []string, err error)
	// Detached checks a signature, binary or armoured, over content.
	Detached(content, signature []byte, now time.Time) (signers []string, err error)
}

// Signer signs with the administrator's key.
type Signer interface {
	// Inline returns the clear-signed document.
	Inline(content []byte) ([]byte, error)
	// Detached returns an armoured detached signature.
	Detached(content []byte) ([]byte, error)
}
