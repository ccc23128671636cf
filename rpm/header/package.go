package header

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha3"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// The lead begins the file. Only its magic number still means something, but rpm 4
// looks at two more of its fields: the format, which has been 3 or 4 since 1997, and the
// type of the signature, that of a header.
const (
	leadSize      = 96
	leadFormat    = 4
	leadSignature = 78
)

var leadMagic = []byte{0xed, 0xab, 0xee, 0xdb}

// Package is what stands in an rpm file before its payload.
type Package struct {
	Signature *Header // signatures and digests, themselves unsigned
	Header    *Header
	// Start and End are where the header stands in the file, in bytes. The payload
	// begins at End.
	Start, End int64
}

// Read reads a file up to its payload and not further.
func Read(r io.Reader) (*Package, error) {
	var lead [leadSize]byte
	if _, err := io.ReadFull(r, lead[:]); err != nil {
		return nil, fmt.Errorf("lead: %w", truncated(err))
	}
	if !bytes.HasPrefix(lead[:], leadMagic) {
		return nil, fmt.Errorf("it is not an rpm package (it begins with %q)", lead[:16])
	}
	if format := lead[leadFormat]; format < 3 || format > 4 {
		return nil, fmt.Errorf("lead: the format of the package is %d, expected 3 or 4", format)
	}
	if kind := binary.BigEndian.Uint16(lead[leadSignature:]); kind != 5 {
		return nil, fmt.Errorf("lead: the type of its signature is %d, expected 5", kind)
	}
	p := &Package{}
	var err error
	if p.Signature, err = signatureForm.read(r); err != nil {
		return nil, fmt.Errorf("signature header: %w", err)
	}
	p.Start = leadSize + int64(len(p.Signature.bytes))
	padding := -p.Start & 7
	if _, err := io.CopyN(io.Discard, r, padding); err != nil {
		return nil, fmt.Errorf("signature header: %w", truncated(err))
	}
	p.Start += padding
	if p.Header, err = headerForm.read(r); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	p.End = p.Start + int64(len(p.Header.bytes))
	return p, nil
}

// Signatures returns the OpenPGP signatures of the header, the newer formats' first.
// There are none in packages that are not signed, and in those of format 3 (see
// [Package.SignsWhole]).
func (p *Package) Signatures() (all [][]byte, err error) {
	for i, text := range p.Signature.Strings(SigOpenPGP) {
		packets, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
		if err != nil {
			return nil, fmt.Errorf("signature %d of the header: %w", i+1, err)
		}
		all = append(all, packets)
	}
	for _, tag := range []Tag{SigRSA, SigDSA} {
		if packets := p.Signature.Binary(tag); packets != nil {
			all = append(all, packets)
		}
	}
	return all, nil
}

// SignsWhole reports whether there is a signature over header and payload together, as
// format 3 has it and format 4 may have it as well.
func (p *Package) SignsWhole() bool {
	return p.Signature.Has(SigPGP) || p.Signature.Has(SigGPG)
}

// CheckSize compares the size of the file in bytes with what the package says of it,
// which shows without reading it whether all of it is there.
func (p *Package) CheckSize(size int64) error {
	n, ok := firstInt(place{p.Header, PayloadSize})
	n += p.End
	if !ok {
		n, ok = firstInt(place{p.Signature, SigLongSize}, place{p.Signature, SigSize})
		n += p.Start
	}
	switch {
	case !ok || n == size:
		return nil
	case size < n:
		return fmt.Errorf("it is truncated: it has %d bytes, expected %d", size, n)
	}
	return fmt.Errorf("it has %d bytes, expected %d", size, n)
}

// CheckPayload reads the payload, which is all that follows the header, and compares it
// with the digests that the package has: that of the payload, and that of header and
// payload together, which is all that packages made before rpm 4.14 have.
func (p *Package) CheckPayload(payload io.Reader) error {
	want, err := p.PayloadDigest()
	if err != nil {
		return err
	}
	var sum, whole hash.Hash
	var all []io.Writer
	if !want.IsZero() {
		sum = want.Algorithm().New()
		all = append(all, sum)
	}
	if p.Signature.Has(SigMD5) {
		whole = md5.New()
		whole.Write(p.Header.bytes)
		all = append(all, whole)
	}
	if _, err := io.Copy(io.MultiWriter(all...), payload); err != nil {
		return err
	}
	if sum != nil {
		if got := repo.NewDigest(want.Algorithm(), sum.Sum(nil)); got != want {
			return fmt.Errorf("the payload has the digest %s, expected %s", got, want)
		}
	}
	if whole != nil {
		if got, want := whole.Sum(nil), p.Signature.Binary(SigMD5); !bytes.Equal(got, want) {
			return fmt.Errorf("header and payload have the md5 digest %x, expected %x", got, want)
		}
	}
	return nil
}

// CheckDigests compares the header with the digests of it that the signature header
// has. Packages of format 3 have none.
func (p *Package) CheckDigests() error {
	for _, digest := range []struct {
		tag  Tag
		name string
		sum  func([]byte) []byte
	}{
		{SigSHA3, "sha3-256", func(b []byte) []byte { s := sha3.Sum256(b); return s[:] }},
		{SigSHA256, "sha256", func(b []byte) []byte { s := sha256.Sum256(b); return s[:] }},
		{SigSHA1, "sha1", func(b []byte) []byte { s := sha1.Sum(b); return s[:] }},
	} {
		if !p.Signature.Has(digest.tag) {
			continue
		}
		want, got := p.Signature.String(digest.tag), hex.EncodeToString(digest.sum(p.Header.bytes))
		if !strings.EqualFold(want, got) {
			return fmt.Errorf("the header has the %s digest %s, expected %q", digest.name, got, want)
		}
	}
	return nil
}

// algorithms are the digest algorithms by OpenPGP's numbers (RFC 9580, section 9.5).
var algorithms = map[uint64]repo.Algorithm{
	1: repo.MD5, 2: repo.SHA1, 8: repo.SHA256, 9: repo.SHA384, 10: repo.SHA512, 11: repo.SHA224,
}

// PayloadDigest returns the digest of the payload that the header has: all that the
// file holds behind the header. It is zero where there is none, in packages made
// before rpm 4.14.
func (p *Package) PayloadDigest() (repo.Digest, error) {
	if !p.Header.Has(PayloadDigest) {
		return repo.Digest{}, nil
	}
	algorithm := repo.SHA256 // all there is in format 6
	if number, ok := p.Header.Int(PayloadDigestAlgo); ok {
		if algorithm, ok = algorithms[number]; !ok {
			return repo.Digest{}, fmt.Errorf("the digest of the payload is of the unknown algorithm %d", number)
		}
	}
	d, err := repo.ParseHex(algorithm, p.Header.String(PayloadDigest))
	if err != nil {
		return d, fmt.Errorf("digest of the payload: %w", err)
	}
	return d, nil
}
