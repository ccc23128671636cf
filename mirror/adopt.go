package mirror

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"syscall"

	"golang.org/x/sync/errgroup"

	"github.com/mirrorkeeper/mirrorkeeper/progress"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/store"
)

// adopt makes objects of files that lie in the directories to adopt from and have the
// size and the digest of what is missing, and returns what is missing then. Nothing is
// adopted by its size or its name alone, and no file is changed.
func (r *run) adopt(ctx context.Context, missing []needed) ([]needed, error) {
	if len(r.Adopt) == 0 || len(missing) == 0 {
		return missing, nil
	}
	a := &adoption{run: r, taker: &store.Taker{Objects: r.Store.Objects()}, wanted: map[int64]*wanted{}}
	for _, n := range missing {
		w := a.wanted[n.file.Size]
		if w == nil {
			w = &wanted{open: map[repo.Digest]bool{}, names: map[string]bool{}}
			a.wanted[n.file.Size] = w
		}
		w.open[n.file.Digest] = true
		w.names[path.Base(n.file.Path)] = true
	}
	if err := a.look(ctx); err != nil {
		return nil, err
	}
	if err := a.take(ctx); err != nil {
		return nil, err
	}
	objects := r.Store.Objects()
	left := slices.DeleteFunc(missing, func(n needed) bool { return objects.Has(n.file) })
	r.adopted += a.taken
	r.Log.Info("adopted files that were there already", "mirror", r.Mirror.Name, "files", a.taken, "still_to_fetch", len(left))
	return left, nil
}

// adoption is the adopting of one run.
type adoption struct {
	*run
	taker      *store.Taker
	wanted     map[int64]*wanted // by size
	candidates []candidate
	stage      *progress.Stage

	mu    sync.Mutex
	taken int
}

// wanted are the files of one size that are missing.
type wanted struct {
	open  map[repo.Digest]bool // those that were not found yet
	names map[string]bool
}

// candidate is a file that may be one that is missing.
type candidate struct {
	path  string
	size  int64
	named bool // it has the name of one, too
}

// look finds the files that have the size of a missing one. Links are not followed, but
// for the directories to adopt from themselves.
func (a *adoption) look(ctx context.Context) error {
	state, _ := os.Stat(a.Store.State())
	for _, dir := range a.Adopt {
		top, err := filepath.EvalSymlinks(dir)
		if err != nil {
			return fmt.Errorf("adopt: %w", err)
		}
		err = filepath.WalkDir(top, func(file string, e fs.DirEntry, err error) error {
			switch {
			case ctx.Err() != nil:
				return ctx.Err()
			case err != nil && file == top:
				return err
			case err != nil:
				a.Log.Warn("cannot be adopted from", "path", file, "error", err)
				return nil
			case e.IsDir():
				if info, err := e.Info(); err == nil && state != nil && os.SameFile(info, state) {
					return fs.SkipDir
				}
				return nil
			case !e.Type().IsRegular():
				return nil
			}
			info, err := e.Info()
			if err != nil {
				return nil // it is gone meanwhile
			}
			if w := a.wanted[info.Size()]; w != nil {
				a.candidates = append(a.candidates, candidate{file, info.Size(), w.names[e.Name()]})
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("adopt: %w", err)
		}
	}
	return nil
}

// take reads the candidates, those first that have the name of a missing file.
func (a *adoption) take(ctx context.Context) error {
	slices.SortStableFunc(a.candidates, func(x, y candidate) int {
		switch {
		case x.named && !y.named:
			return -1
		case y.named && !x.named:
			return 1
		}
		return 0
	})
	var bytes int64
	for _, c := range a.candidates {
		bytes += c.size
	}
	a.stage = a.Progress.Stage(a.Mirror.Name, "adopting", len(a.candidates), bytes)
	defer a.stage.Finish()
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(max(2, runtime.GOMAXPROCS(0)))
	for _, c := range a.candidates {
		if ctx.Err() != nil {
			break
		}
		g.Go(func() error {
			defer a.stage.FileDone()
			return a.takeFile(ctx, c)
		})
	}
	if err := g.Wait(); err != nil {
		return fmt.Errorf("adopt: %w", err)
	}
	return nil
}

// takeFile makes an object of a file, where it is one that is missing. What is wrong with
// the file keeps it from being adopted, what is wrong with the store is an error.
func (a *adoption) takeFile(ctx context.Context, c candidate) error {
	hashes := a.hashes(c.size)
	if len(hashes) == 0 { // all of this size were found
		a.stage.Add(c.size)
		return nil
	}
	in, err := os.OpenFile(c.path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		a.Log.Warn("cannot be adopted", "path", c.path, "error", err)
		return nil
	}
	defer in.Close()
	if info, err := in.Stat(); err != nil || !info.Mode().IsRegular() || info.Size() != c.size {
		return nil // it is another file by now
	}
	taking, err := a.taker.Take(in, false)
	if err != nil {
		return err
	}
	defer taking.Close()
	to := []io.Writer{counting{ctx, a.stage}}
	for _, h := range hashes {
		to = append(to, h)
	}
	if _, err := io.Copy(io.MultiWriter(to...), io.LimitReader(taking, c.size)); err != nil {
		if e := taking.Err(); e != nil || ctx.Err() != nil {
			return errors.Join(e, ctx.Err())
		}
		a.Log.Warn("cannot be adopted", "path", c.path, "error", err)
		return nil
	}
	for algorithm, h := range hashes {
		d := repo.NewDigest(algorithm, h.Sum(nil))
		if !a.claim(c.size, d) {
			continue
		}
		taken, err := taking.Finish(d)
		if errors.Is(err, store.ErrChanging) {
			a.Log.Warn("cannot be adopted", "path", c.path, "error", err)
			a.giveBack(c.size, d)
			return nil
		}
		if err == nil && taken {
			a.mu.Lock()
			a.taken++
			a.mu.Unlock()
		}
		return err
	}
	return nil
}

// hashes are those that the missing files of the size are known by.
func (a *adoption) hashes(size int64) map[repo.Algorithm]hash.Hash {
	a.mu.Lock()
	defer a.mu.Unlock()
	hashes := map[repo.Algorithm]hash.Hash{}
	for d := range a.wanted[size].open {
		if hashes[d.Algorithm()] == nil {
			hashes[d.Algorithm()] = d.Algorithm().New()
		}
	}
	return hashes
}

// claim reports whether the file is missing still, and takes it as found.
func (a *adoption) claim(size int64, d repo.Digest) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	open := a.wanted[size].open
	if !open[d] {
		return false
	}
	delete(open, d)
	return true
}

func (a *adoption) giveBack(size int64, d repo.Digest) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.wanted[size].open[d] = true
}

// counting counts what is read, and ends the reading with the context.
type counting struct {
	ctx   context.Context
	stage *progress.Stage
}

func (c counting) Write(b []byte) (int, error) {
	c.stage.Add(int64(len(b)))
	return len(b), c.ctx.Err()
}
