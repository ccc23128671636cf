package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// togetherFile says which mirrors are being switched together. While it is there, all of
// them are prepared, and those that are not switched yet have to be.
const togetherFile = "together.json"

// announced is a publication of which record and manifests lie in the state directory.
type announced struct {
	Mirror     string            `json:"mirror"`
	ID         string            `json:"id"`
	Grace      time.Duration     `json:"grace"`
	Keep       Retention         `json:"keep"`
	PublicKeys map[string][]byte `json:"public_keys,omitempty"`
}

// PublishTogether publishes all generations or none. What can go wrong does so while they
// are prepared; then they are switched one right after another. A process that dies
// between two of these switches leaves it to the next one that takes the lock to make
// the others.
func (s *Store) PublishTogether(all []*Publication) error {
	var ready []*publishing
	defer func() {
		for _, b := range ready {
			b.close()
		}
	}()
	var list []announced
	for _, p := range all {
		b, err := s.prepare(p)
		if err != nil {
			return err
		}
		ready = append(ready, b)
		list = append(list, announced{p.Mirror, p.Record.ID, p.Grace, p.Keep, p.PublicKeys})
	}
	b, err := json.Marshal(list)
	if err != nil {
		return err
	}
	if err := writeFile(s.path(togetherFile), b, 0o600); err != nil {
		return err
	}
	for _, b := range ready {
		if err := b.commit(); err != nil {
			return fmt.Errorf("%w: the next run switches those that are left", err)
		}
	}
	return os.Remove(s.path(togetherFile))
}

// finishTogether makes the switches that PublishTogether did not come to.
func (s *Store) finishTogether() error {
	b, err := os.ReadFile(s.path(togetherFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var list []announced
	if err := json.Unmarshal(b, &list); err != nil {
		return fmt.Errorf("%s: %w", s.path(togetherFile), err)
	}
	for _, a := range list {
		if err := s.finishAnnounced(a); err != nil {
			return fmt.Errorf("finish the switch to generation %s: %w", a.ID, err)
		}
	}
	return os.Remove(s.path(togetherFile))
}

func (s *Store) finishAnnounced(a announced) error {
	current, err := s.Published(a.Mirror)
	if err != nil || current != nil && current.ID == a.ID {
		return err
	}
	pending, err := s.readRecord(a.Mirror, pendingRecord)
	if err != nil {
		return err
	}
	if pending == nil || pending.ID != a.ID {
		return errors.New("its record is gone")
	}
	var manifests []*repo.Manifest
	for _, at := range pending.Repositories {
		var m *repo.Manifest
		if before := current.Find(at.Name, at.Place); before == nil || before.ManifestFile != at.ManifestFile {
			if m, err = s.Manifest(a.Mirror, at); err != nil {
				return err
			}
		}
		manifests = append(manifests, m)
	}
	_, err = s.Publish(&Publication{
		Mirror: a.Mirror, Record: pending, Manifests: manifests, Before: current, Grace: a.Grace, Keep: a.Keep, PublicKeys: a.PublicKeys,
	})
	return err
}
