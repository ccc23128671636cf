package create

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/transport"
)

// Input leads to package files.
type Input struct {
	// Path is a file, a directory, which is searched with those below it, or, where
	// there is no such file, a glob of files and directories ([filepath.Match]).
	Path string
	// URL is that of a file, in the place of a path, and Others have the same file.
	URL    string
	Others []string
	// Size in bytes and Digest of the file behind the URL, where they are known: else -1
	// and the zero Digest.
	Size   int64
	Digest repo.Digest
}

// ParseInput reads an input as people write it: a path, a glob or a URL.
func ParseInput(text string) Input {
	u, err := url.Parse(text)
	switch {
	case err != nil || !strings.Contains(text, "://"):
		return Input{Path: text}
	case u.Scheme == "file":
		return Input{Path: u.Path}
	}
	return Input{URL: text, Size: -1}
}

// found is a file that an input leads to, or another file.
type found struct {
	// name is the absolute path, or the URL.
	name string
	// below is the length of its path below the input, which the name ends in.
	below int32
	// part is set where the file is one of those that a source package consists of, and
	// of no interest for itself.
	part bool
	// file is the base name, of a URL.
	file    string
	state   state         // of the file, as it is now
	want    *repo.Content // nil where nothing is known of it beforehand
	local   string        // where the file of a URL is that was fetched, "" for nowhere yet
	fetched bool          // by this run
	again   bool          // it has to be read, whatever is known of it
	// validator is what tells the file of the URL from others, "" for nothing.
	validator string
	others    []string // further URLs of the file

	row *row  // what is known of it, nil for nothing yet
	err error // why it is refused
}

// path is the path below the input that the file was found in, slash-separated.
func (f *found) path() string {
	if f.file != "" {
		return f.file
	}
	return filepath.ToSlash(f.name[len(f.name)-int(f.below):])
}

func (f *found) url() bool { return f.file != "" }

func (f *found) base() string { return path.Base(f.path()) }

// String is the file's name for messages.
func (f *found) String() string {
	if f.url() {
		return transport.Redacted(f.name)
	}
	return f.name
}

// state tells whether a file is the one that it was.
type state struct {
	size          int64
	modified      int64 // in nanoseconds since 1970
	device, inode uint64
}

func stateOf(info fs.FileInfo) state {
	s := state{size: info.Size(), modified: info.ModTime().UnixNano()}
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		s.device, s.inode = uint64(st.Dev), st.Ino
	}
	return s
}

// search finds the files that the inputs lead to.
type search struct {
	*run
	skip []fs.FileInfo // directories that are not searched
}

// resolve finds the files of the inputs, those of a directory in the order of their
// paths. What cannot be found is refused.
func (r *run) resolve() {
	s := &search{run: r}
	for _, dir := range []string{r.Store.State(), r.tree()} {
		if info, err := os.Stat(dir); err == nil {
			s.skip = append(s.skip, info)
		}
	}
	for _, in := range r.Inputs {
		if in.URL != "" {
			s.addURL(in)
			continue
		}
		s.addPath(in.Path)
	}
}

// tree is the directory that the repository is published in.
func (r *run) tree() string {
	return filepath.Join(r.Store.Destination(), filepath.FromSlash(r.Dir))
}

func (s *search) addPath(given string) {
	abs, err := filepath.Abs(given)
	if err != nil {
		s.refuse(given, err)
		return
	}
	info, err := os.Stat(abs)
	if errors.Is(err, fs.ErrNotExist) && strings.ContainsAny(given, "*?[") {
		s.addGlob(given, abs)
		return
	}
	switch {
	case err != nil:
		s.refuse(abs, plain(err))
	case info.IsDir():
		s.addDir(abs)
	case !s.Creator.IsPackage(filepath.Base(abs)):
		s.refuse(abs, errors.New("its name is not one of a package file"))
	default:
		s.addFile(abs, len(filepath.Base(abs)), info)
	}
}

// addGlob adds what matches; of files those alone that are packages by their names.
func (s *search) addGlob(given, abs string) {
	matches, err := filepath.Glob(abs)
	if err != nil {
		s.refuse(given, err)
		return
	}
	found := false
	for _, m := range matches {
		info, err := os.Stat(m)
		found = found || err != nil || info.IsDir() || s.Creator.IsPackage(filepath.Base(m))
		switch {
		case err != nil:
			s.refuse(m, plain(err))
		case info.IsDir():
			s.addDir(m)
		case s.Creator.IsPackage(filepath.Base(m)):
			s.addFile(m, len(filepath.Base(m)), info)
		}
	}
	if !found {
		s.refuse(given, errors.New("no package file matches"))
	}
}

// addDir adds the package files of the directory and of those below it. Links to
// directories are not followed, for they may lead round in circles.
func (s *search) addDir(dir string) {
	if s.inside(dir) {
		s.refuse(dir, ErrInside)
		return
	}
	top := strings.TrimSuffix(dir, "/") + "/" // so that it is followed where it is a link itself
	empty := true
	_ = filepath.WalkDir(top, func(file string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			s.refuse(file, plain(err))
			return nil
		case e.IsDir():
			if s.skips(e) {
				return fs.SkipDir
			}
			return nil
		case !s.Creator.IsPackage(e.Name()):
			return nil
		}
		empty = false
		info, err := e.Info()
		if err == nil && info.Mode()&fs.ModeSymlink != 0 {
			if info, err = os.Stat(file); err == nil && info.IsDir() {
				return nil
			}
		}
		if err != nil {
			s.refuse(file, plain(err))
			return nil
		}
		s.addFile(file, len(file)-len(top), info)
		return nil
	})
	if empty {
		s.warn("%s: there is no package file", dir)
	}
}

// inside reports whether the directory is one that the repository is published in.
func (s *search) inside(dir string) bool {
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return false
	}
	tree, err := filepath.EvalSymlinks(s.tree())
	if err != nil {
		return false
	}
	at, err := filepath.Rel(tree, real)
	return err == nil && at != ".." && !strings.HasPrefix(at, "../")
}

func (s *search) skips(e fs.DirEntry) bool {
	info, err := e.Info()
	if err != nil {
		return false
	}
	for _, other := range s.skip {
		if os.SameFile(info, other) {
			return true
		}
	}
	return false
}

func (s *search) addFile(file string, below int, info fs.FileInfo) {
	f := &found{name: file, below: int32(below), state: stateOf(info)}
	if !info.Mode().IsRegular() {
		f.err = errors.New("it is not a regular file")
	}
	s.add(f)
}

func (s *search) addURL(in Input) {
	u, err := url.Parse(in.URL)
	if err != nil || u.Host == "" && u.Scheme != "file" {
		s.refuse(transport.Redacted(in.URL), errors.New("it is not a URL"))
		return
	}
	f := &found{name: in.URL, others: in.Others, file: path.Base("/" + u.Path), want: wanted(in.Size, in.Digest)}
	if !s.Creator.IsPackage(f.file) {
		f.err = errors.New("its name is not one of a package file")
	}
	s.add(f)
}

// wanted is what is known of a file; nil where that is too little to tell it.
func wanted(size int64, d repo.Digest) *repo.Content {
	if d.IsZero() || d.Algorithm().Weak() {
		return nil
	}
	return &repo.Content{Size: size, Digest: d}
}

// add takes a file up, unless another input has led to it.
func (s *search) add(f *found) {
	if s.byName[f.name] == nil {
		s.byName[f.name] = f
		s.files = append(s.files, f)
	}
}

// plain is the cause of an error about a file whose name stands before it anyway.
func plain(err error) error {
	var e *fs.PathError
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}

// Refused is a file that is no part of the repository because something is wrong with
// it.
type Refused struct {
	File   string `json:"file"`
	Reason string `json:"reason"`
}

// RefusedError says which files were refused.
type RefusedError struct{ Files []Refused }

// Is reports true for [ErrRefused].
func (e *RefusedError) Is(target error) bool { return target == ErrRefused }

// Error has a line for each file.
func (e *RefusedError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d files are refused", len(e.Files))
	if len(e.Files) == 1 {
		b.Reset()
		b.WriteString("a file is refused")
	}
	for _, f := range e.Files {
		b.WriteString("\n  " + f.File + ": " + f.Reason)
	}
	return b.String()
}

func (r *run) refuse(file string, err error) {
	r.refused = append(r.refused, Refused{file, err.Error()})
}
