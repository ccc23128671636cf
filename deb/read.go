package deb

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/deb/control"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// ReadFiles reads the indexes that list files: Packages, also the installer's,
// Sources, the installer's SHA256SUMS, whose sizes are unknown (-1), and the
// indexes of pdiffs. An error wraps [repo.ErrWeak] where only weak digests are listed
// and the source is not trusted.
func (Format) ReadFiles(r *repo.Repository, ix repo.Index, content io.Reader, yield func(repo.File) error) error {
	var err error
	switch ix.Kind {
	case packagesKind, udebsKind:
		err = readPackageFiles(control.NewReader(content, ix.Name), r.Source.Trusted, yield)
	case sourcesKind:
		err = readSourceFiles(control.NewReader(content, ix.Name), r.Source.Trusted, yield)
	case installerKind:
		err = readSums(content, ix.Name, r.Source.Trusted, yield)
	case pdiffsKind:
		err = readPatches(control.NewReader(content, ix.Name), ix.Name, r.Source.Trusted, yield)
	default:
		err = fmt.Errorf("%s: indexes of kind %s list no files", ix.Name, ix.Kind)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", r, err)
	}
	return nil
}

func readPackageFiles(in *control.Reader, trusted bool, yield func(repo.File) error) error {
	for {
		s, err := in.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		var b fileFields
		for i := range s.Len() {
			if id := identify(s.Name(i)); id >= firstFileField {
				if err := b.set(id, s.Value(i)); err != nil {
					return in.Errorf(s, "%w", err)
				}
			}
		}
		f, err := b.file(string(b.path), trusted)
		if err != nil {
			return in.Errorf(s, "%w", err)
		}
		if err := yield(f); err != nil {
			return err
		}
	}
}

// fileFields are the values that describe a package file.
type fileFields struct {
	path, size                []byte
	md5, sha1, sha256, sha512 []byte
}

// set keeps the value of a field. One that came before must not be overwritten:
// readers that take the first and readers that take the last would disagree.
func (b *fileFields) set(id fieldID, value []byte) error {
	var to *[]byte
	switch id {
	case fieldFilename:
		to = &b.path
	case fieldSize:
		to = &b.size
	case fieldMD5:
		to = &b.md5
	case fieldSHA1:
		to = &b.sha1
	case fieldSHA256:
		to = &b.sha256
	case fieldSHA512:
		to = &b.sha512
	}
	if *to != nil {
		return errTwice(id)
	}
	*to = value
	return nil
}

func errTwice(id fieldID) error { return fmt.Errorf("field %s stands there twice", id) }

// file returns the file at the given path, with its strongest digest.
func (b *fileFields) file(name string, trusted bool) (f repo.File, err error) {
	if name == "" {
		return f, errors.New("field Filename is missing")
	}
	if f.Path, err = repo.CleanPath(name); err != nil {
		return f, fmt.Errorf("field Filename: %w", err)
	}
	f.Size = -1
	if b.size != nil {
		if f.Size, err = parseSize(b.size); err != nil {
			return f, fmt.Errorf("field Size: %w", err)
		}
	}
	switch {
	case b.sha512 != nil:
		f.Digest, err = parseHex(repo.SHA512, b.sha512)
	case b.sha256 != nil:
		f.Digest, err = parseHex(repo.SHA256, b.sha256)
	case b.sha1 == nil && b.md5 == nil:
		return f, fmt.Errorf("%s has no digest", f.Path)
	case !trusted:
		return f, fmt.Errorf("%s has %w", f.Path, repo.ErrWeak)
	case b.sha1 != nil:
		f.Digest, err = parseHex(repo.SHA1, b.sha1)
	default:
		f.Digest, err = parseHex(repo.MD5, b.md5)
	}
	if err != nil {
		return f, fmt.Errorf("%s: %w", f.Path, err)
	}
	return f, nil
}

func readSourceFiles(in *control.Reader, trusted bool, yield func(repo.File) error) error {
	for {
		s, err := in.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		files, err := sourceFiles(s, trusted)
		if err != nil {
			return in.Errorf(s, "%w", err)
		}
		for _, f := range files {
			if err := yield(f); err != nil {
				return err
			}
		}
	}
}

// sourceLists are the fields that list a source package's files, strongest
// first.
var sourceLists = []struct {
	field     string
	algorithm repo.Algorithm
}{
	{"Checksums-Sha512", repo.SHA512},
	{"Checksums-Sha256", repo.SHA256},
	{"Checksums-Sha1", repo.SHA1},
	{"Files", repo.MD5},
}

// sourceFiles are the files of a stanza of Sources, each with the strongest
// digest that one of the lists has for it.
func sourceFiles(s control.Stanza, trusted bool) (files []repo.File, err error) {
	dir := string(s.Get("Directory"))
	for _, list := range sourceLists {
		for line := range bytes.Lines(s.Get(list.field)) {
			if line = bytes.TrimSpace(line); len(line) == 0 {
				continue
			}
			var f repo.File
			var name string
			if f.Digest, f.Size, name, err = parseSum(list.algorithm, line); err != nil {
				return nil, fmt.Errorf("field %s: %w", list.field, err)
			}
			if dir != "" {
				name = dir + "/" + name
			}
			if f.Path, err = repo.CleanPath(name); err != nil {
				return nil, fmt.Errorf("field %s: %w", list.field, err)
			}
			if files, err = addFile(files, f); err != nil {
				return nil, fmt.Errorf("field %s: %w", list.field, err)
			}
		}
	}
	for _, f := range files {
		if f.Digest.Algorithm().Weak() && !trusted {
			return nil, fmt.Errorf("%s has %w", f.Path, repo.ErrWeak)
		}
	}
	return files, nil
}

// addFile appends a file that is not there yet.
func addFile(files []repo.File, f repo.File) ([]repo.File, error) {
	for _, other := range files {
		if other.Path != f.Path {
			continue
		}
		if other.Size != f.Size {
			return nil, fmt.Errorf("%s is listed with sizes %d and %d", f.Path, other.Size, f.Size)
		}
		if other.Digest.Algorithm() == f.Digest.Algorithm() && other.Digest != f.Digest {
			return nil, fmt.Errorf("%s is listed with digests %s and %s", f.Path, other.Digest, f.Digest)
		}
		return files, nil
	}
	return append(files, f), nil
}

// readSums reads what sha256sum(1) writes. The paths are relative to the list.
func readSums(content io.Reader, list string, trusted bool, yield func(repo.File) error) error {
	a, ok := sumsAlgorithm(list)
	if !ok {
		return fmt.Errorf("%s is not a list of checksums", list)
	}
	if a.Weak() && !trusted {
		return fmt.Errorf("%s has %w", list, repo.ErrWeak)
	}
	lines := bufio.NewScanner(content)
	for n := 1; lines.Scan(); n++ {
		sum, rest := cutBlank(lines.Bytes())
		if len(sum) == 0 {
			continue
		}
		f := repo.File{Size: -1}
		var err error
		if f.Digest, err = parseHex(a, sum); err != nil {
			return fmt.Errorf("%s:%d: %w", list, n, err)
		}
		name, err := repo.CleanPath(strings.TrimPrefix(string(bytes.TrimRight(rest, " \r")), "*"))
		if err != nil {
			return fmt.Errorf("%s:%d: %w", list, n, err)
		}
		f.Path = path.Join(path.Dir(list), name)
		if err := yield(f); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%s: %w", list, err)
	}
	return nil
}

// patchLists are the fields of a pdiff index that list the patches as they are
// downloaded.
var patchLists = []struct {
	field     string
	algorithm repo.Algorithm
}{
	{"SHA512-Download", repo.SHA512},
	{"SHA256-Download", repo.SHA256},
	{"SHA1-Download", repo.SHA1},
}

// readPatches reads the index of an index's patches, which lie beside it.
func readPatches(in *control.Reader, index string, trusted bool, yield func(repo.File) error) error {
	s, err := in.Next()
	if err == io.EOF {
		return nil
	}
	if err != nil {
		return err
	}
	for _, list := range patchLists {
		value := s.Get(list.field)
		if value == nil {
			continue
		}
		if list.algorithm.Weak() && !trusted {
			return in.Errorf(s, "field %s: %w", list.field, repo.ErrWeak)
		}
		for line := range bytes.Lines(value) {
			if line = bytes.TrimSpace(line); len(line) == 0 {
				continue
			}
			d, size, name, err := parseSum(list.algorithm, line)
			if err == nil {
				name, err = repo.CleanPath(name)
			}
			if err != nil {
				return in.Errorf(s, "field %s: %w", list.field, err)
			}
			if err := yield(repo.File{Path: path.Join(path.Dir(index), name), Size: size, Digest: d}); err != nil {
				return err
			}
		}
		return nil
	}
	return in.Errorf(s, "the patches are listed without checksums of their compressed form; leave the kind %s out", pdiffsKind)
}
