package deb

import (
	"bytes"
	"errors"
	"path"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// readFiles reads an index and writes each file as "path size digest".
func readFiles(t testing.TB, s *repo.Source, ix repo.Index, content string) (files []string, err error) {
	t.Helper()
	s.Name, s.Suites = "s", []string{"bookworm"}
	err = Format{}.ReadFiles(one(t, s), ix, strings.NewReader(content), func(f repo.File) error {
		d, size := f.Digest.String(), "?"
		if f.Size >= 0 {
			size = strconv.FormatInt(f.Size, 10)
		}
		files = append(files, strings.Join([]string{f.Path, size, d[:min(len(d), 12)]}, " "))
		return nil
	})
	return files, err
}

func TestReadFiles(t *testing.T) {
	sha512 := strings.Repeat("ab", 64)
	sha1 := strings.Repeat("1", 40)
	md5 := strings.Repeat("2", 32)
	packages := repo.Index{Name: "dists/x/main/binary-amd64/Packages", Kind: "packages"}
	sources := repo.Index{Name: "dists/x/main/source/Sources", Kind: "sources"}
	patches := repo.Index{Name: "dists/x/main/binary-amd64/Packages.diff/Index", Kind: "pdiffs"}
	tests := []struct {
		name, content string
		ix            repo.Index
		trusted       bool
		want          []string
		err           string
		is            error
	}{
		{
			name: "packages", ix: packages,
			content: "Package: a\nFilename: pool/a.deb\nSize: 10\nMD5sum: " + md5 + "\nSHA256: " + sum(1) + "\n\n" +
				"Package: b\nFILENAME: ./pool//b.deb\nSize: 11\nSHA512: " + sha512 + "\nSHA256: " + sum(2) + "\nDescription: x\n Filename: no\n",
			want: []string{"pool/a.deb 10 sha256:11111", "pool/b.deb 11 sha512:ababa"},
		},
		{name: "empty", ix: packages},
		{name: "udebs", ix: repo.Index{Kind: "udebs"}, content: "Filename: a.udeb\nSHA256: " + sum(1) + "\n", want: []string{"a.udeb ? sha256:11111"}},
		{name: "no file", ix: packages, content: "\nPackage: a\n", err: "Packages:2: field Filename is missing"},
		{name: "weak", ix: packages, content: "Filename: pool/a.deb\nSize: 1\nMD5sum: " + md5 + "\n", is: repo.ErrWeak, err: "Packages:1: pool/a.deb has only digests that prove nothing"},
		{
			name: "weak, trusted", ix: packages, trusted: true,
			content: "Filename: pool/a.deb\nSize: 1\nMD5sum: " + md5 + "\n\nFilename: pool/b.deb\nSize: 1\nSHA1: " + sha1 + "\nMD5sum: " + md5 + "\n",
			want:    []string{"pool/a.deb 1 md5:22222222", "pool/b.deb 1 sha1:1111111"},
		},
		{name: "no digest", ix: packages, trusted: true, content: "Filename: a\nSize: 1\n", err: "a has no digest"},
		{name: "leaves", ix: packages, content: "Filename: ../a\nSize: 1\nSHA256: " + sum(1) + "\n", err: "field Filename: path \"../a\" leaves the repository"},
		{name: "absolute", ix: packages, content: "Filename: /a\nSize: 1\nSHA256: " + sum(1) + "\n", err: "is absolute"},
		{name: "bad size", ix: packages, content: "Filename: a\nSize: 1e3\nSHA256: " + sum(1) + "\n", err: `field Size: "1e3" is not a size`},
		{name: "bad digest", ix: packages, content: "Filename: a\nSize: 1\nSHA256: zz" + sum(1)[2:] + "\n", err: "is not a sha256 digest"},
		{name: "twice", ix: packages, content: "Filename: a\nfilename: b\nSHA256: " + sum(1) + "\n", err: "field Filename stands there twice"},
		{
			name: "sources", ix: sources,
			content: "Package: a\nDirectory: pool/a\nFiles:\n " + md5 + " 1 a.dsc\n " + md5 + " 2 a.tar.xz\n" +
				"Checksums-Sha256:\n " + sum(1) + " 1 a.dsc\n " + sum(2) + " 2 a.tar.xz\n\n" +
				"Package: b\nChecksums-Sha256:\n " + sum(3) + " 1 b.dsc\nChecksums-Sha512:\n " + sha512 + " 1 b.dsc\n",
			want: []string{"pool/a/a.dsc 1 sha256:11111", "pool/a/a.tar.xz 2 sha256:22222", "b.dsc 1 sha512:ababa"},
		},
		{name: "sources, one file weak", ix: sources, content: "Files:\n " + md5 + " 1 a\n " + md5 + " 2 b\nChecksums-Sha256:\n " + sum(1) + " 1 a\n", is: repo.ErrWeak, err: "b has only"},
		{name: "sources, trusted", ix: sources, trusted: true, content: "Files:\n " + md5 + " 1 a\nDirectory: .\n", want: []string{"a 1 md5:22222222"}},
		{name: "sources, sizes differ", ix: sources, content: "Files:\n " + md5 + " 1 a\nChecksums-Sha256:\n " + sum(1) + " 2 a\n", err: "a is listed with sizes 2 and 1"},
		{name: "sources, leaves", ix: sources, content: "Directory: pool\nChecksums-Sha256:\n " + sum(1) + " 1 ../../a\n", err: "leaves the repository"},
		{
			name: "installer", ix: repo.Index{Name: "dists/x/main/installer-amd64/current/images/SHA256SUMS", Kind: "installer"},
			content: sum(1) + "  ./netboot/mini.iso\n" + sum(2) + " *udeb.list\n",
			want:    []string{"dists/x/main/installer-amd64/current/images/netboot/mini.iso ? sha256:11111", "dists/x/main/installer-amd64/current/images/udeb.list ? sha256:22222"},
		},
		{name: "installer, leaves", ix: repo.Index{Name: "x/installer-amd64/SHA256SUMS", Kind: "installer"}, content: sum(1) + "  a\n" + sum(1) + "  ../../y\n", err: "SHA256SUMS:2: path \"../../y\" leaves", want: []string{"x/installer-amd64/a ? sha256:11111"}},
		{name: "installer, weak", ix: repo.Index{Name: "installer-amd64/MD5SUMS", Kind: "installer"}, content: md5 + "  a\n", is: repo.ErrWeak, err: "MD5SUMS has only"},
		{
			name: "pdiffs", ix: patches,
			content: "SHA256-Current: " + sum(1) + " 5\nSHA256-History:\n " + sum(1) + " 5 T-1\nSHA256-Patches:\n " + sum(2) + " 6 T-1\nSHA1-Download:\n " + sha1 + " 3 T-1.gz\nSHA256-Download:\n " + sum(3) + " 3 T-1.gz\n",
			want:    []string{"dists/x/main/binary-amd64/Packages.diff/T-1.gz 3 sha256:33333"},
		},
		{name: "pdiffs, weak", ix: patches, content: "SHA1-Download:\n " + sha1 + " 3 T-1.gz\n", is: repo.ErrWeak, err: "SHA1-Download"},
		{name: "pdiffs, old", ix: patches, content: "SHA1-Patches:\n " + sha1 + " 3 T-1\n", err: "leave the kind pdiffs out"},
		{name: "a kind that lists none", ix: repo.Index{Name: "i18n/Translation-en", Kind: "translations"}, err: "list no files"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := readFiles(t, &repo.Source{Trusted: test.trusted}, test.ix, test.content)
			if test.err == "" && err != nil {
				t.Fatal(err)
			}
			if test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)) {
				t.Fatalf("error is %v, expected %q", err, test.err)
			}
			if test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("error %v is not %v", err, test.is)
			}
			if d := cmp.Diff(test.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func FuzzReadFiles(f *testing.F) {
	f.Add(uint8(0), []byte("Filename: a\nSHA256: "+sum(1)+"\n"))
	f.Add(uint8(1), []byte(sampleSources))
	f.Add(uint8(2), []byte(sum(1)+" *./a/b\n"))
	f.Add(uint8(3), []byte("SHA256-Download:\n "+sum(1)+" 3 T-1.gz\n"))
	indexes := []repo.Index{
		{Name: "dists/x/main/binary-amd64/Packages", Kind: packagesKind},
		{Name: "dists/x/main/source/Sources", Kind: sourcesKind},
		{Name: "dists/x/main/installer-amd64/current/images/SHA256SUMS", Kind: installerKind},
		{Name: "dists/x/main/binary-amd64/Packages.diff/Index", Kind: pdiffsKind},
	}
	r := &repo.Repository{Source: &repo.Source{Name: "s"}, Name: "x"}
	f.Fuzz(func(t *testing.T, kind uint8, content []byte) {
		ix := indexes[int(kind)%len(indexes)]
		_ = Format{}.ReadFiles(r, ix, bytes.NewReader(content), func(f repo.File) error {
			clean, err := repo.CleanPath(f.Path)
			if err != nil || clean != f.Path || f.Size < -1 || f.Digest.IsZero() || f.Digest.Algorithm().Weak() {
				t.Fatalf("file %+v: %v", f, err)
			}
			// Lists that lie in a directory name files below it.
			if dir := path.Dir(ix.Name) + "/"; ix.Kind != packagesKind && ix.Kind != sourcesKind && !strings.HasPrefix(f.Path, dir) {
				t.Fatalf("%s leaves %s", f.Path, dir)
			}
			return nil
		})
	})
}
