package deb

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Find finds the repositories in a tree of files: the suites below directories
// named dists, and flat repositories. Components and architectures are those that
// have an index of packages.
func (Format) Find(tree fs.FS) (found []repo.Found, err error) {
	err = fs.WalkDir(tree, ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrPermission):
			return fs.SkipDir
		case err != nil:
			return err
		case !e.IsDir():
			return nil
		case slices.Contains([]string{"pool", "by-hash", ".mirrorkeeper"}, e.Name()) && name != ".":
			return fs.SkipDir
		}
		if r, ok := findAt(tree, name); ok {
			found = append(found, r)
		}
		return nil
	})
	return found, err
}

// findAt looks for a repository whose Release lies in the directory.
func findAt(tree fs.FS, dir string) (found repo.Found, ok bool) {
	if !exists(tree, path.Join(dir, "InRelease")) && !exists(tree, path.Join(dir, "Release")) {
		return found, false
	}
	s := &repo.Source{Name: path.Base(dir), Type: "deb", Include: Kinds(), URLs: []string{"file:///"}}
	if above, suite, structured := strings.Cut("/"+dir, "/dists/"); structured {
		s.Suites = []string{suite}
		found.Dir = path.Clean(strings.TrimPrefix(above, "/"))
		s.Components, s.Architectures = heldIndexes(tree, dir)
		if len(s.Components) == 0 {
			return found, false // of one component's binary-ARCH/Release
		}
	} else {
		if !exists(tree, path.Join(dir, "Packages"), ".gz", ".xz", ".bz2", ".zst") {
			return found, false
		}
		found.Dir = dir
		s.Suites, s.Name = []string{"./"}, path.Base(dir)
	}
	all, err := Format{}.Repositories(s)
	if err != nil {
		return found, false
	}
	if s.Name == "." || found.Dir != dir {
		s.Name = found.Dir
	}
	found.Repository = all[0]
	return found, true
}

// heldIndexes returns the components and architectures of which a suite's directory
// holds an index of packages.
func heldIndexes(tree fs.FS, dir string) (components, architectures []string) {
	_ = fs.WalkDir(tree, dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.IsDir() || name == dir {
			return nil // dir may be a component's binary-ARCH itself
		}
		if e.Name() == "by-hash" {
			return fs.SkipDir
		}
		component := strings.TrimPrefix(path.Dir(name), dir+"/")
		architecture, ok := strings.CutPrefix(e.Name(), "binary-")
		if !ok && e.Name() != "source" || strings.HasSuffix(component, "debian-installer") {
			return nil
		}
		if !slices.Contains(components, component) {
			components = append(components, component)
		}
		if ok && architecture != "all" && !slices.Contains(architectures, architecture) {
			architectures = append(architectures, architecture)
		}
		return nil
	})
	return components, architectures
}

func exists(tree fs.FS, name string, suffixes ...string) bool {
	for _, suffix := range append([]string{""}, suffixes...) {
		if info, err := fs.Stat(tree, name+suffix); err == nil && info.Mode().IsRegular() {
			return true
		}
	}
	return false
}
