package incoming

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// noFollow keeps an open from following a link, and from waiting at a pipe.
const noFollow = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

// refusedDir is where refused uploads are put, each in a directory of its own.
const refusedDir = "refused"

// reasonFile says why an upload was refused.
const reasonFile = "REASON"

// refuse moves the files of an upload away, beside a text that says why.
func (d *Door) refuse(u *upload) error {
	dir, err := d.refusedDir(u.name)
	if err != nil {
		return err
	}
	u.outcome.State, u.outcome.Moved = Refused, dir
	text := fmt.Sprintf("%s was refused at %s:\n\n  %s\n", u.name, d.Now().UTC().Format("2006-01-02 15:04:05 UTC"), strings.Join(u.outcome.Reasons, "\n  "))
	if err := d.root.WriteFile(path.Join(dir, reasonFile), []byte(text), 0o644); err != nil {
		return err
	}
	for _, name := range d.own(u) {
		if err := d.root.Rename(name, path.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// refusedDir makes a directory for an upload of the name.
func (d *Door) refusedDir(name string) (string, error) {
	if err := d.root.MkdirAll(refusedDir, 0o755); err != nil {
		return "", err
	}
	base := path.Join(refusedDir, d.Now().UTC().Format("20060102T150405Z")+"-"+name)
	for i := 0; ; i++ {
		dir := base
		if i > 0 {
			dir = fmt.Sprintf("%s-%d", base, i)
		}
		if err := d.root.Mkdir(dir, 0o755); !errors.Is(err, fs.ErrExist) {
			return dir, err
		}
	}
}

// own are the files of an upload that are there as they were, and that no other upload
// lists. Other lists are never part of one.
func (d *Door) own(u *upload) (names []string) {
	shared := map[string]bool{}
	for name, l := range d.lists {
		if name == u.name {
			continue
		}
		shared[name] = true
		for _, f := range l.files {
			shared[f.Path] = shared[f.Path] || len(l.signed) > 0
		}
	}
	for _, name := range slices.Sorted(maps.Keys(u.files)) {
		info, err := d.root.Lstat(name)
		if err == nil && stateOf(info) == u.files[name] && !shared[name] {
			names = append(names, name)
		}
	}
	return names
}

// remove removes the files of an upload that was admitted.
func (d *Door) remove(u *upload) error {
	for _, name := range d.own(u) {
		if err := d.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// clear removes all copies.
func (d *Door) clear() error {
	copies, err := filepath.Glob(filepath.Join(d.Staging, "upload-*"))
	if err != nil {
		return err
	}
	for _, dir := range copies {
		err = errors.Join(err, os.RemoveAll(dir))
	}
	return err
}
