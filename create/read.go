package create

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"github.com/mirrorkeeper/mirrorkeeper/create/md5pair"
	"github.com/mirrorkeeper/mirrorkeeper/progress"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/store"
)

// gather finds the files of the inputs and gets to know all of them, and those that they
// name.
func (r *run) gather(ctx context.Context) (err error) {
	if r.fresh, err = newSpill(r.inventory); err != nil {
		return err
	}
	r.resolve()
	for files := r.files; len(files) > 0; files = r.beside(files) {
		unread := files[:0:0]
		for _, f := range files {
			if f.err == nil && !r.recognise(f) {
				unread = append(unread, f)
			}
		}
		if err := r.readFiles(ctx, unread); err != nil {
			return err
		}
	}
	r.inputs = len(r.files)
	return nil
}

// readFiles reads the files, several at once. What is wrong with one of them is in its
// err.
func (r *run) readFiles(ctx context.Context, files []*found) error {
	files, err := r.fetch(ctx, files)
	if err != nil || len(files) == 0 {
		return err
	}
	if r.sizes == nil {
		r.sizes = map[int64]bool{}
		for _, e := range r.held.entries {
			r.sizes[e.size] = true
		}
	}
	r.read += len(files)
	var bytes int64
	for _, f := range files {
		bytes += f.state.size
	}
	stage := r.Progress.Stage(r.Name, "packages", len(files), bytes)
	defer stage.Finish()
	var mu sync.Mutex // guards taken
	return inParallel(ctx, len(files), func(ctx context.Context, i int) error {
		f := files[i]
		taken, err := r.readFile(ctx, f, stage)
		var local *localError
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.As(err, &local):
			return fmt.Errorf("%s: %w", f, local.error)
		case err != nil:
			f.err = plain(err)
			stage.Failed()
			return nil
		}
		stage.FileDone()
		if taken {
			mu.Lock()
			r.taken = append(r.taken, f.row.digest)
			mu.Unlock()
		}
		return nil
	})
}

// inParallel calls do for the numbers below n, for two at once on each processor: some wait
// for the disk, and two files are digested in hardly more time than one (see md5pair).
func inParallel(ctx context.Context, n int, do func(context.Context, int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	for range min(2*runtime.GOMAXPROCS(0), n) {
		g.Go(func() error {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				if err := do(ctx, int(i)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// localError is an error of this machine, such as a full disk, and no fault of the file
// that is read.
type localError struct{ error }

// readFile reads a file once: it is digested, inspected, and taken into the store.
func (r *run) readFile(ctx context.Context, f *found, stage *progress.Stage) (taken bool, err error) {
	before := time.Now()
	defer r.dropLocal(f)
	in, info, err := openFile(f.place())
	if err != nil {
		return false, err
	}
	defer in.Close()
	f.state = stateOf(info)
	old := r.known.rows[f.name]
	taking, err := r.taker.Take(in, r.sizes[f.state.size])
	if err != nil {
		return false, &localError{err}
	}
	defer taking.Close()
	w := &row{state: f.state}
	algorithms := r.Creator.Algorithms()
	digested := algorithms
	if f.want != nil {
		digested = append(slices.Clone(algorithms), f.want.Digest.Algorithm())
	}
	d := newDigesting(ctx, taking, stage, digested, &r.md5)
	defer d.close()
	var inspected *repo.Inspected
	if !f.part {
		inspected, err = r.Creator.Inspect(repo.PackageFile{
			Base: f.base(), Content: d.in, Size: info.Size(), Modified: info.ModTime(), Thorough: r.Check,
		})
	}
	if err == nil {
		err = d.drain(info.Size())
	}
	if e := taking.Err(); e != nil {
		return false, &localError{e}
	}
	if err == nil {
		err = d.check(f.want)
	}
	if err != nil {
		return false, err
	}
	w.digest = sumOf(d.sum(repo.SHA256))
	r.dropChanged(old, w, info)
	if !f.url() && info.ModTime().After(before.Add(-settled)) {
		w.size = -1
	}
	if inspected != nil {
		if err := r.keepTexts(w.digest, inspected, d.sums(algorithms)); err != nil {
			return false, &localError{err}
		}
		w.inspected = withoutTexts(inspected)
	}
	if inspected == nil || !inspected.Lists {
		if taken, err = taking.Finish(w.digest.digest()); err != nil {
			if errors.Is(err, store.ErrChanging) {
				return false, err
			}
			return false, &localError{err}
		}
	}
	w.validator = f.validator
	f.row = w
	return taken || f.fetched, nil
}

// openFile opens a regular file, without waiting for anything.
func openFile(name string) (*os.File, fs.FileInfo, error) {
	in, err := os.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err := in.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is not a regular file")
	}
	if err != nil {
		in.Close()
		return nil, nil, err
	}
	return in, info, nil
}

// dropChanged drops the object that a file was, when the file was changed where it lies:
// the object is the same file by a hard link, and so it is no longer what it was.
func (r *run) dropChanged(old, now *row, info fs.FileInfo) {
	objects := r.Store.Objects()
	if old != nil && old.digest != now.digest && objects.Is(old.digest.digest(), info) {
		_ = objects.Remove(old.digest.digest())
	}
}

// keepTexts keeps the texts of a package until they are written.
func (r *run) keepTexts(d sum, i *repo.Inspected, digests []repo.Digest) error {
	if i.Lists {
		return nil
	}
	return r.fresh.put(d, &record{digests: digests, texts: i.Texts})
}

// withoutTexts is what is kept of a package in memory. What Inspect returned may share
// the memory of all that it read.
func withoutTexts(i *repo.Inspected) *repo.Inspected {
	c := &repo.Inspected{
		Name: strings.Clone(i.Name), Version: strings.Clone(i.Version), Architecture: strings.Clone(i.Architecture),
		Source: strings.Clone(i.Source), Section: strings.Clone(i.Section), Base: strings.Clone(i.Base),
		SourcePackage: i.SourcePackage, Lists: i.Lists,
	}
	for _, f := range i.Files {
		c.Files = append(c.Files, repo.File{Path: strings.Clone(f.Path), Size: f.Size, Digest: f.Digest})
	}
	return c
}

// digesting reads a file and digests it on the way.
type digesting struct {
	ctx    context.Context
	from   io.Reader
	in     *bufio.Reader // what others read it by
	hashes map[repo.Algorithm]hash.Hash
	md5    md5pair.Hash // one of the hashes, nil for none
	stage  *progress.Stage
	size   int64
}

// bufferSize is what is read at once, in bytes.
const bufferSize = 128 << 10

// newDigesting digests by SHA-256, and by those algorithms given that are any.
func newDigesting(ctx context.Context, from io.Reader, stage *progress.Stage, algorithms []repo.Algorithm, md5 *md5pair.Group) *digesting {
	d := &digesting{ctx: ctx, from: from, stage: stage, hashes: map[repo.Algorithm]hash.Hash{repo.SHA256: repo.SHA256.New()}}
	for _, a := range algorithms {
		switch {
		case a == 0 || d.hashes[a] != nil:
		case a == repo.MD5:
			d.md5 = md5.New()
			d.hashes[a] = d.md5
		default:
			d.hashes[a] = a.New()
		}
	}
	d.in = readers.Get().(*bufio.Reader)
	d.in.Reset(reader(d.read))
	return d
}

var readers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, bufferSize) }}

func (d *digesting) close() {
	if d.md5 != nil {
		d.md5.Close()
	}
	d.in.Reset(nil)
	readers.Put(d.in)
}

type reader func([]byte) (int, error)

func (r reader) Read(b []byte) (int, error) { return r(b) }

func (d *digesting) read(b []byte) (int, error) {
	if err := d.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := d.from.Read(b)
	for _, h := range d.hashes {
		h.Write(b[:n])
	}
	d.size += int64(n)
	d.stage.Add(int64(n))
	return n, err
}

// drain reads what is left. The file has to have the size that it had when it was opened.
func (d *digesting) drain(size int64) error {
	for {
		_, err := d.in.Discard(bufferSize)
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
	}
	if d.md5 != nil {
		d.md5.Close()
	}
	if d.size != size {
		return store.ErrChanging
	}
	return nil
}

func (d *digesting) sum(a repo.Algorithm) repo.Digest { return repo.NewDigest(a, d.hashes[a].Sum(nil)) }

func (d *digesting) sums(algorithms []repo.Algorithm) (out []repo.Digest) {
	for _, a := range algorithms {
		out = append(out, d.sum(a))
	}
	return out
}

// check compares what was read with what is expected of it.
func (d *digesting) check(want *repo.Content) error {
	if want == nil || want.Digest.IsZero() {
		return nil
	}
	if want.Size >= 0 && want.Size != d.size {
		return fmt.Errorf("it has %d bytes, expected %d", d.size, want.Size)
	}
	if seen := d.sum(want.Digest.Algorithm()); seen != want.Digest {
		return fmt.Errorf("its digest is %s, expected %s", seen, want.Digest)
	}
	return nil
}
