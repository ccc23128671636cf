package system

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxFile bounds one configuration file.
const maxFile = 4 << 20

// maxIncludes bounds files that include each other.
const maxIncludes = 10

// files reads configuration below the root directory of a machine.
type files struct{ root string }

// on returns where a path of the machine lies.
func (f files) on(path string) string {
	if f.root == "/" {
		return path
	}
	return filepath.Join(f.root, path)
}

// located returns the URL of what is at a URL on the machine.
func (f files) located(rawURL string) string {
	if u, err := url.Parse(rawURL); err == nil && u.Scheme == "file" {
		return fileURL(f.on(u.Path))
	}
	return rawURL
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

// parts returns the files of a directory that apt reads, in its order: those
// with one of the extensions, "" being none, and names of letters, digits, and
// "_-.:" only. A directory that is not there has none.
func (f files) parts(directory string, extensions ...string) (paths []string, err error) {
	if directory == "" {
		return nil, nil
	}
	entries, err := os.ReadDir(f.on(directory))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		path := filepath.Join(directory, e.Name())
		if isPart(e.Name(), extensions) && f.exists(path) {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return paths, nil
}

// isPart reports whether apt reads files of the name.
func isPart(name string, extensions []string) bool {
	for i := range len(name) {
		c := name[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && strings.IndexByte("_-.:", c) < 0 {
			return false
		}
	}
	if strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".") {
		return false
	}
	return slices.Contains(extensions, extension(name))
}

// extension is what follows the last "." of a name.
func extension(name string) string { return strings.TrimPrefix(filepath.Ext(name), ".") }

// configuration reads apt's configuration in its order: the file that the
// environment's APT_CONFIG names, the parts, the main file.
func (f files) configuration(aptConfig string) (*configuration, error) {
	c := defaultConfiguration()
	if aptConfig != "" {
		// The variable is about this process, not about another machine's root.
		if err := (files{"/"}).configure(c, aptConfig, 0); err != nil {
			return nil, fmt.Errorf("APT_CONFIG: %w", err)
		}
	}
	if err := f.configureAll(c, c.path("Dir::Etc::parts"), 0); err != nil {
		return nil, err
	}
	if main := c.path("Dir::Etc::main"); main != "" && f.exists(main) {
		if err := f.configure(c, main, 0); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (f files) configureAll(c *configuration, directory string, depth int) error {
	parts, err := f.parts(directory, "conf", "")
	if err != nil {
		return err
	}
	for _, part := range parts {
		if err := f.configure(c, part, depth); err != nil {
			return err
		}
	}
	return nil
}

// configure reads one file, which must exist, and what it includes.
func (f files) configure(c *configuration, path string, depth int) error {
	if !f.exists(path) {
		return fmt.Errorf("%s is no file: %w", f.on(path), fs.ErrNotExist)
	}
	text, err := f.text(path)
	if err != nil {
		return err
	}
	return parseConfiguration(c, f.on(path), text, func(included string) error {
		if depth == maxIncludes {
			return fmt.Errorf("files include each other more than %d deep", maxIncludes)
		}
		if strings.HasSuffix(included, "/") {
			return f.configureAll(c, included, depth+1)
		}
		return f.configure(c, included, depth+1)
	})
}
