package rpm

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/compress"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/rpm/repodata"
)

// Creator makes a repository of package files, with the settings that are its fields.
// All but Title may be left out.
type Creator struct {
	// Title is what messages call the repository.
	Title string
	// Layout is where packages are published: "as-found", the default, keeps the paths
	// that they were found at; "packages" sorts them by their right names into
	// "packages/b/bash-5.2-1.x86_64.rpm".
	Layout string
	// AnyName accepts files that do not have the name that their package ought to have,
	// NAME-VERSION-RELEASE.ARCHITECTURE.rpm.
	AnyName bool

	// Comps and Updateinfo are the contents of such files, plain; nil for none.
	Comps, Updateinfo []byte
	// Modules are the contents of modules.yaml files, which become one.
	Modules [][]byte
	// Records are the contents of further files of metadata by the type of their
	// records: "productid", "appstream".
	Records map[string][]byte

	// Distro, Content and Repo are tags that say what the repository is for: a platform,
	// in the form "CPE,NAME" or "NAME", what it holds, and what it is.
	Distro, Content, Repo []string
	// Revision is what the repository calls its state; "" for the time in seconds.
	Revision string
	// Compression is that of the metadata by its suffix; "" for ".gz", which all clients
	// read.
	Compression string
	// Checksum identifies packages and metadata; 0 for SHA-256.
	Checksum repo.Algorithm
	// ChangelogLimit is how many changes of each package other.xml has, the newest ones,
	// all where it is negative; nil for 10.
	ChangelogLimit *int
}

var _ repo.Creator = (*Creator)(nil)

// Layouts are the values of [Creator.Layout].
func Layouts() []string { return []string{layoutAsFound, layoutPackages} }

const (
	layoutAsFound  = "as-found"
	layoutPackages = "packages"
)

// inspection is the version of what Inspect makes of a package: where it changes, files
// are read again.
const inspection = "1"

// defaultChanges is how many changes of a package other.xml has, as createrepo_c has it.
const defaultChanges = 10

// Check refuses settings that cannot be.
func (c *Creator) Check() error {
	switch {
	case c.Layout != "" && !slices.Contains(Layouts(), c.Layout):
		return fmt.Errorf("layout %q is none of %s", c.Layout, strings.Join(Layouts(), ", "))
	case c.Checksum != 0 && c.Checksum.Weak():
		return fmt.Errorf("checksum %s proves nothing; take sha256 or sha512", c.Checksum)
	case !slices.Contains([]string{"", ".gz", ".xz", ".zst"}, c.Compression):
		return fmt.Errorf("compression %q is none of .gz, .xz, .zst", c.Compression)
	case !compress.CanWrite(c.compression()):
		return fmt.Errorf("compression %s needs the program xz, which is not installed", c.Compression)
	}
	return nil
}

// Name returns "rpm".
func (*Creator) Name() string { return Format{}.Name() }

// Compare compares versions as [Format.Compare] does.
func (*Creator) Compare(a, b string) int { return Format{}.Compare(a, b) }

// Satisfies compares ranges of versions as [Format.Satisfies] does.
func (*Creator) Satisfies(version string, op repo.Op, wanted string) bool {
	return Format{}.Satisfies(version, op, wanted)
}

// Repository is a repository with its packages at any place below it.
func (c *Creator) Repository() *repo.Repository {
	return &repo.Repository{Source: &repo.Source{Name: c.Title, Type: c.Name()}, IndexDir: indexDir}
}

// Part is "": repositories of rpm have no parts.
func (*Creator) Part() string { return "" }

// Settings identifies all fields but those that only tell where packages go.
func (c *Creator) Settings() string {
	d := *c
	d.Title, d.Layout, d.AnyName = "", "", false
	d.Compression, d.Checksum = c.compression(), c.checksum()
	text, err := json.Marshal(d)
	if err != nil {
		return err.Error() // strings and bytes can be marshalled
	}
	sum := sha256.Sum256(text)
	return c.Inspection() + " " + hex.EncodeToString(sum[:])
}

// Inspection identifies the limit of changes.
func (c *Creator) Inspection() string {
	return fmt.Sprintf("rpm %s, %d changes", inspection, c.changes())
}

// IsPackage reports whether the name is one of an rpm package. Deltas between packages
// are none.
func (*Creator) IsPackage(base string) bool { return strings.HasSuffix(base, ".rpm") }

// Algorithms is the one that identifies packages.
func (c *Creator) Algorithms() []repo.Algorithm { return []repo.Algorithm{c.checksum()} }

// Place is the path of the package, by the layout.
func (c *Creator) Place(p *repo.Inspected, found string) (string, error) {
	if base := path.Base(found); base != p.Base && !c.AnyName {
		return "", fmt.Errorf("it has the name %q, expected %q", base, p.Base)
	}
	if c.Layout == layoutPackages {
		return repo.CleanPath(path.Join("packages", strings.ToLower(p.Base[:1]), p.Base))
	}
	clean, err := repo.CleanPath(found)
	if err == nil && (clean == indexDir || strings.HasPrefix(clean, indexDir+"/")) {
		return "", errors.New("it would lie in the directory of the metadata, " + indexDir)
	}
	return clean, err
}

func (c *Creator) checksum() repo.Algorithm {
	if c.Checksum == 0 {
		return repo.SHA256
	}
	return c.Checksum
}

func (c *Creator) compression() string {
	if c.Compression == "" {
		return ".gz"
	}
	return c.Compression
}

func (c *Creator) changes() int {
	if c.ChangelogLimit == nil {
		return defaultChanges
	}
	return max(*c.ChangelogLimit, -1)
}

// tags are what repomd.xml says the repository is for.
func (c *Creator) tags() (tags []repodata.Tag) {
	for _, t := range c.Content {
		tags = append(tags, repodata.Tag{Name: "content", Value: t})
	}
	for _, t := range c.Repo {
		tags = append(tags, repodata.Tag{Name: "repo", Value: t})
	}
	for _, t := range c.Distro {
		platform, name, ok := strings.Cut(t, ",")
		if !ok {
			platform, name = "", t
		}
		tags = append(tags, repodata.Tag{Name: "distro", CPEID: platform, Value: name})
	}
	return tags
}
