package repo

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"strings"
)

// ErrWeak is metadata that names files by md5 or sha1 only.
var ErrWeak = errors.New("only digests that prove nothing (md5, sha1)")

// Algorithm is a digest algorithm. A greater value is a stronger algorithm.
type Algorithm uint8

// The algorithms that repository metadata uses, weakest first.
const (
	MD5 Algorithm = iota + 1
	SHA1
	SHA224
	SHA256
	SHA384
	SHA512
)

var algorithms = [...]struct {
	name string
	size int
	new  func() hash.Hash
}{
	MD5:    {"md5", md5.Size, md5.New},
	SHA1:   {"sha1", sha1.Size, sha1.New},
	SHA224: {"sha224", sha256.Size224, sha256.New224},
	SHA256: {"sha256", sha256.Size, sha256.New},
	SHA384: {"sha384", sha512.Size384, sha512.New384},
	SHA512: {"sha512", sha512.Size, sha512.New},
}

// ParseAlgorithm reads an algorithm's name as deb and rpm metadata write it, in
// any case: "MD5Sum" is md5, and "sha" is sha1 (as createrepo wrote it once).
func ParseAlgorithm(name string) (Algorithm, error) {
	switch n := strings.ToLower(name); n {
	case "sha":
		return SHA1, nil
	case "md5sum":
		return MD5, nil
	default:
		for a := MD5; a <= SHA512; a++ {
			if algorithms[a].name == n {
				return a, nil
			}
		}
	}
	return 0, fmt.Errorf("unknown digest algorithm %q", name)
}

// String returns the lower-case name, such as "sha256".
func (a Algorithm) String() string {
	if a < MD5 || a > SHA512 {
		return "none"
	}
	return algorithms[a].name
}

// Size is the length of a digest in bytes.
func (a Algorithm) Size() int { return algorithms[a].size }

// New returns a hash that computes the digest.
func (a Algorithm) New() hash.Hash { return algorithms[a].new() }

// Weak reports whether collisions can be made: md5 and sha1 prove nothing.
func (a Algorithm) Weak() bool { return a < SHA224 }

// Digest is a digest with its algorithm. It is comparable; the zero Digest is
// no digest.
type Digest struct {
	algorithm Algorithm
	sum       string // raw bytes
}

// NewDigest makes a digest of the raw bytes sum.
func NewDigest(a Algorithm, sum []byte) Digest { return Digest{a, string(sum)} }

// ParseHex reads a digest written in hexadecimal.
func ParseHex(a Algorithm, s string) (Digest, error) {
	if a < MD5 || a > SHA512 || len(s) != 2*a.Size() {
		return Digest{}, fmt.Errorf("%q is not a %s digest", s, a)
	}
	var sum [sha512.Size]byte
	n, err := hex.Decode(sum[:], []byte(s))
	if err != nil {
		return Digest{}, fmt.Errorf("%q is not a %s digest", s, a)
	}
	return Digest{a, string(sum[:n])}, nil
}

// ParseDigest reads the form of [Digest.String], "sha256:hex".
func ParseDigest(s string) (Digest, error) {
	name, sum, _ := strings.Cut(s, ":")
	a, err := ParseAlgorithm(name)
	if err != nil {
		return Digest{}, err
	}
	return ParseHex(a, sum)
}

// Algorithm returns the digest's algorithm, 0 for the zero Digest.
func (d Digest) Algorithm() Algorithm { return d.algorithm }

// IsZero reports whether d is no digest.
func (d Digest) IsZero() bool { return d.algorithm == 0 }

// Sum returns the digest's raw bytes.
func (d Digest) Sum() string { return d.sum }

// Hex returns the digest in lower-case hexadecimal.
func (d Digest) Hex() string { return hex.EncodeToString([]byte(d.sum)) }

// String returns "sha256:hex", or "" for the zero Digest.
func (d Digest) String() string {
	if d.IsZero() {
		return ""
	}
	return d.algorithm.String() + ":" + d.Hex()
}

// MarshalText writes the form of [Digest.String].
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads the form of [Digest.String]; empty text is the zero Digest.
func (d *Digest) UnmarshalText(text []byte) (err error) {
	*d = Digest{}
	if len(text) > 0 {
		*d, err = ParseDigest(string(text))
	}
	return err
}

// Strongest returns the digest of the strongest algorithm, the zero Digest for none.
func Strongest(ds ...Digest) (best Digest) {
	for _, d := range ds {
		if d.algorithm > best.algorithm {
			best = d
		}
	}
	return best
}
