package rpm

import (
	"errors"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Version is a version in its parts, "[epoch:]version[-release]", rpm-version(7).
type Version struct {
	Epoch   string // digits, "" where there is none
	Version string
	Release string // "" where there is none
}

// ParseVersion splits a version as rpm does: an epoch is digits up to a colon, the
// release what follows the last hyphen. It takes any string.
func ParseVersion(s string) Version {
	v, _ := split(s)
	return v
}

// String returns the version as rpm writes it, without an epoch of 0.
func (v Version) String() string {
	s := v.Version
	if v.Epoch != "" && v.Epoch != "0" {
		s = v.Epoch + ":" + s
	}
	if v.Release != "" {
		s += "-" + v.Release
	}
	return s
}

// CheckVersion refuses the empty version; rpm compares all others.
func (Format) CheckVersion(s string) error {
	if s == "" {
		return errors.New("the version is empty")
	}
	return nil
}

// split divides a version. A release can be there and be empty.
func split(s string) (v Version, hasRelease bool) {
	i := 0
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	if i < len(s) && s[i] == ':' {
		v.Epoch, s = s[:i], s[i+1:]
	}
	if i := strings.LastIndexByte(s, '-'); i >= 0 {
		s, v.Release, hasRelease = s[:i], s[i+1:], true
	}
	v.Version = s
	return v, hasRelease
}

// Compare compares versions in rpm's order (rpm-version(7), rpmverCmp of librpm): by
// epoch, a missing one being 0, by version, and by release, where a missing one is the
// oldest. It takes any string; the order is total on those that are no versions as
// well.
func (Format) Compare(a, b string) int {
	if a == b {
		return 0
	}
	v, hasV := split(a)
	w, hasW := split(b)
	if c := compareToRelease(v, w); c != 0 {
		return c
	}
	switch {
	case hasV && !hasW:
		return 1
	case hasW && !hasV:
		return -1
	}
	return comparePart(v.Release, w.Release)
}

// compareToRelease compares epochs and versions.
func compareToRelease(v, w Version) int {
	if v.Epoch != w.Epoch {
		if c := comparePart(epoch(v), epoch(w)); c != 0 {
			return c
		}
	}
	return comparePart(v.Version, w.Version)
}

func epoch(v Version) string {
	if v.Epoch == "" {
		return "0"
	}
	return v.Epoch
}

// Satisfies reports whether a version, or that of a provide, satisfies a constraint:
// whether the two ranges of versions have one in common (rpmdsCompare and
// rpmverOverlap of librpm; pool_intersect_evrs of libsolv). A provide's range begins
// with its operator, "<= 2"; without one the version is exact.
//
// An unversioned provide satisfies every constraint, unlike in Debian. Where one side
// has no release, its version means all releases of it, if its range includes its end:
// "1-5" satisfies "= 1", but not "> 1".
func (Format) Satisfies(version string, op repo.Op, wanted string) bool {
	have, version := cutOperator(version)
	if op == repo.Any || version == "" || wanted == "" {
		return true
	}
	p, q := senses[have], senses[op]
	v, _ := split(version)
	w, _ := split(wanted)
	c := compareToRelease(v, w)
	if c == 0 {
		switch {
		case v.Release != "" && w.Release != "":
			c = comparePart(v.Release, w.Release)
		case v.Release != "" && q&equal != 0, w.Release != "" && p&equal != 0:
			return true
		}
	}
	switch {
	case c < 0:
		return p&greater != 0 || q&less != 0
	case c > 0:
		return p&less != 0 || q&greater != 0
	}
	return p&q != 0
}

// The directions in which a range of versions extends from its version.
const (
	less = 1 << iota
	equal
	greater
)

var senses = [...]uint8{
	repo.Any:          less | equal | greater,
	repo.Less:         less,
	repo.LessEqual:    less | equal,
	repo.Equal:        equal,
	repo.GreaterEqual: equal | greater,
	repo.Greater:      greater,
	repo.NotEqual:     less | greater,
}

// cutOperator splits the operator off the version of a provide.
func cutOperator(s string) (op repo.Op, version string) {
	if s == "" || s[0] < '<' || s[0] > '>' {
		return repo.Equal, s
	}
	end := 1
	if len(s) > 1 && s[1] == '=' {
		end = 2
	}
	op, _ = operator(s[:end])
	return op, strings.TrimLeft(s[end:], " ")
}

// operator reads a comparison as spec files and rich dependencies have it.
func operator(sign string) (op repo.Op, ok bool) {
	switch sign {
	case "<":
		return repo.Less, true
	case "<=", "=<":
		return repo.LessEqual, true
	case "=", "==":
		return repo.Equal, true
	case ">=", "=>":
		return repo.GreaterEqual, true
	case ">":
		return repo.Greater, true
	}
	return repo.Any, false
}

// The classes of what can come next in a version, oldest first.
const (
	tilde = iota
	end
	caret
	letter
	digit
	separator
)

// classes has the class of each byte.
var classes = func() (all [256]uint8) {
	for i := range all {
		switch c := byte(i); {
		case isDigit(c):
			all[i] = digit
		case 'a' <= c|0x20 && c|0x20 <= 'z':
			all[i] = letter
		case c == '~':
			all[i] = tilde
		case c == '^':
			all[i] = caret
		default:
			all[i] = separator
		}
	}
	return all
}()

// comparePart compares segments, which are runs of letters, by their bytes, or of
// digits, by value; "~" and "^" are segments too, and all else only separates
// (rpmvercmp of librpm).
func comparePart(a, b string) int {
	i := sameSegments(a, b)
	j := i
	for {
		var x, y uint8
		x, i = next(a, i)
		y, j = next(b, j)
		switch {
		case x != y:
			return int(x) - int(y)
		case x == end:
			return 0
		case x == tilde || x == caret:
			i, j = i+1, j+1
			continue
		}
		var one, two string
		one, i = segment(a, i, x)
		two, j = segment(b, j, x)
		if x == digit && len(one) != len(two) {
			return len(one) - len(two)
		}
		if c := strings.Compare(one, two); c != 0 {
			return c
		}
	}
}

// sameSegments returns where the last segment begins up to which a and b are the same
// byte by byte, as most versions are that are compared.
func sameSegments(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	for n > 0 && (classes[a[n-1]] == letter || classes[a[n-1]] == digit) {
		n--
	}
	return n
}

// next returns the class and the position of the segment that begins at i or behind.
func next(s string, i int) (class uint8, at int) {
	for ; i < len(s); i++ {
		if c := classes[s[i]]; c != separator {
			return c, i
		}
	}
	return end, i
}

// segment returns the run of one class that begins at i, a number without leading
// zeros, and where it ends.
func segment(s string, i int, class uint8) (run string, to int) {
	if class == digit {
		for i < len(s) && s[i] == '0' {
			i++
		}
	}
	to = i
	for to < len(s) && classes[s[to]] == class {
		to++
	}
	return s[i:to], to
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
