package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Directories of a mirror that hold trees of other generations than the published one.
const (
	SnapshotsDir = "snapshots" // ID/: a generation, for ever the same
	ChannelsDir  = "channels"  // NAME/: the generation that a channel shows
)

// SnapshotDir is where the generation has a tree of its own, relative to the destination.
func (r *Record) SnapshotDir() string { return path.Join(r.Top(), SnapshotsDir, r.ID) }

// HasSnapshot reports whether it has one.
func (s *Store) HasSnapshot(r *Record) bool {
	info, err := os.Lstat(filepath.Join(s.destination, r.SnapshotDir()))
	return err == nil && info.IsDir()
}

// MakeSnapshot gives the generation a tree of its own, of hard links, which appears
// complete or not at all. Roots take the place of the repositories' roots where they are
// not nil. Keys are public keys for clients by their paths in the tree. One that is there
// stays.
func (s *Store) MakeSnapshot(mirror string, r *Record, roots [][]repo.File, keys map[string][]byte) error {
	if s.HasSnapshot(r) {
		return nil
	}
	staging := s.path("staging", "snapshot-"+mirror)
	if err := os.RemoveAll(staging); err != nil {
		return err
	}
	defer os.RemoveAll(staging)
	if err := os.MkdirAll(filepath.Dir(staging), 0o700); err != nil {
		return err
	}
	if err := makeDir(staging, 0o755); err != nil {
		return err
	}
	if err := s.fillSnapshot(staging, mirror, r, roots, keys); err != nil {
		return fmt.Errorf("snapshot %s of %s: %w", r.ID, mirror, err)
	}
	if err := s.Sync(); err != nil {
		return err
	}
	tree, err := os.OpenRoot(s.destination)
	if err != nil {
		return err
	}
	defer tree.Close()
	b := &publishing{Store: s, tree: tree}
	defer b.closeDir()
	parent, err := b.openDir(path.Dir(r.SnapshotDir()))
	if err != nil {
		return err
	}
	if err := unix.Renameat2(unix.AT_FDCWD, staging, int(parent.Fd()), r.ID, unix.RENAME_NOREPLACE); err != nil {
		return fmt.Errorf("snapshot %s of %s: %w", r.ID, mirror, err)
	}
	return parent.Sync()
}

func (s *Store) fillSnapshot(dir, mirror string, r *Record, roots [][]repo.File, keys map[string][]byte) error {
	tree, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer tree.Close()
	b := &publishing{Store: s, tree: tree, objects: s.Objects()}
	defer b.closeDir()
	for i, at := range r.Repositories {
		m, err := s.Manifest(mirror, at)
		if err != nil {
			return err
		}
		if i < len(roots) && roots[i] != nil {
			m.Root = roots[i]
		}
		for f := range m.All {
			if err := b.link(path.Join(r.Below(at), f.Path), f.Digest); err != nil && !errors.Is(err, fs.ErrExist) {
				return err
			}
		}
	}
	for name, content := range keys {
		if err := b.putKey(name, content); err != nil {
			return err
		}
	}
	return nil
}

// Below is the repository's place in the mirror's own directory.
func (r *Record) Below(p *Published) string {
	if r.Top() == p.Place {
		return "."
	}
	return strings.TrimPrefix(p.Place, r.Top()+"/")
}

// RemoveSnapshot removes the tree of the generation, if it has one, and the objects that
// nothing else needs. It disappears at once.
func (s *Store) RemoveSnapshot(mirror string, r *Record) error {
	if !s.HasSnapshot(r) {
		return nil
	}
	gone := s.path("staging", "gone-"+mirror)
	if err := os.RemoveAll(gone); err != nil {
		return err
	}
	defer os.RemoveAll(gone)
	if err := os.MkdirAll(filepath.Dir(gone), 0o700); err != nil {
		return err
	}
	dir := filepath.Join(s.destination, r.SnapshotDir())
	if err := os.Rename(dir, gone); err != nil {
		return err
	}
	_ = os.Remove(filepath.Dir(dir)) // when it was the last one
	tree, err := os.OpenRoot(gone)
	if err != nil {
		return err
	}
	defer tree.Close()
	b := &publishing{Store: s, tree: tree, objects: s.Objects()}
	for _, at := range r.Repositories {
		m, err := s.Manifest(mirror, at)
		if err != nil {
			return err
		}
		for f := range m.All {
			if err := b.remove(path.Join(r.Below(at), f.Path), f.Digest); err != nil {
				return err
			}
		}
	}
	return nil
}
