package main

import (
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/assembly"
	"github.com/mirrorkeeper/mirrorkeeper/config"
	"github.com/mirrorkeeper/mirrorkeeper/mirror"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/solver"
)

// search is what packages are searched for. All that is given must hold.
type search struct{ name, provides, requires, obsoletes, file []string }

func (s *search) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringArrayVar(&s.name, "name", nil, "search the repositories for packages of the name: an `expression` such as \"libc6 (>= 2.36)\" or \"python3-*\"")
	f.StringArrayVar(&s.provides, "provides", nil, "search for what answers the name of the `expression`, by its own name or one that it provides")
	f.StringArrayVar(&s.requires, "requires", nil, "search for what requires the `expression`: names it, or is satisfied by a package of the name")
	f.StringArrayVar(&s.obsoletes, "obsoletes", nil, "search for what takes the place of the `expression`")
	f.StringArrayVar(&s.file, "file", nil, "rpm: search for what has the file of this `path`, or files that the glob matches")
}

func (s *search) asked() bool {
	return len(s.name)+len(s.provides)+len(s.requires)+len(s.obsoletes)+len(s.file) > 0
}

// query reads the expressions.
func (s *search) query() (q solver.Query, err error) {
	for _, x := range []struct {
		flag  string
		texts []string
		to    *[]solver.Seed
	}{
		{"--name", s.name, &q.Name},
		{"--provides", s.provides, &q.Provides},
		{"--requires", s.requires, &q.Requires},
		{"--obsoletes", s.obsoletes, &q.Obsoletes},
		{"--file", s.file, &q.Provides},
	} {
		for _, text := range x.texts {
			if x.flag == "--file" && !strings.HasPrefix(text, "/") {
				return q, usage("--file %q: it is the whole path of a file or a glob of it, such as /usr/bin/python3*", text)
			}
			seed, err := expression(text)
			if err != nil {
				return q, usage("%s: %v", x.flag, err)
			}
			*x.to = append(*x.to, seed)
		}
	}
	return q, nil
}

// expression reads the name of packages as seeds have it.
func expression(text string) (solver.Seed, error) {
	s, err := config.ParseSeed(text)
	return solver.Seed{Pattern: s.Pattern, Architecture: s.Architecture, Op: s.Op, Version: s.Version, Label: s.String()}, err
}

// find returns the packages of a mirror's repositories that answer the query, whether
// the mirror holds them or not.
func (s *search) find(p *mirror.Planned, q solver.Query) (found []*repo.Package, err error) {
	if paths := pathsOf(q); len(paths) > 0 { // packages know their files by being asked for them
		if _, err = p.Link(repo.Wanted{Names: paths, Everything: true}); err != nil {
			return nil, err
		}
	}
	for _, format := range assembly.Formats() {
		q.Natives = nil
		for _, x := range p.Pickings() {
			if x.Format.Name() == format.Name() {
				q.Natives = append(q.Natives, x.Machine.Native)
			}
		}
		if len(s.file) > 0 && !listsFiles(format) {
			continue
		}
		found = append(found, solver.FindPackages(repo.NewCatalog(format, ofFormat(p.Catalog, format)), q)...)
	}
	return found, nil
}

// distinct leaves one of the packages that several mirrors of a repository show.
func distinct(packages []*repo.Package) (out []*repo.Package) {
	type key struct {
		repository string
		repo.File
	}
	known := map[key]bool{}
	for _, p := range packages {
		if k := (key{p.Repository.String(), p.File}); !known[k] {
			known[k] = true
			out = append(out, p)
		}
	}
	return out
}

// pathsOf are the files that a query names.
func pathsOf(q solver.Query) (paths []string) {
	for _, x := range slices.Concat(q.Provides, q.Requires) {
		if strings.HasPrefix(x.Pattern, "/") {
			paths = append(paths, x.Pattern)
		}
	}
	return paths
}

// listsFiles reports whether the indexes of packages in the format's repositories tell
// which files these have.
func listsFiles(f repo.Format) bool { return f.Name() == "rpm" }

var errNoFiles = errors.New("--file: the indexes of packages in deb repositories list no files")

// checkFiles refuses a search for files where no repository can tell of them.
func (s *search) checkFiles(plans []*mirror.Planned) error {
	if len(s.file) == 0 {
		return nil
	}
	for _, p := range plans {
		for _, x := range p.Pickings() {
			if listsFiles(x.Format) {
				return nil
			}
		}
	}
	return &exit{
		Code: exitUsage, Err: errNoFiles,
		Hint: "Contents lists them: apt-file(1) searches there; --provides and --name search the names of packages",
	}
}
