package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/compress"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Record is what is published of a mirror: its generation.
type Record struct {
	// ID names the generation: the time it was made, and the start of a digest.
	ID string `json:"id"`
	// Time is when it was published.
	Time time.Time `json:"time"`
	// Configuration is a digest of all settings that decide what the mirror holds.
	Configuration string `json:"configuration"`
	// Dir is the mirror's directory, relative to the destination (see [Record.Top]).
	Dir string `json:"dir,omitempty"`
	// ContentOf is the generation whose content this one shows again, because it was gone
	// back to or given to a channel; "" for none.
	ContentOf string `json:"content_of,omitempty"`
	// Repositories of the mirror.
	Repositories []*Published `json:"repositories"`
	// Retired are files of earlier generations that clients may still ask for.
	Retired []Retired `json:"retired,omitempty"`
	// Unresolved is the number of relations that nothing in the mirror satisfies, and of
	// seeds that conflicts keep from being installed.
	Unresolved int `json:"unresolved,omitempty"`
	// Skipped is the number of packages left out because of errors.
	Skipped int `json:"skipped,omitempty"`
}

// Published is one repository of a generation.
type Published struct {
	// Name is "source/suite".
	Name string `json:"name"`
	// Type is the name of its format.
	Type string `json:"type"`
	// Place is its directory in the tree, relative to the destination.
	Place string `json:"place"`
	// IndexDir is as in repo.Repository, relative to Place.
	IndexDir string `json:"index_dir,omitempty"`
	// Upstream is the digest of upstream's root, Date its date.
	Upstream repo.Digest `json:"upstream"`
	Date     time.Time   `json:"date,omitzero"`
	// UpstreamPackages is the number of packages upstream, to notice when it shrinks.
	UpstreamPackages int `json:"upstream_packages"`
	// Main is the path of the published root file, relative to Place.
	Main string `json:"main"`
	// Root is the digest of the published root, which upstream's is for a full
	// mirror, and Made its date.
	Root repo.Digest `json:"root"`
	Made time.Time   `json:"made,omitzero"`
	// ValidUntil is when the published root expires, zero for never.
	ValidUntil time.Time `json:"valid_until,omitzero"`
	// Selection is a digest of what a partial mirror holds, "" for a full one.
	Selection string `json:"selection,omitempty"`
	// Packages and Bytes of the published package files.
	Packages int   `json:"packages"`
	Bytes    int64 `json:"bytes"`
	// ManifestFile is the manifest's name in the mirror's state directory.
	ManifestFile string `json:"manifest"`
	// ContentFile is the name, there, of the list of packages of a repository that was
	// created, "" for the others.
	ContentFile string `json:"content,omitempty"`
}

// Retired is a file that is no longer part of the mirror and goes after Until.
// Path is relative to the destination.
type Retired struct {
	Path   string      `json:"path"`
	Digest repo.Digest `json:"digest"`
	Until  time.Time   `json:"until"`
}

// Find returns the published repository of that name and place, or nil.
func (r *Record) Find(name, place string) *Published {
	if r == nil {
		return nil
	}
	for _, p := range r.Repositories {
		if p.Name == name && p.Place == place {
			return p
		}
	}
	return nil
}

// Shows reports whether the tree still shows the roots of the record. Somebody may
// have removed what was published.
func (s *Store) Shows(r *Record) bool {
	for _, p := range r.Repositories {
		if _, err := os.Lstat(filepath.Join(s.destination, p.Place, p.Main)); err != nil {
			return false
		}
	}
	return true
}

const (
	currentRecord = "current.json" // what is published
	pendingRecord = "pending.json" // what a run was about to publish
)

func (s *Store) mirrorFile(mirror string, elem ...string) string {
	return s.path(append([]string{"mirrors", mirror}, elem...)...)
}

// Current returns what is published of the mirror, nil for nothing yet. Files that
// an interrupted run left in the tree are in its Retired list, to go after grace.
func (s *Store) Current(mirror string, now time.Time, grace time.Duration) (*Record, error) {
	current, err := s.readRecord(mirror, currentRecord)
	if err != nil {
		return nil, err
	}
	pending, err := s.readRecord(mirror, pendingRecord)
	if err != nil || pending == nil {
		return current, err
	}
	if current == nil {
		current = &Record{}
	}
	held := map[string]bool{}
	for _, p := range current.Repositories {
		m, err := s.Manifest(mirror, p)
		if err != nil {
			return nil, err
		}
		for f := range m.All {
			held[filepath.Join(p.Place, f.Path)] = true
		}
	}
	for _, r := range current.Retired {
		held[r.Path] = true
	}
	for _, p := range pending.Repositories {
		m, err := s.Manifest(mirror, p)
		if errors.Is(err, fs.ErrNotExist) {
			continue // the run ended before it had touched the tree
		}
		if err != nil {
			return nil, err
		}
		for f := range m.All {
			if path := filepath.Join(p.Place, f.Path); !held[path] {
				held[path] = true
				current.Retired = append(current.Retired, Retired{path, f.Digest, now.Add(grace)})
			}
		}
	}
	return current, nil
}

// Published returns the record of the mirror as it is, nil for nothing yet.
func (s *Store) Published(mirror string) (*Record, error) { return s.readRecord(mirror, currentRecord) }

// AsShown is the record of the mirror as the tree shows it: a run that ended between the
// switch of a repository and writing that down has left it to its announcement.
func (s *Store) AsShown(mirror string) (*Record, error) {
	current, err := s.Published(mirror)
	if err != nil || current == nil {
		return nil, err
	}
	pending, err := s.readRecord(mirror, pendingRecord)
	if err != nil || pending == nil {
		return current, err
	}
	objects := s.Objects()
	for _, p := range pending.Repositories {
		root, err := os.Lstat(filepath.Join(s.destination, p.Place, p.Main))
		if err != nil || !objects.Is(p.Root, root) {
			continue
		}
		for i, old := range current.Repositories {
			if old.Name == p.Name && old.Place == p.Place {
				current.Repositories[i] = p
			}
		}
	}
	return current, nil
}

// Mirrors returns the names of the mirrors that were published here, those of their
// channels among them.
func (s *Store) Mirrors() ([]string, error) {
	found, err := filepath.Glob(s.mirrorFile("*", currentRecord))
	for i, f := range found {
		found[i] = filepath.Base(filepath.Dir(f))
	}
	return found, err
}

func (s *Store) readRecord(mirror, name string) (*Record, error) {
	file := s.mirrorFile(mirror, name)
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	r := &Record{}
	if err := json.Unmarshal(b, r); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return r, nil
}

func (s *Store) writeRecord(mirror, name string, r *Record) error {
	b, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	return writeFile(s.mirrorFile(mirror, name), append(b, '\n'), 0o600)
}

// maxManifest bounds the text of a manifest when it is read: 10 million files.
const maxManifest = 4 << 30

// Manifest reads the manifest of a published repository.
func (s *Store) Manifest(mirror string, p *Published) (*repo.Manifest, error) {
	return readManifestFile(s.mirrorFile(mirror, p.ManifestFile))
}

func readManifestFile(file string) (*repo.Manifest, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := compress.Reader(f, ".zst", maxManifest)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	defer r.Close()
	m, err := repo.ReadManifest(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return m, nil
}

func (s *Store) writeManifest(mirror, name string, m *repo.Manifest) error {
	return s.writeList(mirror, name, m.Write)
}

// Content opens the list of packages of a repository that was created.
func (s *Store) Content(mirror string, p *Published) (io.ReadCloser, error) {
	f, err := os.Open(s.mirrorFile(mirror, p.ContentFile))
	if err != nil {
		return nil, err
	}
	return compress.Open(f, ".zst", maxManifest)
}

// writeList writes a compressed file of the mirror's state directory.
func (s *Store) writeList(mirror, name string, write func(io.Writer) error) error {
	return replaceFile(s.mirrorFile(mirror, name), 0o600, func(w io.Writer) error { return compressList(w, write) })
}

func compressList(to io.Writer, write func(io.Writer) error) error {
	w, err := compress.Writer(to, ".zst")
	if err != nil {
		return err
	}
	return errors.Join(write(w), w.Close())
}

// withPending are the generations of the mirror, and the one that a run was about to
// publish.
func (s *Store) withPending(mirror string) ([]*Kept, error) {
	all, err := s.Generations(mirror)
	if err != nil {
		return nil, err
	}
	pending, err := s.readRecord(mirror, pendingRecord)
	if err != nil || pending == nil {
		return all, err
	}
	return append(all, &Kept{Record: *pending}), nil
}

// removeManifests removes the manifests of the mirror, and lists of packages, that no
// generation names.
func (s *Store) removeManifests(mirror string) error {
	all, err := s.withPending(mirror)
	if err != nil {
		return err
	}
	named := map[string]bool{}
	for _, k := range all {
		for _, p := range k.Repositories {
			named[p.ManifestFile], named[p.ContentFile] = true, true
		}
	}
	found, err := filepath.Glob(s.mirrorFile(mirror, "*.*.*.zst"))
	if err != nil {
		return err
	}
	for _, f := range found {
		if !named[filepath.Base(f)] {
			if err := os.Remove(f); err != nil {
				return err
			}
		}
	}
	return nil
}
