package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Objects are files kept by digest. It is safe for concurrent use, also by
// several processes: an object appears complete or not at all.
type Objects struct {
	dir, partial string
	made         sync.Map // directories that exist
}

func newObjects(dir, partial string) *Objects { return &Objects{dir: dir, partial: partial} }

// Path is where the object with the digest is, if it is there.
func (o *Objects) Path(d repo.Digest) string {
	h := d.Hex()
	return filepath.Join(o.dir, d.Algorithm().String(), h[:2], h)
}

// Has reports whether the file is there with the right size: the fast check.
func (o *Objects) Has(f repo.File) bool {
	info, err := os.Lstat(o.Path(f.Digest))
	return err == nil && info.Mode().IsRegular() && (f.Size < 0 || info.Size() == f.Size)
}

// Check reports whether the file is there with the right digest: the full check.
// A wrong object is removed, so that it is fetched again.
func (o *Objects) Check(f repo.File) (bool, error) {
	in, err := o.Open(f)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer in.Close()
	h := f.Digest.Algorithm().New()
	if _, err := io.Copy(h, in); err != nil {
		return false, fmt.Errorf("check %s: %w", f.Path, err)
	}
	if repo.NewDigest(f.Digest.Algorithm(), h.Sum(nil)) == f.Digest {
		return true, nil
	}
	return false, o.Remove(f.Digest)
}

// Open opens the object; the error is [fs.ErrNotExist] when it is not there.
func (o *Objects) Open(f repo.File) (*os.File, error) { return os.Open(o.Path(f.Digest)) }

// Remove removes the object, if it is there.
func (o *Objects) Remove(d repo.Digest) error {
	if err := os.Remove(o.Path(d)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// removeUnused removes the object when no tree shows it and it is not among those that
// are needed.
func (o *Objects) removeUnused(d repo.Digest, needed map[repo.Digest]bool) error {
	var st unix.Stat_t
	if needed[d] || unix.Lstat(o.Path(d), &st) != nil || st.Nlink > 1 {
		return nil
	}
	return o.Remove(d)
}

// makeLater sets the time of an object behind that of the other, if it is not. One that
// is not there is left to those who need it.
func (o *Objects) makeLater(d, than repo.Digest) error {
	earlier, err := os.Lstat(o.Path(than))
	if err != nil {
		return nil
	}
	info, err := os.Lstat(o.Path(d))
	if err != nil || info.ModTime().Unix() > earlier.ModTime().Unix() {
		return nil // HTTP knows whole seconds
	}
	t := earlier.ModTime().Truncate(time.Second).Add(time.Second)
	return os.Chtimes(o.Path(d), t, t)
}

// Put stores content and returns it as the file of the given path, with size and
// SHA-256 digest.
func (o *Objects) Put(name string, content []byte, modified time.Time) (repo.File, error) {
	h := repo.SHA256.New()
	h.Write(content)
	f := repo.File{Path: name, Size: int64(len(content)), Digest: repo.NewDigest(repo.SHA256, h.Sum(nil))}
	if o.Has(f) {
		return f, nil
	}
	p, err := o.Create(f, modified)
	if err != nil {
		return f, err
	}
	defer p.Close()
	if err := p.Reset(); err != nil {
		return f, err
	}
	if _, err := p.Write(content); err != nil {
		return f, fmt.Errorf("write %s: %w", name, err)
	}
	return f, p.Commit()
}

// Adopt takes the file over from other objects of the same file system, if they
// have it. Its time becomes modified.
func (o *Objects) Adopt(from *Objects, f repo.File, modified time.Time) (bool, error) {
	if o.Has(f) {
		return true, nil
	}
	if !from.Has(f) {
		return false, nil
	}
	to := o.Path(f.Digest)
	if err := o.makeParent(to); err != nil {
		return false, err
	}
	if !modified.IsZero() {
		if err := os.Chtimes(from.Path(f.Digest), modified, modified); err != nil {
			return false, err
		}
	}
	if err := os.Link(from.Path(f.Digest), to); err != nil && !errors.Is(err, fs.ErrExist) {
		return false, err
	}
	return true, nil
}

func (o *Objects) makeParent(file string) error {
	dir := filepath.Dir(file)
	if _, ok := o.made.Load(dir); ok {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	o.made.Store(dir, true)
	return nil
}

// Partial is a file on its way to become an object. Its bytes stay when the
// process ends, for a later run to go on from.
type Partial struct {
	objects  *Objects
	file     repo.File
	modified time.Time
	name     string
	// temporary is set when another Partial works on the same file.
	temporary bool
	out       *os.File
	size      int64
	flushed   int64
}

// largeFile is the size in bytes from which a file's writing to disk is started
// early, and its validator is kept for a later run.
const largeFile = 1 << 20

// Create starts or takes up the file; it comes into being with its first byte.
// Its time becomes modified.
func (o *Objects) Create(f repo.File, modified time.Time) (*Partial, error) {
	name := filepath.Join(o.partial, f.Digest.Algorithm().String()+"-"+f.Digest.Hex())
	p := &Partial{objects: o, file: f, modified: modified, name: name}
	out, err := os.OpenFile(name, os.O_RDWR|unix.O_NOFOLLOW, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return p, nil
	}
	if err != nil {
		return nil, err
	}
	if !lockFile(out, name) {
		return p, out.Close()
	}
	p.out = out
	if p.size, err = out.Seek(0, io.SeekEnd); err != nil {
		out.Close()
		return nil, err
	}
	p.flushed = p.size
	return p, nil
}

// lockFile takes an open file for this Partial alone, until it is closed. It
// reports whether it could: another one may work on it, or have committed it.
func lockFile(f *os.File, name string) bool {
	if unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) != nil {
		return false
	}
	opened, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(name)
	return err == nil && os.SameFile(opened, there)
}

// open makes the file.
func (p *Partial) open() (err error) {
	if p.out != nil {
		return nil
	}
	if err := p.objects.makeParent(p.name); err != nil {
		return err
	}
	out, err := os.OpenFile(p.name, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o644)
	if err != nil {
		return err
	}
	if !lockFile(out, p.name) { // what two fetch at once is fetched twice
		if err := out.Close(); err != nil {
			return err
		}
		if out, err = os.CreateTemp(filepath.Dir(p.name), filepath.Base(p.name)+"-"); err != nil {
			return err
		}
		p.name, p.temporary = out.Name(), true // no later run would find it
	}
	p.out = out
	return out.Truncate(0)
}

// Size is the number of bytes there are.
func (p *Partial) Size() int64 { return p.size }

// Reader reads the bytes there are, from the start.
func (p *Partial) Reader() (io.ReadCloser, error) {
	if p.out == nil {
		return io.NopCloser(strings.NewReader("")), nil
	}
	return io.NopCloser(io.NewSectionReader(p.out, 0, p.size)), nil
}

// Write appends.
func (p *Partial) Write(b []byte) (int, error) {
	if err := p.open(); err != nil {
		return 0, err
	}
	n, err := p.out.Write(b)
	p.size += int64(n)
	// Writing out early lets the disk work while the network does.
	if p.size-p.flushed >= 8*largeFile {
		_ = unix.SyncFileRange(int(p.out.Fd()), p.flushed, p.size-p.flushed, unix.SYNC_FILE_RANGE_WRITE)
		p.flushed = p.size
	}
	return n, err
}

// Reset throws the bytes away.
func (p *Partial) Reset() error {
	if p.out == nil || p.size == 0 {
		return nil
	}
	p.size, p.flushed = 0, 0
	if err := p.out.Truncate(0); err != nil {
		return err
	}
	_, err := p.out.Seek(0, io.SeekStart)
	return err
}

func (p *Partial) validatorFile() string { return p.name + ".validator" }

// Validator is what SetValidator was given for these bytes, also by an earlier
// run, or "".
func (p *Partial) Validator() string {
	if p.size == 0 {
		return ""
	}
	b, _ := os.ReadFile(p.validatorFile())
	return string(b)
}

// SetValidator keeps the ETag or date of the upstream file that the bytes come
// from. For small files it does not: they are cheap to fetch again.
func (p *Partial) SetValidator(v string) error {
	if p.file.Size >= 0 && p.file.Size < largeFile {
		return nil
	}
	if v == "" {
		err := os.Remove(p.validatorFile())
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	if err := p.objects.makeParent(p.name); err != nil {
		return err
	}
	return os.WriteFile(p.validatorFile(), []byte(v), 0o600)
}

// Commit makes the file an object. The caller has verified the bytes.
func (p *Partial) Commit() error {
	if p.size > largeFile && p.size > p.flushed {
		_ = unix.SyncFileRange(int(p.out.Fd()), p.flushed, p.size-p.flushed, unix.SYNC_FILE_RANGE_WRITE)
	}
	if err := p.open(); err != nil { // a file without any bytes
		return err
	}
	to := p.objects.Path(p.file.Digest)
	err := p.out.Chmod(0o644)
	if err == nil && !p.modified.IsZero() {
		t := unix.NsecToTimeval(p.modified.UnixNano())
		err = unix.Futimes(int(p.out.Fd()), []unix.Timeval{t, t})
	}
	if e := p.out.Close(); err == nil {
		err = e
	}
	p.out = nil
	if err == nil {
		err = p.objects.makeParent(to)
	}
	if err == nil {
		err = os.Rename(p.name, to)
	}
	if err != nil {
		return fmt.Errorf("store %s: %w", p.file.Path, err)
	}
	if p.file.Size < 0 || p.file.Size >= largeFile {
		_ = os.Remove(p.validatorFile())
	}
	return nil
}

// Close keeps the bytes for later, unless the file was committed.
func (p *Partial) Close() error {
	if p.out == nil {
		return nil
	}
	err := p.out.Close()
	p.out = nil
	if p.size == 0 || p.temporary {
		_ = os.Remove(p.name)
	}
	return err
}
