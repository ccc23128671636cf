package config

import (
	"cmp"
	"slices"
	"time"
)

// Repository is a repository that is created of package files: for deb one component of
// a suite.
type Repository struct {
	Name string `yaml:"-"`
	// Format of the repository.
	Type string `yaml:"type" jsonschema:"required,enum=deb,enum=rpm"`
	// Files, directories, globs and addresses of the packages, which are all that it
	// holds, unless there is add or incoming. Required without from and incoming.
	Packages []string `yaml:"packages,input" jsonschema:"minItems=1" means:"a path or an address"`
	// Names of sources to take packages from.
	From []string `yaml:"from" jsonschema:"minItems=1" means:"the name of a source"`
	// Packages to take from the sources: names and globs, with a version if wanted; for
	// rpm other forms of packages, what they provide and files, too.
	Select []Seed `yaml:"select" jsonschema:"minItems=1"`
	// True takes all that the selected packages need, too. Default false.
	Closure bool `yaml:"closure" jsonschema:"default=false"`
	// False leaves out of the closure what packages only recommend. Default true.
	Recommends bool `yaml:"recommends" jsonschema:"default=true"`
	// A directory that others put packages for the repository into. What the repository
	// holds stays then, as with add.
	Incoming *Incoming `yaml:"incoming"`
	// Directory below the destination that it is published in. Default: the archive, or
	// else the repository's name.
	Path string `yaml:"path"`
	// Name of the archive that it is part of, where several suites or components are
	// entries of their own. Default: the repository's name.
	Archive string `yaml:"archive"`
	// Number of versions of each package that are kept for an architecture, the newest
	// ones. Default: all.
	Keep int `yaml:"keep" jsonschema:"minimum=1"`
	// True keeps packages that are not among the given ones any more. Default false.
	Add bool `yaml:"add" jsonschema:"default=false"`
	// True leaves out files that are refused; they are reported. Default false: nothing
	// is published then.
	KeepGoing bool `yaml:"keep-going" jsonschema:"default=false"`
	// True makes copies of package files where hard links to them would do. Default
	// false.
	Copy bool `yaml:"copy" jsonschema:"default=false"`
	// True accepts files that do not have the name that their package ought to have.
	// Default false.
	AnyName bool `yaml:"any-name" jsonschema:"default=false"`
	// Compressions of the indexes, of which rpm has one. Default: gz, which the oldest
	// clients read.
	Compress []string `yaml:"compress" jsonschema:"minItems=1,enum=gz,enum=xz,enum=zst"`
	// True gives each generation that stays a directory of its own, snapshots/ID, for
	// clients that are to see it for ever. Default false: those that are promoted or kept.
	Snapshots bool `yaml:"snapshots" jsonschema:"default=false"`
	// How it is signed. Default: with a key that is made once and published as key.asc
	// and key.gpg.
	Sign []Sign `yaml:"sign,single" jsonschema:"minItems=1"`
	// True leaves it unsigned. Default false.
	Unsigned bool `yaml:"unsigned" jsonschema:"default=false"`
	// Time for which the root of a deb suite is valid; it is signed again before.
	// Default: for ever.
	ValidFor time.Duration `yaml:"valid-for"`
	// Program and arguments to run after each run over the repository, failed ones too.
	RunAfter []string `yaml:"run-after,command" jsonschema:"minItems=1"`

	// Suite of deb, the directory below dists. Default stable, but for flat repositories.
	Suite string `yaml:"suite"`
	// Other name of the suite of deb. Default: the suite's name.
	Codename string `yaml:"codename"`
	// Component of the suite of deb that the packages are. Default main.
	Component string `yaml:"component"`
	// Architectures of the suite of deb; packages for others are refused. Default: those
	// that the packages have.
	Architectures []string `yaml:"architectures" jsonschema:"minItems=1"`
	// Who makes the suite of deb, for its field Origin.
	Origin string `yaml:"origin"`
	// What the suite of deb belongs to, for its field Label.
	Label string `yaml:"label"`
	// Version of the release that the suite of deb is, for its field Version.
	Version string `yaml:"version,numbers"`
	// What the suite of deb is, for its field Description.
	Description string `yaml:"description"`
	// True has apt install nothing of the suite by itself. Default false.
	NotAutomatic bool `yaml:"not-automatic" jsonschema:"default=false"`
	// True has apt upgrade by itself what was installed of a suite that is not automatic.
	// Default false.
	ButAutomaticUpgrades bool `yaml:"but-automatic-upgrades" jsonschema:"default=false"`
	// True makes a flat repository of deb, without suites and components. Default false.
	Flat bool `yaml:"flat" jsonschema:"default=false"`
	// True writes indexes of the paths in deb packages, too. Default false.
	Contents bool `yaml:"contents" jsonschema:"default=false"`
	// File that overrides priority and section of deb packages, as apt-ftparchive(1)
	// reads it.
	Override string `yaml:"override,path"`
	// Such a file for source packages.
	SourceOverride string `yaml:"source-override,path"`
	// File that overrides any fields of deb packages, as apt-ftparchive(1) reads it.
	ExtraOverride string `yaml:"extra-override,path"`
	// Digests that the indexes list, of which rpm has one. Default: md5 and sha256, for
	// rpm sha256.
	Digests []string `yaml:"digests" jsonschema:"minItems=1,enum=md5,enum=sha1,enum=sha256,enum=sha512"`

	// Where rpm packages are published: as they were found below the given directories,
	// or sorted by their names into packages/. Default as-found.
	Layout string `yaml:"layout" jsonschema:"enum=as-found,enum=packages"`
	// File of the groups of rpm packages, comps.xml.
	Comps string `yaml:"comps,path"`
	// File of the advisories about rpm packages, updateinfo.xml.
	Updateinfo string `yaml:"updateinfo,path"`
	// Files of the modules of rpm packages, modules.yaml.
	Modules []string `yaml:"modules,path" jsonschema:"minItems=1"`
	// Further files of metadata of rpm, by the type of their records.
	Records map[string]string `yaml:"records,path"`
	// Tags of the platform that the rpm repository is for, NAME or CPE,NAME.
	DistroTags []string `yaml:"distro-tag" jsonschema:"minItems=1"`
	// Tags of what the rpm repository holds.
	ContentTags []string `yaml:"content-tag" jsonschema:"minItems=1"`
	// Tags of what the rpm repository is.
	RepoTags []string `yaml:"repo-tag" jsonschema:"minItems=1"`
	// What the rpm repository calls its state. Default: the time.
	Revision string `yaml:"revision,numbers"`
	// Number of changes of each rpm package that other.xml has, the newest ones; -1 for
	// all. Default 10.
	ChangelogLimit *int `yaml:"changelog-limit" jsonschema:"default=10,minimum=-1"`
}

// NewRepository returns a repository with the defaults and nothing else.
func NewRepository(name string) Repository {
	r := Repository{Name: name}
	shapes{}.setDefaults(&r)
	return r
}

// directory returns where the repository is published, below the destination.
func (r *Repository) directory() string { return cmp.Or(r.Path, r.Archive, r.Name) }

// archive returns the name that the archive is known by.
func (r *Repository) archive() string { return cmp.Or(r.Archive, r.Name) }

// part tells the repository from others of its archive.
func (r *Repository) part() [2]string {
	if r.Type != "deb" || r.Flat {
		return [2]string{}
	}
	return [2]string{cmp.Or(r.Suite, "stable"), cmp.Or(r.Component, "main")}
}

func (r *Repository) complete() {
	r.Path, r.Archive = r.directory(), r.archive()
	if r.Type == "deb" && !r.Flat {
		r.Suite = cmp.Or(r.Suite, "stable")
	}
}

// debOnly and rpmOnly are the keys of repositories of one format.
var (
	debOnly = []string{
		"valid-for", "suite", "codename", "component", "architectures", "origin", "label", "version", "description",
		"not-automatic", "but-automatic-upgrades", "flat", "contents", "override", "source-override", "extra-override",
	}
	rpmOnly = []string{
		"layout", "comps", "updateinfo", "modules", "records", "distro-tag", "content-tag", "repo-tag", "revision", "changelog-limit",
	}
)

// FormatOf is the format that a key of repositories is for, "" for both.
func FormatOf(key string) string {
	switch {
	case slices.Contains(debOnly, key):
		return "deb"
	case slices.Contains(rpmOnly, key):
		return "rpm"
	}
	return ""
}
