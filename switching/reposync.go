package switching

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/config"
)

// reposyncOptions are those of dnf reposync, and those of dnf itself that matter to it.
var reposyncOptions = options{
	"--repoid": {"repo", true}, "--repo": {"repo", true}, "-r": {"repo", true}, "--enablerepo": {"repo", true},
	"--arch": {"arch", true}, "-a": {"arch", true}, "--archlist": {"arch", true}, "--forcearch": {"forcearch", true},
	"--download-path": {"path", true}, "-p": {"path", true}, "--destdir": {"path", true}, "--download_path": {"path", true},
	"--newest-only": {"newest", false}, "-n": {"newest", false}, "--norepopath": {"norepopath", false},
	"--source": {"source", false}, "--gpgcheck": {"gpgcheck", false}, "-g": {"gpgcheck", false},
	"--releasever": {"releasever", true}, "--exclude": {"exclude", true}, "-x": {"exclude", true}, "--excludepkgs": {"exclude", true},
	"--download-metadata": {"", false}, "-m": {"", false}, "--downloadcomps": {"", false}, "--metadata-path": {"metadata", true},
	"--delete": {"", false}, "-d": {"", false}, "--remote-time": {"", false}, "--urls": {"", false}, "-u": {"", false}, "--quiet": {"", false}, "-q": {"", false},
	"--config": {"", true}, "-c": {"", true}, "--setopt": {"setopt", true}, "--disablerepo": {"disablerepo", true}, "-y": {"", false},
	"--assumeyes": {"", false}, "--refresh": {"", false}, "--cachedir": {"", true}, "-t": {"", false}, "--tempcache": {"", false}, "-l": {"", false}, "--plugins": {"", false},
	"--safe-write-path": {"", true}, "--installroot": {"", true},
}

// reposync is what its command line says.
type reposync struct {
	place
	repos, architectures, releasever, exclude []string
	path                                      string
	newest, flat, source                      bool
}

func (d *draft) reposync(in Input) (*reposync, error) {
	r := &reposync{releasever: in.Releasever, place: d.first}
	all, operands, err := parseArguments(in.Arguments, reposyncOptions)
	if err != nil {
		return nil, err
	}
	if len(operands) > 0 && operands[0].value == "reposync" {
		operands = operands[1:]
	}
	if len(operands) > 0 {
		return nil, operands[0].fail("%q is no option of reposync", cut(operands[0].value))
	}
	for _, o := range all {
		r.place = o.place
		switch o.name {
		case "repo":
			r.repos = append(r.repos, splitList(o.value)...)
		case "arch":
			r.architectures = append(r.architectures, splitList(o.value)...)
		case "forcearch":
			in.Architecture = o.value
		case "path":
			r.path = o.value
		case "newest":
			r.newest = true
		case "norepopath":
			r.flat = true
		case "source":
			r.source = true
			d.lose(o.place, "", "--source: full mirrors hold what the repository holds; name the repository of the source packages")
		case "releasever":
			r.releasever = splitList(o.value)
		case "exclude":
			r.exclude = append(r.exclude, splitList(o.value)...)
		case "setopt", "disablerepo", "metadata":
			d.lose(o.place, "", "%s of the command line: set it in the file", o.name)
		}
	}
	return r, nil
}

// importReposync reads files of /etc/yum.repos.d, dnf.conf with a section [main] before
// them, and the command line of dnf reposync.
func importReposync(in Input) (*draft, error) {
	d := newDraft(in)
	r, err := d.reposync(in)
	if err != nil {
		return nil, err
	}
	main := &section{place: d.first, values: map[string]setting{}}
	var repos []*section
	for _, f := range in.Files {
		sections, err := parseINI(f)
		if err != nil {
			return nil, err
		}
		for _, s := range sections {
			if s.name == "main" {
				main = s
				continue
			}
			repos = append(repos, s)
		}
	}
	if r.path != "" {
		d.adopt = []string{r.path}
	}
	d.Destination = "/srv/mirror"
	switch {
	case in.Destination != "":
		d.Destination = in.Destination
	case r.path != "":
		d.Destination = r.path
	}
	for _, key := range sortedKeys(main.values) {
		d.mainOption(key, main.values[key])
	}
	for _, s := range repos {
		if !s.on("enabled", true) && !slices.Contains(r.repos, s.name) || len(r.repos) > 0 && !slices.Contains(r.repos, s.name) {
			d.note("", "%s was not mirrored (%s:%d)", s.name, s.file, s.line)
			continue
		}
		if slices.ContainsFunc(d.Sources, func(x config.Source) bool { return x.Name == s.name }) {
			d.lose(s.place, "", "the repository %s stands there already, and the first one counts", s.name)
			continue
		}
		for key, value := range main.values {
			if _, has := s.values[key]; !has && slices.Contains(mainAndRepo, key) {
				s.values[key] = value
			}
		}
		if err := d.repository(s, r, in); err != nil {
			return nil, err
		}
	}
	if len(d.Sources) == 0 {
		return nil, d.first.fail("there is no repository that is mirrored (expected a section [NAME] with baseurl, mirrorlist or metalink)")
	}
	if r.flat && len(d.Mirrors) == 1 {
		d.Mirrors[0].Path = "."
	} else if r.flat {
		d.lose(r.place, "mirrors", "--norepopath: each repository has a directory of its own")
	}
	return d, nil
}

// mainAndRepo are options of [main] that repositories take over.
var mainAndRepo = []string{
	"gpgcheck", "repo_gpgcheck", "username", "password", "proxy", "proxy_username", "proxy_password", "sslcacert", "sslclientcert",
	"sslclientkey", "sslverify", "excludepkgs", "exclude", "includepkgs",
}

// mainOption carries over what dnf.conf says of fetching.
func (d *draft) mainOption(key string, s setting) {
	number := func(most int) int {
		n, err := strconv.Atoi(s.value)
		if err != nil || n < 1 {
			return 0
		}
		return min(n, most)
	}
	switch key {
	case "max_parallel_downloads":
		if n := number(1024); n > 0 {
			d.Transfer.Connections, d.Transfer.PerHost = n, min(n, d.Transfer.PerHost)
		}
	case "retries":
		if n := number(100); n > 0 {
			d.Transfer.Retries = n
		}
	case "timeout":
		if n := number(86400); n > 0 {
			d.Transfer.Timeout = time.Duration(n) * time.Second
		}
	case "user_agent":
		d.Transfer.UserAgent = s.value
	case "throttle":
		if s.value != "0" && !strings.HasSuffix(s.value, "%") {
			d.rate(s, 1)
		} else if s.value != "0" {
			d.lose(s.place, "transfer.rate", "throttle %s: a share of a bandwidth is no rate", cut(s.value))
		}
	case "ip_resolve":
		d.lose(s.place, "transfer", "ip_resolve %s: the machine decides by which family hosts are reached", cut(s.value))
	}
}

var rpmVariable = regexp.MustCompile(`\$\{?([A-Za-z_][A-Za-z0-9_]*)`)

// repository makes a source and a mirror of a section.
func (d *draft) repository(s *section, r *reposync, in Input) error {
	name := d.name(s.name)
	x := config.NewSource(name)
	x.Type = "rpm"
	key := join("sources", name)
	for option, v := range s.values {
		d.origins[key+"."+option] = v.place
	}
	x.Architectures = with(nil, r.architectures...)
	x.Architectures = without(x.Architectures, []string{"noarch", "src"})
	if len(x.Architectures) == 0 {
		x.Architectures = []string{rpmArchitecture(in.Architecture)}
	}
	if err := d.addresses(s, &x, r); err != nil {
		return err
	}
	if err := d.variables(s, &x, r, in); err != nil {
		return err
	}
	if p, err := strconv.Atoi(s.text("priority")); err == nil {
		priority := max(599-min(max(p, -10000), 10000), 1)
		x.Priority = &priority
	}
	x.ModuleHotfixes = s.on("module_hotfixes", false)
	x.CA, x.ClientCert, x.ClientKey = s.text("sslcacert"), s.text("sslclientcert"), s.text("sslclientkey")
	if !s.on("sslverify", true) {
		d.lose(s.values["sslverify"].place, key+".ca", "certificates of servers are always checked: ca names the authority of one of your own")
	}
	if user := s.text("username"); user != "" {
		x.Auth.Username = config.Secret(plain(user))
		if p := s.values["password"]; p.value != "" {
			x.Auth.Password = config.Secret(d.secret(p.place, key+".auth", "the password for "+s.name, name+"_PASSWORD"))
		}
	}
	d.sourceProxy(s, &x)
	d.rpmKeys(s, &x, r, in)
	m := config.NewMirror(name)
	m.From = []string{name}
	d.selection(s, &x, &m, r)
	for _, option := range []string{"cost", "ip_resolve", "throttle", "bandwidth"} {
		if v := s.values[option]; v.value != "" {
			d.lose(v.place, key, "%s %s", option, cut(v.value))
		}
	}
	for _, option := range sortedKeys(s.values) {
		if !slices.Contains(repoOptions, option) {
			d.lose(s.values[option].place, key, "the option %s is unknown", cut(option))
		}
	}
	d.addSource(s.place, x)
	d.addMirror(s.place, m)
	return nil
}

// repoOptions are those that are carried over, or that have no meaning for a mirror.
var repoOptions = append([]string{
	"name", "enabled", "baseurl", "mirrorlist", "metalink", "gpgkey", "priority", "cost", "module_hotfixes", "ip_resolve", "throttle", "bandwidth",
	"metadata_expire", "fastestmirror", "deltarpm", "deltarpm_percentage", "enablegroups", "countme", "minrate", "timeout", "retries", "type",
	"skip_if_unavailable", "failovermethod", "autorefresh", "keeppackages", "keepcache", "protect", "mirrorlist_expire", "http_caching", "path",
	"sslverifystatus", "max_parallel_downloads", "user_agent", "mediaid", "ui_repoid_vars", "enabled_metadata", "metadata_expire_filter",
	"proxy_auth_method", "proxy_sslcacert", "proxy_sslverify", "proxy_sslclientcert", "proxy_sslclientkey", "pkg_gpgcheck", "sslclientkey",
}, mainAndRepo...)

// addresses says where the repository is.
func (d *draft) addresses(s *section, x *config.Source, r *reposync) error {
	key := join("sources", x.Name)
	lists := map[string]string{"mirrorlist": s.text("mirrorlist"), "metalink": s.text("metalink")}
	for _, address := range s.list("baseurl") {
		if path := strings.Trim(s.text("path"), "/"); path != "" {
			address = strings.TrimRight(address, "/") + "/" + path
		}
		text, err := d.repoAddress(s.values["baseurl"].place, key+".url", x.Name, address)
		if err != nil {
			return err
		}
		x.URLs = with(x.URLs, text)
	}
	for _, option := range []string{"metalink", "mirrorlist"} {
		if lists[option] == "" {
			continue
		}
		at := s.values[option].place
		if len(x.URLs) > 0 || x.Metalink != "" {
			d.lose(at, key, "the %s: a source has addresses, a list of them or a metalink", option)
			continue
		}
		text, err := d.repoAddress(at, key+"."+option, x.Name, lists[option])
		if err != nil {
			return err
		}
		if option == "metalink" || strings.Contains(text, "metalink") { // as dnf takes it
			x.Metalink = text
		} else {
			x.Mirrorlist = text
		}
	}
	if len(x.URLs) == 0 && x.Metalink == "" && x.Mirrorlist == "" {
		return s.fail("[%s] has no address (expected baseurl, mirrorlist or metalink)", cut(s.name))
	}
	return nil
}

// repoAddress is an address that may hold variables of dnf.
func (d *draft) repoAddress(at place, key, name, text string) (string, error) {
	scheme, rest, found := strings.Cut(text, "://")
	if !found && strings.HasPrefix(text, "/") {
		scheme, rest = "file", text
	}
	if scheme != "http" && scheme != "https" && scheme != "file" && scheme != "ftp" || rest == "" {
		return "", at.fail("%q is no address of http, https or file", showAddress(text))
	}
	if scheme == "ftp" {
		d.lose(at, key, "ftp is not spoken: the repository is asked for by http, which the host may serve at another path")
		scheme = "http"
	}
	authority, path, _ := strings.Cut(rest, "/")
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		user, _, has := strings.Cut(authority[:i], ":")
		login := user
		if has {
			login += ":" + d.secret(at, key, "the password for "+authority[i+1:], name+"_PASSWORD")
		}
		authority = login + authority[i:]
	}
	address := scheme + "://" + authority + "/" + strings.ReplaceAll(path, "$$", "$$$$")
	if strings.ContainsAny(address, " \t\n") {
		return "", at.fail("%q is no address", showAddress(text))
	}
	return address, nil
}

// variables gives values to the variables in the addresses.
func (d *draft) variables(s *section, x *config.Source, r *reposync, in Input) error {
	for _, text := range append([]string{x.Mirrorlist, x.Metalink}, x.URLs...) {
		for _, m := range rpmVariable.FindAllStringSubmatchIndex(text, -1) {
			name := text[m[2]:m[3]]
			switch {
			case m[0] > 0 && text[m[0]-1] == '$', name == "basearch", name == "arch", strings.HasPrefix(text[m[1]:], ":"):
			case strings.HasSuffix(name, "_PASSWORD") && name == variable(name):
			case name == "releasever" || name == "releasever_major" || name == "releasever_minor":
				if len(r.releasever) == 0 {
					return s.fail("[%s] has $releasever in its address: give its values with --releasever", cut(s.name))
				}
				x.Releasever = r.releasever
			case in.Variables[name] == "":
				return s.fail("[%s] has $%s in its address: give its value with --variable %s=VALUE", cut(s.name), name, name)
			default:
				if x.Variables == nil {
					x.Variables = map[string][]string{}
				}
				x.Variables[name] = splitList(in.Variables[name])
			}
		}
	}
	return nil
}

// sourceProxy carries over the proxy of a repository.
func (d *draft) sourceProxy(s *section, x *config.Source) {
	p, given := s.values["proxy"]
	key := join("sources", x.Name) + ".proxy"
	switch {
	case !given:
	case p.value == "" || p.value == "_none_":
		x.Proxy = "direct"
	default:
		address := p.value
		if !strings.Contains(address, "://") {
			address = "http://" + address
		}
		x.Proxy = config.Secret(d.proxyAddress(p.place, key, address, s.text("proxy_username"), s.values["proxy_password"]))
	}
}

// rpmKeys says how the repository and its packages are checked.
func (d *draft) rpmKeys(s *section, x *config.Source, r *reposync, in Input) {
	key := join("sources", x.Name) + ".keys"
	at := s.place
	if v, ok := s.values["gpgkey"]; ok {
		at = v.place
	}
	for _, address := range s.list("gpgkey") {
		if len(r.releasever) == 1 {
			address = releasevers.ReplaceAllLiteralString(address, r.releasever[0])
		}
		address = basearchs.ReplaceAllLiteralString(address, x.Architectures[0])
		path, isFile := strings.CutPrefix(address, "file://")
		switch {
		case strings.HasPrefix(address, "/"):
			x.Keys = with(x.Keys, address)
		case isFile && strings.HasPrefix(path, "/"):
			if text, err := url.PathUnescape(path); err == nil {
				path = text
			}
			x.Keys = with(x.Keys, path)
		default:
			file := "/etc/pki/rpm-gpg/" + x.Name + ".asc"
			x.Keys = with(x.Keys, file)
			d.lose(at, key, "the key at %s: fetch it, compare its fingerprint with one that you trust, and put it into %s", showAddress(address), file)
		}
	}
	if len(x.Keys) == 0 {
		x.Keys = in.Keys
	}
	packages := s.on("gpgcheck", false) || s.on("pkg_gpgcheck", false)
	metadata := s.on("repo_gpgcheck", false)
	if len(x.Keys) == 0 && (packages || metadata) {
		file := "/etc/pki/rpm-gpg/" + x.Name + ".asc"
		x.Keys = []string{file}
		d.lose(at, key, "signatures are checked with the keys that rpm knows: put the one of this repository into %s", file)
	}
	if len(in.Keys) > 0 {
		metadata = metadata || !packages
	}
	x.CheckPackages = packages && len(x.Keys) > 0
	x.Trusted = !metadata
	if !metadata && !packages {
		x.Keys = nil
		d.note(join("sources", x.Name)+".trusted", "nothing was checked: keys: [FILE] in the place of trusted checks the metadata")
	}
}

var (
	releasevers = regexp.MustCompile(`\$releasever\b|\$\{releasever\}`)
	basearchs   = regexp.MustCompile(`\$basearch\b|\$\{basearch\}|\$arch\b|\$\{arch\}`)
)

// selection says which packages are mirrored, where not all are.
func (d *draft) selection(s *section, x *config.Source, m *config.Mirror, r *reposync) {
	at := r.place
	keep := func(option string, patterns []string) (out []string) {
		for _, p := range patterns {
			if seed, err := config.ParseSeed(p); err != nil || seed.Architecture != "" || strings.ContainsAny(seed.Pattern, "/(") || seed.Version != "" {
				d.lose(at, join("sources", x.Name)+"."+option, "%q is no form of a package", cut(p))
				continue
			}
			out = with(out, p)
		}
		return out
	}
	for _, option := range []string{"excludepkgs", "exclude"} {
		if v, ok := s.values[option]; ok {
			at = v.place
			x.Exclude = append(x.Exclude, keep("exclude", s.list(option))...)
		}
	}
	x.Exclude = append(x.Exclude, keep("exclude", r.exclude)...)
	if v, ok := s.values["includepkgs"]; ok {
		at = v.place
		x.Only = keep("only", s.list("includepkgs"))
	}
	switch {
	case r.newest:
		d.everything(m, r.place)
		m.Versions = config.Versions{Newest: 1}
	case len(x.Exclude) > 0 || len(x.Only) > 0 || len(r.architectures) > 0:
		d.everything(m, at)
	}
}

// rpmArchitecture is an architecture of Debian in rpm's words.
func rpmArchitecture(name string) string {
	switch name {
	case "amd64":
		return "x86_64"
	case "arm64":
		return "aarch64"
	case "ppc64el":
		return "ppc64le"
	case "i386":
		return "i686"
	case "armhf":
		return "armv7hl"
	}
	return name
}
