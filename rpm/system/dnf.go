package system

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/rpm"
)

// inheritedByDNF are the settings of [main] that hold for repositories which do
// not set them (dnf.conf(5)).
var inheritedByDNF = []string{
	"enabled", "gpgcheck", "repo_gpgcheck", "skip_if_unavailable",
	"proxy", "proxy_username", "proxy_password", "username", "password",
	"sslverify", "sslcacert", "sslclientcert", "sslclientkey",
}

// dnf is the configuration that all of dnf's repositories share.
type dnf struct {
	main      *section
	variables variables
	exclude   []string
	only      []string
	// unhidden are the sections whose excludes do not count: ids, "main" or "all".
	unhidden      []string
	architectures []string
}

// readDNF reads what dnf, or yum before it, is configured by.
func (s *System) readDNF() error {
	file, all, err := s.mainFile()
	if err != nil {
		return err
	}
	main := &options{own: all.named("main"), file: s.files.on(file), note: s.note}
	if main.own == nil {
		main.own = &section{name: "main"}
	}
	s.noteMain(main)
	d := &dnf{main: main.own, unhidden: main.list("disable_excludes"), architectures: []string{s.Architecture}}
	if d.variables, err = s.dnfVariables(main.own); err != nil {
		return err
	}
	s.Releasever = d.variables["releasever"]
	s.Recommends = main.boolean("install_weak_deps", true)
	if !d.shows("main") {
		d.exclude, d.only = patterns(main.own, nil, "exclude", "excludepkgs"), patterns(main.own, nil, "includepkgs")
	}
	if other := narrow[s.Architecture]; other != "" && main.text("multilib_policy") == "all" {
		d.architectures = append(d.architectures, other)
	}

	directories := items(main.text("reposdir"))
	if len(directories) == 0 {
		directories = []string{"/etc/yum.repos.d", "/etc/yum/repos.d", "/etc/distro.repos.d"}
	}
	paths, err := s.files.repoFiles(directories...)
	if err != nil {
		return err
	}
	sources, err := s.dnfSources(d, file, all)
	if err != nil {
		return err
	}
	for _, path := range paths {
		s.dnfFiles = append(s.dnfFiles, path)
		text, err := s.files.text(path)
		if err != nil {
			return err
		}
		in, err := parseINI(s.files.on(path), text)
		if err != nil {
			return err
		}
		of, err := s.dnfSources(d, path, in)
		if err != nil {
			return err
		}
		sources = append(sources, of...)
	}
	s.Sources = sorted(sources)
	return nil
}

// mainFile reads the main file: dnf's, else yum's.
func (s *System) mainFile() (path string, all sections, err error) {
	path = "/etc/dnf/dnf.conf"
	if !s.files.exists(path) {
		path = "/etc/yum.conf"
	}
	text, err := s.files.text(path)
	if err != nil {
		return path, nil, err
	}
	all, err = parseINI(s.files.on(path), text)
	return path, all, err
}

// dnfVariables are those of dnf's configuration: the machine's, those of the
// environment, and those of the directories of variables, the later ones counting.
func (s *System) dnfVariables(main *section) (variables, error) {
	v := variables{"arch": s.Architecture}
	v.addEnvironment(s.own())
	directories := []string{"/etc/yum/vars", "/etc/dnf/vars"}
	if set, found := main.get("varsdir"); found {
		directories = items(set.value)
	}
	for _, directory := range directories {
		if err := s.files.readVariables(v, directory); err != nil {
			return nil, err
		}
	}
	if v["basearch"] == "" {
		v["basearch"] = rpm.BaseArchitecture(v["arch"])
	}
	if _, set := v["releasever"]; !set {
		release, err := s.files.releasever(s.installed)
		if err != nil {
			return nil, err
		}
		if release != "" {
			v["releasever"] = release
		}
	}
	return v, nil
}

// shows reports whether what hides packages in a section does not count.
func (d *dnf) shows(name string) bool {
	return slices.Contains(d.unhidden, "all") || slices.Contains(d.unhidden, name)
}

// dnfSources are the enabled repositories of a file.
func (s *System) dnfSources(d *dnf, path string, all sections) (sources []Source, err error) {
	for _, in := range all {
		if in.name == "main" {
			continue
		}
		o := &options{own: in, main: d.main, inherits: inheritedByDNF, variables: d.variables, file: s.files.on(path), note: s.note}
		id := d.variables.expand(in.name)
		if i := strings.IndexFunc(id, func(r rune) bool { return r > 0x7f || !isNameByte(byte(r)) && !strings.ContainsRune("-.:", r) }); i >= 0 {
			s.note("%s: the repository %q is left out: its id may have letters, digits and -_.: only", o.place(""), excerpt(id))
			continue
		}
		if !s.claim(id, o.place("")) || !o.boolean("enabled", true) {
			continue
		}
		source, err := s.dnfSource(d, o, id)
		if err != nil {
			return nil, err
		}
		if source != nil {
			sources = append(sources, *source)
		}
	}
	return sources, nil
}

// dnfSource puts a repository into the words of a mirror; nil where it is left out.
func (s *System) dnfSource(d *dnf, o *options, id string) (*Source, error) {
	source := &Source{
		Source: repo.Source{
			Name:           id,
			Type:           "rpm",
			Architectures:  slices.Clone(d.architectures),
			Priority:       mirrorPriority(o.integer("priority", defaultPriority)),
			ModuleHotfixes: o.boolean("module_hotfixes", false),
			Trusted:        !o.boolean("repo_gpgcheck", false),
			CheckPackages:  o.boolean("gpgcheck", false),
		},
		TLS: TLS{
			Authorities: s.located(o.text("sslcacert")),
			Certificate: s.located(o.text("sslclientcert")),
			Key:         s.located(o.text("sslclientkey")),
		},
		Login:       o.text("username"),
		Password:    o.text("password"),
		Optional:    o.boolean("skip_if_unavailable", false),
		Place:       o.place(""),
		cost:        o.integer("cost", 1000),
		environment: s.getenv,
	}
	source.TLS.SkipPeer = !o.boolean("sslverify", true)
	source.TLS.SkipHost = source.TLS.SkipPeer
	if source.Login == "" {
		source.Password = ""
	}
	if address, set := o.lookup("proxy"); set {
		proxy := proxyURL(address, o.text("proxy_username"), o.text("proxy_password"))
		source.proxy = &proxy
	}
	source.Exclude, source.Only = slices.Clone(d.exclude), slices.Clone(d.only)
	if !d.shows(id) {
		source.Exclude = append(source.Exclude, patterns(o.own, d.variables, "exclude", "excludepkgs")...)
		source.Only = append(source.Only, patterns(o.own, d.variables, "includepkgs")...)
	}
	setting, err := s.dnfAddress(source, o)
	if err != nil {
		return nil, s.leaveOut(o, setting, id, source.Optional || errors.Is(err, errUnsupported), err)
	}
	s.addKeys(source, o.place("gpgkey"), o.list("gpgkey"))
	return source, s.addInstalledKeys(source)
}

// dnfAddress sets where the repository is: a metalink goes before a mirrorlist, and
// this before URLs. A mirrorlist whose address speaks of a metalink is one, as yum
// had it. The name of the setting is returned too.
func (s *System) dnfAddress(to *Source, o *options) (setting string, err error) {
	for _, setting := range []string{"metalink", "mirrorlist"} {
		address := o.text(setting)
		if address == "" {
			continue
		}
		if err := known(address); err != nil {
			return setting, err
		}
		address, err := s.files.listURL(address)
		if setting == "metalink" || strings.Contains(address, "metalink") {
			to.Metalink = address
		} else {
			to.Mirrorlist = address
		}
		return setting, err
	}
	for _, address := range o.list("baseurl") {
		if err := known(address); err != nil {
			return "baseurl", err
		}
		switch clean, err := s.files.cleanURL(address); {
		case errors.Is(err, errUnsupported):
			s.note("%s: %s of the repository %s is left out: %v", o.place("baseurl"), withoutUser(address), to.Name, err)
		case err != nil:
			return "baseurl", err
		case !slices.Contains(to.URLs, clean):
			to.URLs = append(to.URLs, clean)
		}
	}
	switch {
	case len(to.URLs) > 0:
		return "baseurl", nil
	case o.text("baseurl") != "":
		return "baseurl", fmt.Errorf("%w: none of its addresses can be used", errUnsupported)
	}
	return "", errors.New("it has no baseurl, mirrorlist or metalink")
}

// known refuses an address in which variables are left.
func known(address string) error {
	name := unknownVariable(address)
	switch name {
	case "":
		return nil
	case "releasever", "releasever_major", "releasever_minor":
		return fmt.Errorf("the value of $%s is not known: neither an installed package nor os-release tells the release; it can be set in /etc/dnf/vars/releasever", name)
	}
	return fmt.Errorf("the value of $%s is not known: it can be set in /etc/dnf/vars/%s", name, name)
}

// located returns where a file of the configuration lies, "" for none.
func (s *System) located(path string) string {
	path = strings.TrimPrefix(path, "file://")
	if path == "" {
		return ""
	}
	return s.files.on(path)
}

// withoutEffect are settings of [main] that have no effect here, unless they have
// the value that is given.
var withoutEffect = map[string]struct{ usual, effect string }{
	"fastestmirror": {"no", "mirrors are tried in the order of their list"},
	"ignorearch":    {"no", "packages are those of the machine's architecture"},
	"ip_resolve":    {"whatever", "addresses of both families are used"},
	"obsoletes":     {"yes", "packages take the place of those that they obsolete"},
	"throttle":      {"0", "the rate of transfers is the mirror's own setting"},
}

// noteMain notes settings for all repositories that have no effect here.
func (s *System) noteMain(main *options) {
	for _, name := range slices.Sorted(maps.Keys(withoutEffect)) {
		value := main.text(name)
		yes, isBoolean := truth(value)
		usual, usuallyBoolean := truth(withoutEffect[name].usual)
		if value == "" || value == withoutEffect[name].usual || isBoolean && usuallyBoolean && yes == usual {
			continue
		}
		s.note("%s: %s has no effect: %s", main.place(name), name, withoutEffect[name].effect)
	}
}
