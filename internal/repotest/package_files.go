package repotest

import (
	"os"
	"path/filepath"
	"strings"
)

// WritePackages writes the files of packages into a directory, each with the name that
// it ought to have, and returns their paths. The text is as [Repository.AddText] reads
// it.
func WritePackages(t T, format, dir, text string) (paths []string) {
	t.Helper()
	r := NewRepository(t, format, nil)
	r.Sign(nil)
	r.AddText(text)
	tree := r.(interface{ Tree() *Tree }).Tree()
	for _, name := range tree.Paths() {
		if !strings.HasSuffix(name, "."+format) {
			continue
		}
		path := filepath.Join(dir, filepath.Base(name))
		err := os.MkdirAll(dir, 0o755)
		if err == nil {
			err = os.WriteFile(path, tree.Content(name), 0o644)
		}
		if err == nil {
			err = os.Chtimes(path, firstDate, firstDate)
		}
		if err != nil {
			t.Fatalf("write package: %v", err)
		}
		paths = append(paths, path)
	}
	return paths
}
