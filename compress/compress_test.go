package compress_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/mirrorkeeper/mirrorkeeper/compress"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// tools are the programs that define the formats.
var tools = map[string]string{".gz": "gzip", ".xz": "xz", ".zst": "zstd", ".bz2": "bzip2", ".lz4": "lz4"}

// run runs a program over the input and returns its output.
func run(t testing.TB, input []byte, name string, args ...string) []byte {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	cmd := exec.Command(name, args...)
	cmd.Stdin = bytes.NewReader(input)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %q: %v", name, args, err)
	}
	return out
}

// pack compresses by the format's own program.
func pack(t testing.TB, suffix string, content []byte, options ...string) []byte {
	t.Helper()
	if suffix == ".zck" {
		return packZchunk(t, content)
	}
	return run(t, content, tools[suffix], append(options, "-q", "-c")...)
}

// unpack reads all through Reader.
func unpack(suffix string, packed []byte, limit int64) ([]byte, error) {
	r, err := compress.Reader(bytes.NewReader(packed), suffix, limit)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

// index is n bytes that compress as indexes do.
func index(n int) []byte {
	var b bytes.Buffer
	random := rand.New(rand.NewPCG(1, 2))
	for b.Len() < n {
		fmt.Fprintf(&b, "Package: lib%x\nVersion: 1.%d-%d\nSize: %d\nSHA256: %016x%016x\n\n",
			random.Uint32(), random.IntN(99), random.IntN(9), random.Uint32(), random.Uint64(), random.Uint64())
	}
	return b.Bytes()[:n]
}

func TestReaderReadsWhatTheFormatsProgramsWrite(t *testing.T) {
	// 1 MiB is more than the dictionary of xz -0.
	contents := map[string][]byte{
		"empty": {}, "one byte": {'x'}, "index": index(100_000), "zeros": make([]byte, 1<<20),
	}
	options := map[string][][]string{
		".gz":  {{"-1"}, {"-9n"}},
		".xz":  {{"-0"}, {"-0", "--block-size=65536"}, {"-0", "--check=crc32"}, {"-0", "--check=sha256"}, {"-0", "--check=none"}, {"-0", "--x86", "--lzma2=dict=1MiB"}},
		".zst": {{"-1"}, {"-19", "--no-check"}, {"-1", "--long=27"}},
		".bz2": {{"-1"}, {"-9"}},
		".lz4": {{"-1"}, {"-9", "-B4"}, {"-BD"}, {"--content-size"}},
	}
	for suffix, variants := range options {
		for _, opts := range variants {
			for name, content := range contents {
				t.Run(fmt.Sprint(suffix, opts, name), func(t *testing.T) {
					packed := pack(t, suffix, content, opts...)
					got, err := unpack(suffix, packed, int64(len(content)))
					if err != nil || !bytes.Equal(got, content) {
						t.Fatalf("got %d bytes, %v; want %d bytes", len(got), err, len(content))
					}
				})
			}
		}
	}
}

func TestReaderReadsConcatenatedStreams(t *testing.T) {
	a, b := index(100_000), []byte("the second stream\n")
	for suffix := range tools {
		t.Run(suffix, func(t *testing.T) {
			packed := bytes.Join([][]byte{pack(t, suffix, a), pack(t, suffix, nil), pack(t, suffix, b)}, nil)
			want := run(t, packed, tools[suffix], "-dcq")
			got, err := unpack(suffix, packed, 1<<20)
			if err != nil || !bytes.Equal(got, want) || !bytes.Equal(got, append(a, b...)) {
				t.Fatalf("got %d bytes, %v; %s gives %d bytes", len(got), err, tools[suffix], len(want))
			}
		})
	}
}

func TestReaderIsUsableAgain(t *testing.T) {
	// Decoders come from a pool: what one reader left half-way must not show in the
	// next one.
	content := index(100_000)
	for suffix := range tools {
		t.Run(suffix, func(t *testing.T) {
			packed := pack(t, suffix, content)
			for _, part := range []int{0, 1, 70_000, len(content)} {
				r, err := compress.Reader(bytes.NewReader(packed), suffix, 1<<20)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := io.CopyN(io.Discard, r, int64(part)); err != nil {
					t.Fatal(err)
				}
				if err := errors.Join(r.Close(), r.Close()); err != nil {
					t.Fatal(err)
				}
				if _, err := r.Read(make([]byte, 1)); !errors.Is(err, os.ErrClosed) {
					t.Errorf("Read after Close: %v", err)
				}
				if got, err := unpack(suffix, packed, 1<<20); err != nil || !bytes.Equal(got, content) {
					t.Fatalf("after a reader that read %d bytes: %d bytes, %v", part, len(got), err)
				}
			}
		})
	}
}

func TestReaderLimitsBombs(t *testing.T) {
	const limit = 1 << 20
	zeros := make([]byte, 9<<20)
	for _, suffix := range compress.Suffixes() {
		t.Run("suffix "+suffix, func(t *testing.T) {
			packed := zeros
			if suffix != "" {
				packed = pack(t, suffix, zeros, "-1")
			}
			got, err := unpack(suffix, packed, limit)
			if !errors.Is(err, compress.ErrTooLarge) || !strings.Contains(err.Error(), "1048576 bytes") {
				t.Errorf("error %v, want ErrTooLarge that names the limit", err)
			}
			if len(got) != limit {
				t.Errorf("%d bytes before the error, want %d", len(got), limit)
			}
		})
	}
}

func TestReaderLimitIsInclusive(t *testing.T) {
	for _, suffix := range compress.Suffixes() {
		packed := []byte("12345")
		if suffix != "" {
			packed = pack(t, suffix, packed)
		}
		for limit, want := range map[int64]error{0: compress.ErrTooLarge, 4: compress.ErrTooLarge, 5: nil, 6: nil, math.MaxInt64: nil} {
			got, err := unpack(suffix, packed, limit)
			if !errors.Is(err, want) || len(got) != int(min(limit, 5)) {
				t.Errorf("%q with limit %d: %q, %v; want error %v", suffix, limit, got, err, want)
			}
		}
	}
}

func TestReaderRefusesGreatWindows(t *testing.T) {
	// The window is announced by the frame and would have to be held in memory.
	packed := pack(t, ".zst", index(100_000), "-1", "--long=31")
	if _, err := unpack(".zst", packed, math.MaxInt64); !errors.Is(err, compress.ErrCorrupt) {
		t.Errorf("a window of 2 GiB: %v", err)
	}
	packed = pack(t, ".xz", index(100_000), "--lzma2=preset=0,dict=128MiB")
	if _, err := unpack(".xz", packed, math.MaxInt64); !errors.Is(err, compress.ErrCorrupt) {
		t.Errorf("a dictionary of 128 MiB: %v", err)
	}
}

func TestReaderNoticesTruncation(t *testing.T) {
	content := index(20_000)
	for suffix := range tools {
		packed := pack(t, suffix, content, "-1")
		for n := range packed {
			if n > 60 && n < len(packed)-60 && n%97 != 0 {
				continue
			}
			if _, err := unpack(suffix, packed[:n], 1<<20); !errors.Is(err, compress.ErrCorrupt) {
				t.Errorf("%s cut to %d of %d bytes: %v", suffix, n, len(packed), err)
			}
		}
	}
}

func TestReaderNoticesDamage(t *testing.T) {
	content := index(20_000)
	for suffix := range tools {
		packed := pack(t, suffix, content, "-1")
		for i := range packed {
			if i > 60 && i < len(packed)-60 && i%97 != 0 {
				continue
			}
			damaged := bytes.Clone(packed)
			damaged[i] ^= 1 << (i % 8)
			// Some bits carry nothing: the time stamp in a gzip header, for one.
			if got, err := unpack(suffix, damaged, 1<<20); err == nil && !bytes.Equal(got, content) {
				t.Errorf("%s with a flipped bit in byte %d was read as something else", suffix, i)
			} else if err != nil && !errors.Is(err, compress.ErrCorrupt) && !errors.Is(err, compress.ErrTooLarge) {
				t.Errorf("%s with a flipped bit in byte %d: %v", suffix, i, err)
			}
		}
	}
}

func TestReaderRefusesOtherData(t *testing.T) {
	page := []byte("<!DOCTYPE html><title>Please log in</title>")
	for suffix := range tools {
		if _, err := unpack(suffix, page, 1<<20); !errors.Is(err, compress.ErrCorrupt) || !strings.Contains(err.Error(), suffix+" data") {
			t.Errorf("a web page as %s: %v", suffix, err)
		}
		if _, err := unpack(suffix, append(pack(t, suffix, []byte("good")), page...), 1<<20); !errors.Is(err, compress.ErrCorrupt) {
			t.Errorf("%s with a web page behind: %v", suffix, err)
		}
	}
	if _, err := unpack(".rar", page, 1<<20); err == nil || !strings.Contains(err.Error(), `".rar"`) {
		t.Errorf("unknown suffix: %v", err)
	}
}

func TestReaderReturnsErrorsOfItsSource(t *testing.T) {
	// A source that checks a digest speaks up at its end only.
	fault := errors.New("digest differs")
	for _, suffix := range compress.Suffixes() {
		packed := index(200_000)
		if suffix != "" {
			packed = pack(t, suffix, packed)
		}
		for _, n := range []int{0, len(packed) / 2, len(packed)} {
			source := io.MultiReader(bytes.NewReader(packed[:n]), iotest.ErrReader(fault))
			r, err := compress.Reader(source, suffix, 1<<20)
			if err == nil {
				_, err = io.Copy(io.Discard, r)
				r.Close()
			}
			if err != fault {
				t.Errorf("%q, source fails after %d of %d bytes: %v", suffix, n, len(packed), err)
			}
		}
	}
}

func TestReaderReadsSlowSources(t *testing.T) {
	content := index(50_000)
	for suffix := range tools {
		r, err := compress.Reader(iotest.OneByteReader(bytes.NewReader(pack(t, suffix, content))), suffix, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		if err := iotest.TestReader(r, content); err != nil {
			t.Errorf("%s: %v", suffix, err)
		}
		r.Close()
	}
}

// written returns what Writer makes of the content, given in parts of a size.
func written(t testing.TB, suffix string, content []byte, part int) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := compress.Writer(&b, suffix)
	if err != nil {
		t.Fatal(err)
	}
	for rest := content; len(rest) > 0; rest = rest[min(part, len(rest)):] {
		if _, err := w.Write(rest[:min(part, len(rest))]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// sample is content for a writer: for gz more than one of its blocks, which are
// compressed at once.
func sample(suffix string) []byte {
	if suffix == ".gz" {
		return index(1_100_000)
	}
	return index(100_000)
}

func TestWriterWritesWhatTheFormatsProgramsRead(t *testing.T) {
	for _, suffix := range []string{".gz", ".zst", ".xz"} {
		if !compress.CanWrite(suffix) && os.Getenv("CI") == "" {
			continue
		}
		for name, content := range map[string][]byte{"empty": {}, "index": sample(suffix)} {
			packed := written(t, suffix, content, 1<<20)
			if got := run(t, packed, tools[suffix], "-dcq"); !bytes.Equal(got, content) {
				t.Errorf("%s reads %s %s as %d bytes, want %d", tools[suffix], name, suffix, len(got), len(content))
			}
			if got, err := unpack(suffix, packed, int64(len(content))); err != nil || !bytes.Equal(got, content) {
				t.Errorf("Reader reads %s %s as %d bytes, %v", name, suffix, len(got), err)
			}
		}
	}
}

func TestWriterIsDeterministic(t *testing.T) {
	t.Setenv("XZ_OPT", "-0")
	t.Setenv("XZ_DEFAULTS", "--check=sha256")
	for _, suffix := range []string{"", ".gz", ".zst", ".xz"} {
		if !compress.CanWrite(suffix) {
			continue
		}
		content := sample(suffix)
		want := written(t, suffix, content, len(content))
		if suffix == ".xz" {
			os.Unsetenv("XZ_OPT")
			os.Unsetenv("XZ_DEFAULTS")
		}
		for _, processors := range []int{1, 3} {
			before := runtime.GOMAXPROCS(processors)
			got := written(t, suffix, content, 70_001)
			runtime.GOMAXPROCS(before)
			if !bytes.Equal(got, want) {
				t.Errorf("%q: other bytes with %d processors and small writes", suffix, processors)
			}
		}
	}
}

func TestWriterWritesNoTimeAndNoName(t *testing.T) {
	header := written(t, ".gz", []byte("x"), 1)[:10]
	want := []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255} // RFC 1952, 2.3
	if d := cmp.Diff(want, header); d != "" {
		t.Error(d)
	}
}

func TestWriterRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		suffix := rapid.SampledFrom([]string{"", ".gz", ".zst"}).Draw(t, "suffix")
		content := rapid.SliceOfN(rapid.Byte(), 0, 3000).Draw(t, "content")
		var b bytes.Buffer
		w, err := compress.Writer(&b, suffix)
		if err != nil {
			t.Fatal(err)
		}
		w.Write(content)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		got, err := unpack(suffix, b.Bytes(), int64(len(content)))
		if err != nil || !bytes.Equal(got, content) {
			t.Fatalf("%q: %v, %v", suffix, got, err)
		}
	})
}

// fullDisk takes some bytes and then fails.
type fullDisk struct{ space int }

var errFull = errors.New("no space left")

func (d *fullDisk) Write(p []byte) (int, error) {
	if d.space -= len(p); d.space < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestWriterReturnsErrorsOfItsDestination(t *testing.T) {
	for _, suffix := range []string{"", ".gz", ".zst", ".xz"} {
		if !compress.CanWrite(suffix) {
			continue
		}
		for _, space := range []int{0, 5, 5_000} {
			w, err := compress.Writer(&fullDisk{space}, suffix)
			if err != nil {
				t.Fatal(err)
			}
			_, err = w.Write(sample(suffix))
			if closed := w.Close(); err == nil {
				err = closed
			}
			if !errors.Is(err, errFull) {
				t.Errorf("%q with room for %d bytes: %v", suffix, space, err)
			}
		}
	}
}

func TestCanWrite(t *testing.T) {
	for _, suffix := range append(compress.Suffixes(), ".rar") {
		w, err := compress.Writer(io.Discard, suffix)
		if (err == nil) != compress.CanWrite(suffix) {
			t.Errorf("CanWrite(%q) = %v, Writer says %v", suffix, compress.CanWrite(suffix), err)
		}
		if err == nil {
			w.Close()
		}
	}
	t.Setenv("PATH", t.TempDir())
	if compress.CanWrite(".xz") {
		t.Error("xz can be written without xz(1)")
	}
	if _, err := compress.Writer(io.Discard, ".xz"); err == nil {
		t.Error("Writer found an xz(1) that is not there")
	}
}

func TestSplitSuffix(t *testing.T) {
	for path, want := range map[string][2]string{
		"main/binary-amd64/Packages.gz":  {"main/binary-amd64/Packages", ".gz"},
		"main/binary-amd64/Packages":     {"main/binary-amd64/Packages", ""},
		"main/i18n/Translation-en.bz2":   {"main/i18n/Translation-en", ".bz2"},
		"dep11/icons-64x64.tar.gz":       {"dep11/icons-64x64.tar", ".gz"},
		"repodata/x-primary.xml.zst":     {"repodata/x-primary.xml", ".zst"},
		"a.gz/Release":                   {"a.gz/Release", ""},
		"a/.gz":                          {"a/.gz", ""},
		".xz":                            {".xz", ""},
		"Packages.lzma":                  {"Packages.lzma", ""},
		"Packages.":                      {"Packages.", ""},
		"":                               {"", ""},
		"main/Contents-amd64.lz4":        {"main/Contents-amd64", ".lz4"},
		"main/source/Sources.xz":         {"main/source/Sources", ".xz"},
		"main/binary-amd64/Packages.GZ":  {"main/binary-amd64/Packages.GZ", ""},
		"main/binary-amd64/Packages.gz/": {"main/binary-amd64/Packages.gz/", ""},
	} {
		base, suffix := compress.SplitSuffix(path)
		if d := cmp.Diff(want, [2]string{base, suffix}); d != "" {
			t.Errorf("SplitSuffix(%q):\n%s", path, d)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		path := rapid.StringMatching(`[a-z./]{0,8}(\.gz|\.xz|\.zst|\.bz2|\.lz4|)`).Draw(t, "path")
		if base, suffix := compress.SplitSuffix(path); base+suffix != path {
			t.Fatalf("SplitSuffix(%q) = %q, %q", path, base, suffix)
		}
	})
}
