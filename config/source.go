package config

import (
	"maps"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Source is a place that packages come from.
type Source struct {
	Name string `yaml:"-"`
	// The value system takes the sources that the package manager of this machine
	// uses, with their keys, architectures, pins and proxies. Only type, path and
	// priority may stand beside it.
	From string `yaml:"from" jsonschema:"enum=system"`
	// Format of the repositories. Beside from: system by default the one that this
	// machine has sources for.
	Type string `yaml:"type" jsonschema:"enum=deb,enum=rpm"`
	// Addresses of the same content: for deb the archive root, for rpm the directory
	// that holds repodata. They are tried in order, file by file.
	URLs []string `yaml:"url,url" jsonschema:"minItems=1" schemes:"http,https,file"`
	// Address of a list of addresses, one a line. For rpm, in the place of url.
	Mirrorlist string `yaml:"mirrorlist,url" schemes:"http,https,file"`
	// Address of a metalink of repomd.xml. For rpm, in the place of url.
	Metalink string `yaml:"metalink,url" schemes:"http,https,file"`
	// Suites of a deb archive; one that ends in a slash ("./") is a flat repository.
	Suites []string `yaml:"suites" jsonschema:"minItems=1"`
	// Components of the suites of a deb archive. Flat repositories have none.
	Components []string `yaml:"components"`
	// Architectures, the machines' own first. What fits every machine (all, noarch)
	// is implied.
	Architectures []string `yaml:"architectures" jsonschema:"minItems=1"`
	// Kinds of indexes to take from a deb archive. With packages among them they are
	// taken beside the default ones, else they alone. Default: what apt fetches by
	// itself (packages, translations, dep11, icons, cnf, release). For rpm, the kinds of
	// packages that partial mirrors take: packages, sources. Default: packages.
	Include []string `yaml:"include" jsonschema:"minItems=1,enum=packages,enum=sources,enum=translations,enum=dep11,enum=icons,enum=cnf,enum=contents,enum=udebs,enum=installer,enum=pdiffs,enum=release,enum=other"`
	// Languages of the translations in partial mirrors of a deb archive, such as en or
	// pt_BR. Default: en.
	Languages []string `yaml:"languages" jsonschema:"minItems=1"`
	// Files of the OpenPGP keys that may sign the repositories, binary or armoured.
	// Required unless the source is trusted.
	Keys []string `yaml:"keys,path" jsonschema:"minItems=1"`
	// True takes the repositories without checking a signature. Default false.
	Trusted bool `yaml:"trusted" jsonschema:"default=false"`
	// True checks the signature that each package of an rpm repository carries itself,
	// with keys, which then may stand beside trusted: true. Default false.
	CheckPackages bool `yaml:"check-packages" jsonschema:"default=false"`
	// Packages of an rpm repository that partial mirrors never see: names and globs, or
	// other forms such as NAME-VERSION-RELEASE.ARCHITECTURE and NAME.ARCHITECTURE.
	Exclude []string `yaml:"exclude" jsonschema:"minItems=1"`
	// The only packages of an rpm repository that partial mirrors see, in the forms of
	// exclude. Default: all.
	Only []string `yaml:"only" jsonschema:"minItems=1"`
	// True keeps module streams from hiding packages of an rpm repository. Default false.
	ModuleHotfixes bool `yaml:"module-hotfixes" jsonschema:"default=false"`
	// Priority of the packages; the higher wins, for both formats. Default 500, or
	// less where the repository says so of itself (NotAutomatic).
	Priority *int `yaml:"priority" jsonschema:"minimum=-32768,maximum=32767"`
	// Directory that the source is published in, below the mirror's. Default: the
	// mirror's own directory for its only source, else the source's name.
	Path string `yaml:"path"`
	// Directory above an rpm repository that its packages may lie in too, relative to
	// the repository (".."); a full mirror publishes from there down. Default: the
	// repository.
	Root string `yaml:"root"`
	// Values of $releasever in the addresses of an rpm source.
	Releasever []string `yaml:"releasever,numbers" jsonschema:"minItems=1"`
	// Values of further variables in the addresses of an rpm source, by name.
	Variables map[string][]string `yaml:"variables,numbers"`
	// False accepts a root file of a deb archive that has expired. Default true.
	CheckValidUntil bool `yaml:"check-valid-until" jsonschema:"default=true"`
	// Who we are for the servers of the source.
	Auth Auth `yaml:"auth"`
	// File of certificate authorities (PEM) to trust beside this machine's. Default:
	// transfer.ca.
	CA string `yaml:"ca,path"`
	// File of the certificate (PEM) that we show to the servers.
	ClientCert string `yaml:"client-cert,path"`
	// File of the key of client-cert (PEM). Default: client-cert holds it.
	ClientKey string `yaml:"client-key,path"`
	// Address of the proxy to use, or direct for none. Default: transfer.proxy.
	Proxy Secret `yaml:"proxy,url" schemes:"http,https,socks5,socks5h" or:"direct"`
	// Header fields to send with each request, by name; never to a site that only a list
	// of mirrors names.
	Headers map[string]Secret `yaml:"headers"`

	// Logins say who we are for each of the addresses, out of auth and of the
	// user-info in the addresses, which no longer holds it.
	Logins []Login `yaml:"-"`
}

// Auth says who we are for a server.
type Auth struct {
	// Name of the user.
	Username Secret `yaml:"username"`
	// Password of the user.
	Password Secret `yaml:"password"`
	// File in the form of netrc(5) to look user and password up in.
	Netrc string `yaml:"netrc,path"`
}

// Login is a user's name and password for a server.
type Login struct {
	Server   string // scheme, host and port, such as "https://packages.example.org"
	Username string
	Password Secret
}

// NewSource returns a source with the defaults and nothing else.
func NewSource(name string) Source {
	s := Source{Name: name}
	shapes{}.setDefaults(&s)
	return s
}

// System reports whether the source stands for the sources of this machine.
func (s Source) System() bool { return s.From == "system" }

// Repo returns what package repo knows of a source. That of a source from the
// system has no addresses.
func (s Source) Repo() repo.Source {
	return repo.Source{
		Name:             s.Name,
		Type:             s.Type,
		URLs:             slices.Clone(s.URLs),
		Suites:           slices.Clone(s.Suites),
		Components:       slices.Clone(s.Components),
		Architectures:    slices.Clone(s.Architectures),
		Include:          slices.Clone(s.Include),
		Languages:        slices.Clone(s.Languages),
		Priority:         s.Priority,
		Mirrorlist:       s.Mirrorlist,
		Metalink:         s.Metalink,
		Root:             s.Root,
		Releasever:       slices.Clone(s.Releasever),
		Variables:        maps.Clone(s.Variables),
		Exclude:          slices.Clone(s.Exclude),
		Only:             slices.Clone(s.Only),
		ModuleHotfixes:   s.ModuleHotfixes,
		CheckPackages:    s.CheckPackages,
		Trusted:          s.Trusted,
		IgnoreValidUntil: !s.CheckValidUntil,
		Path:             s.Path,
	}
}

// complete moves the user-info out of the addresses, so that they can be shown.
func (s *Source) complete() {
	for i := range s.URLs {
		s.URLs[i] = strings.TrimRight(s.login(s.URLs[i]), "/")
	}
	s.Mirrorlist, s.Metalink = s.login(s.Mirrorlist), s.login(s.Metalink)
}

// login notes who we are for the server of the address, and returns the address
// without user-info.
func (s *Source) login(address string) string {
	u, err := parseURL(address)
	if err != nil || u.Host == "" {
		return address
	}
	login := Login{u.Scheme + "://" + u.Host, s.Auth.Username.Reveal(), s.Auth.Password}
	if u.User != nil {
		password, _ := u.User.Password()
		login.Username, login.Password = u.User.Username(), Secret(password)
		scheme, rest, _ := strings.Cut(address, "://")
		address = scheme + "://" + rest[len(userInfo(rest)):]
	}
	if (login.Username != "" || login.Password != "") && !slices.Contains(s.Logins, login) {
		s.Logins = append(s.Logins, login)
	}
	return address
}
