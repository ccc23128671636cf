package store

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// retired are the files of the index directory that readers of an older root may
// still ask for.
func (b *publishing) retired(c *change) (out []Retired) {
	until := b.Record.Time.Add(b.Grace)
	for _, f := range c.indexes.Removed {
		out = append(out, Retired{filepath.Join(c.at.Place, f.Path), f.Digest, until})
	}
	for _, f := range c.packages.Removed {
		if c.inside(f) {
			out = append(out, Retired{filepath.Join(c.at.Place, f.Path), f.Digest, until})
		}
	}
	if b.Before == nil {
		return out
	}
	inside := filepath.Join(c.at.Place, c.at.IndexDir) + "/"
	for _, r := range b.Before.Retired {
		if strings.HasPrefix(r.Path, inside) && r.Until.After(b.Record.Time) {
			out = append(out, r)
		}
	}
	return out
}

// carryRetired keeps the entries of the record before, except for paths that the
// mirror holds again.
func (b *publishing) carryRetired() error {
	if b.Before == nil || len(b.Before.Retired) == 0 {
		return nil
	}
	carried := map[Retired]bool{}
	byPath := map[string]Retired{}
	for _, r := range b.Before.Retired {
		carried[r] = true
		byPath[r.Path] = r
	}
	delete(byPath, "")
	for i, at := range b.Record.Repositories {
		m := b.Manifests[i]
		if m == nil {
			var err error
			if m, err = b.Manifest(b.Mirror, b.Before.Find(at.Name, at.Place)); err != nil {
				return err
			}
		}
		for f := range m.All {
			if r, ok := byPath[filepath.Join(at.Place, f.Path)]; ok {
				delete(carried, r)
			}
		}
	}
	for _, r := range b.Record.Retired {
		delete(carried, byPath[r.Path])
	}
	for r := range carried {
		b.Record.Retired = append(b.Record.Retired, r)
	}
	return nil
}

// sweep removes what was retired and is due.
func (b *publishing) sweep() error {
	return b.sweepRecord(b.Mirror, b.Record, b.Record.Time)
}

// Sweep removes the retired files of the mirror whose time has come, and reports
// whether there were any.
func (s *Store) Sweep(mirror string, now time.Time) (bool, error) {
	r, err := s.readRecord(mirror, currentRecord)
	if err != nil || r == nil || !r.Due(now) {
		return false, err
	}
	tree, err := os.OpenRoot(s.destination)
	if err != nil {
		return false, err
	}
	defer tree.Close()
	b := &publishing{Store: s, tree: tree, objects: s.Objects()}
	defer b.closeDir()
	return true, b.sweepRecord(mirror, r, now)
}

// Due reports whether a retired file's time has come.
func (r *Record) Due(now time.Time) bool {
	return slices.ContainsFunc(r.Retired, func(x Retired) bool { return !x.Until.After(now) })
}

func (b *publishing) sweepRecord(mirror string, r *Record, now time.Time) error {
	var keep []Retired
	for _, x := range r.Retired {
		if x.Until.After(now) {
			keep = append(keep, x)
			continue
		}
		if err := b.remove(x.Path, x.Digest); err != nil {
			return err
		}
	}
	if len(keep) == len(r.Retired) {
		return nil
	}
	r.Retired = keep
	return b.writeRecord(mirror, currentRecord, r)
}
