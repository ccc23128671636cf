package mirror

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Lock is what mirrors hold, package by package, so that the same can be mirrored again.
//
// Its file is JSON lines, meant for version control: {"lock":1} in the first one; then
// for each mirror, by name, a line with its name and the digest of its selection (see
// [Mirror.Selection]), followed by one line for each package, by name, or for a full
// mirror one for each root.
type Lock struct {
	Mirrors []LockedMirror
}

// LockedMirror is one mirror of a lock.
type LockedMirror struct {
	Name      string      `json:"mirror"`
	Selection repo.Digest `json:"selection"`
	// Packages are those that a partial mirror holds, sorted.
	Packages []LockedPackage `json:"-"`
	// Roots are those of upstream that a full mirror is of, sorted.
	Roots []LockedRoot `json:"-"`
}

// LockedPackage is one package of a partial mirror.
type LockedPackage struct {
	Name         string `json:"name"`
	Version      string `json:"version"`
	Architecture string `json:"architecture"`
	Repository   string `json:"repository"`
	// Files is the package file, or all files of a source package.
	Files []repo.File `json:"files"`
}

// LockedRoot is the root of one repository of a full mirror.
type LockedRoot struct {
	Repository string      `json:"repository"`
	Root       repo.Digest `json:"root"`
}

// lockVersion is the version of the form of lock files.
const lockVersion = 1

type lockHeader struct {
	Version int `json:"lock"`
}

// maxLockLine bounds a line of a lock file in bytes.
const maxLockLine = 1 << 20

// ReadLock reads a lock file. Errors name the line; [os.ErrNotExist] is the cause where
// there is no file.
func ReadLock(file string) (*Lock, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("lock file: %w", err)
	}
	defer f.Close()
	l := &Lock{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, maxLockLine)
	n := 0
	for lines.Scan() {
		n++
		if err := l.add(n, lines.Bytes()); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, n, err)
		}
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return nil, fmt.Errorf("%s:%d: the line is too long (expected at most %d bytes)", file, n+1, maxLockLine)
	case err != nil:
		return nil, fmt.Errorf("lock file: %w", err)
	case n == 0:
		return nil, fmt.Errorf(`%s:1: the file is empty (expected {"lock":%d} in its first line)`, file, lockVersion)
	}
	return l, nil
}

// add takes up one line.
func (l *Lock) add(n int, line []byte) error {
	if n == 1 {
		return checkLockHeader(line)
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(line, &keys); err != nil {
		return fmt.Errorf("this is no line of a lock file: %w", err)
	}
	if keys["mirror"] != nil {
		var m LockedMirror
		if err := readLockLine(line, &m); err != nil {
			return err
		}
		if l.Find(m.Name) != nil {
			return fmt.Errorf("mirror %q is in the file already", m.Name)
		}
		l.Mirrors = append(l.Mirrors, m)
		return nil
	}
	if len(l.Mirrors) == 0 {
		return errors.New("this belongs to no mirror (expected the line of a mirror first)")
	}
	m := &l.Mirrors[len(l.Mirrors)-1]
	if keys["root"] != nil {
		var r LockedRoot
		if err := readLockLine(line, &r); err != nil {
			return err
		}
		m.Roots = append(m.Roots, r)
		return nil
	}
	var p LockedPackage
	if err := readLockLine(line, &p); err != nil {
		return err
	}
	if len(p.Files) == 0 {
		return fmt.Errorf("%s %s has no files", p.Name, p.Version)
	}
	for _, f := range p.Files {
		if _, err := repo.CleanPath(f.Path); err != nil {
			return err
		}
		if f.Digest.IsZero() {
			return fmt.Errorf("%s has no digest", f.Path)
		}
	}
	m.Packages = append(m.Packages, p)
	return nil
}

func checkLockHeader(line []byte) error {
	var h lockHeader
	if err := readLockLine(line, &h); err != nil {
		return err
	}
	if h.Version != lockVersion {
		return fmt.Errorf("the lock file is of version %d, this program knows version %d", h.Version, lockVersion)
	}
	return nil
}

// readLockLine reads a line that is written exactly as the value would be.
func readLockLine[T any](line []byte, to *T) error {
	in := json.NewDecoder(bytes.NewReader(line))
	in.DisallowUnknownFields()
	if err := in.Decode(to); err != nil {
		return fmt.Errorf("this is no line of a lock file: %w", err)
	}
	if again, err := lockLine(*to); err != nil || !bytes.Equal(again, line) {
		return fmt.Errorf("this is not as mirrorkeeper writes it (expected %s)", bytes.TrimSpace(again))
	}
	return nil
}

// lockLine returns the value as one line, without its end.
func lockLine(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// Find returns the mirror of the name, or nil. The lock may be nil.
func (l *Lock) Find(name string) *LockedMirror {
	if l == nil {
		return nil
	}
	i := slices.IndexFunc(l.Mirrors, func(m LockedMirror) bool { return m.Name == name })
	if i < 0 {
		return nil
	}
	return &l.Mirrors[i]
}

// Set puts the mirror into the lock, in the place of the one of its name.
func (l *Lock) Set(m LockedMirror) {
	if old := l.Find(m.Name); old != nil {
		*old = m
		return
	}
	l.Mirrors = append(l.Mirrors, m)
}

// Write writes the lock file, at once, unless it is the same already.
func (l *Lock) Write(file string) error {
	var b bytes.Buffer
	if err := l.encode(&b); err != nil {
		return err
	}
	if old, err := os.ReadFile(file); err == nil && bytes.Equal(old, b.Bytes()) {
		return nil
	}
	if err := replaceFile(file, b.Bytes()); err != nil {
		return fmt.Errorf("lock file: %w", err)
	}
	return nil
}

func (l *Lock) encode(w io.Writer) error {
	put := func(v any) error {
		line, err := lockLine(v)
		if err == nil {
			_, err = w.Write(append(line, '\n'))
		}
		return err
	}
	if err := put(lockHeader{lockVersion}); err != nil {
		return err
	}
	mirrors := slices.Clone(l.Mirrors)
	slices.SortFunc(mirrors, func(a, b LockedMirror) int { return cmp.Compare(a.Name, b.Name) })
	for _, m := range mirrors {
		if err := m.encode(put); err != nil {
			return err
		}
	}
	return nil
}

func (m *LockedMirror) encode(put func(any) error) error {
	if err := put(m); err != nil {
		return err
	}
	for _, r := range m.Roots {
		if err := put(r); err != nil {
			return err
		}
	}
	for _, p := range m.Packages {
		if err := put(p); err != nil {
			return err
		}
	}
	return nil
}

// digest identifies what is locked; it is "" for nil.
func (m *LockedMirror) digest() string {
	if m == nil {
		return ""
	}
	h := sha256.New()
	l := Lock{[]LockedMirror{*m}}
	if err := l.encode(h); err != nil { // no value of these types can fail to be written
		return ""
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

// LockDifference is what changes from one state of a mirror to another.
type LockDifference struct {
	// Selection is true when the configuration selects in another way.
	Selection      bool
	Added, Removed []LockedPackage
	// Roots are the new ones of a full mirror.
	Roots []LockedRoot
}

// IsZero reports whether nothing changes.
func (d LockDifference) IsZero() bool {
	return !d.Selection && len(d.Added)+len(d.Removed)+len(d.Roots) == 0
}

// Difference returns what changes from the mirror to another state of it.
func (m *LockedMirror) Difference(now *LockedMirror) LockDifference {
	d := LockDifference{
		Selection: m.Selection != now.Selection,
		Added:     without(now.Packages, m.Packages),
		Removed:   without(m.Packages, now.Packages),
	}
	for _, r := range now.Roots {
		if !slices.Contains(m.Roots, r) {
			d.Roots = append(d.Roots, r)
		}
	}
	return d
}

// without returns the packages that are not among the others.
func without(packages, others []LockedPackage) (left []LockedPackage) {
	known := make(map[string]bool, len(others))
	for _, p := range others {
		known[p.key()] = true
	}
	for _, p := range packages {
		if !known[p.key()] {
			left = append(left, p)
		}
	}
	return left
}

// key is equal for equal packages only.
func (p LockedPackage) key() string {
	line, _ := lockLine(p) // no value of these types can fail to be written
	return string(line)
}

// String returns "name version architecture of repository".
func (p LockedPackage) String() string {
	return p.Name + " " + p.Version + " " + p.Architecture + " of " + p.Repository
}

func locked(p *repo.Package) LockedPackage {
	files := p.Files
	if files == nil {
		files = []repo.File{p.File}
	}
	return LockedPackage{p.Name, p.Version, p.Architecture, p.Repository.String(), files}
}

func compareLocked(a, b LockedPackage) int {
	return cmp.Or(
		cmp.Compare(a.Name, b.Name), cmp.Compare(a.Version, b.Version), cmp.Compare(a.Architecture, b.Architecture),
		cmp.Compare(a.Repository, b.Repository), cmp.Compare(a.key(), b.key()))
}

// Lock returns what the mirror would hold.
func (p *Planned) Lock() LockedMirror {
	m := LockedMirror{Name: p.Mirror, Selection: p.mirror.Selection()}
	if p.mirror.Full() {
		for _, r := range p.read {
			m.Roots = append(m.Roots, LockedRoot{r.Repository.String(), r.Root.Digest})
		}
		slices.SortFunc(m.Roots, func(a, b LockedRoot) int { return cmp.Compare(a.Repository, b.Repository) })
		return m
	}
	for _, x := range p.Picked {
		m.Packages = append(m.Packages, locked(x.Package))
	}
	slices.SortFunc(m.Packages, compareLocked)
	return m
}
