package deb

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

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
