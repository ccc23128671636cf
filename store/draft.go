package store

import (
	"bufio"
	"fmt"
	"hash"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Draft is a file that is being written and becomes an object by the digest of what
// was written. It implements [repo.Output].
type Draft struct {
	objects  *Objects
	modified time.Time
	out      *os.File
	buffer   *bufio.Writer
	hash     hash.Hash
	size     int64
}

// Draft begins a file. Its time becomes modified.
func (o *Objects) Draft(modified time.Time) (*Draft, error) {
	out, err := o.unnamed()
	if err != nil {
		return nil, err
	}
	return &Draft{objects: o, modified: modified, out: out, buffer: bufio.NewWriterSize(out, 64<<10), hash: repo.SHA256.New()}, nil
}

// unnamed makes a file that has no name to be found by: what is left of one by a
// process that died is removed by [Store.RemoveDrafts].
func (o *Objects) unnamed() (*os.File, error) {
	if err := o.makeParent(filepath.Join(o.partial, draftPattern)); err != nil {
		return nil, err
	}
	return os.CreateTemp(o.partial, draftPattern)
}

const draftPattern = "draft-*"

// Write appends.
func (d *Draft) Write(b []byte) (int, error) {
	d.hash.Write(b)
	d.size += int64(len(b))
	return d.buffer.Write(b)
}

// Finish makes the file an object and returns it with size and SHA-256 digest.
func (d *Draft) Finish() (repo.File, error) {
	f := repo.File{Size: d.size, Digest: repo.NewDigest(repo.SHA256, d.hash.Sum(nil))}
	if err := d.buffer.Flush(); err != nil {
		return f, fmt.Errorf("write: %w", err)
	}
	if d.objects.Has(f) {
		d.Discard()
		return f, nil
	}
	err := d.objects.keep(d.out, d.modified, f.Digest)
	d.out = nil
	return f, err
}

// Discard drops the file, unless it is finished.
func (d *Draft) Discard() {
	if d.out != nil {
		d.out.Close()
		_ = os.Remove(d.out.Name())
		d.out = nil
	}
}

// keep gives an unnamed file its mode, its time and its place among the objects.
func (o *Objects) keep(out *os.File, modified time.Time, d repo.Digest) error {
	to := o.Path(d)
	err := out.Chmod(0o644)
	if err == nil && !modified.IsZero() {
		t := unix.NsecToTimeval(modified.UnixNano())
		err = unix.Futimes(int(out.Fd()), []unix.Timeval{t, t})
	}
	if e := out.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = o.makeParent(to)
	}
	if err == nil {
		err = os.Rename(out.Name(), to)
	}
	if err != nil {
		_ = os.Remove(out.Name())
		return fmt.Errorf("store an object: %w", err)
	}
	return nil
}

// RemoveDrafts removes what processes that died have left of their drafts. The caller
// holds the lock.
func (s *Store) RemoveDrafts() error {
	left, err := filepath.Glob(s.path("partial", draftPattern))
	for _, file := range left {
		if e := os.Remove(file); err == nil {
			err = e
		}
	}
	return err
}
