package incoming

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// maxList is the greatest size of a list in bytes; they take few kB.
const maxList = 4 << 20

// errChanged means that a file is another one than it was a moment ago.
var errChanged = errors.New("it has changed")

// packageAlone reports whether a file is an upload by itself.
func (d *Door) packageAlone(name string) bool { return d.List == "" && d.Creator.IsPackage(name) }

// readLists reads the lists among the files.
func (d *Door) readLists(now look) map[string]*list {
	lists := map[string]*list{}
	for name, s := range now {
		if d.List == "" || !strings.HasSuffix(name, d.List) {
			continue
		}
		l, err := d.readList(name, s)
		if err != nil {
			l = &list{changed: true}
		}
		lists[name] = l
	}
	return lists
}

// readList reads a list. An error says that it has changed; what is wrong with it is its
// problem.
func (d *Door) readList(name string, s state) (*list, error) {
	if s.size > maxList {
		return &list{problem: fmt.Sprintf("it has %d bytes, at most %d are read", s.size, maxList)}, nil
	}
	f, err := d.open(name, s)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	document, err := io.ReadAll(io.LimitReader(f, s.size+1))
	if err != nil || int64(len(document)) != s.size {
		return nil, errChanged
	}
	keys := &uploaders{all: d.Uploaders}
	content, _, unsigned := keys.Inline(document, d.Now())
	l := &list{signed: keys.signed}
	if unsigned != nil {
		// What it names is looked at to put it away, and for nothing else.
		l.unsigned, content = unsigned.Error(), document
	}
	read, err := d.Creator.Inspect(repo.PackageFile{Base: name, Content: bytes.NewReader(content), Size: int64(len(content)), Modified: time.Unix(0, s.modified)})
	if err != nil {
		l.problem = err.Error()
		return l, nil
	}
	l.files = read.Files
	return l, nil
}

// open opens a file of the directory, if it is still the one that it was.
func (d *Door) open(name string, s state) (*os.File, error) {
	f, err := d.root.OpenFile(name, os.O_RDONLY|noFollow, 0)
	if err != nil {
		return nil, errChanged
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || stateOf(info) != s {
		f.Close()
		return nil, errChanged
	}
	return f, nil
}

// check finds out what there is to know of an upload, from copies of its files.
func (d *Door) check(ctx context.Context, u *upload) (*Facts, error) {
	facts := &Facts{}
	want := map[string]repo.File{}
	if u.list != nil {
		facts.Signed, facts.Unsigned, facts.Problem = u.list.signed, u.list.unsigned, u.list.problem
		if u.list.useless() {
			return facts, nil // it is refused: nothing of it needs to be read
		}
		for _, f := range u.list.files {
			want[f.Path] = f
		}
	}
	dir, err := os.MkdirTemp(d.Staging, "upload-*")
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(u.files)) {
		if u.list != nil && name == u.name {
			continue
		}
		file := File{Name: name, Want: want[name]}
		staged := filepath.Join(dir, name)
		if file.Size, file.Digest, err = d.copy(ctx, staged, name, u.files[name], file.Want.Digest.Algorithm()); err != nil {
			return nil, err
		}
		if d.Creator.IsPackage(name) {
			u.staged = append(u.staged, staged)
			if err := d.inspect(&file, staged); err != nil {
				return nil, err
			}
		}
		if u.list == nil {
			if err := d.checkSignature(facts, staged, name); err != nil {
				return nil, err
			}
		}
		facts.Files = append(facts.Files, file)
	}
	return facts, nil
}

// copy copies a file of the directory, and returns the size and the digest of the copy.
func (d *Door) copy(ctx context.Context, to, name string, s state, a repo.Algorithm) (size int64, digest repo.Digest, err error) {
	in, err := d.open(name, s)
	if err != nil {
		return 0, digest, err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return 0, digest, err
	}
	defer out.Close()
	if a == 0 {
		a = repo.SHA256
	}
	hash := a.New()
	size, err = io.Copy(io.MultiWriter(out, hash), &reader{ctx, io.LimitReader(in, s.size+1)})
	if err == nil && size != s.size {
		err = errChanged
	}
	if err == nil {
		err = os.Chtimes(to, time.Time{}, time.Unix(0, s.modified))
	}
	return size, repo.NewDigest(a, hash.Sum(nil)), err
}

// reader reads until a context ends.
type reader struct {
	ctx context.Context
	io.Reader
}

func (r *reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}

// inspect reads the copy of a package. An error is one of this machine.
func (d *Door) inspect(f *File, staged string) error {
	in, err := os.Open(staged)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	f.Package, err = d.Creator.Inspect(repo.PackageFile{Base: f.Name, Content: in, Size: info.Size(), Modified: info.ModTime(), Thorough: true})
	if err != nil {
		f.Problem = err.Error()
	}
	return nil
}

// checkSignature checks the signature that the copy of a package carries.
func (d *Door) checkSignature(facts *Facts, staged, name string) error {
	in, err := os.Open(staged)
	if err != nil {
		return err
	}
	defer in.Close()
	keys := &uploaders{all: d.Uploaders}
	if err := d.CheckPackage(name, in, keys, d.Now()); err != nil {
		facts.Unsigned = err.Error()
		return nil
	}
	facts.Signed = keys.signed
	return nil
}

// uploaders believes the signatures of any uploader, and notes whose they were.
type uploaders struct {
	all    []Uploader
	signed []Signature
}

var _ repo.Verifier = (*uploaders)(nil)

// Inline is that of the first uploader who believes the document.
func (u *uploaders) Inline(document []byte, now time.Time) (content []byte, signers []string, err error) {
	signers, err = u.ask(func(keys repo.Verifier) (signers []string, err error) {
		text, signers, err := keys.Inline(document, now)
		if err == nil {
			content = text
		}
		return signers, err
	})
	return content, signers, err
}

// Detached is that of all uploaders who believe the signature.
func (u *uploaders) Detached(content, signature []byte, now time.Time) (signers []string, err error) {
	return u.ask(func(keys repo.Verifier) ([]string, error) { return keys.Detached(content, signature, now) })
}

func (u *uploaders) ask(check func(keys repo.Verifier) ([]string, error)) (signers []string, err error) {
	var refusals []error
	for i, x := range u.all {
		by, err := check(x.Keys)
		if err != nil {
			refusals = append(refusals, err)
			continue
		}
		for _, signer := range by {
			u.signed = append(u.signed, Signature{i, signer})
		}
		signers = append(signers, by...)
	}
	if len(signers) == 0 {
		return nil, errors.Join(refusals...)
	}
	return signers, nil
}
