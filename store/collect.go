package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"golang.org/x/sys/unix"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// wantedFile lists, in a mirror's state directory, what a run is fetching. It goes when
// the run has published.
const wantedFile = "wanted.zst"

// Want writes down what a run over the mirror is about to fetch, so that nothing of it is
// collected while the run is interrupted.
func (s *Store) Want(mirror string, files []repo.File) error {
	return writeManifestFile(s.mirrorFile(mirror, wantedFile), &repo.Manifest{Packages: files})
}

// Collection says how objects are collected.
type Collection struct {
	// DryRun deletes nothing.
	DryRun bool
	// Force deletes more than half of all bytes, too.
	Force bool
	// Keep says which generations are kept; the others are dropped.
	Keep Retention
	// Now is the time; partial downloads that no run waits for go after a week.
	Now time.Time
}

// Collected is what was found, and deleted unless it was a dry run.
type Collected struct {
	// Generations are those that are dropped, as MIRROR/ID.
	Generations []string `json:"generations"`
	// Objects and Bytes are all that there were.
	Objects int   `json:"objects"`
	Bytes   int64 `json:"bytes"`
	// Deleted and DeletedBytes are those that nothing needs.
	Deleted      int   `json:"deleted"`
	DeletedBytes int64 `json:"deleted_bytes"`
	// Partial counts partial downloads that nothing waits for, PartialBytes their size.
	Partial      int   `json:"partial"`
	PartialBytes int64 `json:"partial_bytes"`
	DryRun       bool  `json:"dry_run"`
}

// ErrTooMuch says that a collection would delete suspiciously much.
var ErrTooMuch = errors.New("more than half of all bytes would be deleted")

// Collect deletes the objects that neither a kept generation, nor an interrupted run nor
// a tree needs, and forgotten partial downloads. The caller holds the lock.
//
// What a tree shows has more than one link, so the manifests of what is published need
// not be read to know that it is needed, and what kept generations need beside is in the
// lists of what they left behind. Only where objects remain that none of that explains,
// the manifests are read, before they are deleted: trees may have been removed by others.
func (s *Store) Collect(ctx context.Context, c Collection) (*Collected, error) {
	out := &Collected{Generations: []string{}, DryRun: c.DryRun}
	mirrors, err := s.Mirrors()
	if err != nil {
		return nil, err
	}
	var dropping []*Kept
	for _, mirror := range mirrors {
		all, err := s.Droppable(mirror, c.Keep, c.Now)
		if err != nil {
			return nil, err
		}
		for _, k := range all {
			dropping = append(dropping, k)
			out.Generations = append(out.Generations, mirror+"/"+k.ID)
		}
	}
	suspects, err := s.unlinked(ctx, out)
	if err != nil {
		return nil, err
	}
	wanted, err := s.explain(ctx, suspects, mirrors, dropping)
	if err != nil {
		return nil, err
	}
	for _, size := range suspects {
		out.Deleted++
		out.DeletedBytes += size
	}
	if out.DeletedBytes*2 > out.Bytes && !c.Force && !c.DryRun {
		return out, fmt.Errorf("%w: %s of %s, in %d of %d objects", ErrTooMuch,
			humanize.IBytes(uint64(out.DeletedBytes)), humanize.IBytes(uint64(out.Bytes)), out.Deleted, out.Objects)
	}
	if !c.DryRun {
		for _, mirror := range mirrors {
			if err := s.DropGenerations(mirror, c.Keep, c.Now); err != nil {
				return out, err
			}
		}
		objects := s.Objects()
		for d := range suspects {
			if err := objects.Remove(d); err != nil {
				return out, err
			}
		}
		if err := s.RemoveDrafts(); err != nil {
			return out, err
		}
		if err := os.RemoveAll(s.path("staging")); err != nil {
			return out, err
		}
	}
	return out, s.collectPartial(c, wanted, out)
}

// unlinked walks over all objects and returns those that no tree shows, with their sizes.
func (s *Store) unlinked(ctx context.Context, out *Collected) (map[repo.Digest]int64, error) {
	suspects := map[repo.Digest]int64{}
	top := s.path("objects")
	err := filepath.WalkDir(top, func(file string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || !e.Type().IsRegular() {
			return errors.Join(err, ctx.Err())
		}
		var st unix.Stat_t
		if err := unix.Lstat(file, &st); err != nil {
			return &fs.PathError{Op: "stat", Path: file, Err: err}
		}
		out.Objects++
		out.Bytes += st.Size
		if st.Nlink > 1 {
			return nil
		}
		algorithm, err := repo.ParseAlgorithm(filepath.Base(filepath.Dir(filepath.Dir(file))))
		if err != nil {
			return nil // nothing of ours
		}
		if d, err := repo.ParseHex(algorithm, filepath.Base(file)); err == nil {
			suspects[d] = st.Size
		}
		return nil
	})
	return suspects, err
}

// explain takes out of the suspects what something needs, and returns what interrupted
// runs wait for.
func (s *Store) explain(ctx context.Context, suspects map[repo.Digest]int64, mirrors []string, dropping []*Kept) (wanted map[repo.Digest]bool, err error) {
	needed, err := s.leftBehind(dropping...)
	if err != nil {
		return nil, err
	}
	wanted = map[repo.Digest]bool{}
	lists, err := filepath.Glob(s.mirrorFile("*", wantedFile))
	if err != nil {
		return nil, err
	}
	for _, list := range lists {
		m, err := readManifestFile(list)
		if err != nil {
			return nil, err
		}
		for f := range m.All {
			wanted[f.Digest], needed[f.Digest] = true, true
		}
	}
	for d := range needed {
		delete(suspects, d)
	}
	return wanted, s.explainByManifests(ctx, suspects, mirrors, dropping)
}

// explainByManifests takes out of the suspects what a manifest names: of a generation
// that stays, or of one that a run was about to publish.
func (s *Store) explainByManifests(ctx context.Context, suspects map[repo.Digest]int64, mirrors []string, dropping []*Kept) error {
	read := map[string]bool{}
	for _, mirror := range mirrors {
		if len(suspects) == 0 {
			return nil
		}
		all, err := s.withPending(mirror)
		if err != nil {
			return err
		}
		for _, k := range all {
			if among(dropping, k.ID) {
				continue
			}
			for _, at := range k.Repositories {
				file := s.mirrorFile(mirror, at.ManifestFile)
				if read[file] || ctx.Err() != nil {
					continue
				}
				read[file] = true
				m, err := readManifestFile(file)
				if err != nil {
					return err
				}
				for f := range m.All {
					delete(suspects, f.Digest)
				}
			}
		}
	}
	return ctx.Err()
}

// forgotten is how old a partial download is that no run comes back to.
const forgotten = 7 * 24 * time.Hour

func (s *Store) collectPartial(c Collection, wanted map[repo.Digest]bool, out *Collected) error {
	entries, err := os.ReadDir(s.path("partial"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || c.Now.Sub(info.ModTime()) < forgotten {
			continue
		}
		name := strings.TrimSuffix(e.Name(), ".validator")
		algorithm, sum, _ := strings.Cut(name, "-")
		if a, err := repo.ParseAlgorithm(algorithm); err == nil {
			if d, err := repo.ParseHex(a, sum); err == nil && wanted[d] {
				continue
			}
		}
		out.Partial++
		out.PartialBytes += info.Size()
		if c.DryRun {
			continue
		}
		if err := os.Remove(s.path("partial", e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
