package repotest

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Tree is the files of one generation.
type Tree struct {
	paths   []string
	content map[string][]byte
	times   map[string]time.Time
}

// Paths are the paths of all files, packages first, in the order of publishing.
func (t *Tree) Paths() []string { return t.paths }

// Content is the content of the file at the path, nil where there is none.
func (t *Tree) Content(path string) []byte { return t.content[path] }

func (t *Tree) put(path string, content []byte, when time.Time) {
	if _, ok := t.content[path]; !ok {
		t.paths = append(t.paths, path)
	}
	t.content[path], t.times[path] = content, when
}

// publish makes dir hold the tree and nothing else, each file by a rename, roots
// last.
func (t *Tree) publish(test T, dir string) {
	test.Helper()
	var roots []string
	for _, path := range t.paths {
		if isRoot(path) {
			roots = append(roots, path)
			continue
		}
		t.write(test, dir, path)
	}
	for _, path := range roots {
		t.write(test, dir, path)
	}
	t.prune(test, dir)
}

// isRoot reports whether the path is that of a root, or of its signature.
func isRoot(path string) bool {
	switch filepath.Base(path) {
	case "InRelease", "Release", "Release.gpg", "repomd.xml", "repomd.xml.asc":
		return true
	}
	return false
}

// write puts one file of the tree at its place, unless it is there.
func (t *Tree) write(test T, dir, path string) {
	test.Helper()
	full, content := filepath.Join(dir, path), t.content[path]
	if old, err := os.ReadFile(full); err == nil && bytes.Equal(old, content) {
		if err := os.Chtimes(full, t.times[path], t.times[path]); err != nil {
			test.Fatalf("publish: %v", err)
		}
		return
	}
	if err := replace(full, content, t.times[path]); err != nil {
		test.Fatalf("publish: %v", err)
	}
}

func replace(path string, content []byte, when time.Time) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", content, 0o644); err != nil {
		return err
	}
	if err := os.Chtimes(path+".new", when, when); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// prune removes what the tree does not have, and the directories left empty.
func (t *Tree) prune(test T, dir string) {
	test.Helper()
	var dirs []string
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() {
			dirs = append(dirs, path)
			return nil
		}
		if _, ok := t.content[filepath.ToSlash(strings.TrimPrefix(path, dir+string(filepath.Separator)))]; !ok {
			return os.Remove(path)
		}
		return nil
	})
	if err != nil {
		test.Fatalf("publish: %v", err)
	}
	for _, empty := range slices.Backward(dirs) {
		os.Remove(empty) // fails where something is left, as it should
	}
}
