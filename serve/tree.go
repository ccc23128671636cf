// Package serve answers requests for files of published trees by HTTP: ranges, conditional
// requests, pages of directories, and nothing outside of the tree.
package serve

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// stateName is the default name of a state directory. No file that begins with it is
// shown, wherever it lies: those behind it are on their way to their own names.
const stateName = ".mirrorkeeper"

// tree is a directory as clients see it. It implements [http.FileSystem]. Links that leave
// the directory lead nowhere.
type tree struct {
	root   *os.Root
	hidden []string // clean paths
}

// hides reports whether a clean path below the tree is not for clients.
func (t *tree) hides(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		if strings.HasPrefix(part, stateName) {
			return true
		}
	}
	return slices.ContainsFunc(t.hidden, func(h string) bool { return name == h || strings.HasPrefix(name, h+"/") })
}

// stat is a file or directory that clients may see.
func (t *tree) stat(name string) (string, fs.FileInfo, error) {
	name = path.Clean(strings.TrimPrefix(path.Clean("/"+name), "/"))
	if t.hides(name) {
		return name, nil, fs.ErrNotExist
	}
	info, err := t.root.Stat(name)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return name, nil, fs.ErrPermission
	case err != nil, !info.IsDir() && !info.Mode().IsRegular():
		return name, nil, fs.ErrNotExist // also what leaves the tree
	}
	return name, info, nil
}

// Open implements [http.FileSystem].
func (t *tree) Open(name string) (http.File, error) {
	name, info, err := t.stat(name)
	if err != nil {
		return nil, err
	}
	f, err := t.root.Open(name)
	if err != nil {
		return nil, fs.ErrNotExist
	}
	if t.leadsAstray(f) {
		f.Close()
		return nil, fs.ErrNotExist
	}
	if info.IsDir() {
		return directory{f, t, name}, nil
	}
	return f, nil
}

// leadsAstray reports whether links led to something that is not for clients.
func (t *tree) leadsAstray(f *os.File) bool {
	top, err := t.root.Open(".")
	if err != nil {
		return true
	}
	defer top.Close()
	from, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", top.Fd()))
	if err != nil {
		return false // no such file system: what was asked for was checked
	}
	to, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", f.Fd()))
	if err != nil {
		return false
	}
	inside, err := filepath.Rel(from, to)
	return err != nil || t.hides(filepath.ToSlash(inside))
}

// directory lists what clients may see.
type directory struct {
	*os.File
	tree *tree
	name string
}

// ReadDir implements [fs.ReadDirFile].
func (d directory) ReadDir(n int) ([]fs.DirEntry, error) {
	all, err := d.File.ReadDir(n)
	return slices.DeleteFunc(all, func(e fs.DirEntry) bool { return d.tree.hides(path.Join(d.name, e.Name())) }), err
}

// Readdir implements [http.File].
func (d directory) Readdir(n int) ([]fs.FileInfo, error) {
	all, err := d.File.Readdir(n)
	return slices.DeleteFunc(all, func(i fs.FileInfo) bool { return d.tree.hides(path.Join(d.name, i.Name())) }), err
}
