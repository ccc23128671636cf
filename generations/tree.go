package generations

import (
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/store"
)

// tree is files of a generation as they lay in its repository, with the content that the
// objects have. It implements [fs.FS].
type tree struct {
	objects *store.Objects
	files   map[string]repo.File
	dirs    map[string][]fs.DirEntry
}

func newTree(objects *store.Objects, files []repo.File) *tree {
	t := &tree{objects: objects, files: map[string]repo.File{}, dirs: map[string][]fs.DirEntry{".": nil}}
	for _, f := range files {
		if _, there := t.files[f.Path]; there {
			continue
		}
		t.files[f.Path] = f
		t.enter(f.Path, node{name: path.Base(f.Path), size: f.Size})
	}
	for _, entries := range t.dirs {
		slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	}
	return t
}

// enter puts an entry into the directory that it lies in, which is made with all above.
func (t *tree) enter(name string, n node) {
	dir := path.Dir(name)
	if _, there := t.dirs[dir]; !there {
		t.dirs[dir] = nil
		t.enter(dir, node{name: path.Base(dir), dir: true})
	}
	t.dirs[dir] = append(t.dirs[dir], n)
}

// Open implements [fs.FS], for files.
func (t *tree) Open(name string) (fs.File, error) {
	f, there := t.files[name]
	if !there {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return t.objects.Open(f)
}

// Stat implements [fs.StatFS].
func (t *tree) Stat(name string) (fs.FileInfo, error) {
	if f, there := t.files[name]; there {
		return node{name: path.Base(name), size: f.Size}, nil
	}
	if _, there := t.dirs[name]; there {
		return node{name: path.Base(name), dir: true}, nil
	}
	return nil, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrNotExist}
}

// ReadDir implements [fs.ReadDirFS].
func (t *tree) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, there := t.dirs[name]
	if !there {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrNotExist}
	}
	return entries, nil
}

// node is a file or directory of the tree.
type node struct {
	name string
	size int64
	dir  bool
}

func (n node) Name() string               { return n.name }
func (n node) Size() int64                { return n.size }
func (n node) IsDir() bool                { return n.dir }
func (n node) ModTime() time.Time         { return time.Time{} }
func (n node) Sys() any                   { return nil }
func (n node) Type() fs.FileMode          { return n.Mode().Type() }
func (n node) Info() (fs.FileInfo, error) { return n, nil }

func (n node) Mode() fs.FileMode {
	if n.dir {
		return fs.ModeDir | 0o755
	}
	return 0o644
}
