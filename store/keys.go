package store

import (
	"fmt"
	"os"
	"path/filepath"
)

// SetKeys keeps copies of the public keys that verify the mirror, so that it can be
// checked without its configuration.
func (s *Store) SetKeys(mirror string, keys [][]byte) error {
	dir := s.mirrorFile(mirror, "keys")
	if old, err := s.Keys(mirror); err == nil && len(old) == len(keys) {
		same := true
		for i := range old {
			same = same && string(old[i]) == string(keys[i])
		}
		if same {
			return nil
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	for i, key := range keys {
		if err := writeFile(filepath.Join(dir, fmt.Sprintf("%03d", i)), key, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// Keys returns the keys that SetKeys keeps.
func (s *Store) Keys(mirror string) (keys [][]byte, err error) {
	files, err := filepath.Glob(s.mirrorFile(mirror, "keys", "*"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		key, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// PrivateFile is the path of a file of the state directory for something secret,
// such as the key that signs.
func (s *Store) PrivateFile(name string) string { return s.path(name) }

// WritePrivate writes such a file, readable for its owner only.
func (s *Store) WritePrivate(name string, content []byte) error {
	return writeFile(s.path(name), content, 0o600)
}
