package packagefile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
)

// Reader reads one package file, in one go.
type Reader struct {
	members members
	data    *member
	pooled  *bufio.Reader // nil where the caller has a buffer, and when closed
}

// bufferSize is what is read of a file at least: mostly the control member is in it.
const bufferSize = 16 << 10

var buffers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, bufferSize) }}

// NewReader reads a package file of the given size in bytes. Close frees it.
func NewReader(in io.Reader, size int64) *Reader {
	if buffered, ok := in.(*bufio.Reader); ok && buffered.Size() >= bufferSize {
		return &Reader{members: members{in: buffered, size: size}}
	}
	buffer := buffers.Get().(*bufio.Reader)
	buffer.Reset(in)
	return &Reader{members: members{in: buffer, size: size}, pooled: buffer}
}

// Close frees the reader. It does not close what is read from.
func (r *Reader) Close() {
	if r.pooled != nil {
		r.pooled.Reset(nil)
		buffers.Put(r.pooled)
		r.pooled = nil
	}
}

// Control reads up to the data member and returns the control file. It must come
// first.
//
// As dpkg-deb does it wants the members debian-binary, control.tar and data.tar in
// this order, with others in between only if their names begin with "_".
func (r *Reader) Control() ([]byte, error) {
	if err := r.members.open(); err != nil {
		return nil, err
	}
	if err := r.version(); err != nil {
		return nil, err
	}
	found, suffix, err := r.find("control.tar", []string{"", ".gz", ".xz", ".zst"})
	if err != nil {
		return nil, err
	}
	content, err := controlFile(r.members.content(found), suffix)
	if err != nil {
		return nil, fmt.Errorf("member %s: %w", found.name, err)
	}
	if found, _, err = r.find("data.tar", []string{"", ".gz", ".xz", ".zst", ".bz2", ".lzma"}); err != nil {
		return nil, err
	}
	r.data = &found
	return content, nil
}

// maxVersion is the greatest size of the member debian-binary, which has 4 bytes.
const maxVersion = 1 << 10

// version checks the version of the format.
func (r *Reader) version() error {
	found, err := r.members.read()
	if err == io.EOF || err == nil && found.name != "debian-binary" {
		return fmt.Errorf("it is not a Debian package: the first member is %q, not \"debian-binary\"", found.name)
	}
	if err != nil {
		return err
	}
	if found.size > maxVersion {
		return fmt.Errorf("member debian-binary has %d bytes, more than the %d that a version may have", found.size, maxVersion)
	}
	content, err := io.ReadAll(r.members.content(found))
	if err != nil {
		return err
	}
	line, _, ended := strings.Cut(string(content), "\n")
	major, minor, _ := strings.Cut(line, ".")
	if !ended || !isNumber(major) || !isNumber(minor) {
		return fmt.Errorf("the version of its format is %.40q, not a line such as \"2.0\"", content)
	}
	if major != "2" {
		return fmt.Errorf("its format has version %s, only 2 is known", line)
	}
	return nil
}

func isNumber(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != "" && len(s) < 10
}

// find returns the next member that dpkg-deb does not pass over, which must be the
// archive of the given name, and the suffix of its compression.
func (r *Reader) find(archive string, suffixes []string) (found member, suffix string, err error) {
	for {
		found, err = r.members.read()
		if err == io.EOF {
			return found, "", fmt.Errorf("it has no member %s", archive)
		}
		if err != nil {
			return found, "", err
		}
		if strings.HasPrefix(found.name, "_") {
			continue
		}
		suffix, ok := strings.CutPrefix(found.name, archive)
		if !ok {
			return found, "", fmt.Errorf("member %q stands where %s is expected", found.name, archive)
		}
		for _, known := range suffixes {
			if suffix == known {
				return found, suffix, nil
			}
		}
		return found, "", fmt.Errorf("member %q has an unknown compression; known are %q", found.name, suffixes)
	}
}

// Data reads the archive of the files to install to its end, and what follows it in
// the file. It yields the path of each file, but not of directories, as the archive
// has it without "./" before it. It can be called once, after Control.
func (r *Reader) Data(yield func(path string) error) error {
	if r.data == nil {
		return errors.New("the control file was not read")
	}
	found := *r.data
	r.data = nil
	if err := eachFile(r.members.content(found), found, yield); err != nil {
		return fmt.Errorf("member %s: %w", found.name, err)
	}
	// Signatures of debsigs(1) stand behind it.
	for {
		if _, err := r.members.read(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}
