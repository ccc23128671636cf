package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Taker makes objects of files that belong to others, in the cheapest way that there
// is: as a clone that shares its blocks (ioctl_ficlone(2)), else as a hard link, else as
// a copy. The files themselves are never changed. It is safe for concurrent use.
type Taker struct {
	Objects *Objects
	// Copies forbids hard links: an object then stays what it is, whatever happens to
	// the file.
	Copies bool

	cannotClone atomic.Bool
}

// Taking is the taking of one file. It has to be read to its end before it is finished.
type Taking struct {
	taker   *Taker
	in      *os.File
	info    fs.FileInfo
	out     *os.File // clone or copy, nil for none
	copying bool     // what is read is written to out
	err     error    // of writing there
}

// Take begins to take the file, which is a regular one. Where likely is set, the objects
// probably have its content, so that a copy is made only when it turns out that they do
// not.
func (t *Taker) Take(in *os.File, likely bool) (*Taking, error) {
	info, err := in.Stat()
	if err != nil {
		return nil, err
	}
	k := &Taking{taker: t, in: in, info: info}
	switch {
	case likely:
		return k, nil
	case t.clone(k):
		return k, nil
	case !t.Copies && linkable(info):
		return k, nil
	}
	if k.out, err = t.Objects.unnamed(); err != nil {
		return nil, err
	}
	k.copying = true
	return k, nil
}

// Read reads the file.
func (k *Taking) Read(b []byte) (int, error) {
	if k.out == nil {
		return k.in.Read(b)
	}
	if !k.copying {
		return k.out.Read(b)
	}
	n, err := k.in.Read(b)
	if _, e := k.out.Write(b[:n]); e != nil {
		k.err = e
		return 0, e
	}
	return n, err
}

// Err is the error that kept a copy from being written, nil for none: an error of Read
// that is not the file's.
func (k *Taking) Err() error { return k.err }

// clone tries to take the file as a clone, which is then read in its place: whatever
// happens to the file meanwhile, what was digested is what is kept.
func (t *Taker) clone(k *Taking) bool {
	if t.cannotClone.Load() {
		return false
	}
	out, err := t.Objects.unnamed()
	if err != nil {
		return false
	}
	err = unix.IoctlFileClone(int(out.Fd()), int(k.in.Fd()))
	if err == nil {
		k.out = out
		return true
	}
	if !errors.Is(err, unix.EXDEV) { // other files may be on the objects' file system
		t.cannotClone.Store(true)
	}
	out.Close()
	_ = os.Remove(out.Name())
	return false
}

// linkable reports whether a hard link to the file can be published: everybody may read
// it, and nobody else owns it, who could change what is published.
func linkable(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return false
	}
	return info.Mode().Perm()&0o444 == 0o444 && info.Mode()&(fs.ModeSetuid|fs.ModeSetgid) == 0 && int(st.Uid) == os.Geteuid()
}

// Finish makes what was read an object of this digest, where there is none yet; taken
// tells whether it did. A file that changed while it was read is an error.
func (k *Taking) Finish(d repo.Digest) (taken bool, err error) {
	o := k.taker.Objects
	if err := k.unchanged(); err != nil {
		return false, err
	}
	if o.Has(repo.File{Size: k.info.Size(), Digest: d}) {
		return false, nil
	}
	if k.out == nil && !k.taker.Copies && linkable(k.info) && k.link(d) {
		return true, nil
	}
	if k.out == nil {
		if err := k.copy(d); err != nil {
			return false, err
		}
	}
	err = o.keep(k.out, k.info.ModTime(), d)
	k.out = nil
	return err == nil, err
}

// ErrChanging says that a file changed while it was read.
var ErrChanging = errors.New("changed while it was read")

func (k *Taking) unchanged() error {
	now, err := k.in.Stat()
	if err != nil {
		return err
	}
	if now.Size() != k.info.Size() || !now.ModTime().Equal(k.info.ModTime()) {
		return ErrChanging
	}
	return nil
}

// link makes the file itself the object, and reports whether that was possible.
func (k *Taking) link(d repo.Digest) bool {
	to := k.taker.Objects.Path(d)
	if k.taker.Objects.makeParent(to) != nil {
		return false
	}
	// By its descriptor, so that it is the file that was read, whatever its path shows now.
	opened := fmt.Sprintf("/proc/self/fd/%d", k.in.Fd())
	return unix.Linkat(unix.AT_FDCWD, opened, unix.AT_FDCWD, to, unix.AT_SYMLINK_FOLLOW) == nil
}

// copy copies the file after all, which has to have the digest still.
func (k *Taking) copy(d repo.Digest) (err error) {
	if k.out, err = k.taker.Objects.unnamed(); err != nil {
		return err
	}
	if _, err := k.in.Seek(0, io.SeekStart); err != nil {
		return err
	}
	h := d.Algorithm().New()
	if _, err := io.Copy(io.MultiWriter(k.out, h), k.in); err != nil {
		return err
	}
	if repo.NewDigest(d.Algorithm(), h.Sum(nil)) != d {
		return ErrChanging
	}
	return nil
}

// Close ends the taking. The file stays open.
func (k *Taking) Close() {
	if k.out != nil {
		k.out.Close()
		_ = os.Remove(k.out.Name())
		k.out = nil
	}
}

// Is reports whether the object is the file itself, by a hard link.
func (o *Objects) Is(d repo.Digest, file fs.FileInfo) bool {
	info, err := os.Lstat(o.Path(d))
	return err == nil && os.SameFile(info, file)
}
