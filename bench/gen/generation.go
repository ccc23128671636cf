package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// generation is a repository at one time.
type generation struct {
	format   string // deb or rpm
	dir      string
	date     time.Time
	packages []binary
	before   *generation // of which unchanged files are linked; nil for the first
	indexes  []listed
}

// listed is a file with its size and its path below the generation's directory.
type listed struct {
	path string
	size int
}

// write writes package files, indexes, and the signed root.
func (g *generation) write(k *key) error {
	if err := g.writePackages(); err != nil {
		return err
	}
	if g.format == "rpm" {
		return g.writeMetadata(k)
	}
	return g.writeIndexes(k)
}

func (g *generation) writePackages() error {
	var group errgroup.Group
	group.SetLimit(runtime.NumCPU())
	for i := range g.packages {
		group.Go(func() error {
			b := &g.packages[i]
			if g.before == nil || g.before.packages[i].version != b.version {
				return b.writeFile(g.dir, g.format, g.date)
			}
			b.file = g.before.packages[i].file
			return link(filepath.Join(g.before.dir, b.file.path), filepath.Join(g.dir, b.file.path))
		})
	}
	return group.Wait()
}

func link(from, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.Link(from, to)
}

// files are all files of the generation, by path.
func (g *generation) files() []listed {
	all := slices.Clone(g.indexes)
	for i := range g.packages {
		all = append(all, listed{g.packages[i].file.path, g.packages[i].file.size})
	}
	slices.SortFunc(all, func(a, b listed) int { return cmp.Compare(a.path, b.path) })
	return all
}

// writeLists writes the lists of files beside the generations.
func writeLists(dir string, g1, g2 *generation) error {
	old := make(map[string]bool, len(g1.packages))
	for i := range g1.packages {
		old[g1.packages[i].file.path] = true
	}
	changed := slices.DeleteFunc(g2.files(), func(f listed) bool { return old[f.path] })
	for name, files := range map[string][]listed{"g1.files": g1.files(), "g2.files": g2.files(), "g2.changed": changed} {
		var b strings.Builder
		for _, f := range files {
			fmt.Fprintf(&b, "%d %s\n", f.size, f.path)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(b.String()), 0o644); err != nil {
			return err
		}
	}
	return nil
}
