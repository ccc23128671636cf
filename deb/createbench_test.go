package deb

import (
	"bufio"
	"bytes"
	"fmt"
	"hash"
	"iter"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// BenchmarkInspect reads packages with control files of each compression; the digests,
// which take longer, are the job's.
func BenchmarkInspect(b *testing.B) {
	dir := b.TempDir()
	for _, compression := range []string{"gzip", "xz", "zstd", "none"} {
		p := builtPackage{
			name: "libhello-data 1:1.0.2+dfsg-3 amd64", compression: compression,
			control: "Source: hello\nSection: libs\nPriority: optional\nMulti-Arch: same\nDepends: libc6 (>= 2.34), libgcc-s1 (>= 3.0), hello-common (= 1:1.0.2+dfsg-3) | hello-other\n" +
				"Description: data of a friendly program\n" + " The text goes on for some lines, as that of most packages does.\n .\n It has paragraphs.\n",
			files: map[string]string{"DEBIAN/md5sums": "d41d8cd98f00b204e9800998ecf8427e  usr/share/hello\n", "usr/share/hello": "hello"},
		}
		content, err := os.ReadFile(p.build(b, filepath.Join(dir)))
		if err != nil {
			b.Fatal(err)
		}
		for _, c := range []*Creator{{Suite: "stable"}, {Suite: "stable", Contents: true}} {
			b.Run(fmt.Sprintf("%s/contents=%t", compression, c.Contents), func(b *testing.B) {
				b.ReportAllocs()
				from := bytes.NewReader(nil)
				in := bufio.NewReaderSize(nil, 256<<10)
				for b.Loop() {
					from.Reset(content)
					in.Reset(from)
					if _, err := c.Inspect(repo.PackageFile{Base: "libhello-data_1.0.2+dfsg-3_amd64.deb", Content: in, Size: int64(len(content))}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkCreate writes the indexes of 50,000 packages, in each compression, and tells
// the size of the indexes and the most memory that the process has had.
func BenchmarkCreate(b *testing.B) {
	for _, compressions := range [][]string{{".gz"}, {".zst"}, {".xz"}, {".gz", ".xz"}} {
		b.Run(strings.Join(compressions, "+"), func(b *testing.B) {
			c := &Creator{Suite: "stable", Compressions: compressions}
			for b.Loop() {
				size := int64(0)
				m, err := c.Create(&repo.Creation{
					Entries: manyEntries(50000, c.Algorithms()),
					Date:    date,
					Output:  func() (repo.Output, error) { return &countingOutput{}, nil },
				})
				if err != nil {
					b.Fatal(err)
				}
				for _, f := range m.Indexes {
					if path.Dir(path.Dir(f.Path)) == "dists/stable/main" {
						size += f.Size
					}
				}
				b.ReportMetric(float64(size), "bytes")
			}
			var usage unix.Rusage
			if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(usage.Maxrss)/1024, "MB-at-most")
		})
	}
}

// manyEntries are entries of made-up packages.
func manyEntries(n int, algorithms []repo.Algorithm) iter.Seq2[*repo.Entry, error] {
	return func(yield func(*repo.Entry, error) bool) {
		r := rand.New(rand.NewPCG(5, 6))
		words := make([]string, 5000)
		for i := range words {
			for range 2 + r.IntN(9) {
				words[i] += string(rune('a' + r.IntN(26)))
			}
		}
		text := func(n int) string {
			var b strings.Builder
			for range n {
				b.WriteString(words[int(float64(len(words))*r.Float64()*r.Float64())] + " ")
			}
			return strings.TrimSpace(b.String())
		}
		for i := range n {
			name := fmt.Sprintf("%s-%06d", words[i%len(words)], i)
			p := &repo.Inspected{Name: name, Version: "1.0-1", Architecture: []string{"amd64", "amd64", "all"}[i%3], Source: name}
			p.Texts = [][]byte{[]byte(fmt.Sprintf("Package: %s\nVersion: 1.0-1\nArchitecture: %s\nMaintainer: Test <test@example.org>\nInstalled-Size: %d\nDepends: %s\nDescription: %s\n %s\n %s\n",
				name, p.Architecture, r.IntN(10000), strings.ReplaceAll(text(6), " ", ", "), text(7), text(12), text(12)))}
			e := &repo.Entry{Inspected: p, Path: "pool/main/" + name + ".deb", Part: "main", Size: r.Int64N(1e7)}
			for _, a := range algorithms {
				sum := make([]byte, a.Size())
				for k := range sum {
					sum[k] = byte(r.Uint32())
				}
				e.Digests = append(e.Digests, repo.NewDigest(a, sum))
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

// countingOutput keeps nothing but what is to be told of it.
type countingOutput struct {
	hash hash.Hash
	size int64
}

func (o *countingOutput) Write(p []byte) (int, error) {
	if o.hash == nil {
		o.hash = repo.SHA256.New()
	}
	o.size += int64(len(p))
	return o.hash.Write(p)
}

func (o *countingOutput) Finish() (repo.File, error) {
	if o.hash == nil {
		o.hash = repo.SHA256.New()
	}
	return repo.File{Size: o.size, Digest: repo.NewDigest(repo.SHA256, o.hash.Sum(nil))}, nil
}

func (o *countingOutput) Discard() {}
