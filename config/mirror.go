package config

import (
	"cmp"
	"time"
)

// Mirror is a mirror of sources. One that selects nothing (by packages, groups, needs-of
// or mandatory) is full: upstream's files byte for byte, its signature intact.
type Mirror struct {
	Name string `yaml:"-"`
	// Names of the sources.
	From []string `yaml:"from" jsonschema:"required,minItems=1" means:"the name of a source"`
	// Directory below the destination that the mirror is published in. Default: the
	// mirror's name.
	Path string `yaml:"path"`
	// Architectures to take, where not all of the sources'.
	Architectures []string `yaml:"architectures" jsonschema:"minItems=1"`
	// Packages to mirror with all that they need: names and globs, with a version if
	// wanted; for rpm other forms of packages, what they provide and files, too.
	Packages []Seed `yaml:"packages"`
	// Groups of packages to mirror with all that they need: for deb tasks and
	// priorities, for rpm groups and environments of comps.xml, and module streams.
	Groups []string `yaml:"groups"`
	// Names of further sources all of whose packages machines are to be able to install:
	// what they need is mirrored, they themselves are not, since they are published
	// elsewhere.
	NeedsOf []string `yaml:"needs-of" jsonschema:"minItems=1" means:"the name of a source"`
	// True mirrors each repository's mandatory packages too. Default false.
	Mandatory bool `yaml:"mandatory" jsonschema:"default=false"`
	// False leaves out what packages only recommend. Default true.
	Recommends bool `yaml:"recommends" jsonschema:"default=true"`
	// True takes what packages suggest, too. Default false.
	Suggests bool `yaml:"suggests" jsonschema:"default=false"`
	// True takes the source packages of all packages, too. Default false.
	Sources bool `yaml:"sources" jsonschema:"default=false"`
	// What to take of the alternatives that satisfy a requirement: the first one that can
	// be installed, or all. Default first.
	Alternatives string `yaml:"alternatives" jsonschema:"enum=first,enum=all,default=first"`
	// Packages to try before others wherever they satisfy a requirement, the most
	// preferred first: names and globs.
	Prefer []Seed `yaml:"prefer"`
	// True asks for one set of packages that all of the selected ones can be installed
	// from side by side. Default false.
	Together bool `yaml:"together" jsonschema:"default=false"`
	// Packages to leave out, whatever asks for them: names, globs, regular expressions
	// between slashes, and mappings of fields.
	Exclude []Exclusion `yaml:"exclude"`
	// Which versions of the packages to take. Default: those that are picked.
	Versions Versions `yaml:"versions"`
	// What the machines have, which need not be mirrored.
	AssumeInstalled AssumeInstalled `yaml:"assume-installed"`
	// True makes it an error when nothing satisfies a requirement, and when a selected
	// package cannot be installed or clients refuse it. Default false.
	Strict bool `yaml:"strict" jsonschema:"default=false"`
	// True publishes each source as soon as it is complete, whatever the others do.
	// Default false.
	Independent bool `yaml:"independent" jsonschema:"default=false"`
	// True accepts that a source has lost most of its packages. Default false: the
	// run stops.
	AllowShrink bool `yaml:"allow-shrink" jsonschema:"default=false"`
	// True gives each generation that stays a directory of its own, snapshots/ID, for
	// clients that are to see it for ever. Default false: those that are promoted or kept.
	Snapshots bool `yaml:"snapshots" jsonschema:"default=false"`
	// Keys that sign a partial mirror, and a full one that goes back: one, or several that
	// all sign while one takes the place of another. Default: a key that is made once, and
	// none for a full mirror. Their public halves are published as key.asc and key.gpg.
	Sign []Sign `yaml:"sign,single" jsonschema:"minItems=1"`
	// Time for which the root of a partial mirror of deb is valid; it is signed again
	// before. Default: for ever.
	ValidFor time.Duration `yaml:"valid-for"`
	// Program and arguments to run after each sync of the mirror, failed ones too.
	RunAfter []string `yaml:"run-after,command" jsonschema:"minItems=1"`
}

// Exclusion leaves out packages: those of a name, or those for which each of the fields
// holds. Texts are compared as they are, globs and regular expressions between slashes
// are matched.
type Exclusion struct {
	// Package is what stands in the place of a mapping: the name of the package or
	// another form of it, a glob of one, or a regular expression for the name.
	Package string `yaml:"-"`
	// Name of the package.
	Name string `yaml:"name,match"`
	// Version of the package.
	Version string `yaml:"version,match,numbers"`
	// Architecture of the package, or all and noarch for those that fit every machine.
	Architecture string `yaml:"architecture,match"`
	// Section of a deb package, or group of an rpm package.
	Section string `yaml:"section,match"`
	// Name of the source package that the package was built from.
	Source string `yaml:"source,match"`
	// Name of the source that the package comes from, or of one repository of it, such as
	// debian/bookworm.
	Repository string `yaml:"repository,match"`
}

// Sign is a key that signs: one of a file, one that gpg(1) has, or one that a command
// signs with.
type Sign struct {
	// File of the secret OpenPGP key.
	Key string `yaml:"key,path"`
	// Passphrase of the key. Default: a terminal is asked for it where one is needed, and
	// for gpg its agent.
	Passphrase Secret `yaml:"passphrase"`
	// File whose first line is the passphrase of the key.
	PassphraseFile string `yaml:"passphrase-file,path"`
	// Key that gpg(1) signs with: fingerprint, key ID or address.
	GPG string `yaml:"gpg"`
	// Beside gpg, the program that is run as gpg, with options of its own: [gpg] where it
	// is left out. Beside public, a program that signs: it is run with the further
	// argument inline or detached, and gets what to sign on standard input.
	Command []string `yaml:"command,command" jsonschema:"minItems=1"`
	// File of the public key of what command signs.
	Public string `yaml:"public,path"`
	// Time that gpg or the command may take for one signature, with the questions that
	// they ask. Default 2m.
	Timeout time.Duration `yaml:"timeout" jsonschema:"default=2m"`
}

// AssumeInstalled says what the machines have that a mirror is for.
type AssumeInstalled struct {
	// Packages; one without a version is there in the version that the repositories
	// prefer.
	Packages []Seed `yaml:"packages"`
	// Groups of packages; essential is all packages that every machine has.
	Groups []string `yaml:"groups"`
	// Where a list of packages is taken from: dpkg or rpm for those of this machine,
	// the name of another mirror, or a file.
	From string `yaml:"from"`
}

// Versions says which versions of a package a mirror takes.
type Versions struct {
	// Number of versions of each package, the newest ones.
	Newest int `yaml:"newest" jsonschema:"minimum=1"`
	// True takes all versions of each package. Default false.
	All bool `yaml:"all" jsonschema:"default=false"`
}

// NewMirror returns a mirror with the defaults and nothing else.
func NewMirror(name string) Mirror {
	m := Mirror{Name: name, Path: name}
	shapes{}.setDefaults(&m)
	return m
}

// Full reports whether the mirror is upstream's files byte for byte.
func (m Mirror) Full() bool {
	return len(m.Packages) == 0 && len(m.Groups) == 0 && len(m.NeedsOf) == 0 && !m.Mandatory
}

// SourcePath returns where a source of the mirror is published, below the
// mirror's own path: ".", or a clean relative path.
func (m Mirror) SourcePath(s Source) string {
	switch {
	case s.Path != "":
		return s.Path
	case len(m.From) == 1:
		return "."
	}
	return s.Name
}

// directory returns where the mirror is published, below the destination.
func (m *Mirror) directory() string { return cmp.Or(m.Path, m.Name) }

func (m *Mirror) complete() {
	m.Path = m.directory()
}
