package fuel

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/mirrorkeeper/mirrorkeeper/config"
	"github.com/mirrorkeeper/mirrorkeeper/fuel/nailgun"
)

// GroupFile is an input of fuel-mirror: repositories in groups.
type GroupFile struct {
	System       string
	Match        ReleaseMatch
	Groups       []FileGroup
	Inheritance  map[string]string   // group to the one whose needs it serves
	Requirements map[string][]string // by group

	file string
}

// FileGroup is a group of an input.
type FileGroup struct {
	Name         string
	Repositories []FileRepository
}

// FileRepository is a repository as Fuel's server has it, with main where it is the
// system's own.
type FileRepository struct {
	Name, URI, Suite, Section, Type string
	Priority                        *int
	Main                            bool

	line int
}

// ReleaseMatch says of a release of the server that all of these fields have these
// values: version, operating_system, name, state.
type ReleaseMatch map[string]string

// Matches reports whether it is so.
func (m ReleaseMatch) Matches(r nailgun.Release) bool {
	is := map[string]string{"version": r.Version, "operating_system": r.OperatingSystem, "name": r.Name, "state": r.State}
	for field, value := range m {
		if is[field] != value {
			return false
		}
	}
	return true
}

// ReadGroupFile reads an input of fuel-mirror. Its mistakes are [config.Errors].
func ReadGroupFile(name string) (*GroupFile, error) {
	content, err := readFile(name)
	if err != nil {
		return nil, err
	}
	return ParseGroupFile(name, content)
}

// ParseGroupFile reads an input; the name stands in errors.
func ParseGroupFile(name string, content []byte) (*GroupFile, error) {
	g := &GroupFile{file: name, Match: ReleaseMatch{}, Inheritance: map[string]string{}, Requirements: map[string][]string{}}
	f := &file{name: name}
	root := f.document(content)
	if root == nil && len(f.problems) == 0 {
		return nil, config.Errors{{File: name, Line: 1, Message: "the file says nothing (expected repos and groups)"}}
	}
	if root != nil {
		g.read(f, root)
	}
	return g, f.err()
}

func (g *GroupFile) read(f *file, root *yaml.Node) {
	var repositories []FileRepository
	f.mapping(root, "", fields{
		"osname": f.text(&g.System),
		"fuel_release_match": func(key string, n *yaml.Node) {
			f.pairs(n, key, func(name, key string, at, n *yaml.Node) {
				if !slices.Contains([]string{"version", "operating_system", "name", "state"}, name) {
					f.problem(at, key, "is no field that a release is chosen by (expected version, operating_system, name or state)")
					return
				}
				var text string
				f.text(&text)(key, n)
				g.Match[name] = text
			})
		},
		"repos": func(key string, n *yaml.Node) {
			f.items(n, key, func(key string, n *yaml.Node) { repositories = append(repositories, g.repository(f, key, n)) })
		},
		"groups": func(string, *yaml.Node) {}, // below, when repos are known
		"inheritance": func(key string, n *yaml.Node) {
			f.pairs(n, key, func(name, key string, _, n *yaml.Node) {
				var text string
				f.text(&text)(key, n)
				g.Inheritance[name] = text
			})
		},
		"requirements": func(key string, n *yaml.Node) {
			f.pairs(n, key, func(name, key string, _, n *yaml.Node) {
				var list []string
				f.texts(&list)(key, n)
				g.Requirements[name] = list
				for _, text := range list {
					if _, err := config.ParseSeed(text); err != nil {
						f.problem(n, key, "%v", err)
					}
				}
			})
		},
	})
	g.groups(f, root, repositories)
	g.check(f, root)
}

// groups reads the groups: repositories, or the names of some of repos. Without any, all
// are one group.
func (g *GroupFile) groups(f *file, root *yaml.Node, repositories []FileRepository) {
	if resolve(root).Kind != yaml.MappingNode {
		return
	}
	f.pairs(root, "", func(name, key string, _, n *yaml.Node) {
		if name != "groups" || isNull(n) {
			return
		}
		f.pairs(n, key, func(name, key string, at, n *yaml.Node) {
			group := FileGroup{Name: name}
			f.items(n, key, func(key string, n *yaml.Node) {
				if n.Kind == yaml.MappingNode {
					group.Repositories = append(group.Repositories, g.repository(f, key, n))
					return
				}
				i := slices.IndexFunc(repositories, func(r FileRepository) bool { return r.Name == n.Value })
				if i < 0 {
					f.problem(n, key, "there is no %q among repos", cut(n.Value))
					return
				}
				group.Repositories = append(group.Repositories, repositories[i])
			})
			if len(group.Repositories) == 0 {
				f.problem(at, key, "has no repositories")
			}
			g.Groups = append(g.Groups, group)
		})
	})
	if len(g.Groups) == 0 && len(repositories) > 0 {
		g.Groups = []FileGroup{{Name: "default", Repositories: repositories}}
	}
}

func (g *GroupFile) repository(f *file, key string, n *yaml.Node) FileRepository {
	r := FileRepository{line: n.Line}
	priority := -1
	var section []string
	f.mapping(n, key, fields{
		"name": f.text(&r.Name), "uri": f.text(&r.URI), "suite": f.text(&r.Suite), "type": f.text(&r.Type),
		"section": f.texts(&section), "priority": f.number(&priority, 0), "main": f.flag(&r.Main),
	})
	r.Section = strings.Join(section, " ")
	if priority >= 0 {
		r.Priority = &priority
	}
	switch {
	case r.Type == "" && r.Suite != "":
		r.Type = "deb"
	case r.Type == "" || r.Type == "yum":
		r.Type = "rpm"
	case r.Type != "deb" && r.Type != "rpm":
		f.problem(n, key+".type", "is no type of repositories (expected deb or rpm, seen %q)", cut(r.Type))
	}
	if r.Name == "" || r.URI == "" || r.Type == "deb" && r.Suite == "" {
		f.problem(n, key, "lacks its name, its uri or its suite")
	}
	return r
}

func (g *GroupFile) check(f *file, root *yaml.Node) {
	if len(f.problems) > 0 {
		return
	}
	if len(g.Groups) == 0 {
		f.problem(root, "groups", "is missing or empty (expected groups of repositories)")
	}
	known := func(key, name string) {
		if !slices.ContainsFunc(g.Groups, func(x FileGroup) bool { return x.Name == name }) {
			f.problem(root, key, "there is no group %q", cut(name))
		}
	}
	for _, child := range slices.Sorted(maps.Keys(g.Inheritance)) {
		known("inheritance", child)
		known("inheritance."+child, g.Inheritance[child])
	}
	for _, group := range slices.Sorted(maps.Keys(g.Requirements)) {
		known("requirements", group)
	}
}

// dollar is a word that is filled, as Python's templates write it.
var dollar = regexp.MustCompile(`\$(?:\{([a-z_]+)\}|([a-z_]+))`)

// fill replaces words such as $mos_version; $basearch and others of dnf stay.
func (v Versions) fill(text string) (string, error) {
	var missing error
	out := dollar.ReplaceAllStringFunc(text, func(w string) string {
		name := strings.Trim(w, "${}")
		value, known := v[name]
		switch {
		case known && value != "":
			return value
		case strings.HasSuffix(name, "_version"):
			missing = fmt.Errorf("there is no value for %s", w)
		}
		return w
	})
	return out, missing
}

// Resolve makes groups of the file, with all words filled, and the match of releases. Keys
// and architectures are those that all have in common.
func (g *GroupFile) Resolve(v Versions, c Common) ([]Group, ReleaseMatch, error) {
	f := &file{name: g.file}
	fill := func(line int, key, text string) string {
		out, err := v.fill(text)
		if err != nil {
			f.problem(&yaml.Node{Line: line}, key, "%v", err)
		}
		return out
	}
	match := ReleaseMatch{}
	for name, text := range g.Match {
		match[name] = fill(1, "fuel_release_match."+name, text)
	}
	system := strings.ToLower(g.System)
	if system == "" {
		system = strings.ToLower(match["operating_system"])
	}
	if system == "" {
		system = "ubuntu"
	}
	var groups []Group
	for _, x := range g.Groups {
		out := Group{Name: systemName(system, x.Name), System: system, Requirements: g.Requirements[x.Name]}
		if parent := g.Inheritance[x.Name]; parent != "" {
			out.Masters = []string{systemName(system, parent)}
		}
		for _, r := range x.Repositories {
			y := Repository{
				Name: r.Name, Type: r.Type, URL: strings.TrimRight(fill(r.line, "uri", r.URI), "/"), Suite: fill(r.line, "suite", r.Suite),
				Components: strings.Fields(fill(r.line, "section", r.Section)), Priority: r.Priority, Main: r.Main,
				Architectures: c.Architectures.of(r.Type), Keys: slices.Clone(c.Keys), Trusted: c.Trusted,
			}
			if err := CheckURL(y.URL); err != nil {
				f.problem(&yaml.Node{Line: r.line}, "uri", "%v", err)
			}
			if y.Path = pathOf(y.URL); y.Path == "" {
				y.Path = path.Join(out.Name, r.Name)
			}
			out.Repositories = append(out.Repositories, y)
		}
		groups = append(groups, out)
	}
	return groups, match, f.err()
}

// MirrorSettings are the configuration of fuel-mirror.
type MirrorSettings struct {
	Common
	PatternDir string
}

// The places that fuel-mirror has by default.
const (
	DefaultPatternDir = "/usr/share/fuel-mirror"
	DefaultMirrorDir  = "/var/www/nailgun/mirrors"
)

// ReadMirrorSettings reads a configuration of fuel-mirror.
func ReadMirrorSettings(name string) (*MirrorSettings, error) {
	content, err := readFile(name)
	if err != nil {
		return nil, err
	}
	s := NewMirrorSettings()
	f := &file{name: name}
	if root := f.document(content); root != nil {
		ignore := 0
		f.mapping(root, "", fields{
			"threads_num": f.number(&s.Transfer.Connections, 1), "ignore_errors_num": f.number(&s.Transfer.IgnoreErrors, 0),
			"retries_num": f.number(&s.Transfer.Retries, 0), "retry_interval": f.number(&ignore, 0),
			"http_proxy": f.secret(&s.Transfer.HTTPProxy), "https_proxy": f.secret(&s.Transfer.HTTPSProxy),
			"target_dir": f.directory(&s.Destination), "pattern_dir": f.directory(&s.PatternDir), "base_url": f.text(&s.BaseURL),
			"fuel_server": f.text(&s.Server), "fuel_user": f.text(&s.Who.User), "fuel_password": f.text(&s.Who.Password),
			"keys": f.files(&s.Keys), "trusted": f.flag(&s.Trusted), "architectures": f.architectures(&s.Architectures),
		})
	}
	if s.Server != "" && !strings.Contains(s.Server, "://") {
		s.Server = "http://" + s.Server + ":8000"
	}
	return s, f.err()
}

// NewMirrorSettings are the defaults.
func NewMirrorSettings() *MirrorSettings {
	return &MirrorSettings{Common: Common{Destination: DefaultMirrorDir, Transfer: Transfer{IgnoreErrors: 2}}, PatternDir: DefaultPatternDir}
}
