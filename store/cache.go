package store

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Cache is what was read of upstream last: roots by their repository, indexes by
// digest. All of it can be deleted; it is then fetched again.
type Cache struct {
	*Objects
	roots string
}

// Cache returns the store's cache.
func (s *Store) Cache() *Cache {
	return &Cache{newObjects(s.path("cache", "objects"), s.path("cache", "partial")), s.path("cache", "roots")}
}

// CacheDir makes a directory in the cache, for what a job knows of a mirror and can find
// out again.
func (s *Store) CacheDir(name, mirror string) (string, error) {
	dir := s.path("cache", name, mirror)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("cache: %w", err)
	}
	return dir, nil
}

// Downloads are files whose digest nobody knows before they are there. They stand under
// the digest of their URL.
func (s *Store) Downloads() *Objects {
	return newObjects(s.path("cache", "downloads"), s.path("cache", "partial"))
}

// CachedRoot is a root as it was read from upstream.
type CachedRoot struct {
	// Main is the path of its main file, which tells the form.
	Main string `json:"main"`
	// Files are its files.
	Files repo.RootFiles `json:"files"`
	// Whole is set when the files beside the main one were asked for too.
	Whole bool `json:"whole,omitempty"`
	// URL that the main file came from, and the validators the server gave there.
	URL          string `json:"url"`
	ETag         string `json:"etag,omitempty"`
	LastModified string `json:"last_modified,omitempty"`
	// Digest of the main file, Date and ValidUntil as it says.
	Digest     repo.Digest `json:"digest"`
	Date       time.Time   `json:"date,omitzero"`
	ValidUntil time.Time   `json:"valid_until,omitzero"`
	// Indexes are the digests of the indexes that were read along with it.
	Indexes []repo.Digest `json:"indexes,omitempty"`
}

func (c *Cache) rootFile(r *repo.Repository) string {
	sum := sha256.Sum256([]byte(strings.Join(slices.Concat([]string{r.Source.Type, r.Name}, r.URLs, []string{r.List}), "\n")))
	return filepath.Join(c.roots, hex.EncodeToString(sum[:16])+".json")
}

// Root returns the root of the repository as it was read last, nil for none.
func (c *Cache) Root(r *repo.Repository) (*CachedRoot, error) {
	b, err := os.ReadFile(c.rootFile(r))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	root := &CachedRoot{}
	if json.Unmarshal(b, root) != nil {
		return nil, nil // a damaged cache is no cache
	}
	return root, nil
}

// SetRoot keeps the root of the repository.
func (c *Cache) SetRoot(r *repo.Repository, root *CachedRoot) error {
	b, err := json.Marshal(root)
	if err != nil {
		return err
	}
	if err := writeFile(c.rootFile(r), b, 0o600); err != nil {
		return fmt.Errorf("cache: %w", err)
	}
	return nil
}

// Prune removes the indexes that no cached root names.
func (c *Cache) Prune() error {
	named := map[string]bool{}
	roots, err := filepath.Glob(filepath.Join(c.roots, "*.json"))
	if err != nil {
		return err
	}
	for _, file := range roots {
		b, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		var root CachedRoot
		if json.Unmarshal(b, &root) != nil {
			_ = os.Remove(file)
			continue
		}
		for _, d := range root.Indexes {
			named[c.Path(d)] = true
		}
	}
	return filepath.WalkDir(c.dir, func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && e.Type().IsRegular() && !named[path] {
			return os.Remove(path)
		}
		return err
	})
}
