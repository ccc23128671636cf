package compress

import (
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/klauspost/pgzip"
)

// Writer returns a writer that writes what it is given to w, in the compression
// of the suffix (see [CanWrite]). The bytes depend on the content alone, and for
// xz on the version of xz(1), not on the number of processors, the sizes of the
// writes or the time.
//
// Close completes the data, does not close w, and must be called in any case.
func Writer(w io.Writer, suffix string) (io.WriteCloser, error) {
	switch suffix {
	case "":
		return uncompressed{w}, nil
	case ".gz":
		z, err := pgzip.NewWriterLevel(w, gzipLevel)
		if err != nil {
			return nil, err
		}
		z.ModTime = time.Unix(0, 0) // RFC 1952, 2.3.1: no time stamp is available
		if err := z.SetConcurrency(gzipBlock, min(runtime.GOMAXPROCS(0), maxGzipBlocks)); err != nil {
			return nil, err
		}
		return gzipWriter{z}, nil
	case ".zst":
		return zstd.NewWriter(w,
			zstd.WithEncoderLevel(zstd.SpeedBetterCompression),
			zstd.WithEncoderConcurrency(1))
	case ".xz":
		return newXZWriter(w)
	}
	return nil, fmt.Errorf("no compression with the suffix %q is written", suffix)
}

// gzipLevel makes data as small as gzip -9 does. The best level of the encoder makes them
// some 4 % smaller, in four times the time.
const gzipLevel = 7

// FastWriter returns a writer of zstd data that [Reader] reads with the suffix ".zst":
// larger than [Writer]'s, and several times as fast. It is for files that are read again
// by their writer.
func FastWriter(w io.Writer) (io.WriteCloser, error) {
	return zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
}

const (
	gzipBlock = 1 << 20 // in bytes; others would give other data
	// maxGzipBlocks bounds the memory that large machines take, some MB a block.
	maxGzipBlocks = 8
)

// gzipWriter compresses blocks of a fixed size, several at once.
type gzipWriter struct{ *pgzip.Writer }

func (z gzipWriter) Close() error {
	err := z.Writer.Close()
	if err != nil {
		z.Reset(io.Discard) // ends the goroutine that writes
	}
	return err
}

// uncompressed writes what it is given.
type uncompressed struct{ io.Writer }

func (uncompressed) Close() error { return nil }
