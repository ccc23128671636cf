package deb

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Version is a Debian version in its parts, deb-version(7).
type Version struct {
	Epoch    string // digits, "" where there is none
	Upstream string
	Revision string // "" where there is none
}

// blanks are what dpkg ignores around a version.
const blanks = " \t"

// String returns the version as Debian writes it.
func (v Version) String() string {
	s := v.Upstream
	if v.Epoch != "" {
		s = v.Epoch + ":" + s
	}
	if v.Revision != "" {
		s += "-" + v.Revision
	}
	return s
}

// ParseVersion reads a version and checks it as deb-version(7) demands. dpkg only
// warns of unusual characters and of a first character that is no digit; here
// they are errors too.
func ParseVersion(s string) (Version, error) {
	v := split(s)
	problem := v.fatal(s)
	if problem == "" {
		problem = v.unusual()
	}
	if problem != "" {
		return v, fmt.Errorf("version %q: %s", s, problem)
	}
	return v, nil
}

// CheckVersion refuses what dpkg --compare-versions refuses. What dpkg warns of
// passes, unlike in [ParseVersion]; so does the empty version.
func (Format) CheckVersion(s string) error {
	if s == "" {
		return nil
	}
	if problem := split(s).fatal(s); problem != "" {
		return fmt.Errorf("version %q: %s", s, problem)
	}
	return nil
}

// fatal says why s, whose parts v are, is no version.
func (v Version) fatal(s string) string {
	if s == "" {
		return "it is empty"
	}
	if strings.ContainsAny(strings.Trim(s, blanks), blanks) {
		return "it has blanks"
	}
	if strings.Contains(s, ":") {
		if !onlyDigits(v.Epoch) {
			return fmt.Sprintf("the epoch %q is not a number", v.Epoch)
		}
		if _, err := strconv.ParseInt(v.Epoch, 10, 32); err != nil {
			return fmt.Sprintf("the epoch %s is too big", v.Epoch)
		}
	}
	if v.Upstream == "" {
		return "the upstream version is empty"
	}
	if strings.HasSuffix(strings.Trim(s, blanks), "-") {
		return "the revision is empty"
	}
	return ""
}

// unusual says which rule for characters the version breaks.
func (v Version) unusual() string {
	if !isDigit(v.Upstream[0]) {
		return "the upstream version does not begin with a digit"
	}
	if c, bad := strange(v.Upstream, ".-+~:"); bad {
		return fmt.Sprintf("the upstream version has an invalid character %q", c)
	}
	if c, bad := strange(v.Revision, ".+~"); bad {
		return fmt.Sprintf("the revision has an invalid character %q", c)
	}
	return ""
}

func strange(s, punctuation string) (c byte, bad bool) {
	for i := range len(s) {
		if !isDigit(s[i]) && !isLetter(s[i]) && strings.IndexByte(punctuation, s[i]) < 0 {
			return s[i], true
		}
	}
	return 0, false
}

// split divides at the first colon and the last hyphen. Like dpkg it takes no
// notice of blanks around the version.
func split(s string) (v Version) {
	if s != "" && (s[0] <= ' ' || s[len(s)-1] <= ' ') {
		s = strings.Trim(s, blanks)
	}
	if i := strings.IndexByte(s, ':'); i >= 0 {
		v.Epoch, s = s[:i], s[i+1:]
	}
	if i := strings.LastIndexByte(s, '-'); i >= 0 {
		s, v.Revision = s[:i], s[i+1:]
	}
	v.Upstream = s
	return v
}

// Compare compares versions in dpkg's order, deb-version(7): by epoch, upstream
// version and revision, a missing one being "0". The empty version is older than
// all others. It takes any string; the order is total on those that are no
// versions as well.
func (Format) Compare(a, b string) int {
	switch {
	case a == b:
		return 0
	case a == "":
		return -1
	case b == "":
		return 1
	}
	v, w := split(a), split(b)
	if c := comparePart(v.Epoch, w.Epoch); c != 0 {
		return c
	}
	if c := comparePart(v.Upstream, w.Upstream); c != 0 {
		return c
	}
	return comparePart(v.Revision, w.Revision)
}

// Satisfies reports whether a version, or that of a Provides, meets a
// constraint. An unversioned Provides meets none (Debian policy 7.5).
func (f Format) Satisfies(version string, op repo.Op, wanted string) bool {
	if op == repo.Any {
		return true
	}
	return version != "" && op.Holds(f.Compare(version, wanted))
}

// comparePart compares alternating runs of non-digits, by character, and of
// digits, by value.
func comparePart(a, b string) int {
	for a != "" || b != "" {
		i := 0
		for ; i < len(a) && !isDigit(a[i]) || i < len(b) && !isDigit(b[i]); i++ {
			if c := weight(a, i) - weight(b, i); c != 0 {
				return c
			}
		}
		// The runs were equal up to here, hence of one length.
		var x, y string
		x, a = number(a[i:])
		y, b = number(b[i:])
		if len(x) != len(y) {
			return len(x) - len(y)
		}
		if c := strings.Compare(x, y); c != 0 {
			return c
		}
	}
	return 0
}

// weight is the rank of a character within a run of non-digits: "~" comes before
// the end of the run, then letters, then all others.
func weight(s string, i int) int {
	switch {
	case i >= len(s) || isDigit(s[i]):
		return 0
	case s[i] == '~':
		return -1
	case isLetter(s[i]):
		return int(s[i])
	}
	return int(s[i]) + 256
}

// number cuts the digits off s, without leading zeros.
func number(s string) (digits, rest string) {
	s = strings.TrimLeft(s, "0")
	i := 0
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	return s[:i], s[i:]
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func onlyDigits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}
