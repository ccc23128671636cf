package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// scrubFile remembers how far the objects were read again.
const scrubFile = "scrub.json"

// quarantineDir has the objects that did not have their digest any more.
const quarantineDir = "quarantine"

// Scrubbing is how far the objects were read again.
type Scrubbing struct {
	// After is the last one that was read, as ALGORITHM/XX/HEX; "" at the start of a round.
	After string `json:"after,omitempty"`
	// Begun is when the round began, Finished when the last one ended.
	Begun    time.Time `json:"begun,omitzero"`
	Finished time.Time `json:"finished,omitzero"`
	// Files and Bytes were read in this round.
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
	// Bad are the objects that this run found bad.
	Bad []BadObject `json:"bad"`
}

// BadObject is an object that did not have its digest any more. It is put away, so that
// it is fetched again; what trees show of it stays until then.
type BadObject struct {
	Digest repo.Digest `json:"digest"`
	Size   int64       `json:"size"`
	// Paths show it, below the destination; of what is published now.
	Paths []string `json:"paths"`
}

// Scrub reads objects again, from where the run before ended, and puts bad ones away, until
// all were read or the context ends. It needs no lock. Throttled limits how fast a file is
// read.
func (s *Store) Scrub(ctx context.Context, now func() time.Time, throttled func(io.Reader) io.Reader) (*Scrubbing, error) {
	at := &Scrubbing{}
	if b, err := os.ReadFile(s.path(scrubFile)); err == nil {
		_ = json.Unmarshal(b, at) // a damaged one begins anew
	}
	at.Bad = []BadObject{}
	if at.After == "" {
		at.Begun, at.Files, at.Bytes = now().UTC(), 0, 0
	}
	saved := now()
	err := s.eachObjectAfter(at.After, func(name string) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := s.scrubOne(ctx, name, at, throttled); err != nil {
			return err
		}
		at.After = name
		at.Files++
		if now().Sub(saved) < 10*time.Second {
			return nil
		}
		saved = now()
		return s.saveScrubbing(at)
	})
	if err == nil {
		at.After, at.Finished = "", now().UTC()
	} else if ctx.Err() != nil {
		err = nil // it goes on from here
	}
	if e := s.saveScrubbing(at); err == nil {
		err = e
	}
	if e := s.locate(at.Bad); err == nil {
		err = e
	}
	return at, err
}

func (s *Store) saveScrubbing(at *Scrubbing) error {
	c := *at
	c.Bad = nil
	b, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return writeFile(s.path(scrubFile), b, 0o600)
}

// eachObjectAfter calls f for the objects behind the named one, in the order of names.
func (s *Store) eachObjectAfter(after string, f func(name string) error) error {
	top := s.path("objects")
	return filepath.WalkDir(top, func(file string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		name, err := filepath.Rel(top, file)
		if err != nil || name == "." {
			return err
		}
		if e.IsDir() {
			if name < after && len(name) <= len(after) && after[:len(name)] > name {
				return fs.SkipDir
			}
			return nil
		}
		if name <= after || !e.Type().IsRegular() {
			return nil
		}
		return f(name)
	})
}

// scrubOne reads one object.
func (s *Store) scrubOne(ctx context.Context, name string, at *Scrubbing, throttled func(io.Reader) io.Reader) error {
	algorithm, err := repo.ParseAlgorithm(path.Dir(path.Dir(name)))
	if err != nil {
		return nil // nothing of ours
	}
	d, err := repo.ParseHex(algorithm, path.Base(name))
	if err != nil {
		return nil
	}
	in, err := os.Open(s.path("objects", name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // nobody needed it any more
	}
	if err != nil {
		return err
	}
	defer in.Close()
	h := algorithm.New()
	n, err := io.Copy(h, throttled(in))
	at.Bytes += n
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err == nil && repo.NewDigest(algorithm, h.Sum(nil)) == d {
		return nil
	}
	if err := os.MkdirAll(s.path(quarantineDir), 0o700); err != nil {
		return err
	}
	if err := os.Rename(s.path("objects", name), s.path(quarantineDir, algorithm.String()+"-"+d.Hex())); err != nil {
		return fmt.Errorf("put %s away: %w", name, err)
	}
	at.Bad = append(at.Bad, BadObject{Digest: d, Size: n, Paths: []string{}})
	return nil
}

// locate finds out what shows the bad objects.
func (s *Store) locate(bad []BadObject) error {
	if len(bad) == 0 {
		return nil
	}
	mirrors, err := s.Mirrors()
	if err != nil {
		return err
	}
	for _, mirror := range mirrors {
		r, err := s.Published(mirror)
		if err != nil || r == nil {
			return err
		}
		for _, p := range r.Repositories {
			m, err := s.Manifest(mirror, p)
			if err != nil {
				return err
			}
			for f := range m.All {
				if i := slices.IndexFunc(bad, func(b BadObject) bool { return b.Digest == f.Digest }); i >= 0 {
					bad[i].Paths = append(bad[i].Paths, path.Join(p.Place, f.Path))
				}
			}
		}
	}
	return nil
}
