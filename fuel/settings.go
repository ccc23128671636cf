package fuel

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/mirrorkeeper/mirrorkeeper/config"
	"github.com/mirrorkeeper/mirrorkeeper/fuel/nailgun"
)

// Settings are the configuration of fuel-createmirror.
type Settings struct {
	Common
	Versions Versions
	Sources  []Source

	file  string
	lines map[string]int
}

// Common is what all jobs share.
type Common struct {
	Transfer Transfer
	// Server is the address of Fuel's server, Who asks it.
	Server string
	Who    nailgun.Credentials
	// Destination is the directory that is served, and BaseURL the address at which it is;
	// "" derives that from the server's.
	Destination, BaseURL string
	Architectures        Architectures
	Keys                 []string
	Trusted              bool
}

// Architectures are those to mirror, by format.
type Architectures map[string][]string

// Source is repositories that are below one address.
type Source struct {
	Name, System string
	Type         string   // "deb", "rpm"
	Masters      []string // names of sources of the same system
	BaseURL      string
	Path         string
	Repositories []string // "SUITE COMPONENT...", or directories
	Requirements []string
	Priority     *int
	Keys         []string
	Trusted      bool
}

// DefaultDestination is what Fuel's master node serves at port 8080.
const DefaultDestination = "/var/www/nailgun"

// ReadSettings reads a configuration of fuel-createmirror. Its mistakes are
// [config.Errors].
func ReadSettings(name string) (*Settings, error) {
	content, err := readFile(name)
	if err != nil {
		return nil, err
	}
	return ParseSettings(name, content)
}

// ParseSettings reads a configuration; the name stands in errors, and files are relative
// to its directory.
func ParseSettings(name string, content []byte) (*Settings, error) {
	s := &Settings{file: name, lines: map[string]int{}, Versions: Versions{}}
	s.Destination = DefaultDestination
	s.Transfer = Transfer{Connections: 8, IgnoreErrors: 2}
	f := &file{name: name}
	root := f.document(content)
	if root == nil && len(f.problems) == 0 {
		return nil, config.Errors{{File: name, Line: 1, Message: "the file says nothing (expected common, versions and sources)"}}
	}
	if root != nil {
		s.read(f, root)
	}
	return s, f.err()
}

// read takes what belongs into common and versions at the top, too: the first description
// of the file showed it so.
func (s *Settings) read(f *file, root *yaml.Node) {
	common := s.common(f)
	f.pairs(root, "", func(name, key string, at, n *yaml.Node) {
		read, isCommon := common[name]
		switch {
		case name == "common" && !isNull(n):
			f.mapping(n, key, common)
		case name == "versions" && !isNull(n):
			f.pairs(n, key, func(name, key string, _, n *yaml.Node) { s.version(f, name, key, n) })
		case name == "sources" && !isNull(n):
			f.items(n, key, func(key string, n *yaml.Node) { s.source(f, key, n) })
		case name == "common" || name == "versions" || name == "sources":
		case isCommon && isNull(n):
		case isCommon:
			read(key, n)
		case strings.HasSuffix(name, "_version"):
			s.version(f, name, key, n)
		default:
			f.problem(at, key, "is not known here (expected common, versions and sources)")
		}
	})
	if len(s.Sources) == 0 && len(f.problems) == 0 {
		f.problem(root, "sources", "is missing or empty (expected a list of sources)")
	}
	s.check(f, root)
}

func (s *Settings) common(f *file) fields {
	ignore := 0
	return fields{
		"thread_num":         f.number(&ignore, 1), // files are read while they come: there is one pool
		"connection_count":   f.number(&s.Transfer.Connections, 1),
		"ignore_error_count": f.number(&s.Transfer.IgnoreErrors, 0),
		"retries_num":        f.number(&s.Transfer.Retries, 0),
		"http_proxy":         f.secret(&s.Transfer.HTTPProxy),
		"https_proxy":        f.secret(&s.Transfer.HTTPSProxy),
		"fuel_url":           f.text(&s.Server),
		"fuel_user":          f.text(&s.Who.User),
		"fuel_password":      f.text(&s.Who.Password),
		"fuel_tenant":        f.text(&s.Who.Tenant),
		"destination":        f.directory(&s.Destination),
		"base_url":           f.text(&s.BaseURL),
		"architectures":      f.architectures(&s.Architectures),
		"keys":               f.files(&s.Keys),
		"trusted":            f.flag(&s.Trusted),
	}
}

func (f *file) secret(to *config.Secret) func(key string, n *yaml.Node) {
	return func(key string, n *yaml.Node) {
		var text string
		f.text(&text)(key, n)
		*to = config.Secret(strings.TrimSuffix(text, ","))
	}
}

// architectures reads {deb: [amd64], yum: [x86_64]}.
func (f *file) architectures(to *Architectures) func(key string, n *yaml.Node) {
	return func(key string, n *yaml.Node) {
		var deb, rpm []string
		f.mapping(n, key, fields{"deb": f.texts(&deb), "rpm": f.texts(&rpm), "yum": f.texts(&rpm)})
		*to = Architectures{"deb": deb, "rpm": rpm}
	}
}

// of are the architectures of a format.
func (a Architectures) of(format string) []string {
	switch {
	case len(a[format]) > 0:
		return a[format]
	case format == "deb":
		return []string{"amd64"}
	}
	return []string{"x86_64"}
}

func (s *Settings) version(f *file, name, key string, n *yaml.Node) {
	if isNull(n) {
		return
	}
	var text string
	f.text(&text)(key, n)
	s.Versions[name] = strings.TrimSuffix(text, ",")
}

func (s *Settings) source(f *file, key string, n *yaml.Node) {
	var x Source
	priority := -1
	f.mapping(n, key, fields{
		"name": f.text(&x.Name), "osname": f.text(&x.System), "type": f.text(&x.Type), "master": f.texts(&x.Masters),
		"baseurl": f.text(&x.BaseURL), "path": f.text(&x.Path),
		"repositories": f.texts(&x.Repositories), "requirements": f.texts(&x.Requirements),
		"priority": f.number(&priority, 0), "keys": f.files(&x.Keys), "trusted": f.flag(&x.Trusted),
	})
	if priority >= 0 {
		x.Priority = &priority
	}
	if n := resolve(n); n.Kind == yaml.MappingNode {
		s.lines[key] = n.Line
		for i := 0; i+1 < len(n.Content); i += 2 {
			s.lines[key+"."+n.Content[i].Value] = n.Content[i].Line
		}
	}
	s.Sources = append(s.Sources, x)
}

// at notes a mistake in a field of a source.
func (s *Settings) at(f *file, i int, field, format string, args ...any) {
	key := fmt.Sprintf("sources[%d]", i)
	line := s.lines[key]
	if n, ok := s.lines[key+"."+field]; ok {
		line = n
	}
	f.problem(&yaml.Node{Line: line}, key+"."+field, format, args...)
}

// check finds what is wrong with sources that could be read.
func (s *Settings) check(f *file, root *yaml.Node) {
	if len(f.problems) > 0 {
		return
	}
	for i := range s.Sources {
		x := &s.Sources[i]
		for name, value := range map[string]string{"name": x.Name, "osname": x.System, "type": x.Type, "baseurl": x.BaseURL} {
			if value == "" {
				s.at(f, i, name, "is missing")
			}
		}
		switch x.Type {
		case "", "deb", "rpm":
		case "yum":
			x.Type = "rpm"
		default:
			s.at(f, i, "type", "is no type of repositories (expected deb or yum, seen %q)", cut(x.Type))
		}
		if len(x.Repositories) == 0 {
			s.at(f, i, "repositories", "is missing (expected %s)", map[bool]string{true: `lines such as "trusty main universe"`, false: "directories such as os"}[x.Type != "rpm"])
		}
		for _, line := range x.Repositories {
			if words := strings.Fields(line); x.Type == "deb" && len(words) < 2 && !strings.HasSuffix(line, "/") {
				s.at(f, i, "repositories", "%q has no components (expected such as \"trusty main universe\"; names of packages belong into requirements)", cut(line))
			}
		}
		for _, name := range x.Requirements {
			if _, err := config.ParseSeed(name); err != nil {
				s.at(f, i, "requirements", "%v", err)
			}
		}
		if x.Path != "" && (path.IsAbs(x.Path) || path.Clean(x.Path) != x.Path || x.Path == ".." || strings.HasPrefix(x.Path, "../")) {
			s.at(f, i, "path", "is no clean path below the destination (seen %q)", cut(x.Path))
		}
		for j, y := range s.Sources[:i] {
			if x.Name == y.Name && x.System == y.System {
				s.at(f, i, "name", "%q of %s is sources[%d] already", x.Name, x.System, j)
			}
		}
		for _, master := range x.Masters {
			if !slices.ContainsFunc(s.Sources, func(y Source) bool { return y.Name == master && y.System == x.System && y.Name != x.Name }) {
				s.at(f, i, "master", "there is no other source %q of %s", cut(master), x.System)
			}
		}
	}
}

// Missing are the words in braces that have no value yet: Fuel's server may know them.
func (s *Settings) Missing() []string {
	missing := map[string]bool{}
	for _, x := range s.Sources {
		for _, text := range append([]string{x.BaseURL, x.Path}, append(slices.Clone(x.Repositories), x.Requirements...)...) {
			for _, name := range s.Versions.Missing(text) {
				missing[name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(missing))
}

// Groups makes groups of the sources, with all words in braces filled.
func (s *Settings) Groups() ([]Group, error) {
	f := &file{name: s.file}
	var groups []Group
	for i, x := range s.Sources {
		groups = append(groups, s.group(f, i, x))
	}
	return groups, f.err()
}

func (s *Settings) group(f *file, i int, x Source) Group {
	expand := func(field, text string) string {
		out, err := s.Versions.Expand(text)
		if err != nil {
			s.at(f, i, field, "%v", err)
		}
		return out
	}
	g := Group{Name: systemName(x.System, x.Name), System: x.System}
	for _, master := range x.Masters {
		g.Masters = append(g.Masters, systemName(x.System, master))
	}
	for _, name := range x.Requirements {
		g.Requirements = append(g.Requirements, expand("requirements", name))
	}
	base := strings.TrimRight(expand("baseurl", x.BaseURL), "/")
	if err := CheckURL(base); err != nil && len(f.problems) == 0 {
		s.at(f, i, "baseurl", "%v", err)
	}
	dir := expand("path", x.Path)
	if dir == "" {
		if dir = pathOf(base); dir == "" {
			dir = g.Name
		}
	}
	var lines []string
	for _, line := range x.Repositories {
		lines = append(lines, expand("repositories", line))
	}
	first := ""
	for n, line := range lines {
		r := Repository{
			Type: x.Type, URL: base, Path: dir, Priority: x.Priority, Main: n == 0 && len(x.Masters) > 0,
			Architectures: s.Architectures.of(x.Type), Keys: append(slices.Clone(s.Keys), x.Keys...), Trusted: s.Trusted || x.Trusted,
		}
		if x.Type == "deb" {
			words := strings.Fields(line)
			if len(words) == 0 {
				s.at(f, i, "repositories", "has an empty line")
				continue
			}
			if n == 0 {
				first = words[0]
			}
			r.Suite, r.Components = words[0], words[1:]
			r.Name = entryName(x.Name, r.Suite, first)
			if r.Priority == nil {
				r.Priority = mosPriority(r.Name)
			}
		} else {
			below := strings.Trim(line, "/")
			r.URL, r.Path = base+"/"+below, path.Join(dir, below)
			r.Name = directoryName(x.Name, below)
		}
		g.Repositories = append(g.Repositories, r)
	}
	return g
}

// entryName is the name of a suite's entry: the source's, with what the suite has behind
// the first one, so that trusty and trusty-updates become ubuntu and ubuntu-updates.
func entryName(source, suite, first string) string {
	if rest, ok := strings.CutPrefix(suite, first); ok && (rest == "" || rest[0] == '-') {
		return source + rest
	}
	return source + "-" + strings.Trim(suite, "/.")
}

// directoryName is the name of a directory's entry: the source's alone for os.
func directoryName(source, dir string) string {
	name := dir
	if parent, last := path.Split(dir); parent != "" && slices.Contains([]string{"x86_64", "i386", "i686", "aarch64", "$basearch"}, last) {
		name = strings.Trim(parent, "/")
	}
	if name == "os" || name == "" {
		return source
	}
	return source + "-" + strings.ReplaceAll(name, "/", "-")
}

// mosPriority is the priority that Fuel gives entries of its own (fixtures of nailgun).
func mosPriority(name string) *int {
	p := 1050
	switch {
	case name == "mos-holdback":
		p = 1100
	case name != "mos" && !strings.HasPrefix(name, "mos-"):
		return nil
	}
	return &p
}
