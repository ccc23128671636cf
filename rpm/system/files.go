package system

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxFile bounds one configuration file.
const maxFile = 4 << 20

// files reads configuration below the root directory of a machine.
type files struct{ root string }

// on returns where a path of the machine lies.
func (f files) on(path string) string {
	if f.root == "/" {
		return path
	}
	return filepath.Join(f.root, path)
}

// text returns the content of a file of the machine; "" when there is none or it
// is no regular file.
func (f files) text(path string) (string, error) {
	info, err := os.Stat(f.on(path))
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	file, err := os.Open(f.on(path))
	if err != nil {
		return "", err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("%s is larger than %d bytes", file.Name(), maxFile)
	}
	return string(text), err
}

// exists reports whether the path is a regular file of the machine.
func (f files) exists(path string) bool {
	info, err := os.Stat(f.on(path))
	return err == nil && info.Mode().IsRegular()
}

// repoFiles returns the files of repositories in the directories, in the order in
// which dnf reads them: by their paths, one directory after the other, and without
// regard to the suffix. A directory that is not there has none.
func (f files) repoFiles(directories ...string) (paths []string, err error) {
	for _, directory := range directories {
		entries, err := os.ReadDir(f.on(directory))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			path := filepath.Join(directory, e.Name())
			if strings.HasSuffix(e.Name(), ".repo") && !strings.HasPrefix(e.Name(), ".") && f.exists(path) && !slices.Contains(paths, path) {
				paths = append(paths, path)
			}
		}
	}
	slices.SortStableFunc(paths, func(a, b string) int {
		return slices.Compare(strings.Split(strings.TrimSuffix(a, ".repo"), "/"), strings.Split(strings.TrimSuffix(b, ".repo"), "/"))
	})
	return paths, nil
}
