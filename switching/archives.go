package switching

import (
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/config"
)

// debLine is a line of apt's sources.list: one suite of an archive.
type debLine struct {
	place
	uri           string
	suite         string // ends in a slash for a flat repository
	components    []string
	architectures []string
	source        bool // source packages
	signedBy      []string
	path          string // directory that the old program puts the archive in
}

// debArchive is an archive of which lines name suites.
type debArchive struct {
	place
	name, path string
	source     config.Source
	lines      []debLine
}

// archives puts the lines of each archive together: a source and a full mirror for each,
// published where the old program had it.
func (d *draft) archives(lines []debLine, include []string) ([]*debArchive, error) {
	var all []*debArchive
	for _, l := range lines {
		i := slices.IndexFunc(all, func(a *debArchive) bool { return a.path == l.path })
		if i < 0 {
			name := d.name(strings.ReplaceAll(l.path, "/", "-"))
			a := &debArchive{place: l.place, name: name, path: l.path, source: config.NewSource(name)}
			a.source.Type = "deb"
			i, all = len(all), append(all, a)
		}
		a := all[i]
		address, err := d.address(l.place, join("sources", a.name)+".url", a.name, l.uri)
		if err != nil {
			return nil, err
		}
		a.source.URLs = with(a.source.URLs, strings.TrimRight(address, "/"))
		a.lines = append(a.lines, l)
	}
	for _, a := range all {
		d.archive(a, include)
	}
	return all, nil
}

// archive fills in the source of an archive, and adds it.
func (d *draft) archive(a *debArchive, include []string) {
	s := &a.source
	sources := false
	for _, l := range a.lines {
		s.Suites = with(s.Suites, l.suite)
		s.Components = with(s.Components, l.components...)
		s.Architectures = with(s.Architectures, l.architectures...)
		s.Keys = with(s.Keys, l.signedBy...)
		sources = sources || l.source
	}
	if sources {
		include = append(slices.Clone(include), "sources")
	}
	if len(include) > 0 {
		s.Include = append([]string{"packages"}, include...)
		if sources && !slices.ContainsFunc(a.lines, func(l debLine) bool { return !l.source }) {
			s.Include = []string{"sources", "release"}
		}
	}
	d.narrower(a, sources)
	d.addSource(a.place, *s)
}

// narrower tells of suites for which the old program took less than for others of the
// archive: a source takes all of them alike.
func (d *draft) narrower(a *debArchive, sources bool) {
	key := join("sources", a.name)
	for _, suite := range a.source.Suites {
		var components, architectures []string
		var at place
		hasSources, hasBinaries := false, false
		for _, l := range a.lines {
			if l.suite != suite {
				continue
			}
			if at.file == "" {
				at = l.place
			}
			components, architectures = with(components, l.components...), with(architectures, l.architectures...)
			hasSources, hasBinaries = hasSources || l.source, hasBinaries || !l.source
		}
		flat := strings.HasSuffix(suite, "/")
		if missing := without(a.source.Components, components); len(missing) > 0 && !flat {
			d.lose(at, key+".components", "%s was mirrored without %s, and comes with all components of the source now", suite, strings.Join(missing, ", "))
		}
		if missing := without(a.source.Architectures, architectures); len(missing) > 0 && hasBinaries {
			d.lose(at, key+".architectures", "%s was mirrored without %s, and comes with all architectures of the source now", suite, strings.Join(missing, ", "))
		}
		if sources && !hasSources {
			d.lose(at, key+".include", "%s was mirrored without source packages, and comes with them now", suite)
		}
		if !hasBinaries && len(a.source.Architectures) > 0 {
			d.lose(at, key+".include", "of %s only source packages were mirrored, and packages come with them now", suite)
		}
	}
}

// with adds what a list does not have.
func with(list []string, more ...string) []string {
	for _, x := range more {
		if !slices.Contains(list, x) {
			list = append(list, x)
		}
	}
	return list
}

// without is what a list has and the other has not.
func without(list, other []string) (out []string) {
	for _, x := range list {
		if !slices.Contains(other, x) {
			out = append(out, x)
		}
	}
	return out
}
