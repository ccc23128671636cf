package fuel

import (
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/config"
)

// Transfer is how files are fetched.
type Transfer struct {
	Connections  int
	Retries      int
	IgnoreErrors int
	// HTTPProxy and HTTPSProxy are for addresses of that scheme; "" leaves it to the
	// environment.
	HTTPProxy, HTTPSProxy config.Secret
}

// Plan is what is mirrored, and what Fuel's server is told of it.
type Plan struct {
	Config *config.Config
	// Entries are the repositories of each system, in order.
	Entries map[string][]Entry
	// Unchecked are the sources whose signatures nobody can check, since no keys are named.
	Unchecked []string
}

// PlanOptions say how groups are mirrored.
type PlanOptions struct {
	// Destination is the directory that is served, BaseURL the address at which it is.
	Destination string
	BaseURL     string
	// Partial mirrors only what requirements and masters need, where a group has any.
	Partial  bool
	Transfer Transfer
}

// NewPlan makes a plan of the chosen groups, of all that there are.
func NewPlan(all, chosen []Group, o PlanOptions) (*Plan, error) {
	destination, err := filepath.Abs(o.Destination)
	if err != nil {
		return nil, err
	}
	b := planner{all: all, o: o, c: config.New()}
	b.c.Destination, b.c.State = destination, filepath.Join(destination, ".mirrorkeeper")
	if o.Transfer.Connections > 0 {
		b.c.Transfer.Connections, b.c.Transfer.PerHost = o.Transfer.Connections, o.Transfer.Connections
	}
	if o.Transfer.Retries > 0 {
		b.c.Transfer.Retries = o.Transfer.Retries
	}
	b.c.Transfer.IgnoreErrors = o.Transfer.IgnoreErrors
	var partial []Group
	for _, g := range chosen {
		if o.Partial && b.isPartial(g) {
			partial = append(partial, g)
		} else {
			b.mirror([]Group{g})
		}
	}
	for _, together := range bySystem(partial) {
		b.needs(b.mirror(together), together)
	}
	if len(b.c.Mirrors) == 0 {
		return nil, fmt.Errorf("nothing is chosen; there are the groups %s", names(all))
	}
	if err := b.checkPaths(); err != nil {
		return nil, err
	}
	plan := &Plan{Config: b.c, Entries: map[string][]Entry{}, Unchecked: b.unchecked}
	for _, g := range chosen {
		for _, r := range g.Repositories {
			plan.Entries[g.System] = append(plan.Entries[g.System], r.entry(o.BaseURL))
		}
	}
	return plan, nil
}

func names(groups []Group) string {
	var out []string
	for _, g := range groups {
		out = append(out, g.Name)
	}
	return strings.Join(out, ", ")
}

// planner puts the configuration together.
type planner struct {
	all []Group
	o   PlanOptions
	c   *config.Config

	unchecked []string
}

// isPartial reports whether a partial mirror of the group holds less than all: what
// others are the masters of, and what nobody asks anything of, is mirrored whole.
func (b *planner) isPartial(g Group) bool {
	if len(g.Masters) > 0 {
		return true
	}
	isMaster := slices.ContainsFunc(b.all, func(x Group) bool { return slices.Contains(x.Masters, g.Name) })
	return !isMaster && len(g.Requirements) > 0
}

// bySystem puts groups together whose packages may need each other's.
func bySystem(groups []Group) (out [][]Group) {
	for _, g := range groups {
		i := slices.IndexFunc(out, func(x []Group) bool {
			return x[0].System == g.System && x[0].Repositories[0].Type == g.Repositories[0].Type
		})
		if i < 0 {
			out = append(out, []Group{g})
		} else {
			out[i] = append(out[i], g)
		}
	}
	return out
}

// mirror adds a mirror of some groups, named after the first of them.
func (b *planner) mirror(groups []Group) *config.Mirror {
	m := config.NewMirror(groups[0].Name)
	m.Path = commonPath(groups)
	for _, g := range groups {
		for _, r := range g.Repositories {
			s := b.source(g, r)
			s.Path = "."
			if r.Path != m.Path {
				s.Path = strings.TrimPrefix(r.Path, strings.TrimPrefix(m.Path+"/", "./"))
			}
			m.From = append(m.From, s.Name)
		}
	}
	b.c.Mirrors = append(b.c.Mirrors, m)
	return &b.c.Mirrors[len(b.c.Mirrors)-1]
}

// commonPath is the directory that holds all repositories of some groups.
func commonPath(groups []Group) string {
	common := groups[0].Repositories[0].Path
	for _, g := range groups {
		for _, r := range g.Repositories {
			for common != "." && r.Path != common && !strings.HasPrefix(r.Path, common+"/") {
				common = path.Dir(common)
			}
		}
	}
	return common
}

// source is the source of a repository, which is made once.
func (b *planner) source(g Group, r Repository) *config.Source {
	name := g.source(r)
	if s := b.c.Source(name); s != nil {
		return s
	}
	s := config.NewSource(name)
	s.Type, s.URLs = r.Type, []string{strings.TrimRight(r.URL, "/")}
	if r.Type == "deb" {
		s.Suites, s.Components = []string{r.Suite}, r.Components
	}
	s.Architectures, s.Priority, s.Keys, s.Trusted = r.Architectures, priorityOf(r), r.Keys, r.Trusted
	if len(s.Keys) == 0 && !s.Trusted {
		s.Trusted = true
		b.unchecked = append(b.unchecked, name)
	}
	s.Proxy = b.o.Transfer.HTTPProxy
	if strings.HasPrefix(r.URL, "https:") {
		s.Proxy = b.o.Transfer.HTTPSProxy
	}
	b.c.Sources = append(b.c.Sources, s)
	return &b.c.Sources[len(b.c.Sources)-1]
}

// priorityOf is the priority by which a repository's packages are picked. Those of deb are
// apt's, where the higher wins, as here; those of rpm are yum's, where the lower does.
func priorityOf(r Repository) *int {
	if r.Priority == nil || r.Type == "deb" {
		return r.Priority
	}
	p := max(1, 599-*r.Priority)
	return &p
}

// needs makes a mirror partial: it serves the masters of its groups, and requirements.
func (b *planner) needs(m *config.Mirror, groups []Group) {
	var required []string
	for _, g := range groups {
		required = append(required, g.Requirements...)
		for _, master := range b.all {
			if !slices.Contains(g.Masters, master.Name) {
				continue
			}
			required = append(required, master.Requirements...)
			for _, r := range master.Repositories {
				if name := b.source(master, r).Name; !slices.Contains(m.NeedsOf, name) && !slices.Contains(m.From, name) {
					m.NeedsOf = append(m.NeedsOf, name)
				}
			}
		}
	}
	slices.Sort(required)
	for _, text := range slices.Compact(required) {
		if seed, err := config.ParseSeed(text); err == nil { // checked when it was read
			m.Packages = append(m.Packages, seed)
		}
	}
}

// checkPaths refuses mirrors that would overwrite each other.
func (b *planner) checkPaths() error {
	root := map[string]string{}
	for _, m := range b.c.Mirrors {
		for _, name := range m.From {
			s := b.c.Source(name)
			dir := path.Join(m.Path, s.Path)
			if !filepath.IsLocal(dir) || dir == ".mirrorkeeper" || strings.HasPrefix(dir, ".mirrorkeeper/") {
				return fmt.Errorf("%s would be published in %q, which is no place below the destination for it", s.URLs[0], dir)
			}
			if url, taken := root[dir]; taken && url != s.URLs[0] {
				return fmt.Errorf("%s and %s would both be published in %s; give one of them another path", url, s.URLs[0], dir)
			}
			root[dir] = s.URLs[0]
		}
	}
	return nil
}

// CheckURL refuses what is no address of repositories.
func CheckURL(address string) error {
	u, err := url.Parse(address)
	if err != nil || !slices.Contains([]string{"http", "https", "file"}, u.Scheme) || u.Scheme != "file" && u.Host == "" {
		return fmt.Errorf("is no address of a repository (expected such as http://archive.example.org/ubuntu, seen %q)", address)
	}
	return nil
}
