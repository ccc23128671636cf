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

// debmirror is what debmirror's command line and its configuration say. The lists are in
// their order; a line of the command line adds to what the file says.
type debmirror struct {
	texts map[string]setting
	lists map[string][]setting
}

// debmirrorOptions are those of debmirror(1), by the names that settings have here.
var debmirrorOptions = options{
	"--debug": {"", false}, "--progress": {"", false}, "-p": {"", false}, "--verbose": {"", false}, "-v": {"", false},
	"--source": {"source", false}, "--nosource": {"nosource", false}, "--no-source": {"nosource", false},
	"--checksums": {"", false}, "--nochecksums": {"", false}, "--md5sums": {"", false}, "-m": {"", false}, "--passive": {"", false}, "--nopassive": {"", false},
	"--host": {"host", true}, "-h": {"host", true}, "--user": {"user", true}, "-u": {"user", true}, "--passwd": {"passwd", true},
	"--root": {"root", true}, "-r": {"root", true}, "--dist": {"dist", true}, "-d": {"dist", true}, "--section": {"section", true}, "-s": {"section", true},
	"--arch": {"arch", true}, "-a": {"arch", true}, "--di-dist": {"di-dist", true}, "--di-arch": {"di-arch", true}, "--rsync-extra": {"rsync-extra", true},
	"--precleanup": {"", false}, "--cleanup": {"", false}, "--postcleanup": {"", false}, "--nocleanup": {"nocleanup", false},
	"--ignore": {"ignore", true}, "--exclude": {"exclude", true}, "--exclude-deb-section": {"exclude-deb-section", true},
	"--limit-priority": {"limit-priority", true}, "--include": {"include", true}, "--exclude-field": {"exclude-field", true},
	"--include-field": {"include-field", true}, "--skippackages": {"", false}, "--i18n": {"i18n", false}, "--getcontents": {"getcontents", false},
	"--method": {"method", true}, "-e": {"method", true}, "--timeout": {"timeout", true}, "-t": {"timeout", true}, "--max-batch": {"max-batch", true},
	"--rsync-batch": {"", true}, "--state-cache-days": {"", true}, "--ignore-missing-release": {"ignore-missing-release", false},
	"--ignore-release-gpg": {"ignore-release-gpg", false}, "--check-gpg": {"check-gpg", false}, "--nocheck-gpg": {"no-check-gpg", false}, "--no-check-gpg": {"no-check-gpg", false},
	"--dry-run": {"", false}, "--proxy": {"proxy", true}, "--rsync-options": {"", true}, "--gzip-options": {"", true}, "--ignore-small-errors": {"ignore-small-errors", false},
	"--diff": {"diff", true}, "--omit-suite-symlinks": {"", false}, "--allow-dist-rename": {"", false}, "--debmarshal": {"debmarshal", false},
	"--slow-cpu": {"", false}, "--disable-ssl-verification": {"disable-ssl-verification", false}, "--retry-rsync-packages": {"", true},
	"--keyring": {"keyring", true}, "--config-file": {"", true}, "--help": {"", false}, "--version": {"", false},
}

// debmirrorLists are the options that may stand there several times.
var debmirrorLists = []string{
	"dist", "section", "arch", "di-dist", "di-arch", "rsync-extra", "ignore", "exclude", "exclude-deb-section", "limit-priority", "include",
	"exclude-field", "include-field", "keyring",
}

// debmirrorVariables are the names of the configuration file for options.
var debmirrorVariables = map[string]string{
	"mirrordir": "mirrordir", "host": "host", "user": "user", "passwd": "passwd", "remoteroot": "root", "download_method": "method",
	"dists": "dist", "sections": "section", "arches": "arch", "ignores": "ignore", "excludes": "exclude", "includes": "include",
	"excludes_deb_section": "exclude-deb-section", "limit_priority": "limit-priority", "excludes_field": "exclude-field", "includes_field": "include-field",
	"rsync_extra": "rsync-extra", "i18n": "i18n", "getcontents": "getcontents", "do_source": "do_source", "max_batch": "max-batch",
	"di_dists": "di-dist", "di_arches": "di-arch", "di_archs": "di-arch", "ignore_release_gpg": "ignore-release-gpg", "ignore_release": "ignore-missing-release",
	"ignore_missing_release": "ignore-missing-release", "check_gpg": "check_gpg", "ignore_small_errors": "ignore-small-errors", "no_cleanup": "nocleanup",
	"timeout": "timeout", "proxy": "proxy", "diff_mode": "diff", "debmarshal": "debmarshal", "disable_ssl_verification": "disable-ssl-verification", "keyrings": "keyring",
}

// debmirrorSilent are variables that need no counterpart.
var debmirrorSilent = []string{
	"verbose", "progress", "debug", "passive", "skippackages", "omit_suite_symlinks", "state_cache_days", "check_md5sums", "verify_checksums", "cleanup", "pre_cleanup",
	"post_cleanup", "rsync_batch", "rsync_options", "gzip_options", "dry_run", "slow_cpu", "allow_dist_rename", "retry_rsync_packages", "retry_rsync_packages_delay", "config_files",
}

func importDebmirror(in Input) (*draft, error) {
	d := newDraft(in)
	b := &debmirror{texts: map[string]setting{}, lists: map[string][]setting{}}
	for _, f := range in.Files {
		assignments, err := parsePerl(f)
		if err != nil {
			return nil, err
		}
		for _, a := range assignments {
			b.assign(d, a)
		}
	}
	arguments := in.Arguments
	if len(arguments) > 0 && strings.HasSuffix(arguments[0], "debmirror") && !strings.HasPrefix(arguments[0], "-") {
		arguments = append([]string{"--verbose"}, arguments[1:]...) // keeps the counting
	}
	all, operands, err := parseArguments(arguments, debmirrorOptions)
	if err != nil {
		return nil, err
	}
	for _, o := range all {
		switch {
		case o.name == "":
		case slices.Contains(debmirrorLists, o.name):
			b.lists[o.name] = append(b.lists[o.name], setting{o.place, o.value})
		default:
			b.texts[o.name] = setting{o.place, o.value}
		}
	}
	if len(operands) > 1 {
		return nil, operands[1].fail("%q is one directory too many", cut(operands[1].value))
	}
	if len(operands) == 1 {
		b.texts["mirrordir"] = setting{operands[0].place, operands[0].value}
	}
	return d, b.mirror(d, in)
}

// assign takes over a variable of the configuration file.
func (b *debmirror) assign(d *draft, a perlAssignment) {
	name, known := debmirrorVariables[a.name]
	switch {
	case !known && slices.Contains(debmirrorSilent, a.name):
	case !known:
		d.lose(a.place, "", "the variable %s is unknown", cut(a.name))
	case slices.Contains(debmirrorLists, name):
		b.lists[name] = nil
		for _, v := range a.values {
			b.lists[name] = append(b.lists[name], setting{a.place, v})
		}
	case name == "do_source":
		if isFalse(a.values) {
			b.texts["nosource"] = setting{a.place, ""}
		}
	case name == "check_gpg":
		if isFalse(a.values) {
			b.texts["no-check-gpg"] = setting{a.place, ""}
		}
	case len(a.values) != 1:
		d.lose(a.place, "", "the variable %s is no text", a.name)
	default:
		if name == "host" || name == "user" || name == "passwd" || name == "root" || name == "method" || name == "timeout" ||
			name == "proxy" || name == "diff" || name == "mirrordir" || name == "max-batch" || !isFalse(a.values) {
			b.texts[name] = setting{a.place, a.values[0]}
		}
	}
}

// isFalse is what Perl takes for false.
func isFalse(values []string) bool {
	return len(values) == 0 || len(values) == 1 && (values[0] == "" || values[0] == "0")
}

func (b *debmirror) has(name string) bool {
	_, ok := b.texts[name]
	return ok
}

func (b *debmirror) text(name, fallback string) string {
	if s, ok := b.texts[name]; ok {
		return s.value
	}
	return fallback
}

// list are the parts of a list, whose items may have commas between.
func (b *debmirror) list(name string, fallback ...string) (out []string) {
	for _, s := range b.lists[name] {
		out = append(out, splitList(s.value)...)
	}
	if len(out) == 0 {
		return fallback
	}
	return out
}

func (b *debmirror) at(d *draft, name string) place {
	if s, ok := b.texts[name]; ok {
		return s.place
	}
	if list := b.lists[name]; len(list) > 0 {
		return list[0].place
	}
	return d.first
}

// mirror makes the source and the mirror.
func (b *debmirror) mirror(d *draft, in Input) error {
	dir := b.text("mirrordir", "")
	if dir == "" && in.Destination == "" {
		return d.first.fail("there is no directory of the mirror (expected mirrordir, or --destination)")
	}
	root := strings.Trim(b.text("root", "debian"), ":/")
	host := b.text("host", "ftp.debian.org")
	method := b.text("method", "ftp")
	name := d.name(host + "-" + strings.ReplaceAll(root, "/", "-"))
	key := join("sources", name)
	s := config.NewSource(name)
	s.Type = "deb"
	at := b.at(d, "host")
	login := ""
	if user := b.text("user", "anonymous"); user != "anonymous" {
		login = url.User(user).String() + "@"
		if b.text("passwd", "anonymous@") != "anonymous@" {
			login = url.User(user).String() + ":x@" // address puts the environment in its place
			at = b.at(d, "passwd")
		}
	}
	text := method + "://" + login + host + "/" + root
	if method == "file" {
		text = "file://" + b.text("root", "/debian")
	}
	address, err := d.address(at, key+".url", name, text)
	if err != nil {
		return err
	}
	s.URLs = []string{strings.TrimRight(address, "/")}
	for _, dist := range b.list("dist", "sid") {
		s.Suites = with(s.Suites, strings.TrimRight(dist, "/"))
		d.origins[key+".suites"] = b.at(d, "dist")
	}
	b.kinds(d, &s, in)
	b.trust(d, &s, in)
	d.origins[key+".architectures"], d.origins[key+".components"] = b.at(d, "arch"), b.at(d, "section")
	d.addSource(b.at(d, "host"), s)

	m := config.NewMirror(name)
	m.From = []string{name}
	d.adopt = with(nil, without([]string{dir}, []string{""})...)
	d.Destination, m.Path = dir, "."
	if in.Destination != "" {
		d.Destination, m.Path = in.Destination, name
	}
	d.origins["destination"] = b.at(d, "mirrordir")
	d.origins[join("mirrors", name)] = d.first
	b.selection(d, &m)
	d.addMirror(d.first, m)
	b.transfer(d)
	b.rest(d, key)
	return nil
}

// kinds says which components, architectures and indexes are taken.
func (b *debmirror) kinds(d *draft, s *config.Source, in Input) {
	include := []string{"packages"}
	for _, section := range b.list("section", "main", "contrib", "non-free", "non-free-firmware", "main/debian-installer") {
		if component, ok := strings.CutSuffix(section, "/debian-installer"); ok {
			include = with(include, "udebs")
			section = component
		}
		s.Components = with(s.Components, section)
	}
	s.Architectures = without(b.list("arch", "i386"), []string{"all", "none"})
	if slices.Equal(b.list("arch"), []string{"none"}) {
		s.Architectures, include = []string{in.Architecture}, []string{}
	}
	if !b.has("nosource") {
		include = append(include, "sources")
	}
	if b.has("getcontents") {
		include = append(include, "contents")
	}
	if b.text("diff", "use") == "mirror" {
		include = append(include, "pdiffs")
	}
	if len(b.lists["di-dist"])+len(b.lists["di-arch"]) > 0 {
		include = append(include, "installer")
	}
	if !slices.Contains(include, "packages") {
		include = append(include, "release")
	}
	if len(include) > 1 {
		s.Include = include
	}
}

// trust says what signatures are checked with: debmirror's own keyring is one that only
// its user has.
func (b *debmirror) trust(d *draft, s *config.Source, in Input) {
	key := join("sources", s.Name)
	for _, k := range b.lists["keyring"] {
		s.Keys = with(s.Keys, k.value)
		d.origins[key+".keys"] = k.place
	}
	switch {
	case b.has("no-check-gpg") && len(in.Keys) == 0, b.has("ignore-release-gpg") && len(in.Keys) == 0:
		s.Keys, s.Trusted = nil, true
		d.note(key+".trusted", "no signature was checked: keys: [FILE] in the place of trusted checks them")
	case len(s.Keys) > 0:
	case len(in.Keys) > 0:
		s.Keys = in.Keys
	default:
		s.Keys = []string{"/etc/apt/keyrings/" + s.Name + ".gpg"}
		d.lose(d.first, key+".keys", "signatures were checked with the keys in ~/.gnupg/trustedkeys.gpg: name the file of the archive's key")
	}
}

// fields are those by which packages can be left out.
var exclusionFields = map[string]func(pattern string) config.Exclusion{
	"package":      func(p string) config.Exclusion { return config.Exclusion{Name: p} },
	"version":      func(p string) config.Exclusion { return config.Exclusion{Version: p} },
	"architecture": func(p string) config.Exclusion { return config.Exclusion{Architecture: p} },
	"section":      func(p string) config.Exclusion { return config.Exclusion{Section: p} },
	"source":       func(p string) config.Exclusion { return config.Exclusion{Source: p} },
}

var priorities = []string{"required", "important", "standard", "optional", "extra"}

// selection says which packages are taken, where not all are.
func (b *debmirror) selection(d *draft, m *config.Mirror) {
	key := join("mirrors", m.Name)
	leaveOut := func(s setting, text string, x func(string) config.Exclusion) {
		if _, err := regexp.Compile(text); err != nil || text == "" || strings.ContainsAny(text, "\n\r\t") {
			d.lose(s.place, key+".exclude", "%q is no regular expression here", cut(text))
			return
		}
		d.excludes(m, s.place, x("/"+text+"/"))
	}
	for _, s := range b.lists["limit-priority"] {
		pattern, err := regexp.Compile(s.value)
		if err != nil {
			d.lose(s.place, key+".groups", "%q is no regular expression here", cut(s.value))
			continue
		}
		d.selects(m, s.place)
		for _, p := range priorities {
			if pattern.MatchString(p) {
				m.Groups = with(m.Groups, p)
			}
		}
		m.Versions.All = true
		d.note(key+".groups", "what packages of these priorities need comes with them")
	}
	for _, s := range b.lists["exclude-deb-section"] {
		leaveOut(s, s.value, exclusionFields["section"])
	}
	for _, s := range b.lists["exclude-field"] {
		field, pattern, _ := strings.Cut(s.value, "=")
		if x := exclusionFields[strings.ToLower(field)]; x != nil {
			leaveOut(s, pattern, x)
		} else {
			d.lose(s.place, key+".exclude", "exclude-field %s: packages are left out by Package, Version, Architecture, Section and Source", cut(field))
		}
	}
	for _, s := range b.lists["exclude"] {
		d.lose(s.place, key+".exclude", "exclude %s: packages are left out by their names and not by those of their files", cut(s.value))
	}
	for _, name := range []string{"include", "include-field"} {
		for _, s := range b.lists[name] {
			d.lose(s.place, key+".exclude", "%s %s: what is left out has no exceptions", name, cut(s.value))
		}
	}
}

// transfer says how files are fetched.
func (b *debmirror) transfer(d *draft) {
	if s, ok := b.texts["timeout"]; ok {
		if n, err := strconv.Atoi(s.value); err == nil && n > 0 && n < 1<<20 {
			d.Transfer.Timeout = time.Duration(n) * time.Second
		}
	}
	if s, ok := b.texts["proxy"]; ok && s.value != "" {
		const key = "transfer.proxy"
		d.origins[key] = s.place
		address := s.value
		if !strings.Contains(address, "://") {
			address = "http://" + address
		}
		d.Transfer.Proxy = config.Secret(d.proxyAddress(s.place, key, address, "", setting{}))
	}
	if b.has("disable-ssl-verification") {
		d.lose(b.at(d, "disable-ssl-verification"), "transfer.ca", "certificates of servers are always checked: transfer.ca names the authority of one of your own")
	}
}

// rest tells of what has no counterpart.
func (b *debmirror) rest(d *draft, key string) {
	for _, s := range b.lists["ignore"] {
		d.lose(s.place, "keep", "ignore %s: only what was published here is ever removed", cut(s.value))
	}
	for _, s := range b.lists["rsync-extra"] {
		for _, extra := range splitList(s.value) {
			if extra != "trace" && extra != "none" {
				d.lose(s.place, key, "rsync-extra %s: what no root lists is not mirrored", cut(extra))
			}
		}
	}
	for name, what := range map[string]string{
		"nocleanup":              "packages that upstream no longer has go after keep.grace",
		"debmarshal":             "snapshots of the debmarshal kind are not kept",
		"ignore-missing-release": "an archive without Release cannot be mirrored",
		"ignore-small-errors":    "a full mirror is published whole or not at all",
		"max-batch":              "all that is missing is fetched in one run",
	} {
		if s, ok := b.texts[name]; ok && s.value != "0" {
			d.lose(s.place, "", "%s: %s", name, what)
		}
	}
}
