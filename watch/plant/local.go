package plant

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// local is a directory of this machine.
type local struct{ path string }

// directory opens a directory, which may be a link to elsewhere. What is in it is not:
// nobody who may write there can lead us out of it.
func (l local) directory(_ context.Context, path string) (directory, error) {
	root, err := os.OpenRoot(filepath.Join(l.path, filepath.FromSlash(path)))
	if err != nil {
		return nil, err
	}
	return localDirectory{root}, nil
}

func (local) lost() bool         { return false }
func (local) warnings() []string { return nil }
func (local) close()             {}

type localDirectory struct{ root *os.Root }

func (d localDirectory) close() { d.root.Close() }

func (d localDirectory) read(_ context.Context, name string) ([]byte, error) {
	info, err := d.root.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() { // opening a pipe would wait for its other end
		return nil, fmt.Errorf("%s is no regular file", name)
	}
	file, err := d.root.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, maxMark+1))
}

func (d localDirectory) create(_ context.Context, name string, content []byte) error {
	file, err := d.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	return errors.Join(err, file.Chmod(0o644), file.Sync(), file.Close())
}

func (d localDirectory) replace(_ context.Context, from, to string) error {
	return d.root.Rename(from, to)
}

func (d localDirectory) remove(_ context.Context, name string) error { return d.root.Remove(name) }

func (d localDirectory) makeDirectory(_ context.Context, name string) error {
	switch info, err := d.root.Lstat(name); {
	case err == nil && info.IsDir():
		return nil
	case err == nil:
		return fmt.Errorf("%s is no directory", name)
	}
	if err := d.root.Mkdir(name, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return d.root.Chmod(name, 0o755)
}

func (d localDirectory) list(_ context.Context, name string) ([]fs.FileInfo, error) {
	file, err := d.root.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return file.Readdir(-1)
}
