package deb

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/deb/control"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Release is what a Release file says (the root of a suite; apt's
// apt_preferences(5) and Debian's wiki page RepositoryFormat describe the
// fields). It is the Detail of the roots that [Format.ReadRoot] returns.
type Release struct {
	Origin, Label, Suite, Codename, Version, Description string

	Components    []string
	Architectures []string
	// NoSupportForAll are the indexes, "Packages", that have the packages for all
	// architectures in each architecture's own rather than in binary-all.
	NoSupportForAll []string

	// Date and ValidUntil are zero where the file does not tell.
	Date, ValidUntil time.Time

	AcquireByHash        bool
	NotAutomatic         bool
	ButAutomaticUpgrades bool

	// Fields are all fields but the lists of files, in their order.
	Fields []Field
	// Algorithms are those of the lists of files, strongest first.
	Algorithms []repo.Algorithm
	// Entries are the files listed, in the order in which they first stand there.
	Entries []Entry
}

// Field is a field of a Release as it stands there.
type Field struct{ Name, Value string }

// Entry is one file that a Release lists.
type Entry struct {
	Path    string // relative to the Release, clean
	Size    int64
	Digests []repo.Digest // strongest first
}

// Field returns the value of a field that is no list of files, "" where there is
// none.
func (r *Release) Field(name string) string {
	for _, f := range r.Fields {
		if control.EqualName(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

// sections names the lists of files as a Release does, strongest first. They
// are the names of directories below by-hash, too.
var sections = []struct {
	name      string
	algorithm repo.Algorithm
}{
	{"SHA512", repo.SHA512},
	{"SHA256", repo.SHA256},
	{"SHA1", repo.SHA1},
	{"MD5Sum", repo.MD5},
}

// ParseRelease reads a Release file, the signed content of an InRelease file for
// one; file names it in errors. It checks the form only.
func ParseRelease(content []byte, file string) (*Release, error) {
	reader := control.NewReader(bytes.NewReader(content), file)
	s, err := reader.Next()
	if err == io.EOF {
		return nil, fmt.Errorf("%s is empty", file)
	}
	if err != nil {
		return nil, err
	}
	r := &Release{}
	entries := make(map[string]int)
	seen := make(map[string]bool)
	for name, value := range s.All {
		lower := strings.ToLower(string(name))
		if seen[lower] {
			return nil, reader.Errorf(s, "field %s stands there twice", name)
		}
		seen[lower] = true
		if a, err := repo.ParseAlgorithm(lower); err == nil {
			if err := r.addEntries(a, value, entries); err != nil {
				return nil, reader.Errorf(s, "%s: %w", name, err)
			}
			continue
		}
		r.Fields = append(r.Fields, Field{string(name), string(value)})
	}
	if err := r.readFields(); err != nil {
		return nil, reader.Errorf(s, "%w", err)
	}
	if _, err := reader.Next(); err != io.EOF {
		return nil, fmt.Errorf("%s has more than one stanza", file)
	}
	slices.SortFunc(r.Algorithms, func(a, b repo.Algorithm) int { return cmp.Compare(b, a) })
	for i := range r.Entries {
		slices.SortFunc(r.Entries[i].Digests, func(a, b repo.Digest) int { return cmp.Compare(b.Algorithm(), a.Algorithm()) })
	}
	return r, nil
}

func (r *Release) readFields() (err error) {
	r.Origin, r.Label = r.Field("Origin"), r.Field("Label")
	r.Suite, r.Codename = r.Field("Suite"), r.Field("Codename")
	r.Version, r.Description = r.Field("Version"), r.Field("Description")
	r.Components = strings.Fields(r.Field("Components"))
	r.Architectures = strings.Fields(r.Field("Architectures"))
	r.NoSupportForAll = strings.Fields(r.Field("No-Support-for-Architecture-all"))
	r.AcquireByHash = isYes(r.Field("Acquire-By-Hash"))
	r.NotAutomatic = isYes(r.Field("NotAutomatic"))
	r.ButAutomaticUpgrades = isYes(r.Field("ButAutomaticUpgrades"))
	if r.Date, err = parseDate(r.Field("Date")); err != nil {
		return fmt.Errorf("field Date: %w", err)
	}
	if r.ValidUntil, err = parseDate(r.Field("Valid-Until")); err != nil {
		return fmt.Errorf("field Valid-Until: %w", err)
	}
	return nil
}

// isYes reads a flag as apt does.
func isYes(s string) bool {
	switch strings.ToLower(s) {
	case "yes", "true", "with", "on", "enable", "1":
		return true
	}
	return false
}

// parseDate reads a date of RFC 5322 in universal time, or with a numeric zone;
// and that of asctime(3). An empty one is the zero time.
func parseDate(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	numeric := s
	for _, zone := range []string{" UTC", " GMT", " Z"} {
		if date, ok := strings.CutSuffix(s, zone); ok {
			numeric = date + " +0000"
		}
	}
	t, err := time.Parse("Mon, 2 Jan 2006 15:04:05 -0700", numeric)
	if err != nil {
		t, err = time.Parse(time.ANSIC, s)
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is no date such as %q", s, formatDate(time.Unix(0, 0)))
	}
	return t.UTC(), nil
}

// formatDate writes a date in the form that every apt reads.
func formatDate(t time.Time) string { return t.UTC().Format("Mon, 02 Jan 2006 15:04:05 UTC") }

// addEntries reads a list of files: lines of digest, size and path.
func (r *Release) addEntries(a repo.Algorithm, list []byte, known map[string]int) error {
	r.Algorithms = append(r.Algorithms, a)
	for line := range bytes.Lines(list) {
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		d, size, name, err := parseSum(a, line)
		if err != nil {
			return err
		}
		p, err := repo.CleanPath(name)
		if err != nil {
			return err
		}
		i, ok := known[p]
		if !ok {
			i = len(r.Entries)
			known[p] = i
			r.Entries = append(r.Entries, Entry{Path: p, Size: size})
		}
		if err := r.Entries[i].add(d, size); err != nil {
			return err
		}
	}
	return nil
}

func (e *Entry) add(d repo.Digest, size int64) error {
	if e.Size != size {
		return fmt.Errorf("%s is listed with sizes %d and %d", e.Path, e.Size, size)
	}
	for _, other := range e.Digests {
		if other.Algorithm() == d.Algorithm() {
			if other != d {
				return fmt.Errorf("%s is listed with digests %s and %s", e.Path, other, d)
			}
			return nil
		}
	}
	e.Digests = append(e.Digests, d)
	return nil
}

var errSum = errors.New("not a line of digest, size and name")

// parseSum reads a line of digest, size and name, as Release, Sources and pdiff
// indexes have them.
func parseSum(a repo.Algorithm, line []byte) (d repo.Digest, size int64, name string, err error) {
	sum, rest := cutBlank(line)
	number, rest := cutBlank(rest)
	last, rest := cutBlank(rest)
	if len(last) == 0 || len(rest) > 0 {
		return d, 0, "", fmt.Errorf("%s: %w", excerpt(string(line)), errSum)
	}
	if d, err = parseHex(a, sum); err != nil {
		return d, 0, "", err
	}
	if size, err = parseSize(number); err != nil {
		return d, 0, "", err
	}
	return d, size, string(last), nil
}

// cutBlank cuts the first word off.
func cutBlank(s []byte) (word, rest []byte) {
	i := 0
	for i < len(s) && s[i] != ' ' && s[i] != '\t' {
		i++
	}
	return s[:i], bytes.TrimLeft(s[i:], " \t")
}

// parseHex is repo.ParseHex without garbage.
func parseHex(a repo.Algorithm, s []byte) (repo.Digest, error) {
	var sum [64]byte
	n := a.Size()
	if len(s) != 2*n {
		return repo.Digest{}, fmt.Errorf("%s is not a %s digest", excerpt(string(s)), a)
	}
	for i := range n {
		high, low := nibbles[s[2*i]], nibbles[s[2*i+1]]
		if high|low > 15 {
			return repo.Digest{}, fmt.Errorf("%s is not a %s digest", excerpt(string(s)), a)
		}
		sum[i] = high<<4 | low
	}
	return repo.NewDigest(a, sum[:n]), nil
}

// nibbles are the values of the hexadecimal digits, 255 for all other bytes.
var nibbles = func() (values [256]byte) {
	for i := range values {
		values[i] = 255
	}
	for i := range byte(16) {
		values["0123456789abcdef"[i]] = i
		values["0123456789ABCDEF"[i]] = i
	}
	return values
}()

func parseSize(s []byte) (int64, error) {
	n, err := strconv.ParseUint(string(s), 10, 63)
	if err != nil {
		return 0, fmt.Errorf("%s is not a size in bytes", excerpt(string(s)))
	}
	return int64(n), nil
}
