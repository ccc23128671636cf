package packetary

import (
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/config"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Options are those of packetary's command line.
type Options struct {
	// Type is deb or rpm, Architecture one in rpm's words.
	Type, Architecture string
	Destination, State string
	// Sources takes source packages, too.
	Sources bool
	// Errors that may be ignored, retries, and files fetched at once.
	Errors, Retries, Threads int
	HTTPProxy, HTTPSProxy    string
}

// Clone is a configuration with one mirror of the repositories.
type Clone struct {
	Config *config.Config
	// Merged are the repositories to make of picked packages, where several are put into
	// one path; else none, and the mirror publishes them all.
	Merged []Merged

	entries []entry
}

// Merged is a repository that is made of packages of one or several.
type Merged struct {
	// Path is where it is put, below the destination.
	Path string
	// Suite and Component are of deb; Flat is a repository without components.
	Suite, Component string
	Flat             bool
	// Architecture is in the format's words.
	Architecture string
	// Sources are the names of the configuration's sources.
	Sources []string
}

// entry says which source of the configuration has the packages of a repository.
type entry struct {
	repository Repository
	source     string
}

// mirrorName is the name of the mirror in the configuration, and of its record in the
// destination.
const mirrorName = "packetary"

// NewClone makes the configuration. Without requirements it is a full mirror.
func NewClone(repositories []Repository, q *Requirements, o Options) (*Clone, error) {
	c := &Clone{Config: config.New()}
	destination, err := filepath.Abs(o.Destination)
	if err != nil {
		return nil, err
	}
	c.Config.Destination, c.Config.State = destination, o.State
	if o.State == "" {
		c.Config.State = filepath.Join(destination, ".mirrorkeeper")
	}
	t := &c.Config.Transfer
	t.IgnoreErrors, t.Retries = max(o.Errors, 0), min(max(o.Retries, 0), 100)
	t.Connections = min(max(o.Threads, 1), 1024)
	t.PerHost = t.Connections
	m := config.NewMirror(mirrorName)
	m.Path = "."
	m.Sources = o.Sources && q != nil
	for _, r := range repositories {
		if err := c.add(r, o, q == nil); err != nil {
			return nil, err
		}
	}
	for _, s := range c.Config.Sources {
		m.From = append(m.From, s.Name)
	}
	c.Config.Mirrors = []config.Mirror{m}
	c.merge()
	if q == nil {
		return c, nil
	}
	for _, s := range q.Repositories {
		if !slices.ContainsFunc(c.entries, func(e entry) bool { return e.repository.Name == s.Repository }) {
			return nil, fmt.Errorf("%s:1: the requirements name the repository %q, which is not there", repositories[0].file, cut(s.Repository))
		}
	}
	return c, nil
}

// add adds a repository: as a source, or to that of the same suite.
func (c *Clone) add(r Repository, o Options, full bool) error {
	at, err := c.place(r)
	if err != nil {
		return err
	}
	address, err := sourceAddress(r)
	if err != nil {
		return err
	}
	s := config.NewSource(c.sourceName(r.Name))
	s.Type, s.URLs, s.Path, s.Trusted = o.Type, []string{address}, at, true
	s.Architectures = []string{o.Architecture}
	if o.Type == "deb" {
		s.Architectures = []string{debArchitecture(o.Architecture)}
		s.Suites, s.Components = []string{r.Suite}, r.Sections
		if len(r.Sections) == 0 {
			s.Suites = []string{flatSuite(r.Suite)}
		}
		s.Priority = r.Priority
		s.CheckValidUntil = false // packetary took what there was
		if full && o.Sources {
			s.Include = []string{"packages", "sources"}
		}
	} else if r.Priority != nil {
		priority := max(599-*r.Priority, 1)
		s.Priority = &priority
	}
	switch scheme, _, _ := strings.Cut(address, "://"); {
	case scheme == "http" && o.HTTPProxy != "":
		s.Proxy = config.Secret(o.HTTPProxy)
	case scheme == "https" && o.HTTPSProxy != "":
		s.Proxy = config.Secret(o.HTTPSProxy)
	}
	for i := range c.Config.Sources {
		x := &c.Config.Sources[i]
		if o.Type == "deb" && x.Path == s.Path && slices.Equal(x.URLs, s.URLs) && slices.Equal(x.Suites, s.Suites) && len(s.Components) > 0 {
			for _, component := range s.Components {
				if !slices.Contains(x.Components, component) {
					x.Components = append(x.Components, component)
				}
			}
			c.entries = append(c.entries, entry{r, x.Name})
			return nil
		}
	}
	c.Config.Sources = append(c.Config.Sources, s)
	c.entries = append(c.entries, entry{r, s.Name})
	return nil
}

// flatSuite is the suite of a flat repository, which ends in a slash.
func flatSuite(suite string) string {
	if suite = strings.TrimRight(suite, "/"); suite == "" {
		suite = "."
	}
	return suite + "/"
}

// sourceName is a name for a source that no other has.
func (c *Clone) sourceName(name string) string {
	clean := strings.Map(func(r rune) rune {
		if r < 128 && config.ValidName("a"+string(r)) {
			return r
		}
		return '-'
	}, name)
	clean = strings.TrimLeft(clean, "._+-")
	if clean == "" {
		clean = "repository"
	}
	unique := clean
	for n := 2; c.Config.Source(unique) != nil; n++ {
		unique = fmt.Sprintf("%s-%d", clean, n)
	}
	return unique
}

// place is where a repository is put, below the destination.
func (c *Clone) place(r Repository) (string, error) {
	at := r.Path
	if at == "" {
		u, err := url.Parse(r.URI)
		if err != nil {
			return "", r.fail("%q is no address", cut(r.URI))
		}
		at = strings.Trim(u.Path, "/")
	}
	if filepath.IsAbs(at) {
		relative, err := filepath.Rel(c.Config.Destination, at)
		if err != nil || relative == ".." || strings.HasPrefix(relative, "../") {
			return "", r.fail("the path %s is outside of the destination %s (expected one below it)", cut(at), c.Config.Destination)
		}
		at = relative
	}
	at = path.Clean(at)
	if at == ".." || strings.HasPrefix(at, "../") || strings.ContainsAny(at, "\\\x00") {
		return "", r.fail("the path %s is outside of the destination (expected one below it)", cut(at))
	}
	return at, nil
}

// sourceAddress is the address of a repository; a path is that of a file.
func sourceAddress(r Repository) (string, error) {
	text := r.URI
	if strings.HasPrefix(text, "/") || strings.HasPrefix(text, ".") {
		file, err := filepath.Abs(text)
		if err != nil {
			return "", err
		}
		text = (&url.URL{Scheme: "file", Path: file}).String()
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "file" || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "file" && u.Host == "" {
		return "", r.fail("the uri of %s is no address of http, https or file", cut(r.Name))
	}
	return strings.TrimRight(text, "/"), nil
}

// debArchitecture is an architecture of rpm in Debian's words.
func debArchitecture(name string) string {
	switch name {
	case "x86_64":
		return "amd64"
	case "aarch64":
		return "arm64"
	}
	return name
}

// merge finds repositories that are put into one path. A mirror cannot publish these as
// they are, so they are made anew of the packages of all of them, and so are the others.
func (c *Clone) merge() {
	var all []Merged
	shared := false
	for _, s := range c.Config.Sources {
		m := Merged{Path: s.Path, Flat: s.Type == "deb" && len(s.Components) == 0, Architecture: s.Architectures[0]}
		if s.Type == "deb" {
			m.Suite = s.Suites[0]
		}
		for _, m.Component = range parts(s.Components) {
			i := slices.IndexFunc(all, func(x Merged) bool { return x.Path == m.Path && x.Suite == m.Suite && x.Component == m.Component })
			if i < 0 {
				i = len(all)
				all = append(all, m)
			} else {
				shared = true
			}
			all[i].Sources = append(all[i].Sources, s.Name)
		}
		shared = shared || slices.ContainsFunc(all, func(x Merged) bool {
			return x.Path == m.Path && x.Suite == m.Suite && !slices.Contains(x.Sources, s.Name)
		})
	}
	if !shared {
		return
	}
	c.Merged = all
	for i := range c.Config.Sources { // to look at only
		c.Config.Sources[i].Path = c.Config.Sources[i].Name
	}
}

// parts are the components, or one without a name where there are none.
func parts(components []string) []string {
	if len(components) == 0 {
		return []string{""}
	}
	return components
}

// Holds reports whether a package is one of the repository.
func (m Merged) Holds(p *repo.Package) bool {
	return slices.Contains(m.Sources, p.Repository.Source.Name) && (m.Component == "" || component(p) == m.Component)
}

// component is that of a deb package, "" in a flat repository: its index is
// dists/SUITE/COMPONENT/binary-ARCHITECTURE/Packages.
func component(p *repo.Package) string {
	if len(p.Listed) == 0 || len(p.Repository.Source.Suites) == 0 {
		return ""
	}
	inside, ok := strings.CutPrefix(p.Listed[0].Index, "dists/"+p.Repository.Source.Suites[0]+"/")
	if dir := path.Dir(path.Dir(inside)); ok && dir != "." {
		return dir
	}
	return ""
}
