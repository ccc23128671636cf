package compress

import (
	"bufio"
	"compress/bzip2"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/xi2/xz"
)

const (
	// maxZstdWindow is what zstd(1) and apt accept too, in bytes.
	maxZstdWindow = 128 << 20
	// maxXZDictionary is that of xz -9, the greatest preset, in bytes.
	maxXZDictionary = 64 << 20
)

// decoderOf returns what makes decoders of the compression, nil for an unknown
// one. All of them decode in the goroutine that reads: decoding ahead in another
// one was measured and brings next to nothing beside a reader that does work.
func decoderOf(suffix string) func(*bufio.Reader) (decoder, error) {
	switch suffix {
	case ".gz":
		return openGzip
	case ".xz":
		return openXZ
	case ".zst":
		return openZstd
	case ".bz2":
		return openBzip2
	case ".lz4":
		return openLZ4
	case ".zck":
		return openZchunk
	}
	return nil
}

// Decoders are used again since packages bring thousands of tiny compressed
// files, and making a decoder costs more than decoding one of these: xz alone
// begins with a dictionary of 8 MiB.
var gzipDecoders, xzDecoders, zstdDecoders sync.Pool

type gzipDecoder struct{ *gzip.Reader }

func openGzip(r *bufio.Reader) (decoder, error) {
	if z, ok := gzipDecoders.Get().(*gzip.Reader); ok {
		return gzipDecoder{z}, z.Reset(r)
	}
	z, err := gzip.NewReader(r)
	return gzipDecoder{z}, err
}

func (d gzipDecoder) free() { gzipDecoders.Put(d.Reader) }

type xzDecoder struct{ *xz.Reader }

func openXZ(r *bufio.Reader) (decoder, error) {
	if z, ok := xzDecoders.Get().(*xz.Reader); ok {
		return xzDecoder{z}, z.Reset(r)
	}
	z, err := xz.NewReader(r, maxXZDictionary)
	return xzDecoder{z}, err
}

func (d xzDecoder) free() { xzDecoders.Put(d.Reader) }

type zstdDecoder struct{ *zstd.Decoder }

func openZstd(r *bufio.Reader) (decoder, error) {
	if z, ok := zstdDecoders.Get().(*zstd.Decoder); ok {
		return zstdDecoder{z}, z.Reset(r)
	}
	z, err := zstd.NewReader(r,
		zstd.WithDecoderConcurrency(1),
		zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(maxZstdWindow))
	return zstdDecoder{z}, err
}

func (d zstdDecoder) free() { zstdDecoders.Put(d.Decoder) }

func openBzip2(r *bufio.Reader) (decoder, error) { return plain{bzip2.NewReader(r)}, nil }

func openLZ4(r *bufio.Reader) (decoder, error) { return plain{lz4.NewReader(r)}, nil }
