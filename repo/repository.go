package repo

import (
	"time"
)

// Source is where repositories come from, as the configuration describes it.
type Source struct {
	Name          string
	Type          string   // name of the format: "deb", "rpm"
	URLs          []string // of the same content; tried in order
	Suites        []string // deb; one that ends in "/" is a flat repository
	Components    []string // deb
	Architectures []string // the first is the machines' own where several are mixed
	Include       []string // kinds of indexes beside the default ones
	Languages     []string // of translations in partial mirrors; nil: the format's default
	// Priority of the packages; nil leaves it to what the repository says of itself.
	Priority *int
	Pins     []Pin
	// Mirrorlist or Metalink is the address of a list of URLs, in the place of URLs.
	Mirrorlist, Metalink string `json:",omitempty"`
	// Root is the directory above the repository that files may lie in too, relative
	// to the repository (".."); rpm.
	Root string `json:",omitempty"`
	// Releasever are the values of $releasever in addresses, and Variables those of
	// further variables; rpm.
	Releasever []string            `json:",omitempty"`
	Variables  map[string][]string `json:",omitempty"`
	// Exclude hides packages that match one of the patterns, Only all that match
	// none: names, or other forms of a package (see [Rules]).
	Exclude, Only []string `json:",omitempty"`
	// ModuleHotfixes is set where modules do not hide the packages; rpm.
	ModuleHotfixes bool `json:",omitempty"`
	// CheckPackages is set where each package's own signature is checked.
	CheckPackages bool `json:",omitempty"`
	// Trusted sources need no signature.
	Trusted bool
	// IgnoreValidUntil accepts a root that has expired.
	IgnoreValidUntil bool
	// Path is where the source is published below the mirror, "" for the default.
	Path string
}

// Pin sets the priority of packages, as apt_preferences(5) does: for names that
// match Packages (globs, or regular expressions between slashes) and a Kind of
// "release" ("a=stable,o=Debian"), "origin" (a host) or "version" (a glob).
type Pin struct {
	Packages []string
	Kind     string
	Value    string
	Priority int
}

// Repository is one repository of a source: a deb suite or an rpm repository.
type Repository struct {
	Source *Source
	// Name tells it from the others of its source: the suite, or the expanded
	// variable parts; "" where the source has only one.
	Name string
	// URLs are the places of the same content, tried in order, without a slash
	// at the end. All paths are relative to them.
	URLs []string
	// List is the address of a list of URLs, in the place of URLs.
	List string
	// Dir is where the repository is published below its source's directory.
	Dir string
	// IndexDir is the directory that holds the root and its indexes alone, so that
	// a whole generation of them can be exchanged at once ("dists/bookworm",
	// "repodata"). It is "" where packages lie among them, in flat repositories.
	IndexDir string
}

// String returns "source/name", for messages and reports.
func (r *Repository) String() string {
	if r.Name == "" {
		return r.Source.Name
	}
	return r.Source.Name + "/" + r.Name
}

// RootForm is one form in which a repository may publish its root.
type RootForm struct {
	Main      string   // path of the root file
	Signature string   // path of its detached signature, "" when it is inside Main
	Beside    []string // paths of files that a full mirror takes along when they agree with Main
}

// RootFiles are the files of a root as they were read, by path.
type RootFiles map[string][]byte

// Root is a root file that was read and verified.
type Root struct {
	// Form is the form that it was read in.
	Form RootForm
	// Digest of the main file: it identifies the generation.
	Digest Digest
	// Files are the root's files, the main one last.
	Files []File
	// Date is when upstream made it, ValidUntil when it expires; zero if unsaid.
	Date, ValidUntil time.Time
	// Signers are the keys that signed it, for reports.
	Signers []string
	// Indexes are all files that the root names.
	Indexes []Index
	// Warnings are what people should know although it is no error.
	Warnings []string
	// Identity is what the root says of the repository apart from dates and
	// digests, all that Format.Rewrite keeps of it: where it changes, a partial
	// mirror is written anew.
	Identity string
	// Detail is the format's own.
	Detail any
}

// Index is a file that a root names, in one or more compressions.
type Index struct {
	// Name tells it from the others of its root and stays when its content changes:
	// for deb its path without the suffix of a compression, for rpm its type.
	Name string
	// Kind says what it holds: "packages", "sources", "translations", ...
	Kind string
	// ListsFiles is true when the index names further files (see Format.ReadFiles).
	ListsFiles bool
	// Optional is true when upstream may list it and not have it.
	Optional bool
	// Variants are its compressions, in the order of the root.
	Variants []Variant
}

// Variant is one compression of an index.
type Variant struct {
	File
	// Suffix of the compression: "", ".gz", ".xz", ...
	Suffix string
	// Alternates are paths of the same content by digest: stable while upstream
	// moves, tried before Path, and published beside it.
	Alternates []string
	// Plain is what it decompresses to; the digest is zero where the root does not say
	// it, and so is the size.
	Plain Content
	// UpstreamAlternates is false when upstream does not offer the Alternates.
	UpstreamAlternates bool
}

// Content is bytes that are known by size and digest.
type Content struct {
	Size   int64
	Digest Digest
}
