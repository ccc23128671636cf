package header

import (
	"bytes"
	"fmt"
)

// File is a file or a directory of a package.
type File struct {
	// Dir and Base together are its path; Dir ends in a slash. In source packages, and
	// where the header has whole paths, it is empty.
	Dir, Base []byte
	Mode      uint16 // as stat(2) has it
	Flags     uint32 // see [Ghost]
}

// Ghost is the flag of files that are not in the payload (rpmfiles.h, RPMFILE_GHOST).
const Ghost = 1 << 6

const (
	modeType      = 0o170000
	modeDirectory = 0o040000
)

// IsDirectory reports whether the file is a directory.
func (f *File) IsDirectory() bool { return f.Mode&modeType == modeDirectory }

// IsGhost reports whether the package owns the file, and does not have it.
func (f *File) IsGhost() bool { return f.Flags&Ghost != 0 }

// maxList is how many files or relations a package may have: a header may have more of
// them than any has, and each one takes memory.
const maxList = 1 << 21

func checkList(what string, n int) error {
	if n > maxList {
		return fmt.Errorf("it has %d %s (at most %d)", n, what, maxList)
	}
	return nil
}

// Files returns the package's files and directories, in its order. It fails where the
// header's lists do not agree.
func (h *Header) Files() ([]File, error) {
	var files []File
	err := checkList("files", max(h.find(OldFileNames).count, h.find(BaseNames).count, h.find(DirNames).count))
	if err != nil {
		return nil, err
	}
	if h.Has(OldFileNames) {
		for name := range h.texts(OldFileNames) {
			files = append(files, File{Base: name})
		}
	} else if files, err = h.splitFiles(); err != nil {
		return nil, err
	}
	for _, list := range [...]struct {
		tag  Tag
		what string
	}{{FileModes, "modes"}, {FileFlags, "flags"}} {
		e := h.find(list.tag)
		if !e.isInts() {
			continue
		}
		if e.count != len(files) {
			return nil, fmt.Errorf("it has %d files and %s of %d", len(files), list.what, e.count)
		}
		for i := range files {
			if list.tag == FileModes {
				files[i].Mode = uint16(e.int(i))
			} else {
				files[i].Flags = uint32(e.int(i))
			}
		}
	}
	return files, nil
}

// splitFiles returns files of which the header has directories and base names apart.
func (h *Header) splitFiles() ([]File, error) {
	bases, indexes := h.find(BaseNames), h.find(DirIndexes)
	if !bases.isStrings() {
		return nil, nil
	}
	if !indexes.isInts() || indexes.count != bases.count {
		return nil, fmt.Errorf("it has %d files and indexes of the directories of %d", bases.count, indexes.count)
	}
	dirs := make([][]byte, 0, h.find(DirNames).count)
	for name := range h.texts(DirNames) {
		dirs = append(dirs, name)
	}
	files := make([]File, 0, bases.count)
	for base := range h.texts(BaseNames) {
		i := len(files)
		dir := indexes.int(i)
		if dir >= uint64(len(dirs)) {
			return nil, fmt.Errorf("its file %q is in the directory number %d of %d", base, dir, len(dirs))
		}
		files = append(files, File{Dir: dirs[dir], Base: base})
	}
	return files, nil
}

// texts yields the strings of a tag, which must not be changed.
func (h *Header) texts(tag Tag) func(func([]byte) bool) {
	return func(yield func([]byte) bool) {
		e := h.find(tag)
		if !e.isStrings() {
			return
		}
		rest := e.data
		for range e.count {
			end := bytes.IndexByte(rest, 0)
			if !yield(rest[:end:end]) {
				return
			}
			rest = rest[end+1:]
		}
	}
}
