// Package store is where packages, manifests and generations live: a directory.
//
// A store has a destination, the tree that clients read, and a state directory
// that is never served (mode 0700). In the state directory:
//
//	version            the version of this layout
//	lock               held by the run that writes
//	objects/ALGO/xx/   every file that is published or was fetched, by digest
//	partial/           files that are not complete yet, by digest
//	cache/             upstream's indexes, and the roots that were read last
//	staging/           index directories that are about to be published
//	mirrors/NAME/      what is published of the mirror: record and manifests, and the
//	                   generations that are kept; of a channel in mirrors/NAME@CHANNEL/
//
// Files of the tree are hard links to objects, so a file is stored once whatever
// mirrors hold it, and nothing published is ever written in place. State and
// destination have to be on one file system.
package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
	"golang.org/x/sys/unix"
)

// ErrLocked says that another run holds the store.
var ErrLocked = errors.New("another run holds the lock")

// Store is a destination with its state.
type Store struct {
	destination, state string
	manifests          *manifests // of ledgers
}

// Open opens the store, creating the directories that are missing. A state
// directory that a newer version of the program made is refused.
func Open(destination, state string) (*Store, error) {
	destination, state, err := absolute(destination, state)
	if err != nil {
		return nil, err
	}
	s := &Store{destination: destination, state: state, manifests: &manifests{}}
	if err := makeDir(destination, 0o755); err != nil {
		return nil, fmt.Errorf("destination: %w", err)
	}
	if err := makeDir(state, 0o700); err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	if err := s.migrate(); err != nil {
		return nil, err
	}
	return s, s.checkFileSystem()
}

// OpenState opens a store to read upstream only: for commands that look and
// change nothing but the cache in the state directory.
func OpenState(destination, state string) (*Store, error) {
	destination, state, err := absolute(destination, state)
	if err != nil {
		return nil, err
	}
	s := &Store{destination: destination, state: state, manifests: &manifests{}}
	if err := os.MkdirAll(state, 0o700); err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	_, err = s.version()
	return s, err
}

func absolute(destination, state string) (string, string, error) {
	d, err := filepath.Abs(destination)
	if err != nil {
		return "", "", err
	}
	s, err := filepath.Abs(state)
	return d, s, err
}

// makeDir makes a directory with its mode whatever the umask; one that exists
// keeps its mode.
func makeDir(dir string, mode os.FileMode) error {
	if info, err := os.Stat(dir); err == nil {
		if !info.IsDir() {
			return fmt.Errorf("%s is not a directory", dir)
		}
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	if err := os.Mkdir(dir, mode); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return os.Chmod(dir, mode)
}

func (s *Store) checkFileSystem() error {
	var d, t unix.Stat_t
	if err := unix.Stat(s.destination, &d); err != nil {
		return fmt.Errorf("destination %s: %w", s.destination, err)
	}
	if err := unix.Stat(s.state, &t); err != nil {
		return fmt.Errorf("state %s: %w", s.state, err)
	}
	if d.Dev != t.Dev {
		return fmt.Errorf("state %s is on another file system than destination %s: files are published by hard link, so both have to be on one", s.state, s.destination)
	}
	return nil
}

// Destination is the directory that clients read.
func (s *Store) Destination() string { return s.destination }

// State is the directory of the store's own files.
func (s *Store) State() string { return s.state }

func (s *Store) path(elem ...string) string {
	return filepath.Join(append([]string{s.state}, elem...)...)
}

// Lock takes the store for writing, or returns [ErrLocked], and finishes a switch of
// several mirrors that a process that died was in the middle of. The lock ends with the
// process, whatever ends it.
func (s *Store) Lock() (unlock func(), err error) {
	l := flock.New(s.path("lock"), flock.SetPermissions(0o600))
	ok, err := l.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", l.Path(), err)
	}
	if !ok {
		return nil, fmt.Errorf("%s: %w", l.Path(), ErrLocked)
	}
	if err := s.finishTogether(); err != nil {
		return nil, errors.Join(err, l.Unlock())
	}
	return func() { _ = l.Unlock() }, nil
}

// Objects are the files that are published.
func (s *Store) Objects() *Objects {
	return newObjects(s.path("objects"), s.path("partial"))
}

// Free returns the bytes that this process can still write to the destination.
func (s *Store) Free() (int64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(s.destination, &st); err != nil {
		return 0, fmt.Errorf("free space of %s: %w", s.destination, err)
	}
	return int64(st.Bavail) * st.Bsize, nil
}

// Sync makes all that was written to the store durable.
func (s *Store) Sync() error {
	d, err := os.Open(s.state)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := unix.Syncfs(int(d.Fd())); err != nil {
		return fmt.Errorf("sync %s: %w", s.state, err)
	}
	return nil
}

// writeFile replaces a file of the state directory at once and durably.
func writeFile(file string, data []byte, mode os.FileMode) error {
	return replaceFile(file, mode, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// replaceFile is writeFile for what is written bit by bit.
func replaceFile(file string, mode os.FileMode, write func(io.Writer) error) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	t, err := os.CreateTemp(filepath.Dir(file), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(t.Name())
	err = write(t)
	if err == nil {
		err = t.Chmod(mode)
	}
	if err == nil {
		err = t.Sync()
	}
	if e := t.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(t.Name(), file)
	}
	if err == nil {
		err = syncDir(filepath.Dir(file))
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
