package packagefile

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/ulikunitz/xz/lzma"

	"github.com/mirrorkeeper/mirrorkeeper/compress"
)

const (
	// maxControl is the greatest size of a control file in bytes. The largest in
	// Debian have some ten thousand.
	maxControl = 4 << 20
	// maxControlArchive is that of all of the control member: lists of checksums and
	// scripts, mostly, some MB in packages of very many files.
	maxControlArchive = 64 << 20
	// maxData is that of the data member, which has at most 10 GB in a package file.
	maxData = 64 << 30
)

// controlFile returns the content of the file control.
func controlFile(in io.Reader, suffix string) (content []byte, err error) {
	plain, err := decompress(in, suffix, maxControlArchive)
	if err != nil {
		return nil, err
	}
	defer plain.Close()
	found := false
	for archive := tar.NewReader(plain); ; {
		header, err := archive.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		if relative(header.Name) != "control" {
			continue
		}
		switch {
		case found:
			return nil, errors.New("it has the file control twice")
		case header.Typeflag != tar.TypeReg:
			return nil, fmt.Errorf("control is not a file, but of type %q", header.Typeflag)
		case header.Size > maxControl:
			return nil, fmt.Errorf("the control file has %d bytes, at most %d are read", header.Size, maxControl)
		}
		found = true
		content = make([]byte, header.Size)
		if _, err := io.ReadFull(archive, content); err != nil {
			return nil, unexpected(err)
		}
	}
	if !found {
		return nil, errors.New("it has no file control")
	}
	return content, drain(plain)
}

// eachFile yields the paths of the data member.
func eachFile(in io.Reader, data member, yield func(path string) error) error {
	plain, err := decompress(in, strings.TrimPrefix(data.name, "data.tar"), maxData)
	if err != nil {
		return err
	}
	defer plain.Close()
	for archive := tar.NewReader(plain); ; {
		header, err := archive.Next()
		if err == io.EOF {
			return drain(plain)
		}
		if err != nil {
			return err
		}
		if header.Typeflag == tar.TypeDir {
			continue
		}
		if err := yield(relative(header.Name)); err != nil {
			return err
		}
	}
}

// relative is a path of a tar archive without what says that it is relative.
func relative(name string) string {
	return strings.TrimPrefix(path.Clean("/"+name), "/")
}

// drain reads to the end, where decompressors check what they read: tar archives are
// padded beyond theirs.
func drain(in io.Reader) error {
	_, err := io.Copy(io.Discard, in)
	return err
}

func decompress(in io.Reader, suffix string, limit int64) (io.ReadCloser, error) {
	if suffix != ".lzma" {
		return compress.Reader(in, suffix, limit)
	}
	// Long out of use, and for the data member only.
	z, err := lzma.ReaderConfig{DictCap: maxLZMADictionary}.NewReader(in)
	if err != nil {
		return nil, err
	}
	return io.NopCloser(io.LimitReader(z, limit)), nil
}

// maxLZMADictionary is the dictionary of lzma -9 in bytes.
const maxLZMADictionary = 64 << 20
