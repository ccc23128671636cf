package deb

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Repositories returns one repository for each suite. Its Name is the suite. A
// suite that ends in "/" is a flat repository: its Release lies in that directory
// and no components exist, sources.list(5). "$(ARCH)" in a suite is the first
// architecture.
func (Format) Repositories(s *repo.Source) ([]*repo.Repository, error) {
	if len(s.URLs) == 0 {
		return nil, fmt.Errorf("source %s has no URL", s.Name)
	}
	if len(s.Suites) == 0 {
		return nil, fmt.Errorf("source %s has no suite (a flat repository's is \"./\")", s.Name)
	}
	for _, kind := range s.Include {
		if !slices.Contains(Kinds(), kind) {
			return nil, fmt.Errorf("source %s: kind %q is unknown; there are %s", s.Name, kind, strings.Join(Kinds(), ", "))
		}
	}
	var all []*repo.Repository
	for _, suite := range s.Suites {
		r, err := repository(s, suite)
		if err != nil {
			return nil, fmt.Errorf("source %s: suite %q: %w", s.Name, suite, err)
		}
		if slices.ContainsFunc(all, func(other *repo.Repository) bool { return other.Name == r.Name }) {
			return nil, fmt.Errorf("source %s: suite %q is there twice", s.Name, suite)
		}
		all = append(all, r)
	}
	return all, nil
}

func repository(s *repo.Source, suite string) (*repo.Repository, error) {
	if strings.Contains(suite, "$(ARCH)") {
		if len(s.Architectures) == 0 {
			return nil, fmt.Errorf("$(ARCH) needs the source's architectures")
		}
		suite = strings.ReplaceAll(suite, "$(ARCH)", s.Architectures[0])
	}
	r := &repo.Repository{Source: s}
	for _, url := range s.URLs {
		r.URLs = append(r.URLs, strings.TrimRight(url, "/"))
	}
	if !strings.HasSuffix(suite, "/") {
		dir, err := repo.CleanPath("dists/" + suite)
		if err != nil {
			return nil, err
		}
		if !strings.HasPrefix(dir, "dists/") {
			return nil, fmt.Errorf("it leaves the directory dists")
		}
		r.Name, r.IndexDir = strings.TrimPrefix(dir, "dists/"), dir
		return r, nil
	}
	if len(s.Components) > 0 {
		return nil, fmt.Errorf("it is flat (ends in \"/\") and has no components, but the source names %s", strings.Join(s.Components, ", "))
	}
	r.Name = "./"
	if dir := path.Clean(strings.TrimLeft(suite, "/")); dir != "." {
		dir, err := repo.CleanPath(dir)
		if err != nil {
			return nil, err
		}
		r.Name = dir + "/"
	}
	return r, nil
}

// isFlat reports whether the repository is a flat one.
func isFlat(r *repo.Repository) bool { return strings.HasSuffix(r.Name, "/") }

// rootDir is the directory of the Release file, "" for the archive root.
func rootDir(r *repo.Repository) string {
	if isFlat(r) {
		return strings.TrimSuffix(strings.TrimPrefix(r.Name, "./"), "/")
	}
	return r.IndexDir
}

// RootForms prefers InRelease to Release with Release.gpg. Trusted sources may
// have an unsigned Release alone.
func (Format) RootForms(r *repo.Repository) []repo.RootForm {
	in := func(name string) string { return path.Join(rootDir(r), name) }
	forms := []repo.RootForm{
		{Main: in("InRelease"), Beside: []string{in("Release"), in("Release.gpg")}},
		{Main: in("Release"), Signature: in("Release.gpg")},
	}
	if r.Source.Trusted {
		forms = append(forms, repo.RootForm{Main: in("Release")})
	}
	return forms
}
