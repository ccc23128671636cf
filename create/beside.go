package create

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// beside returns the files that those given name and that nobody has found yet: packages
// that a list names, and the parts of source packages. They lie beside the file that
// names them.
func (r *run) beside(files []*found) (more []*found) {
	for _, f := range files {
		if f.row == nil || f.row.inspected == nil {
			continue
		}
		i := f.row.inspected
		for _, x := range i.Files {
			if i.Lists && !r.Creator.IsPackage(x.Path) || !isBase(x.Path) {
				continue
			}
			name := f.sibling(x.Path)
			if other := r.byName[name]; other != nil {
				if other.part && i.Lists { // it is asked for what it is after all
					other.part, other.row = false, nil
					more = append(more, other)
				}
				continue
			}
			s := &found{name: name, below: f.below + int32(len(x.Path)-len(f.base())), part: !i.Lists, want: &repo.Content{Size: x.Size, Digest: x.Digest}}
			if f.url() {
				s.file = x.Path
			} else if info, err := os.Stat(name); err != nil {
				s.err = plain(err)
			} else {
				s.state = stateOf(info)
			}
			r.byName[name] = s
			if i.Lists {
				r.files = append(r.files, s)
			}
			more = append(more, s)
		}
	}
	return more
}

// isBase reports whether the text is a file name without directories.
func isBase(name string) bool {
	return name != "" && name != "." && name != ".." && !strings.ContainsAny(name, "/\x00")
}

// sibling is the name of another file in the directory of this one.
func (f *found) sibling(base string) string {
	if !f.url() {
		return filepath.Join(filepath.Dir(f.name), base)
	}
	u, err := url.Parse(f.name)
	if err != nil {
		return base
	}
	u.Path, u.RawPath = path.Join(path.Dir("/"+strings.TrimPrefix(u.Path, "/")), base), ""
	return u.String()
}

// checkBeside checks that the files which one names are there and have the content that
// it says, and returns them with their SHA-256 digests.
func (r *run) checkBeside(f *found) (files []repo.File, err error) {
	i := f.row.inspected
	for _, x := range i.Files {
		if i.Lists && !r.Creator.IsPackage(x.Path) {
			continue
		}
		if !isBase(x.Path) {
			return nil, fmt.Errorf("it names %q, which is no file beside it", x.Path)
		}
		other := r.byName[f.sibling(x.Path)]
		switch {
		case other.err != nil:
			return nil, fmt.Errorf("it names %s: %w", x.Path, other.err)
		case other.row == nil:
			return nil, fmt.Errorf("it names %s, which could not be read", x.Path)
		}
		if err := r.checkContent(other, x); err != nil {
			return nil, fmt.Errorf("it names %s: %w", x.Path, err)
		}
		files = append(files, repo.File{Path: x.Path, Size: other.state.size, Digest: other.row.digest.digest()})
	}
	return files, nil
}

// checkContent compares a file that was found with what another one says of it.
func (r *run) checkContent(f *found, want repo.File) error {
	if want.Size >= 0 && f.state.size != want.Size {
		return fmt.Errorf("it has %d bytes, expected %d", f.state.size, want.Size)
	}
	seen := f.row.digest.digest()
	switch {
	case want.Digest.IsZero():
		return errors.New("no digest of it is known")
	case f.want != nil && f.want.Digest == want.Digest && f.row != r.known.rows[f.name]:
		return nil // checked when it was read
	case want.Digest.Algorithm() != repo.SHA256:
		var err error
		if seen, err = r.digestOf(f, want.Digest.Algorithm()); err != nil {
			return err
		}
	}
	if seen != want.Digest {
		return fmt.Errorf("its digest is %s, expected %s", seen, want.Digest)
	}
	return nil
}

// digestOf reads a file's object for another digest than the one that is known.
func (r *run) digestOf(f *found, a repo.Algorithm) (repo.Digest, error) {
	in, err := r.Store.Objects().Open(repo.File{Digest: f.row.digest.digest()})
	if err != nil {
		return repo.Digest{}, plain(err)
	}
	defer in.Close()
	h := a.New()
	if _, err := io.Copy(h, in); err != nil {
		return repo.Digest{}, err
	}
	return repo.NewDigest(a, h.Sum(nil)), nil
}
