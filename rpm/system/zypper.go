package system

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/rpm"
)

// zypper is the configuration that all of zypper's repositories share.
type zypper struct {
	architecture string
	variables    variables
	checks       checks
}

// readZypper reads what zypper is configured by. Files of repositories that dnf is
// told to read too are not read twice.
func (s *System) readZypper() error {
	const file = "/etc/zypp/zypp.conf"
	text, err := s.files.text(file)
	if err != nil {
		return err
	}
	all, err := parseZyppINI(s.files.on(file), text)
	if err != nil {
		return err
	}
	main := &options{own: all.named("main"), file: s.files.on(file), note: s.note}
	if main.own == nil {
		main.own = &section{name: "main"}
	}
	directory := main.text("reposdir")
	if directory == "" {
		directory = "/etc/zypp/repos.d"
	}
	paths, err := s.files.repoFiles(directory)
	if err != nil {
		return err
	}
	paths = slices.DeleteFunc(paths, func(path string) bool { return slices.Contains(s.dnfFiles, path) })
	if len(paths) == 0 {
		return nil
	}

	z := &zypper{architecture: s.Architecture, checks: checksOf(main)}
	if set := main.text("arch"); set != "" {
		z.architecture = set
	}
	if z.variables, err = s.zypperVariables(main, z.architecture); err != nil {
		return err
	}
	if len(s.Sources) == 0 {
		// The machine is zypper's.
		s.Architecture, s.Releasever = z.architecture, z.variables["releasever"]
		s.Recommends = !main.boolean("solver.onlyRequires", false)
	}
	var sources []Source
	for _, path := range paths {
		of, err := s.zypperSources(z, path)
		if err != nil {
			return err
		}
		sources = append(sources, of...)
	}
	s.Sources = append(s.Sources, sorted(sources)...)
	return nil
}

// zypperVariables are those of zypper's configuration.
func (s *System) zypperVariables(main *options, architecture string) (variables, error) {
	v := variables{"arch": architecture, "basearch": rpm.BaseArchitecture(architecture)}
	release, err := s.files.productVersion()
	if err == nil && release == "" {
		release, err = s.files.releasever(s.installed)
	}
	if err != nil {
		return nil, err
	}
	if release != "" {
		v["releasever"] = release
	}
	directory := main.text("varsdir")
	if directory == "" {
		directory = "/etc/zypp/vars.d"
	}
	if err := s.files.readVariables(v, directory); err != nil {
		return nil, err
	}
	for _, assignment := range s.own() {
		if release, found := strings.CutPrefix(assignment, "ZYPP_REPO_RELEASEVER="); found && release != "" {
			v["releasever"] = release
		}
	}
	return v, nil
}

// zypperSources are the enabled repositories of a file.
func (s *System) zypperSources(z *zypper, path string) (sources []Source, err error) {
	text, err := s.files.text(path)
	if err != nil {
		return nil, err
	}
	all, err := parseZyppINI(s.files.on(path), text)
	if err != nil {
		return nil, err
	}
	for _, in := range all {
		o := &options{own: in, variables: z.variables, file: s.files.on(path), note: s.note}
		name := sanitized(in.name)
		if name == "" {
			name = "repository"
		}
		if v, set := in.get("enabled"); !s.claim(name, o.place("")) || set && choiceOf(v.value) != yes {
			continue
		}
		source, err := s.zypperSource(z, o, name)
		if err != nil {
			return nil, err
		}
		if source != nil {
			sources = append(sources, *source)
		}
	}
	return sources, nil
}

// zypperSource puts a repository into the words of a mirror; nil where it is left
// out.
func (s *System) zypperSource(z *zypper, o *options, name string) (*Source, error) {
	if kind := o.text("type"); !slices.Contains([]string{"", "none", "rpm-md", "rpm", "yum", "repomd", "yum2"}, strings.ToLower(kind)) {
		s.note("%s: the repository %s is left out: its type is %q; expected rpm-md", o.place("type"), name, excerpt(kind))
		return nil, nil
	}
	priority, err := strconv.Atoi(o.text("priority"))
	if err != nil || priority <= 0 {
		priority = defaultPriority
	}
	source := &Source{
		Source: repo.Source{
			Name:          name,
			Type:          "rpm",
			Architectures: []string{z.architecture},
			Priority:      mirrorPriority(priority),
		},
		Place:       o.place(""),
		environment: s.getenv,
	}
	metadata, packages := checksOf(o).over(z.checks)
	source.Trusted, source.CheckPackages = !metadata, packages
	if proxy := proxyURL(o.text("proxy"), "", ""); proxy != "" {
		source.proxy = &proxy
	}
	setting, err := s.zypperAddress(source, o)
	if err != nil {
		return nil, s.leaveOut(o, setting, name, errors.Is(err, errUnsupported), err)
	}
	s.addKeys(source, o.place("gpgkey"), strings.Fields(o.text("gpgkey")))
	return source, s.addInstalledKeys(source)
}

// zypperAddress sets where the repository is. URLs go before a list of mirrors. The
// name of the setting is returned too.
func (s *System) zypperAddress(to *Source, o *options) (setting string, err error) {
	below := strings.Trim(o.text("path"), "/")
	for _, address := range strings.Split(o.text("baseurl"), "\n") {
		if address == "" {
			continue
		}
		if err := known(address); err != nil {
			return "baseurl", err
		}
		clean, err := s.zypperURL(to, address)
		if err == nil {
			clean, err = s.files.cleanURL(clean)
		}
		switch {
		case errors.Is(err, errUnsupported):
			s.note("%s: %s of the repository %s is left out: %v", o.place("baseurl"), withoutUser(address), to.Name, err)
			continue
		case err != nil:
			return "baseurl", err
		case below != "":
			clean += "/" + below
		}
		if !slices.Contains(to.URLs, clean) {
			to.URLs = append(to.URLs, clean)
		}
	}
	if len(to.URLs) > 0 {
		return "baseurl", nil
	}
	for _, setting := range []string{"metalink", "mirrorlist"} {
		address := o.text(setting)
		if address == "" {
			continue
		}
		if err := known(address); err != nil {
			return setting, err
		}
		if below != "" {
			return "path", fmt.Errorf("%w: a path below the mirrors of a list", errUnsupported)
		}
		address, err := s.files.listURL(address)
		if setting == "metalink" || strings.Contains(address, "metalink") {
			to.Metalink = address
		} else {
			to.Mirrorlist = address
		}
		return setting, err
	}
	if o.text("baseurl") != "" {
		return "baseurl", fmt.Errorf("%w: none of its addresses can be used", errUnsupported)
	}
	return "", errors.New("it has no baseurl, mirrorlist or metalink")
}

// zypperURL takes the parameters off an address that are zypper's own and not the
// server's, and does what they say (zypper(8), "URIs").
func (s *System) zypperURL(to *Source, address string) (string, error) {
	address, query, found := strings.Cut(address, "?")
	if !found {
		return address, nil
	}
	parameters, err := url.ParseQuery(query)
	if err != nil {
		return "", fmt.Errorf("the query of %q is none", withoutUser(address))
	}
	for name := range parameters {
		value := parameters.Get(name)
		switch name {
		case "credentials":
			if to.Login, to.Password, err = s.zypperCredentials(value); err != nil {
				return "", err
			}
		case "proxy":
			if port := parameters.Get("proxyport"); port != "" {
				value += ":" + port
			}
			proxy := proxyURL(value, parameters.Get("proxyuser"), parameters.Get("proxypass"))
			to.proxy = &proxy
		case "ssl_verify":
			to.TLS.SkipPeer = value == "no" || value == "host"
			to.TLS.SkipHost = value == "no" || value == "peer"
		case "ssl_clientcert":
			to.TLS.Certificate = s.located(value)
		case "ssl_clientkey":
			to.TLS.Key = s.located(value)
		case "proxyport", "proxyuser", "proxypass", "timeout", "auth", "mediahandler", "workdir":
		default:
			// Registered machines have a secret there, which is of their server's making.
			return "", fmt.Errorf("%w: an address that is followed by a query", errUnsupported)
		}
	}
	return address, nil
}

// zypperCredentials reads a file of credentials. One that this process may not
// read is noted.
func (s *System) zypperCredentials(name string) (login, password string, err error) {
	file := name
	if !strings.HasPrefix(name, "/") {
		file = path.Join("/etc/zypp/credentials.d", path.Base(name))
	}
	text, err := s.files.text(file)
	if errors.Is(err, fs.ErrPermission) {
		s.note("credentials are left out: %v", err)
		return "", "", nil
	}
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(line, "=")
		switch strings.TrimSpace(key) {
		case "username":
			login = strings.TrimSpace(value)
		case "password":
			password = strings.TrimSpace(value)
		}
	}
	return login, password, err
}
