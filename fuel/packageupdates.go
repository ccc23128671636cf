package fuel

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// distributions are the formats of those that updates are mirrored for.
var distributions = map[string]string{"ubuntu": "deb", "centos": "rpm"}

// Distributions are the names of those that updates are mirrored for.
func Distributions() []string { return []string{"centos", "ubuntu"} }

// PackageUpdates are the updates of one release of Fuel for one distribution.
type PackageUpdates struct {
	Distribution string // "ubuntu", "centos"
	Release      string // "9.0"
	// URL is where upstream has them, with {release} and {distribution}.
	URL string
	// Repositories are suites, or directories of rpm; none stands for updates and security.
	Repositories []string
	Components   []string // deb; none stands for main and restricted
	Keys         []string
}

var releaseNumber = regexp.MustCompile(`^([0-9]+)\.([0-9]+)(\.[0-9]+)*$`)

// Check refuses what cannot be mirrored.
func (u PackageUpdates) Check() error {
	switch {
	case distributions[u.Distribution] == "":
		return fmt.Errorf("there is no distribution %q (expected %s)", u.Distribution, strings.Join(Distributions(), " or "))
	case !releaseNumber.MatchString(u.Release):
		return fmt.Errorf("%q is no release of Fuel (expected such as 9.0)", u.Release)
	}
	return nil
}

// ErrOldRelease says that the server of a release has no lists of repositories.
var ErrOldRelease = errors.New("environments of releases older than Fuel 6.1 cannot be changed")

// Changeable reports whether environments of the release have lists of repositories.
func (u PackageUpdates) Changeable() bool {
	m := releaseNumber.FindStringSubmatch(u.Release)
	if m == nil {
		return false
	}
	major, err := strconv.Atoi(m[1])
	minor, err2 := strconv.Atoi(m[2])
	return err == nil && err2 == nil && (major > 6 || major == 6 && minor >= 1)
}

// Group makes a group of the updates, published in RELEASE/DISTRIBUTION.
func (u PackageUpdates) Group() (Group, error) {
	if err := u.Check(); err != nil {
		return Group{}, err
	}
	format := distributions[u.Distribution]
	address := strings.TrimRight(strings.NewReplacer("{release}", u.Release, "{distribution}", u.Distribution).Replace(u.URL), "/")
	if err := CheckURL(address); err != nil {
		return Group{}, fmt.Errorf("the URL of the updates %w", err)
	}
	repositories, components := u.Repositories, u.Components
	if len(repositories) == 0 {
		repositories = []string{"updates", "security"}
		if format == "deb" {
			repositories = []string{"mos" + u.Release + "-updates", "mos" + u.Release + "-security"}
		}
	}
	if len(components) == 0 {
		components = []string{"main", "restricted"}
	}
	g := Group{Name: systemName(u.Distribution, "mos"), System: u.Distribution}
	for _, name := range repositories {
		r := Repository{
			Type: format, URL: address, Path: path.Join(u.Release, u.Distribution),
			Architectures: Architectures(nil).of(format), Keys: slices.Clone(u.Keys),
		}
		if format == "deb" {
			r.Suite, r.Components = name, components
			r.Name = entryName("mos", name, "mos"+u.Release)
			r.Priority = mosPriority(r.Name)
		} else {
			r.URL, r.Path = address+"/"+name, path.Join(r.Path, name)
			r.Name = directoryName("mos", name)
		}
		g.Repositories = append(g.Repositories, r)
	}
	return g, nil
}

// ReadEntries reads a list of entries in YAML, as [WriteEntries] writes it and people
// change it; delete: true beside a name takes that entry out of lists.
func ReadEntries(name string) ([]Entry, error) {
	content, err := readFile(name)
	if err != nil {
		return nil, err
	}
	f := &file{name: name}
	root := f.document(content)
	if root == nil {
		return nil, f.err()
	}
	var all []Entry
	f.items(root, "", func(key string, n *yaml.Node) {
		var e Entry
		priority := -1
		f.mapping(n, key, fields{
			"type": f.text(&e.Type), "name": f.text(&e.Name), "uri": f.text(&e.URI), "suite": f.text(&e.Suite), "section": f.text(&e.Section),
			"priority": f.number(&priority, 0), "main": f.flag(&e.Main), "delete": f.flag(&e.Delete),
		})
		if priority >= 0 {
			e.Priority = &priority
		}
		switch {
		case e.Name == "":
			f.problem(n, key, "has no name")
		case e.Delete:
		case e.Type != "deb" && e.Type != "rpm":
			f.problem(n, key, "is of no type (expected deb or rpm, seen %q)", cut(e.Type))
		case e.URI == "" || e.Type == "deb" && e.Suite == "":
			f.problem(n, key, "lacks its uri or its suite")
		}
		all = append(all, e)
	})
	return all, f.err()
}

// WriteEntries writes entries as YAML.
func WriteEntries(entries []Entry) ([]byte, error) { return yaml.Marshal(entries) }
