package e2e_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// stateDir is never served and of no interest to clients.
const stateDir = ".mirrorkeeper"

// readTree returns the digests of the regular files below a directory, by path,
// without mirrorkeeper's own state.
func readTree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	walk(t, dir, func(path string, e fs.DirEntry) {
		if e.Type().IsRegular() || e.Type()&fs.ModeSymlink != 0 {
			content, err := os.ReadFile(filepath.Join(dir, path))
			if err != nil {
				t.Error(err)
				return
			}
			files[path] = sha256Hex(string(content))
		}
	})
	return files
}

func sha256Hex(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// walk calls visit for everything below a directory but mirrorkeeper's own state,
// and does not follow links. A directory that does not exist is empty.
func walk(t *testing.T, dir string, visit func(path string, e fs.DirEntry)) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if os.IsNotExist(err) && path == dir {
			return fs.SkipAll
		}
		if err != nil {
			return err
		}
		if e.Name() == stateDir {
			return fs.SkipDir
		}
		relative, err := filepath.Rel(dir, path)
		if err == nil && relative != "." {
			visit(relative, e)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// wantSameTree wants the mirror to hold upstream's files that keep wants, byte for
// byte, and nothing else but by-hash directories where upstream has none.
func wantSameTree(t *testing.T, upstream, mirror string, keep func(path string) bool) {
	t.Helper()
	want, got := readScope(t, upstream, keep), readTree(t, mirror)
	byHash := func(path string) bool { return strings.Contains(path, "/by-hash/") }
	if !slices.ContainsFunc(slices.Collect(maps.Keys(want)), byHash) {
		maps.DeleteFunc(got, func(path, _ string) bool { return byHash(path) })
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("upstream's tree (-) and the mirror's (+), with SHA-256:\n%s", diff)
	}
}

// readScope reads the files of a tree that keep wants (nil: all). A file that is
// named by its digest is kept when the one with its content beside it is.
func readScope(t *testing.T, dir string, keep func(path string) bool) map[string]string {
	t.Helper()
	files := readTree(t, dir)
	if keep == nil {
		return files
	}
	kept := map[string]bool{} // directory and digest
	for path, digest := range files {
		if !strings.Contains(path, "/by-hash/") && keep(path) {
			kept[filepath.Dir(path)+" "+digest] = true
		}
	}
	maps.DeleteFunc(files, func(path, digest string) bool {
		in, _, byHash := strings.Cut(path, "/by-hash/")
		return byHash && !kept[in+" "+digest] || !byHash && !keep(path)
	})
	return files
}

// wantAllOf is wantSameTree for a mirror that may hold other files, too: those of
// the generation before stay for a time.
func wantAllOf(t *testing.T, upstream, mirror string, keep func(path string) bool) {
	t.Helper()
	want, got := readScope(t, upstream, keep), readTree(t, mirror)
	maps.DeleteFunc(got, func(path, _ string) bool { _, ok := want[path]; return !ok })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("upstream's tree (-) and what the mirror has of it (+), with SHA-256:\n%s", diff)
	}
}

// packageFiles are the names, without version and architecture, of the package
// files below a directory.
func packageFiles(t *testing.T, dir string) []string {
	t.Helper()
	names := map[string]bool{}
	walk(t, dir, func(path string, _ fs.DirEntry) {
		if filepath.Ext(path) == ".deb" {
			name, _, _ := strings.Cut(filepath.Base(path), "_")
			names[name] = true
		}
	})
	return slices.Sorted(maps.Keys(names))
}

// damage flips the bits of the byte in the middle of a file, in a copy that takes
// the file's place: other names of its content stay whole.
func damage(t *testing.T, path string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	content = bytes.Clone(content)
	content[len(content)/2] ^= 0xff
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

func fileSize(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// tempDir is a temporary directory that servers, which are other users, can read.
func tempDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}
