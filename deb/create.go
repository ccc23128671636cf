package deb

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/compress"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Creator makes a suite, or a flat repository, of package files: .deb, .udeb, .ddeb, and
// .dsc for source packages. The fields are its settings; the zero value of each, but for
// Suite, is a good default.
type Creator struct {
	// Suite is the directory below dists: "stable", "bookworm/updates". The Release says
	// it too, in the field Suite.
	Suite string
	// Codename is the other name of the suite, by default the same.
	Codename string
	// Component that packages given now belong to, by default "main".
	Component string
	// Architectures of the suite without "all", by default those that the packages have.
	// Packages for others are refused.
	Architectures []string

	// Fields of the Release.
	Origin, Label, Version, Description string
	// NotAutomatic gives the suite priority 1, with ButAutomaticUpgrades 100
	// (apt_preferences(5)).
	NotAutomatic, ButAutomaticUpgrades bool

	// Compressions of the indexes by their suffixes, by default ".gz" alone: the oldest
	// clients read it, and xz takes more than ten times as long (BenchmarkCreate) for
	// indexes that are a quarter smaller.
	Compressions []string
	// Digests that the indexes and the Release list, by default MD5 and SHA256, as
	// Debian does; MD5 is for the oldest clients.
	Digests []repo.Algorithm
	// Contents writes indexes of the paths in the packages, too. All of each package is
	// read for that.
	Contents bool

	// Overrides is the content of an override file, as apt-ftparchive(1) and
	// dpkg-scanpackages(1) read it: lines of package, priority, section and maybe
	// maintainer. SourceOverrides has lines of source package and section, ExtraOverrides
	// of package, field and value.
	Overrides, SourceOverrides, ExtraOverrides string

	// Flat makes a flat repository: one Packages beside the Release in Dir, which is the
	// top where empty, and packages in the directories that they were found in. It has
	// neither suites nor components.
	Flat bool
	Dir  string

	// Scratch is where temporary files of Contents lie, by default where the system has
	// its own. They have no names.
	Scratch string

	// AnyName accepts package files with the name of another package, version or
	// architecture. They are published under the right one.
	AnyName bool
}

var _ repo.Creator = (*Creator)(nil)

// Name returns "deb".
func (*Creator) Name() string { return Format{}.Name() }

// Compare is [Format.Compare].
func (*Creator) Compare(a, b string) int { return Format{}.Compare(a, b) }

// Satisfies is [Format.Satisfies].
func (*Creator) Satisfies(version string, op repo.Op, wanted string) bool {
	return Format{}.Satisfies(version, op, wanted)
}

// Repository is the suite that is made.
func (c *Creator) Repository() *repo.Repository {
	source := &repo.Source{Name: c.Name(), Type: c.Name(), Suites: []string{c.Suite}, Trusted: true}
	r := &repo.Repository{Source: source, Name: c.Suite, IndexDir: path.Join("dists", c.Suite)}
	if c.Flat {
		r.Name, r.IndexDir = "./", ""
		if dir := path.Clean(c.Dir); dir != "." {
			r.Name = dir + "/"
		}
		source.Suites = []string{r.Name}
	}
	return r
}

// Part is the component, "" in a flat repository.
func (c *Creator) Part() string {
	switch {
	case c.Flat:
		return ""
	case c.Component == "":
		return "main"
	}
	return c.Component
}

// Algorithms are the Digests, weakest first.
func (c *Creator) Algorithms() []repo.Algorithm {
	if len(c.Digests) == 0 {
		return []repo.Algorithm{repo.MD5, repo.SHA256}
	}
	digests := slices.Clone(c.Digests)
	slices.Sort(digests)
	return slices.Compact(digests)
}

func (c *Creator) compressions() []string {
	if len(c.Compressions) == 0 {
		return []string{".gz"}
	}
	return c.Compressions
}

// written is the form of what is written: it changes where other indexes come of the same
// packages and settings; inspected where other texts come of the same package files.
const (
	written   = 1
	inspected = 1
)

// Settings are all but AnyName, Scratch, and Component, which only says where packages go.
func (c *Creator) Settings() string {
	all := *c
	all.AnyName, all.Scratch, all.Component = false, "", ""
	all.Digests, all.Compressions = c.Algorithms(), c.compressions()
	return fmt.Sprintf("deb %d %#v", written, all)
}

// Inspection is whether there are Contents, and which names are accepted.
func (c *Creator) Inspection() string {
	return fmt.Sprintf("deb %d contents=%t flat=%t any-name=%t", inspected, c.Contents, c.Flat, c.AnyName)
}

// Check checks the settings.
func (c *Creator) Check() error {
	if err := c.checkPlace(); err != nil {
		return err
	}
	for _, a := range c.Architectures {
		if err := checkArchitecture(a); err != nil {
			return err
		}
		if a == "all" {
			return errors.New("\"all\" is no architecture of its own; leave it out")
		}
	}
	for _, suffix := range c.Compressions {
		if !slices.Contains([]string{".gz", ".xz", ".zst"}, suffix) {
			return fmt.Errorf("indexes cannot be written with the compression %q, only with .gz, .xz, .zst", suffix)
		}
		if !compress.CanWrite(suffix) {
			return fmt.Errorf("the compression %q needs the program %s, which is not installed", suffix, suffix[1:])
		}
	}
	for _, a := range c.Digests {
		if !slices.ContainsFunc(fileDigests, func(d fileDigest) bool { return d.algorithm == a }) {
			return fmt.Errorf("indexes cannot list digests of the algorithm %s", a)
		}
	}
	if len(c.Digests) > 0 && slices.Max(c.Digests).Weak() {
		return fmt.Errorf("%w: SHA256 or SHA512 must be among the digests, or apt refuses the repository", repo.ErrWeak)
	}
	if _, err := c.overrides(); err != nil {
		return err
	}
	if c.Flat && c.Contents {
		return errors.New("a flat repository has no Contents")
	}
	for name, value := range map[string]string{
		"Codename": c.Codename, "Origin": c.Origin, "Label": c.Label, "Version": c.Version, "Description": c.Description,
	} {
		if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return fmt.Errorf("field %s: %q has a control character", name, value)
		}
	}
	return nil
}

func (c *Creator) checkPlace() error {
	if c.Flat {
		if c.Suite != "" || c.Component != "" {
			return errors.New("a flat repository has neither suite nor component")
		}
		if dir := path.Clean(c.Dir); dir != "." {
			if _, err := repo.CleanPath(dir); err != nil {
				return err
			}
		}
		return nil
	}
	if c.Suite == "" {
		return errors.New("the suite has no name")
	}
	for _, name := range []string{c.Suite, c.Part()} {
		clean, err := repo.CleanPath(name)
		if err != nil {
			return err
		}
		if clean != name || strings.ContainsAny(name, " :,") {
			return fmt.Errorf("%q is not a name of a suite or component", name)
		}
	}
	return nil
}
