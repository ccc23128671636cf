package compress_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mirrorkeeper/mirrorkeeper/compress"
)

// packZchunk compresses by zck, which only knows files.
func packZchunk(t testing.TB, content []byte, options ...string) []byte {
	t.Helper()
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in"), filepath.Join(dir, "out")
	if err := os.WriteFile(in, content, 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, nil, "zck", append(options, "-o", out, in)...)
	packed, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return packed
}

// zchunkFiles are files of each kind that zck makes.
func zchunkFiles(t testing.TB, content []byte) map[string][]byte {
	t.Helper()
	dir := t.TempDir()
	raw := filepath.Join(dir, "raw")
	if err := os.WriteFile(raw, index(5000), 0o644); err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, options := range []string{
		"", "-u", "-s Package:", "-s Package: -u", "-h sha256", "-h sha512", "-h sha512_128",
		"--compression-format=none", "--compression-format=none -u -s Package:",
		"-D " + raw, "-u -D " + raw, "-D " + raw + " -s Package:", "-D " + raw + " --compression-format=none",
	} {
		files[strings.ReplaceAll(options, dir, "")] = packZchunk(t, content, strings.Fields(options)...)
	}
	return files
}

func TestReaderReadsZchunk(t *testing.T) {
	for name, content := range map[string][]byte{"empty": {}, "one byte": {'x'}, "index": index(200_000)} {
		for options, packed := range zchunkFiles(t, content) {
			got, err := unpack(".zck", packed, 1<<20)
			if err != nil || !bytes.Equal(got, content) {
				t.Errorf("%s packed with %q: %d bytes of %d, %v", name, options, len(got), len(content), err)
			}
			slowly, err := unpackSlowly(".zck", packed, 1<<20)
			if err != nil || !bytes.Equal(slowly, content) {
				t.Errorf("%s packed with %q, in small pieces: %d bytes of %d, %v", name, options, len(slowly), len(content), err)
			}
		}
	}
}

// A dictionary that zstd trained is in a format of its own.
func TestReaderReadsZchunkWithTrainedDictionary(t *testing.T) {
	dir := t.TempDir()
	args := []string{"--train", "-q", "--maxdict=2048", "-o", filepath.Join(dir, "dictionary")}
	content := index(60_000)
	for i, part := range bytes.SplitAfter(content, []byte("\n\n")) {
		sample := filepath.Join(dir, fmt.Sprint(i))
		if err := os.WriteFile(sample, part, 0o644); err != nil {
			t.Fatal(err)
		}
		args = append(args, sample)
	}
	run(t, nil, "zstd", args...)
	packed := packZchunk(t, content, "-s", "Package:", "-D", filepath.Join(dir, "dictionary"))
	if got, err := unpack(".zck", packed, 1<<20); err != nil || !bytes.Equal(got, content) {
		t.Errorf("%d bytes of %d, %v", len(got), len(content), err)
	}
}

func TestReaderNoticesTruncatedZchunk(t *testing.T) {
	for options, packed := range zchunkFiles(t, index(6000)) {
		for n := range packed {
			if n%13 != 0 && n > 50 && n < len(packed)-20 {
				continue
			}
			if _, err := unpack(".zck", packed[:n], 1<<20); !errors.Is(err, compress.ErrCorrupt) {
				t.Errorf("%q cut to %d of %d bytes: %v", options, n, len(packed), err)
			}
		}
	}
}

func TestReaderNoticesDamagedZchunk(t *testing.T) {
	for options, packed := range zchunkFiles(t, index(6000)) {
		for i := range packed {
			if i%13 != 0 && i > 50 && i < len(packed)-20 {
				continue
			}
			damaged := bytes.Clone(packed)
			damaged[i] ^= 1 << (i % 8)
			if _, err := unpack(".zck", damaged, 1<<20); !errors.Is(err, compress.ErrCorrupt) {
				t.Errorf("%q with a flipped bit in byte %d: %v", options, i, err)
			}
		}
		if _, err := unpack(".zck", append(packed, packed...), 1<<20); !errors.Is(err, compress.ErrCorrupt) {
			t.Errorf("%q twice: %v", options, err)
		}
	}
}

// zchunk makes a file with a right checksum of its header.
func zchunk(header, data string) []byte {
	n := len(header)
	lead := "\x00ZCK1\x81" + string([]byte{byte(n & 0x7f), byte(n>>7) | 0x80})
	sum := sha256.Sum256([]byte(lead + header))
	return []byte(lead + string(sum[:]) + header + data)
}

func TestReaderRefusesBadZchunk(t *testing.T) {
	sum := strings.Repeat("s", 32)
	none := strings.Repeat("\x00", 20) + "\x80\x80"
	for want, packed := range map[string][]byte{
		"expected \"\\x00ZCK1\"":                         []byte("<!DOCTYPE html>"),
		"checksums are of the unknown type 9":            append([]byte("\x00ZCK1\x89\x81"), make([]byte, 99)...),
		"a number has no end":                            append([]byte("\x00ZCK1\x81"), make([]byte, 99)...),
		"header has 268435455 bytes":                     []byte("\x00ZCK1\x81\x7f\x7f\x7f\xff" + sum),
		"checksum of its header is wrong":                []byte("\x00ZCK1\x81\x81" + sum + "x"),
		"32 bytes are announced":                         zchunk("", ""),
		"flags 0x1,":                                     zchunk(sum+"\x81\x82\x80\x80", ""),
		"flags 0x8,":                                     zchunk(sum+"\x88\x82\x80\x80", ""),
		"compression is of the unknown type 1":           zchunk(sum+"\x80\x81\x82\x80\x80\x80", ""),
		"127 parts are announced":                        zchunk(sum+"\x82\x82\xff", ""),
		"5 bytes are announced, 1 are left":              zchunk(sum+"\x80\x82\x85\x80", ""),
		"no chunk, not even":                             zchunk(sum+"\x80\x82\x82\x80\x80\x80", ""),
		"1 bytes behind the last chunk":                  zchunk(sum+"\x80\x82\x99\x80\x81"+none+"x\x80", ""),
		"9 parts are announced in 22 bytes":              zchunk(sum+"\x80\x82\x98\x80\x89"+none+"\x80", ""),
		"dictionary has 33554431 bytes":                  zchunk(sum+"\x80\x82\x9b\x80\x81"+strings.Repeat("d", 20)+"\x81\x7f\x7f\x7f\x8f\x80", ""),
		"than the 1 bytes that the index says":           zchunk(sum+"\x80\x80\xae\x80\x82"+none+strings.Repeat("d", 20)+"\x82\x81\x80", "ab"),
		"1 bytes fewer than the 3 that the index":        zchunk(sum+"\x80\x80\xae\x80\x82"+none+strings.Repeat("d", 20)+"\x82\x83\x80", "ab"),
		"the checksum of a chunk is not":                 zchunk(sum+"\x80\x80\xae\x80\x82"+none+strings.Repeat("d", 20)+"\x82\x82\x80", "ab"),
		"checksum of all its chunks is not that of the ": zchunk(sum+"\x80\x80\x98\x80\x81"+none+"\x80", ""),
	} {
		_, err := unpack(".zck", packed, 1<<20)
		if !errors.Is(err, compress.ErrCorrupt) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, expected %q", err, want)
		}
	}
}

// FuzzZchunk changes the header of files and makes its checksum right again.
func FuzzZchunk(f *testing.F) {
	content := index(3000)
	for _, packed := range zchunkFiles(f, content) {
		if size := int(packed[6] & 0x7f); packed[6]&0x80 != 0 {
			f.Add(string(packed[7+32:7+32+size]), string(packed[7+32+size:]))
		} else {
			size |= int(packed[7]&0x7f) << 7
			f.Add(string(packed[8+32:8+32+size]), string(packed[8+32+size:]))
		}
	}
	f.Fuzz(func(t *testing.T, header, data string) {
		if len(header) >= 1<<14 {
			return
		}
		const limit = 1 << 16
		packed := zchunk(header, data)
		whole, err := unpack(".zck", packed, limit)
		if len(whole) > limit {
			t.Fatalf("%d bytes, limit %d", len(whole), limit)
		}
		pieces, again := unpackSlowly(".zck", packed, limit)
		if (err == nil) != (again == nil) || err == nil && !bytes.Equal(whole, pieces) {
			t.Fatalf("%d bytes, %v; in small pieces %d bytes, %v", len(whole), err, len(pieces), again)
		}
	})
}
