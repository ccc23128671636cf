package header_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/rpm/header"
)

// tool looks a program up that a test compares with. Without it the test is
// skipped, but not in CI.
func tool(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	return path
}

const spec = `
Name: sample
Epoch: 2
Version: 1.0~rc1
Release: 3
Summary: A sample
Summary(de): Ein Muster
License: MIT
BuildArch: noarch
Requires: (a or b)
Requires: c >= 1:2-3
Requires(pre): d
Recommends: e
Supplements: f
Conflicts: g < 1
Obsoletes: h <= 2
Provides: i = 7
%description
Some text.

More of it.
%install
mkdir -p %{buildroot}/usr/share/sample/dir
echo hello >%{buildroot}/usr/share/sample/file
ln -s file %{buildroot}/usr/share/sample/link
%files
/usr/share/sample
%changelog
* Tue Jan 02 2024 A Person <a@example.org> - 1.0-3
- second
* Mon Jan 01 2024 A Person <a@example.org> - 1.0-2
- first
`

// built returns the path of a package that the real rpmbuild made.
func built(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "sample.spec")
	if err := os.WriteFile(file, []byte(spec), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(tool(t, "rpmbuild"), "-bb", "--quiet", "--define", "_topdir "+dir, file).CombinedOutput()
	if err != nil {
		t.Fatalf("rpmbuild: %v\n%s", err, out)
	}
	return filepath.Join(dir, "RPMS/noarch/sample-1.0~rc1-3.noarch.rpm")
}

func open(t testing.TB, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestReadAsRPM(t *testing.T) {
	path := built(t)
	p, err := header.Read(bytes.NewReader(open(t, path)))
	if err != nil {
		t.Fatal(err)
	}
	query := func(format string) string {
		t.Helper()
		out, err := exec.Command(tool(t, "rpm"), "--nosignature", "-qp", "--qf", format, path).Output()
		if err != nil {
			t.Fatalf("rpm --qf %q: %v", format, err)
		}
		return string(out)
	}
	number := func(tag header.Tag) string {
		n, ok := p.Header.Int(tag)
		if !ok {
			return "(none)"
		}
		return strconv.FormatUint(n, 10)
	}
	lines := func(of []string) string { return strings.Join(of, "\n") + "\n" }
	numbers := func(tag header.Tag) (all []string) {
		for _, n := range p.Header.Ints(tag) {
			all = append(all, strconv.FormatUint(n, 10))
		}
		return all
	}
	tests := map[string]string{
		"%{NAME}-%{EPOCH}:%{VERSION}-%{RELEASE}.%{ARCH}": p.Header.String(header.Name) + "-" + number(header.Epoch) + ":" +
			p.Header.String(header.Version) + "-" + p.Header.String(header.Release) + "." + p.Header.String(header.Arch),
		"%{DESCRIPTION}":          p.Header.String(header.Description),
		"%{SOURCERPM}":            p.Header.String(header.SourceRPM),
		"%{SIZE}":                 number(header.Size),
		"%{BUILDTIME}":            number(header.BuildTime),
		"[%{REQUIRENAME}\n]":      lines(p.Header.Strings(header.RequireName)),
		"[%{REQUIREVERSION}\n]":   lines(p.Header.Strings(header.RequireVersion)),
		"[%{REQUIREFLAGS}\n]":     lines(numbers(header.RequireFlags)),
		"[%{PROVIDENAME}\n]":      lines(p.Header.Strings(header.ProvideName)),
		"[%{RECOMMENDNAME}\n]":    lines(p.Header.Strings(header.RecommendName)),
		"[%{SUPPLEMENTNAME}\n]":   lines(p.Header.Strings(header.SupplementName)),
		"[%{CONFLICTVERSION}\n]":  lines(p.Header.Strings(header.ConflictVersion)),
		"[%{OBSOLETENAME}\n]":     lines(p.Header.Strings(header.ObsoleteName)),
		"[%{BASENAMES}\n]":        lines(p.Header.Strings(header.BaseNames)),
		"[%{DIRINDEXES}\n]":       lines(numbers(header.DirIndexes)),
		"[%{DIRNAMES}\n]":         lines(p.Header.Strings(header.DirNames)),
		"[%{FILEMODES}\n]":        lines(numbers(header.FileModes)),
		"[%{FILELINKTOS}\n]":      lines(p.Header.Strings(header.FileLinkTos)),
		"[%{FILEDIGESTS}\n]":      lines(p.Header.Strings(header.FileDigests)),
		"[%{CHANGELOGTIME}\n]":    lines(numbers(header.ChangelogTime)),
		"[%{CHANGELOGNAME}\n]":    lines(p.Header.Strings(header.ChangelogName)),
		"[%{CHANGELOGTEXT}\n]":    lines(p.Header.Strings(header.ChangelogText)),
		"[%{PAYLOADDIGEST}\n]":    lines(p.Header.Strings(header.PayloadDigest)),
		"%{PAYLOADCOMPRESSOR}":    p.Header.String(header.PayloadCompressor),
		"%{SHA256HEADER}":         p.Signature.String(header.SigSHA256),
		"%{SIGMD5}":               hex.EncodeToString(p.Signature.Binary(header.SigMD5)),
		"%{LONGSIGSIZE}":          strconv.Itoa(len(open(t, path)) - int(p.Start)),
		"%{EPOCHNUM} %{VENDOR}\n": number(header.Epoch) + " (none)\n",
	}
	for format, got := range tests {
		if d := cmp.Diff(query(format), got); d != "" {
			t.Errorf("%q: %s", format, d)
		}
	}
	if got := p.Header.String(header.Summary); got != "A sample" {
		t.Errorf("the summary of the C locale is %q", got)
	}
	if got := p.Header.Strings(header.Summary); !slices.Equal(got, []string{"A sample", "Ein Muster"}) {
		t.Errorf("the summaries are %q", got)
	}
	if got := p.Header.Strings(header.HeaderI18NTable); !slices.Equal(got, []string{"C", "de"}) {
		t.Errorf("the locales are %q", got)
	}
}

func TestReadStopsAtThePayload(t *testing.T) {
	content := open(t, built(t))
	r := bytes.NewReader(content)
	p, err := header.Read(iotest.OneByteReader(r))
	if err != nil {
		t.Fatal(err)
	}
	if got := int64(len(content) - r.Len()); got != p.End {
		t.Errorf("read up to byte %d, the payload begins at %d", got, p.End)
	}
	if !bytes.Equal(content[p.Start:p.End], p.Header.Bytes()) {
		t.Error("the header's bytes are not those of the file")
	}
	digest, err := p.PayloadDigest()
	if sum := sha256.Sum256(content[p.End:]); err != nil || digest.Hex() != hex.EncodeToString(sum[:]) {
		t.Errorf("the payload's digest is %s (error %v), expected %x", digest, err, sum)
	}
	if err := p.CheckDigests(); err != nil {
		t.Error(err)
	}
	if all, err := p.Signatures(); len(all) > 0 || err != nil || p.SignsWhole() {
		t.Errorf("signatures where there are none: %x, %v", all, err)
	}
}

func TestReadNoticesTruncation(t *testing.T) {
	content := open(t, built(t))
	p, err := header.Read(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	for n := range p.End {
		if _, err := header.Read(bytes.NewReader(content[:n])); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("cut to %d bytes: %v", n, err)
		}
	}
	broken := errors.New("connection lost")
	if _, err := header.Read(io.MultiReader(bytes.NewReader(content[:200]), iotest.ErrReader(broken))); !errors.Is(err, broken) {
		t.Errorf("an error of the reader: %v", err)
	}
}

func TestCheckDigestsNoticesDamage(t *testing.T) {
	content := open(t, built(t))
	p, err := header.Read(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	for i := p.Start; i < p.End; i++ {
		damaged := bytes.Clone(content)
		damaged[i] ^= 1 << (i % 8)
		q, err := header.Read(bytes.NewReader(damaged))
		if err == nil && q.CheckDigests() == nil {
			t.Fatalf("a flipped bit in byte %d is not noticed", i)
		}
	}
}

// value is one entry of a made-up header.
type value struct{ tag, kind, offset, count uint32 }

// lead is what begins a file.
func lead() []byte {
	b := append([]byte{0xed, 0xab, 0xee, 0xdb, 3}, make([]byte, 91)...)
	b[79] = 5
	return b
}

// file is an rpm file with an empty signature header and the given header.
func file(data string, values ...value) []byte {
	one := func(data string, values []value) []byte {
		b := []byte{0x8e, 0xad, 0xe8, 1, 0, 0, 0, 0}
		b = binary.BigEndian.AppendUint32(b, uint32(len(values)))
		b = binary.BigEndian.AppendUint32(b, uint32(len(data)))
		for _, v := range values {
			for _, n := range []uint32{v.tag, v.kind, v.offset, v.count} {
				b = binary.BigEndian.AppendUint32(b, n)
			}
		}
		return append(b, data...)
	}
	return slices.Concat(lead(), one("\x00\x00\x00\x00\x00\x00\x00\x00", []value{{1000, 2, 0, 1}}), one(data, values))
}

func TestReadRefusesBadHeaders(t *testing.T) {
	for want, content := range map[string][]byte{
		"tag 1: its type is 10, expected 1 to 9":            file("a\x00", value{1, 10, 0, 1}),
		"tag 1: its type is 0":                              file("a\x00", value{1, 0, 0, 1}),
		"tag 1: its value begins at byte 3 of 2":            file("a\x00", value{1, 6, 3, 1}),
		"tag 1: its value begins at byte 4294967295 of 2":   file("a\x00", value{1, 6, 1<<32 - 1, 1}),
		"tag 1: it has 0 values":                            file("a\x00", value{1, 8, 0, 0}),
		"tag 1: it has 4294967295 values":                   file("a\x00", value{1, 5, 0, 1<<32 - 1}),
		"tag 1: it is a string with 2 values":               file("a\x00b\x00", value{1, 6, 0, 2}),
		"tag 1: a string has no end":                        file("ab", value{1, 6, 0, 1}),
		"tag 2: a string has no end":                        file("a\x00b", value{1, 6, 0, 1}, value{2, 8, 2, 1}),
		"tag 1: its value has 8 bytes, of which 4 are":      file("abcd", value{1, 4, 0, 2}),
		"tag 1: its value begins at byte 2, expected a mul": file("abcdefgh", value{1, 4, 2, 1}),
		"tag 2: its value begins at byte 0, within another": file("abcd", value{1, 7, 0, 4}, value{2, 7, 0, 1}), // overlap
		"header: it has 0 entries":                          file(""),
		"it is not an rpm package (it begins with \"<!DOC":  []byte("<!DOCTYPE html>" + strings.Repeat(" ", 200)),
		"signature header: it begins with 00 00":            append(lead(), make([]byte, 104)...),
	} {
		if _, err := header.Read(bytes.NewReader(content)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, expected %s", err, want)
		}
	}
	// What is announced is not allocated.
	great := file("a\x00", value{1, 6, 0, 1})
	binary.BigEndian.PutUint32(great[len(great)-16-2-4:], 64<<20)
	if _, err := header.Read(bytes.NewReader(great)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("64 MiB that are not there: %v", err)
	}
	binary.BigEndian.PutUint32(great[len(great)-16-2-4:], 1<<31)
	if _, err := header.Read(bytes.NewReader(great)); err == nil || !strings.Contains(err.Error(), "at most") {
		t.Errorf("2 GiB: %v", err)
	}
}

func TestGettersOfOtherTypes(t *testing.T) {
	p, err := header.Read(bytes.NewReader(file("\x00\x00\x00\x07a\x00\x01\x02", value{2, 4, 0, 1}, value{1, 6, 4, 1}, value{3, 7, 6, 2})))
	if err != nil {
		t.Fatal(err)
	}
	h := p.Header
	if n, ok := h.Int(2); !ok || n != 7 {
		t.Errorf("the number is %d, %v", n, ok)
	}
	for _, tag := range []header.Tag{1, 3, 4} {
		if _, ok := h.Int(tag); ok || h.Ints(tag) != nil {
			t.Errorf("tag %d is a number", tag)
		}
	}
	for _, tag := range []header.Tag{2, 3, 4} {
		if h.String(tag) != "" || h.Strings(tag) != nil {
			t.Errorf("tag %d is a string", tag)
		}
	}
	if h.Binary(1) != nil || !bytes.Equal(h.Binary(3), []byte{1, 2}) {
		t.Errorf("binary values are %x and %x", h.Binary(1), h.Binary(3))
	}
	if got := slices.Collect(h.Tags); !slices.Equal(got, []header.Tag{1, 2, 3}) {
		t.Errorf("tags are %v", got)
	}
	if h.Has(4) || !h.Has(3) {
		t.Error("what it has is wrong")
	}
}

// Packages of more than 4 GiB have numbers of 64 bits.
func TestGreatNumbers(t *testing.T) {
	p, err := header.Read(bytes.NewReader(file("\x00\x00\x00\x02\x00\x00\x00\x01\xff\xff\x01\x02", value{5009, 5, 0, 1}, value{1030, 3, 8, 1}, value{5, 2, 10, 2})))
	if err != nil {
		t.Fatal(err)
	}
	if n, ok := p.Header.Int(header.LongSize); !ok || n != 2<<32+1 {
		t.Errorf("the size is %d, %v", n, ok)
	}
	if n, _ := p.Header.Int(header.FileModes); n != 0xffff {
		t.Errorf("the mode is %o", n)
	}
	if got := p.Header.Ints(5); !slices.Equal(got, []uint64{1, 2}) {
		t.Errorf("numbers of a byte are %v", got)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(open(f, built(f)))
	f.Add(file("\x00\x00\x00\x07a\x00\x01\x02", value{2, 4, 0, 1}, value{1, 9, 4, 1}, value{3, 7, 6, 2}))
	f.Fuzz(func(t *testing.T, content []byte) {
		p, err := header.Read(bytes.NewReader(content))
		if err != nil {
			return
		}
		if !bytes.Equal(content[p.Start:p.End], p.Header.Bytes()) {
			t.Fatal("the header's bytes are not those of the file")
		}
		for _, h := range []*header.Header{p.Signature, p.Header} {
			for tag := range h.Tags {
				h.String(tag)
				h.Strings(tag)
				h.Ints(tag)
				h.Binary(tag)
			}
		}
		p.Signatures()
		p.CheckDigests()
		p.PayloadDigest()
	})
}
