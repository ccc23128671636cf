package repotest

import (
	"path"
	"slices"
	"strings"
	"time"
)

// Suite is one suite of a [Deb]; the fields may be changed at any time before
// the next Publish.
type Suite struct {
	Name, Codename, Origin, Label string
	Components, Architectures     []string
	// Date and ValidUntil go into the root; a zero Date is that of the generation,
	// a zero ValidUntil leaves the field out.
	Date, ValidUntil time.Time
	// Fields are further lines of the root, such as "NotAutomatic: yes".
	Fields []string
	// Hashes are the digest sections of the root: MD5Sum, SHA1, SHA256, SHA512.
	Hashes []string
	// Compressions are the suffixes that indexes are published with ("" is plain).
	// The root names the plain file always, as Debian's does.
	Compressions []string
	// ByHash publishes by-hash directories and says so.
	ByHash bool
	// InRelease and Detached say which roots there are: InRelease, and Release with
	// Release.gpg.
	InRelease, Detached bool
	// Unsigned leaves the signatures out; Release alone is published.
	Unsigned bool
	// Translations moves long descriptions into a Translation-en index.
	Translations bool
	// SeparateAll puts packages for all architectures into binary-all alone.
	SeparateAll bool
	// Extra are further files beside the indexes that the root names, by path: the
	// content is compressed as the path's suffix says.
	Extra map[string]string

	packages []*Package
	sources  []*Source
}

// Add adds packages at the end of the indexes.
func (s *Suite) Add(packages ...Package) {
	for _, p := range packages {
		if p.Version == "" {
			p.Version = "1.0"
		}
		if p.Architecture == "" {
			p.Architecture = "amd64"
		}
		s.packages = append(s.packages, &p)
	}
}

// AddSource adds source packages; with the first one the suite has Sources indexes.
func (s *Suite) AddSource(sources ...Source) {
	for _, p := range sources {
		if p.Version == "" {
			p.Version = "1.0"
		}
		s.sources = append(s.sources, &p)
	}
}

// Remove removes every package of the name.
func (s *Suite) Remove(name string) {
	s.packages = slices.DeleteFunc(s.packages, func(p *Package) bool { return p.Name == name })
}

// Packages are the suite's packages, in the order of its indexes.
func (s *Suite) Packages() []*Package { return s.packages }

// Filename is the path of the package's file below the repository.
func (s *Suite) Filename(name string) string {
	for _, p := range s.packages {
		if p.Name == name {
			return s.filename(p)
		}
	}
	return ""
}

func (s *Suite) flat() bool { return strings.HasSuffix(s.Name, "/") }

// dir is the directory of the root file.
func (s *Suite) dir() string {
	if s.flat() {
		return path.Clean(s.Name)
	}
	return "dists/" + s.Name
}

func (s *Suite) component(c string) string {
	if c == "" {
		return s.Components[0]
	}
	return c
}

func (s *Suite) filename(p *Package) string {
	_, version, epoch := strings.Cut(p.Version, ":")
	if !epoch {
		version = p.Version
	}
	file := p.Name + "_" + version + "_" + p.Architecture + ".deb"
	switch {
	case p.Filename != "":
		return p.Filename
	case s.flat():
		return path.Join(s.dir(), file)
	}
	return path.Join("pool", s.component(p.Component), poolPrefix(p.Name), p.Name, file)
}

// directory is where the files of a source package lie.
func (s *Suite) directory(p *Source) string {
	if s.flat() {
		return s.dir()
	}
	return path.Join("pool", s.component(p.Component), poolPrefix(p.Name), p.Name)
}

func poolPrefix(name string) string {
	if strings.HasPrefix(name, "lib") && len(name) > 3 {
		return name[:4]
	}
	return name[:1]
}
