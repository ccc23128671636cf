package repo

// MultiArch says which architectures' relations a package answers.
type MultiArch uint8

// The values, as Debian's Multi-Arch field has them. In a format that knows no
// such limits every package is [Foreign].
const (
	Single  MultiArch = iota // relations of its own architecture only
	Same                     // as Single, and installable for several architectures at once
	Foreign                  // relations of every architecture
	Allowed                  // as Single, and those that ask for ":any"
)

// Package is one package as a repository's index describes it.
type Package struct {
	Name         string
	Version      string
	Architecture string   // "all" for deb, "noarch" for rpm, where it fits every machine
	Source       string   // name of the source package that it was built from
	Section      string   // deb: Section, rpm: Group
	Groups       []string // that seeds can name; deb: tasks, and the priority
	MultiArch    MultiArch
	Provides     []Provide
	Relations    []Relation
	// Mandatory packages are part of every installation of the repository's
	// system (deb: Essential, or Priority required or important).
	Mandatory bool
	// Essential packages are on every machine; nothing has to require them.
	Essential bool

	// Repository is where the package comes from.
	Repository *Repository
	// Priority decides between packages of one name; the higher wins, a negative
	// one is never picked.
	Priority int
	// File is the package file; Files has all files of a source package, else nil.
	File  File
	Files []File
	// Upstream is where upstream has the package file when it is not at File.Path: an
	// absolute URL, or a path relative to the repository's URLs.
	Upstream string
	// Listed says in which indexes of the repository the package stands.
	Listed []Listing
	// Raw is the package's metadata exactly as upstream wrote it, or a digest of it.
	Raw string
	// Detail is the format's own.
	Detail any
}

// Listing is a place in an index.
type Listing struct {
	Index    string // name of the index, as in [Index.Name]
	Position int    // of the package within the index, from 0
}

// String returns "name version architecture" for messages.
func (p *Package) String() string { return p.Name + " " + p.Version + " " + p.Architecture }

// IsSource reports whether the package is a source package, which is not installed.
func (p *Package) IsSource() bool { return p.Files != nil }

// Anywhere reports whether the package fits every architecture.
func (p *Package) Anywhere() bool { return p.Architecture == "all" || p.Architecture == "noarch" }

// On reports whether the package counts as one of the architecture on a machine
// whose own architecture is native: packages for every machine count as native.
func (p *Package) On(architecture, native string) bool {
	if p.Anywhere() {
		return architecture == native
	}
	return p.Architecture == architecture
}
