package repo

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Manifest is every file that the root of one repository reaches. Paths within
// it are unique; one content may stand under several paths (by-hash).
type Manifest struct {
	// Root holds the root file and its signatures: published last, together.
	Root []File
	// Indexes are the files that the root names.
	Indexes []File
	// Packages are the files that the indexes name.
	Packages []File
}

// All yields every file: packages first, the root last, the order in which a
// tree may take them up.
func (m *Manifest) All(yield func(File) bool) {
	for _, part := range [][]File{m.Packages, m.Indexes, m.Root} {
		for _, f := range part {
			if !yield(f) {
				return
			}
		}
	}
}

// Difference is what leads from one manifest to another.
type Difference struct {
	Added   []File // paths that are new
	Changed []File // paths that stay with new content, as they are in the new manifest
	Removed []File // paths that go
}

// Empty reports whether there is no difference.
func (d *Difference) Empty() bool { return len(d.Added)+len(d.Changed)+len(d.Removed) == 0 }

// Diff compares the same part of two manifests, such as their packages. The
// result keeps the order of its inputs.
func Diff(old, now []File) (d Difference) {
	type known struct {
		file File
		kept bool
	}
	before := make(map[string]*known, len(old))
	store := make([]known, len(old))
	for i, f := range old {
		store[i].file = f
		before[f.Path] = &store[i]
	}
	for _, f := range now {
		k := before[f.Path]
		if k == nil {
			d.Added = append(d.Added, f)
			continue
		}
		k.kept = true
		if k.file.Digest != f.Digest || k.file.Size != f.Size {
			d.Changed = append(d.Changed, f)
		}
	}
	for i := range store {
		if !store[i].kept {
			d.Removed = append(d.Removed, store[i].file)
		}
	}
	return d
}

// manifestHeader is the first line of a written manifest; the number is the
// version of the form.
const manifestHeader = "mirrorkeeper-manifest 1"

// Write writes the manifest as lines of text: a header, then for each file its
// part (r, i or p), digest, size and path.
func (m *Manifest) Write(w io.Writer) error {
	b := bufio.NewWriterSize(w, 64<<10)
	fmt.Fprintln(b, manifestHeader)
	for _, part := range []struct {
		letter byte
		files  []File
	}{{'r', m.Root}, {'i', m.Indexes}, {'p', m.Packages}} {
		for _, f := range part.files {
			b.WriteByte(part.letter)
			b.WriteByte(' ')
			b.WriteString(f.Digest.String())
			b.WriteByte(' ')
			b.WriteString(strconv.FormatInt(f.Size, 10))
			b.WriteByte(' ')
			b.WriteString(f.Path)
			b.WriteByte('\n')
		}
	}
	return b.Flush()
}

// ReadManifest reads what [Manifest.Write] wrote.
func ReadManifest(r io.Reader) (*Manifest, error) {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 64<<10), 64<<10)
	if !s.Scan() || s.Text() != manifestHeader {
		return nil, fmt.Errorf("not a manifest of this version (first line %q, expected %q)", s.Text(), manifestHeader)
	}
	m := &Manifest{}
	for n := 2; s.Scan(); n++ {
		part, f, err := parseManifestLine(s.Text())
		if err != nil {
			return nil, fmt.Errorf("manifest line %d: %w", n, err)
		}
		switch part {
		case "r":
			m.Root = append(m.Root, f)
		case "i":
			m.Indexes = append(m.Indexes, f)
		case "p":
			m.Packages = append(m.Packages, f)
		default:
			return nil, fmt.Errorf("manifest line %d: unknown part %q", n, part)
		}
	}
	return m, s.Err()
}

func parseManifestLine(line string) (part string, f File, err error) {
	part, rest, _ := strings.Cut(line, " ")
	digest, rest, _ := strings.Cut(rest, " ")
	size, name, _ := strings.Cut(rest, " ")
	if err = f.Digest.UnmarshalText([]byte(digest)); err != nil {
		return "", f, err
	}
	if f.Size, err = strconv.ParseInt(size, 10, 64); err != nil {
		return "", f, err
	}
	f.Path, err = CleanPath(name)
	return part, f, err
}
