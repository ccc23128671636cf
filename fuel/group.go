package fuel

import (
	"net/url"
	"path"
	"slices"
	"strings"
)

// Group is repositories that are mirrored together: the base of an operating system, or
// what is installed on it.
type Group struct {
	// Name is unique among the groups: "ubuntu", "ubuntu-mos".
	Name string
	// System is the operating system that the repositories are for: "ubuntu", "centos".
	System       string
	Repositories []Repository
	// Masters are the groups whose packages a partial mirror of this one is to serve.
	Masters []string
	// Requirements are packages that partial mirrors hold with all that they need.
	Requirements []string
}

// Repository is one repository to mirror, and its entry in the lists of Fuel's server.
type Repository struct {
	// Name is that of the entry: "ubuntu-updates".
	Name string
	Type string // "deb", "rpm"
	// URL is the archive root of deb, or the directory above repodata.
	URL        string
	Suite      string   // deb
	Components []string // deb
	// Path is where it is published below the destination.
	Path string
	// Priority is that of the entry; nil leaves it to the server.
	Priority *int
	// Main is set where it is the first of the operating system's own.
	Main bool

	Architectures []string
	// Keys are files of the keys that sign it; Trusted does without.
	Keys    []string
	Trusted bool
}

// Source is the name of the repository in configurations and reports: that of the entry,
// with the system where it does not begin with that.
func (g Group) source(r Repository) string { return systemName(g.System, r.Name) }

func systemName(system, name string) string {
	if name == system || strings.HasPrefix(name, system+"-") {
		return name
	}
	return system + "-" + name
}

// pathOf is where repositories are published by default: at the path of their URL.
func pathOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.Trim(path.Clean("/"+u.Path), "/")
}

// Choice says which groups are wanted; without one of a pair both are.
type Choice struct {
	MOS, Base      bool
	CentOS, Ubuntu bool
}

// Takes reports whether the choice takes a group: those of MOS are no base.
func (c Choice) Takes(g Group) bool {
	mos := strings.TrimPrefix(g.Name, g.System+"-") == "mos"
	if c.MOS != c.Base && c.MOS != mos {
		return false
	}
	if c.CentOS == c.Ubuntu {
		return true
	}
	return c.CentOS && strings.EqualFold(g.System, "centos") || c.Ubuntu && strings.EqualFold(g.System, "ubuntu")
}

// Chosen are the groups that a choice takes.
func (c Choice) Chosen(all []Group) []Group {
	return slices.DeleteFunc(slices.Clone(all), func(g Group) bool { return !c.Takes(g) })
}
