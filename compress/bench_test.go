package compress_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/mirrorkeeper/mirrorkeeper/compress"
)

func BenchmarkReader(b *testing.B) {
	for name, size := range map[string]int{"control": 1_000, "index": 8 << 20} {
		content := index(size)
		for _, suffix := range compress.Suffixes() {
			packed := content
			if suffix != "" {
				packed = pack(b, suffix, content)
			}
			b.Run(name+suffix, func(b *testing.B) {
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					r, err := compress.Reader(bytes.NewReader(packed), suffix, int64(size))
					if err != nil {
						b.Fatal(err)
					}
					if _, err := io.Copy(io.Discard, r); err != nil {
						b.Fatal(err)
					}
					r.Close()
				}
			})
		}
	}
}

func BenchmarkWriter(b *testing.B) {
	content := index(4 << 20)
	for _, suffix := range compress.Suffixes() {
		if !compress.CanWrite(suffix) {
			continue
		}
		b.Run("index"+suffix, func(b *testing.B) {
			b.SetBytes(int64(len(content)))
			for b.Loop() {
				written(b, suffix, content, 64<<10)
			}
		})
	}
}
