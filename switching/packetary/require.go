package packetary

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/config"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// NeedsCatalog reports whether the packages of the repositories have to be known to say
// what is required.
func (q *Requirements) NeedsCatalog() bool { return len(q.Repositories) > 0 || q.Mandatory != "" }

// Select has the mirror of the clone hold what is required, of the packages of its
// repositories. It is an error where that is nothing: the mirror would be a full one.
func (c *Clone) Select(q *Requirements, catalog []*repo.Package) error {
	m := &c.Config.Mirrors[0]
	seen := map[config.Seed]bool{}
	add := func(s config.Seed) {
		if !seen[s] {
			seen[s] = true
			m.Packages = append(m.Packages, s)
		}
	}
	for _, p := range q.Packages {
		versions := p.Versions
		if len(versions) == 0 {
			versions = []string{""}
		}
		for _, v := range versions {
			s, err := seed(p.Name, v)
			if err != nil {
				return err
			}
			add(s)
		}
	}
	filters := map[string][]matcher{}
	for _, s := range q.Repositories {
		filters[s.Repository] = []matcher{}
		for _, f := range s.Excludes {
			match, err := f.compile()
			if err != nil {
				return err
			}
			filters[s.Repository] = append(filters[s.Repository], match)
		}
	}
	mandatory := repo.Equal
	if q.Mandatory == "newest" {
		mandatory = repo.GreaterEqual
	}
	for _, p := range catalog {
		if p.IsSource() {
			continue
		}
		excludes, wanted := filters[c.repositoryOf(p)]
		if wanted && !slices.ContainsFunc(excludes, func(match matcher) bool { return match(p) }) {
			add(config.Seed{Pattern: p.Name, Op: repo.Equal, Version: p.Version})
		}
		if q.Mandatory != "" && p.Mandatory {
			add(config.Seed{Pattern: p.Name, Op: mandatory, Version: p.Version})
		}
	}
	if len(m.Packages) == 0 {
		return fmt.Errorf("no package of the repositories is required: all are left out")
	}
	return nil
}

// repositoryOf is the name of the repository that a package is of, as the list has it.
func (c *Clone) repositoryOf(p *repo.Package) string {
	first := ""
	for _, e := range c.entries {
		if e.source != p.Repository.Source.Name {
			continue
		}
		if len(e.repository.Sections) == 0 || slices.Contains(e.repository.Sections, component(p)) {
			return e.repository.Name
		}
		first = e.repository.Name
	}
	return first
}

// seed is a package by its name, with a version such as ">= 1", or "" for any.
func seed(name, version string) (config.Seed, error) {
	if version == "" {
		if strings.ContainsAny(name, "*?[]:()/ ") {
			return config.Seed{}, fmt.Errorf("%q is no name of a package", cut(name))
		}
		return config.ParseSeed(name)
	}
	sign := version[:len(version)-len(strings.TrimLeft(version, "<>="))]
	if !slices.Contains([]string{"<", "<=", "=", ">=", ">"}, sign) {
		return config.Seed{}, fmt.Errorf("%q is no version of %s (expected one of < <= = >= > and a version)", cut(version), cut(name))
	}
	return config.ParseSeed(name + " (" + version + ")")
}

// matcher says of a package whether it is meant.
type matcher func(p *repo.Package) bool

// fields are those that filters may name.
var fields = map[string]func(p *repo.Package) string{
	"name":         func(p *repo.Package) string { return p.Name },
	"version":      func(p *repo.Package) string { return p.Version },
	"group":        func(p *repo.Package) string { return p.Section },
	"section":      func(p *repo.Package) string { return p.Section },
	"architecture": func(p *repo.Package) string { return p.Architecture },
	"arch":         func(p *repo.Package) string { return p.Architecture },
	"filename":     func(p *repo.Package) string { return p.File.Path },
	"filesize":     func(p *repo.Package) string { return strconv.FormatInt(p.File.Size, 10) },
	"source":       func(p *repo.Package) string { return p.Source },
}

// compile makes a matcher of a filter; one without fields matches all packages, as it
// did.
func (f Filter) compile() (matcher, error) {
	var all []matcher
	for _, name := range slices.Sorted(maps.Keys(f)) {
		field, value := fields[name], f[name]
		if field == nil {
			return nil, fmt.Errorf("packages have no field %q (expected one of %s)", cut(name), strings.Join(slices.Sorted(maps.Keys(fields)), ", "))
		}
		if len(value) < 2 || value[0] != '/' || !strings.HasSuffix(value, "/") {
			all = append(all, func(p *repo.Package) bool { return field(p) == value })
			continue
		}
		// The expression was matched from the beginning of the text (Python's re.match).
		expression, err := regexp.Compile("^(?:" + value[1:len(value)-1] + ")")
		if err != nil {
			return nil, fmt.Errorf("%q is no regular expression: %w", cut(value), err)
		}
		all = append(all, func(p *repo.Package) bool { return expression.MatchString(field(p)) })
	}
	return func(p *repo.Package) bool {
		for _, match := range all {
			if !match(p) {
				return false
			}
		}
		return true
	}, nil
}
