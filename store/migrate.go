package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// layoutVersion is the version of the state directory's layout.
const layoutVersion = "2"

// migrations lead from each older version to the next one. They can be repeated, since
// the version is written last.
var migrations = map[string]struct {
	to      string
	migrate func(*Store) error
}{
	"1": {"2", (*Store).keepPublished},
}

// version is the version of the state directory's layout; one without any is new.
func (s *Store) version() (string, error) {
	file := s.path("version")
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return layoutVersion, writeFile(file, []byte(layoutVersion+"\n"), 0o600)
	}
	if err != nil {
		return "", err
	}
	v := strings.TrimSpace(string(b))
	if _, known := migrations[v]; !known && v != layoutVersion {
		return "", fmt.Errorf("%s: the state directory has layout version %q, this program knows version %s: a newer mirrorkeeper made it; use that one", file, v, layoutVersion)
	}
	return v, nil
}

// migrate brings the state directory to the present layout. Programs of the one before
// refuse it from then on.
func (s *Store) migrate() error {
	v, err := s.version()
	if err != nil || v == layoutVersion {
		return err
	}
	unlock, err := s.Lock()
	if err != nil {
		return fmt.Errorf("the state directory is of an earlier version: %w", err)
	}
	defer unlock()
	for v != layoutVersion {
		m := migrations[v]
		if err := m.migrate(s); err != nil {
			return fmt.Errorf("%s: migration from layout version %s to %s: %w", s.state, v, m.to, err)
		}
		if err := writeFile(s.path("version"), []byte(m.to+"\n"), 0o600); err != nil {
			return err
		}
		v = m.to
	}
	return nil
}

// keepPublished leads from version 1, which knew only what is published, to generations
// that are kept.
func (s *Store) keepPublished() error {
	mirrors, err := s.Mirrors()
	if err != nil {
		return err
	}
	for _, mirror := range mirrors {
		r, err := s.Published(mirror)
		if err != nil {
			return err
		}
		if r.Dir == "" {
			r.Dir = topOf(mirror, r)
			if err := s.writeRecord(mirror, currentRecord, r); err != nil {
				return err
			}
		}
		if err := s.writeKept(mirror, &Kept{Record: *r}); err != nil {
			return err
		}
	}
	return nil
}

// topOf is the mirror's directory: its name, unless a repository lies elsewhere.
func topOf(mirror string, r *Record) string {
	for _, p := range r.Repositories {
		if p.Place != mirror && !strings.HasPrefix(p.Place, mirror+"/") {
			return r.Top()
		}
	}
	return mirror
}
