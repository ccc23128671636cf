package switching

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/config"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// mirrorList is the configuration of apt-mirror, mirror.list: what its variables are set
// to, which suites are mirrored, and what is cleaned. apt-mirror2 reads further words,
// which it calls options of a repository.
type mirrorList struct {
	variables map[string]setting
	lines     []debLine
	clean     []setting // addresses
	skipClean []setting
	options   []listOption
}

// setting is a value and where it stands.
type setting struct {
	place
	value string
}

// listOption is an option for an archive, in apt-mirror2's mirror.list.
type listOption struct {
	place
	name, uri string
	values    []string
}

// dialect is what the two programs read differently.
type dialect struct {
	options map[string]bool // words that begin a line with an option of an archive
	suites  bool            // several suites on a line, with commas between
}

var (
	debPattern = regexp.MustCompile(`^(deb-src|deb)(?:-([\w-]+))?[\t ]+(?:\[([^\]]*)\][\t ]+)?(\S+)[\t ]+(\S.*)$`)
	setPattern = regexp.MustCompile(`^set[\t ]+(\S+)[\t ]+("[^"]+"|'[^']+'|\S+)`)
)

// defaults are those of apt-mirror(1).
var listDefaults = map[string]string{
	"base_path": "/var/spool/apt-mirror", "mirror_path": "$base_path/mirror", "skel_path": "$base_path/skel", "var_path": "$base_path/var",
	"cleanscript": "$var_path/clean.sh", "postmirror_script": "$var_path/postmirror.sh",
}

// parseMirrorList adds what a file says.
func (l *mirrorList) parse(f File, read dialect, architecture string) error {
	number := 0
	for line := range strings.Lines(string(f.Content)) {
		number++
		at := place{f.Name, number}
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		word, rest, _ := strings.Cut(strings.ReplaceAll(line, "\t", " "), " ")
		switch {
		case word == "set":
			m := setPattern.FindStringSubmatch(line)
			if m == nil {
				return at.fail("set has no value (expected set VARIABLE VALUE)")
			}
			l.variables[m[1]] = setting{at, strings.Trim(m[2], `"'`)}
		case word == "clean" || word == "skip-clean":
			fields := strings.Fields(rest)
			if len(fields) == 0 {
				return at.fail("%s names no archive (expected %s URI)", word, word)
			}
			s := setting{at, fields[0]}
			if word == "clean" {
				l.clean = append(l.clean, s)
			} else {
				l.skipClean = append(l.skipClean, s)
			}
		case read.options[word]:
			fields := strings.Fields(rest)
			if len(fields) == 0 {
				return at.fail("%s names no archive (expected %s URI VALUE...)", word, word)
			}
			l.options = append(l.options, listOption{at, word, fields[0], fields[1:]})
		case debPattern.MatchString(line):
			if err := l.deb(at, debPattern.FindStringSubmatch(line), read); err != nil {
				return err
			}
		default:
			return at.fail("%q begins no line of mirror.list (expected such as deb URI SUITE COMPONENT...)", cut(word))
		}
	}
	return nil
}

// deb reads a line that names a suite.
func (l *mirrorList) deb(at place, m []string, read dialect) error {
	d := debLine{place: at, uri: strings.TrimRight(m[4], "/"), source: m[1] == "deb-src"}
	if m[2] != "" {
		d.architectures = []string{m[2]}
	}
	for _, option := range strings.Fields(m[3]) {
		name, value, _ := strings.Cut(option, "=")
		switch name {
		case "arch":
			d.architectures = splitList(value)
		case "signed-by":
			d.signedBy = splitList(value)
		case "by-hash", "trusted", "lang", "target", "check-valid-until", "allow-insecure":
			// The first has no meaning here, the others had none.
		default:
			return at.fail("the option %q is unknown", cut(name))
		}
	}
	for _, a := range d.architectures {
		if a != "src" && !architectureName.MatchString(a) {
			return at.fail("%q is no architecture (expected such as amd64)", cut(a))
		}
	}
	fields := strings.Fields(m[5])
	for i, field := range fields {
		if strings.HasPrefix(field, "#") {
			fields = fields[:i]
			break
		}
	}
	if len(fields) == 0 {
		return at.fail("the line names no suite (expected deb URI SUITE COMPONENT...)")
	}
	suites := []string{fields[0]}
	if read.suites {
		suites = splitList(fields[0])
	}
	for _, suite := range suites {
		x := d
		x.suite, x.components = suite, fields[1:]
		if len(x.components) == 0 {
			x.suite = strings.TrimRight(suite, "/") + "/"
			if x.suite == "/" {
				x.suite = "./"
			}
		} else if strings.HasSuffix(suite, "/") {
			x.components = nil // apt ignores them, and finds no dists there
		}
		l.lines = append(l.lines, x)
	}
	return nil
}

var architectureName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*$`)

// splitList splits at commas.
func splitList(text string) (out []string) {
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// get is what a variable is set to, with others in it replaced.
func (l *mirrorList) get(name string) string {
	value := listDefaults[name]
	if s, ok := l.variables[name]; ok {
		value = s.value
	}
	for range 8 { // variables may lead to others, but not for ever
		if !strings.Contains(value, "$") {
			break
		}
		value = listVariable.ReplaceAllStringFunc(value, func(v string) string {
			if s, ok := l.variables[v[1:]]; ok {
				return s.value
			}
			return listDefaults[v[1:]]
		})
		if len(value) > 4096 {
			break
		}
	}
	return value
}

var listVariable = regexp.MustCompile(`\$\w+`)

func (l *mirrorList) on(name string) bool {
	value := strings.ToLower(l.variables[name].value)
	return value == "1" || value == "on" || value == "yes" || value == "true"
}

// at is where a variable is set.
func (l *mirrorList) at(d *draft, name string) place {
	if s, ok := l.variables[name]; ok {
		return s.place
	}
	return d.first
}

func importAptMirror(in Input) (*draft, error) {
	d, l, err := readMirrorList(in, dialect{})
	if err != nil {
		return nil, err
	}
	archives, err := l.mirrors(d, in)
	if err != nil {
		return nil, err
	}
	for _, a := range archives {
		d.trust(join("sources", a.name), in, "apt-mirror checked no signature: keys: [FILE] in the place of trusted checks them")
	}
	if rate := l.variables["limit_rate"]; rate.value != "" {
		// wget was given the limit, and nthreads of them ran.
		d.rate(rate, max(1, d.Transfer.Connections))
	}
	return d, nil
}

func readMirrorList(in Input, read dialect) (*draft, *mirrorList, error) {
	d := newDraft(in)
	l := &mirrorList{variables: map[string]setting{}}
	if len(in.Files) == 0 {
		return nil, nil, d.first.fail("no file is given (expected mirror.list)")
	}
	for _, f := range in.Files {
		if err := l.parse(f, read, in.Architecture); err != nil {
			return nil, nil, err
		}
	}
	if len(l.lines) == 0 {
		return nil, nil, d.first.fail("the file names no archive (expected a line such as deb URI SUITE COMPONENT...)")
	}
	return d, l, nil
}

// mirrors makes the sources and the mirrors, and what is alike for both programs.
func (l *mirrorList) mirrors(d *draft, in Input) ([]*debArchive, error) {
	architecture := l.get("defaultarch")
	if architecture == "" {
		architecture = in.Architecture
	}
	var lines []debLine
	for _, x := range l.lines {
		if x.path == "" {
			x.path = hostPath(x.uri)
		}
		if _, err := repo.CleanPath(x.path); err != nil {
			return nil, x.fail("%q is no path to publish at: %v", cut(x.path), err)
		}
		if slices.Contains(x.architectures, "src") {
			source := x
			source.source, source.architectures = true, nil
			lines = append(lines, source)
			x.architectures = without(x.architectures, []string{"src"})
			if len(x.architectures) == 0 {
				continue
			}
		}
		if len(x.architectures) == 0 && !x.source {
			x.architectures = []string{architecture}
		}
		lines = append(lines, x)
	}
	var include []string
	if contents, set := l.variables["_contents"]; !set || contents.value != "0" {
		include = []string{"contents"}
	}
	archives, err := d.archives(lines, include)
	if err != nil {
		return nil, err
	}
	for i, a := range archives {
		if len(d.Sources[i].Architectures) == 0 {
			d.Sources[i].Architectures = []string{architecture}
		}
		m := config.NewMirror(a.name)
		m.From, m.Path = []string{a.name}, a.path
		d.addMirror(a.place, m)
	}
	l.places(d, in)
	l.transfer(d)
	l.cleaning(d, archives)
	l.unknown(d)
	return archives, nil
}

// trust says what signatures are checked with. What was checked with nothing stays so.
func (d *draft) trust(key string, in Input, note string) {
	for i := range d.Sources {
		s := &d.Sources[i]
		switch {
		case join("sources", s.Name) != key || len(s.Keys) > 0:
		case len(in.Keys) > 0:
			s.Keys = in.Keys
		default:
			s.Trusted = true
			d.note(key+".trusted", "%s", note)
		}
	}
}

// places says where things are on this machine.
func (l *mirrorList) places(d *draft, in Input) {
	tree := l.get("mirror_path")
	d.adopt = []string{tree}
	d.Destination = tree
	if in.Destination != "" {
		d.Destination = in.Destination
	}
	d.origins["destination"] = l.at(d, "mirror_path")
	if !strings.HasPrefix(d.Destination, "/") {
		d.note("destination", "a path is relative to the directory of this file")
	}
	last := len(d.Mirrors) - 1
	_, named := l.variables["postmirror_script"]
	run, set := l.variables["run_postmirror"]
	script := l.get("postmirror_script")
	switch {
	case set && !l.on("run_postmirror"):
	case !set && !named:
		d.note("", "%s ran after each run, if it was there; run-after of a mirror names a program", script)
	default:
		at := run.place
		if !set {
			at = l.at(d, "postmirror_script")
		}
		d.Mirrors[last].RunAfter = []string{script}
		key := join("mirrors", d.Mirrors[last].Name) + ".run-after"
		d.origins[key] = at
		d.note(key, "it has to be executable; it ran once, after all archives")
	}
}

// transfer says how files are fetched.
func (l *mirrorList) transfer(d *draft) {
	if n, ok := l.variables["nthreads"]; ok {
		count, err := strconv.Atoi(n.value)
		if err != nil || count < 1 {
			d.lose(n.place, "transfer.connections", "nthreads %q is no number", cut(n.value))
		} else {
			d.Transfer.Connections = min(count, 1024)
			d.Transfer.PerHost = min(d.Transfer.Connections, d.Transfer.PerHost)
			d.origins["transfer.connections"] = n.place
		}
	}
	if l.on("use_proxy") {
		l.proxy(d)
	}
	if l.on("no_check_certificate") {
		d.lose(l.at(d, "no_check_certificate"), "transfer.ca", "certificates of servers are always checked: transfer.ca names the authority of one of your own")
	}
	for name, set := range map[string]func(path string){
		"ca_certificate": func(path string) { d.Transfer.CA = path },
		"certificate": func(path string) {
			for i := range d.Sources {
				d.Sources[i].ClientCert = path
			}
		},
		"private_key": func(path string) {
			for i := range d.Sources {
				d.Sources[i].ClientKey = path
			}
		},
		"http_user_agent": func(text string) { d.Transfer.UserAgent = text },
		"user_agent":      func(text string) { d.Transfer.UserAgent = text },
	} {
		if l.variables[name].value != "" {
			set(l.get(name))
		}
	}
}

func (l *mirrorList) proxy(d *draft) {
	const key = "transfer.proxy"
	proxy, secure := l.variables["http_proxy"], l.variables["https_proxy"]
	if proxy.value == "" {
		proxy = secure
	} else if secure.value != "" && secure.value != proxy.value {
		d.lose(secure.place, key, "https has a proxy of its own (%s); set it as the proxy of the sources that are reached by https", showAddress(secure.value))
	}
	if proxy.value == "" {
		return
	}
	address := proxy.value
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	d.origins[key] = proxy.place
	user, password := l.variables["proxy_user"].value, l.variables["proxy_password"]
	d.Transfer.Proxy = config.Secret(d.proxyAddress(proxy.place, key, address, user, password))
}

// cleaning tells what becomes of packages that upstream no longer has.
func (l *mirrorList) cleaning(d *draft, archives []*debArchive) {
	cleaned := map[string]bool{}
	for _, c := range l.clean {
		cleaned[hostPath(c.value)] = true
	}
	for _, a := range archives {
		if !cleaned[hostPath(a.lines[0].uri)] && !l.on("_autoclean") {
			d.note(join("mirrors", a.name), "there was no clean for it: packages that upstream no longer had stayed for ever; now they stay for keep.grace")
		}
	}
	for _, s := range l.skipClean {
		d.lose(s.place, "keep", "skip-clean %s: files that upstream no longer has go after keep.grace", showAddress(s.value))
	}
}

// silent are variables that need no counterpart: paths of its own files, and what is
// always so here.
var silentVariables = []string{
	"base_path", "mirror_path", "skel_path", "var_path", "cleanscript", "defaultarch", "postmirror_script", "run_postmirror",
	"nthreads", "limit_rate", "use_proxy", "http_proxy", "https_proxy", "proxy_user", "proxy_password", "auth_no_challenge",
	"no_check_certificate", "unlink", "_contents", "_autoclean", "_tilde", "_plus", "ca_certificate", "certificate", "private_key",
	"http_user_agent", "user_agent", "uvloop", "append_logs", "write_file_lists", "wipe_size_ratio", "wipe_count_ratio", "gpg_verify",
	"etc_netrc", "etc_trusted", "etc_trusted_parts", "release_files_retries", "slow_rate_protection", "slow_rate_startup", "slow_rate",
	"prometheus_enable", "prometheus_host", "prometheus_port",
}

// unknown tells of variables that are not known.
func (l *mirrorList) unknown(d *draft) {
	for _, name := range sortedKeys(l.variables) {
		if slices.Contains(silentVariables, name) {
			continue
		}
		d.lose(l.variables[name].place, "", "the variable %s is unknown", cut(name))
	}
}

// rate carries over a limit in wget's words: bytes a second, with k and m of 1024.
func (d *draft) rate(s setting, times int) {
	text := strings.ToLower(s.value)
	unit := int64(1)
	if n := len(text); n > 0 {
		switch text[n-1] {
		case 'k':
			text, unit = text[:n-1], 1<<10
		case 'm':
			text, unit = text[:n-1], 1<<20
		case 'g':
			text, unit = text[:n-1], 1<<30
		}
	}
	n, err := strconv.ParseFloat(text, 64)
	bytes := n * float64(unit) * float64(times)
	if err != nil || !(bytes >= 0 && bytes < 1<<60) {
		d.lose(s.place, "transfer.rate", "the limit %q is no rate", cut(s.value))
		return
	}
	d.Transfer.Rate = int64(bytes)
	d.origins["transfer.rate"] = s.place
}

// proxyAddress puts user and password into the address of a proxy.
func (d *draft) proxyAddress(at place, key, address, user string, password setting) string {
	scheme, rest, _ := strings.Cut(address, "://")
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		name, word, _ := strings.Cut(rest[:i], ":")
		rest = rest[i+1:]
		if user == "" {
			user = name
		}
		if word != "" {
			password = setting{at, word}
		}
	}
	login := ""
	if user != "" {
		login = plain(user)
		if password.value != "" {
			login += ":" + d.secret(password.place, key, "the password for the proxy", "PROXY_PASSWORD")
		}
		login += "@"
	}
	return scheme + "://" + login + plain(strings.TrimRight(rest, "/"))
}
