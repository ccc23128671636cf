package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// link is a path of the tree that is to show an object.
type link struct {
	path   string
	digest repo.Digest
}

// remove takes a file out of the tree, with the directories that it leaves empty,
// and its object when nothing else in the tree is linked to it and no kept generation
// needs it. Where path is "",
// or shows another content by now, only the object is looked at.
func (b *publishing) remove(path string, d repo.Digest) error {
	b.closeDir()
	if path != "" && b.same(path, d) {
		if err := b.tree.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for dir := filepath.Dir(path); dir != "."; dir = filepath.Dir(dir) {
			if b.tree.Remove(dir) != nil {
				break
			}
		}
	}
	if b.needed == nil {
		var err error
		if b.needed, err = b.leftBehind(); err != nil {
			return err
		}
	}
	return b.objects.removeUnused(d, b.needed)
}

// same reports whether the path of the tree shows the object.
func (b *publishing) same(path string, d repo.Digest) bool {
	in, err := b.tree.Lstat(path)
	if err != nil {
		return false
	}
	object, err := os.Lstat(b.objects.Path(d))
	return err == nil && os.SameFile(in, object)
}

// relink makes the path show the object, replacing what it showed in one step.
func (b *publishing) relink(path string, d repo.Digest) error {
	err := b.link(path, d)
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	if b.same(path, d) {
		return nil
	}
	aside := filepath.Join(filepath.Dir(path), ".mirrorkeeper-"+d.Hex()[:16])
	if err := b.link(aside, d); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return b.tree.Rename(aside, path)
}

// link makes a new path show the object; [fs.ErrExist] when there is something.
func (b *publishing) link(path string, d repo.Digest) error {
	dir, err := b.openDir(filepath.Dir(path))
	if err != nil {
		return err
	}
	if err := unix.Linkat(unix.AT_FDCWD, b.objects.Path(d), int(dir.Fd()), filepath.Base(path), 0); err != nil {
		return &fs.PathError{Op: "link", Path: path, Err: err}
	}
	return nil
}

// openDir opens a directory of the tree, making it if need be. It stays open for
// the next call, since files come directory by directory.
func (b *publishing) openDir(name string) (*os.File, error) {
	if b.dir != nil && b.dirName == name {
		return b.dir, nil
	}
	b.closeDir()
	d, err := b.tree.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		if err = b.makeDirs(name); err == nil {
			d, err = b.tree.Open(name)
		}
	}
	if err != nil {
		return nil, err
	}
	b.dir, b.dirName = d, name
	return d, nil
}

// makeDirs makes a directory of the tree and its parents, readable for all.
func (b *publishing) makeDirs(name string) error {
	err := b.tree.Mkdir(name, 0o755)
	if errors.Is(err, fs.ErrNotExist) {
		if err := b.makeDirs(filepath.Dir(name)); err != nil {
			return err
		}
		err = b.tree.Mkdir(name, 0o755)
	}
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return b.tree.Chmod(name, 0o755)
}

func (b *publishing) closeDir() {
	if b.dir != nil {
		b.dir.Close()
		b.dir = nil
	}
}

// putKey writes a public key for clients into the tree, where it is not there yet.
func (b *publishing) putKey(path string, content []byte) error {
	if old, err := b.tree.ReadFile(path); err == nil && string(old) == string(content) {
		return nil
	}
	if err := b.makeDirs(filepath.Dir(path)); err != nil {
		return err
	}
	aside := path + ".new"
	if err := b.tree.WriteFile(aside, content, 0o644); err != nil {
		return err
	}
	if err := b.tree.Chmod(aside, 0o644); err != nil {
		return err
	}
	return b.tree.Rename(aside, path)
}

// Restore makes the tree show every file of the record's manifests as the objects
// have it, and the public keys, replacing what is absent or something else.
func (s *Store) Restore(mirror string, r *Record, publicKeys map[string][]byte) error {
	tree, err := os.OpenRoot(s.destination)
	if err != nil {
		return err
	}
	defer tree.Close()
	b := &publishing{Store: s, tree: tree, objects: s.Objects()}
	defer b.closeDir()
	for _, at := range r.Repositories {
		m, err := s.Manifest(mirror, at)
		if err != nil {
			return err
		}
		for f := range m.All {
			if err := b.relink(filepath.Join(at.Place, f.Path), f.Digest); err != nil {
				return err
			}
		}
	}
	for path, content := range publicKeys {
		if err := b.putKey(path, content); err != nil {
			return err
		}
	}
	return s.Sync()
}
