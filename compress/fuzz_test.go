package compress_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/mirrorkeeper/mirrorkeeper/compress"
)

// FuzzReader reads arbitrary bytes as every compression: no panic, never more
// than the limit, and the same again when read in other pieces.
func FuzzReader(f *testing.F) {
	content := []byte("Package: a\nVersion: 1\n\nPackage: b\nVersion: 1\n\n")
	f.Add(content, int64(10))
	for suffix := range tools {
		packed := pack(f, suffix, bytes.Repeat(content, 20), "-1")
		f.Add(packed, int64(len(content)*20))
		f.Add(append(packed, packed...), int64(len(content)*21))
	}
	f.Add(pack(f, ".xz", content, "-0", "--x86", "--delta=dist=4", "--lzma2=dict=4KiB"), int64(1000))
	f.Add(pack(f, ".lz4", content, "-BD", "--content-size"), int64(1000))
	f.Add(pack(f, ".zst", content, "--no-check"), int64(1000))
	f.Fuzz(func(t *testing.T, packed []byte, limit int64) {
		limit = max(0, min(limit, 1<<20))
		for _, suffix := range compress.Suffixes() {
			whole, err := unpack(suffix, packed, limit)
			if int64(len(whole)) > limit {
				t.Fatalf("%q: %d bytes, limit %d", suffix, len(whole), limit)
			}
			pieces, again := unpackSlowly(suffix, packed, limit)
			if (err == nil) != (again == nil) || err == nil && !bytes.Equal(whole, pieces) {
				t.Fatalf("%q: %d bytes, %v; in small pieces %d bytes, %v", suffix, len(whole), err, len(pieces), again)
			}
		}
	})
}

// unpackSlowly is unpack in small pieces.
func unpackSlowly(suffix string, packed []byte, limit int64) (content []byte, err error) {
	r, err := compress.Reader(bytes.NewReader(packed), suffix, limit)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	for piece := make([]byte, 7); ; {
		n, err := r.Read(piece)
		content = append(content, piece[:n]...)
		if err == io.EOF {
			return content, nil
		} else if err != nil {
			return content, err
		}
	}
}
