package store

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Retention says which generations of a mirror are kept beside the published one: those
// for which one of the two holds.
type Retention struct {
	// Generations is how many of the newest ones are kept, with the published one.
	Generations int
	// Age is how old further ones may be.
	Age time.Duration
}

// Kept is a generation of a mirror that is kept: it can be shown again. In the mirror's
// state directory it has, below generations/:
//
//	ID.json      the record, and what it changed
//	ID.left.zst  once another one followed: the files that it has and the next one has not
//
// beside the manifests, which generations share where nothing changed in a repository.
//
// An object is needed by a kept generation exactly when it is needed by the published
// one, or stands in the list of what one of the kept ones left behind. So what can go
// with a generation is known by what changed after it.
type Kept struct {
	Record
	// Step is what led to it.
	Step Step `json:"step"`
	// Pinned generations are kept whatever their number and age.
	Pinned bool `json:"pinned,omitempty"`
}

// Step counts what a generation changed in the package files of the one before.
type Step struct {
	// Before is the ID of that one, "" for none.
	Before string `json:"before,omitempty"`
	// Added are files at new paths, Changed those with new content, Removed those that went.
	Added   int `json:"added"`
	Changed int `json:"changed"`
	Removed int `json:"removed"`
	// AddedBytes is the size of what came, RemovedBytes of what went.
	AddedBytes   int64 `json:"added_bytes"`
	RemovedBytes int64 `json:"removed_bytes"`
}

// Packages and Bytes count the package files of all repositories.
func (r *Record) Packages() (files int, bytes int64) {
	for _, p := range r.Repositories {
		files += p.Packages
		bytes += p.Bytes
	}
	return files, bytes
}

// Top is the mirror's directory below the destination.
func (r *Record) Top() string {
	if r.Dir != "" || len(r.Repositories) == 0 {
		return cmp.Or(r.Dir, ".")
	}
	top := r.Repositories[0].Place // a record that was made before there was Dir
	for _, p := range r.Repositories {
		for top != "." && p.Place != top && !strings.HasPrefix(p.Place, top+"/") {
			top = path.Dir(top)
		}
	}
	return top
}

const generationsDir = "generations"

func (s *Store) keptFile(mirror, id string) string {
	return s.mirrorFile(mirror, generationsDir, id+".json")
}

func (s *Store) leftFile(mirror, id string) string {
	return s.mirrorFile(mirror, generationsDir, id+leftSuffix)
}

const leftSuffix = ".left.zst"

// Generations returns the generations of the mirror that are kept, oldest first, the
// published one among them.
func (s *Store) Generations(mirror string) ([]*Kept, error) {
	files, err := filepath.Glob(s.mirrorFile(mirror, generationsDir, "*.json"))
	if err != nil {
		return nil, err
	}
	var all []*Kept
	for _, file := range files {
		b, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it was dropped meanwhile
		}
		if err != nil {
			return nil, err
		}
		k := &Kept{}
		if err := json.Unmarshal(b, k); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		all = append(all, k)
	}
	current, err := s.Published(mirror)
	if err != nil {
		return nil, err
	}
	if current != nil && !slices.ContainsFunc(all, func(k *Kept) bool { return k.ID == current.ID }) {
		all = append(all, &Kept{Record: *current}) // the run that made it ended right then
	}
	slices.SortFunc(all, func(a, b *Kept) int {
		return cmp.Or(a.Time.Compare(b.Time), strings.Compare(a.ID, b.ID))
	})
	return all, nil
}

func (s *Store) writeKept(mirror string, k *Kept) error {
	k.Retired = nil
	b, err := json.MarshalIndent(k, "", " ")
	if err != nil {
		return err
	}
	return writeFile(s.keptFile(mirror, k.ID), append(b, '\n'), 0o600)
}

// Pin keeps the generation whatever its number and age, or no longer.
func (s *Store) Pin(mirror string, k *Kept, pinned bool) error {
	k.Pinned = pinned
	return s.writeKept(mirror, k)
}

// keepBefore writes down the generation that is about to be followed, as far as that
// was not done, and what it leaves behind.
func (b *publishing) keepBefore() error {
	if b.Before == nil || b.Before.ID == "" {
		return nil
	}
	if _, err := os.Stat(b.keptFile(b.Mirror, b.Before.ID)); errors.Is(err, fs.ErrNotExist) {
		if err := b.writeKept(b.Mirror, &Kept{Record: *b.Before}); err != nil {
			return err
		}
	}
	left := &repo.Manifest{}
	for _, f := range b.left {
		left.Packages = append(left.Packages, f)
	}
	slices.SortFunc(left.Packages, func(x, y repo.File) int { return strings.Compare(x.Path, y.Path) })
	return writeManifestFile(b.leftFile(b.Mirror, b.Before.ID), left)
}

// step is what the publication changes.
func (b *publishing) step() Step {
	s := Step{}
	if b.Before != nil {
		s.Before = b.Before.ID
	}
	for i := range b.changed {
		c := &b.changed[i]
		s.Added += len(c.packages.Added)
		s.Changed += len(c.packages.Changed)
		s.Removed += len(c.packages.Removed)
		for _, f := range slices.Concat(c.packages.Added, c.packages.Changed) {
			s.AddedBytes += max(f.Size, 0)
		}
		for _, f := range slices.Concat(c.packages.Removed, c.replacedFiles()) {
			s.RemovedBytes += max(f.Size, 0)
		}
	}
	for _, old := range b.gone {
		s.Removed += old.Packages
		s.RemovedBytes += old.Bytes
	}
	return s
}

// leftBehind are the objects that kept generations of all mirrors need beside those that
// are published, but for generations that are going to be dropped.
func (s *Store) leftBehind(dropping ...*Kept) (map[repo.Digest]bool, error) {
	lists, err := filepath.Glob(s.mirrorFile("*", generationsDir, "*"+leftSuffix))
	if err != nil {
		return nil, err
	}
	needed := map[repo.Digest]bool{}
	for _, list := range lists {
		if _, err := os.Stat(strings.TrimSuffix(list, leftSuffix) + ".json"); errors.Is(err, fs.ErrNotExist) {
			continue // the generation is dropped
		}
		if among(dropping, strings.TrimSuffix(filepath.Base(list), leftSuffix)) {
			continue
		}
		m, err := readManifestFile(list)
		if err != nil {
			return nil, err
		}
		for f := range m.All {
			needed[f.Digest] = true
		}
	}
	return needed, nil
}

func among(all []*Kept, id string) bool {
	return slices.ContainsFunc(all, func(k *Kept) bool { return k.ID == id })
}

// Droppable are the generations of the mirror that are not to be kept. Those that are
// pinned, or that a channel shows, stay.
func (s *Store) Droppable(mirror string, r Retention, now time.Time) (out []*Kept, err error) {
	all, err := s.Generations(mirror)
	if err != nil {
		return nil, err
	}
	current, err := s.Published(mirror)
	if err != nil || current == nil {
		return nil, err
	}
	shown, err := s.shownByChannels(mirror)
	if err != nil {
		return nil, err
	}
	for i, k := range all {
		young := r.Age > 0 && now.Sub(k.Time) <= r.Age
		if k.ID == current.ID || len(all)-i <= r.Generations || young || k.Pinned || shown[k.ID] {
			continue
		}
		out = append(out, k)
	}
	return out, nil
}

// DropGenerations drops the generations of the mirror that are not to be kept, with the
// objects that only they needed. The caller holds the lock.
func (s *Store) DropGenerations(mirror string, r Retention, now time.Time) error {
	all, err := s.Droppable(mirror, r, now)
	if err != nil {
		return err
	}
	for _, k := range all {
		if err := s.drop(mirror, k); err != nil {
			return err
		}
	}
	if err := s.removeLeft(mirror); err != nil {
		return err
	}
	return s.removeManifests(mirror)
}

// drop drops one generation, with its snapshot.
func (s *Store) drop(mirror string, k *Kept) error {
	if err := s.RemoveSnapshot(mirror, &k.Record); err != nil {
		return err
	}
	if err := os.Remove(s.keptFile(mirror, k.ID)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// removeLeft removes the objects that only dropped generations needed. What a process
// that died did not get to is done by the next one, since the list goes last.
func (s *Store) removeLeft(mirror string) error {
	lists, err := filepath.Glob(s.mirrorFile(mirror, generationsDir, "*"+leftSuffix))
	if err != nil {
		return err
	}
	var needed map[repo.Digest]bool
	objects := s.Objects()
	for _, list := range lists {
		if _, err := os.Stat(strings.TrimSuffix(list, leftSuffix) + ".json"); !errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if needed == nil {
			if needed, err = s.leftBehind(); err != nil {
				return err
			}
		}
		m, err := readManifestFile(list)
		if err != nil {
			return err
		}
		for f := range m.All {
			if err := objects.removeUnused(f.Digest, needed); err != nil {
				return err
			}
		}
		if err := os.Remove(list); err != nil {
			return err
		}
	}
	return nil
}
