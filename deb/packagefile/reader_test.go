package packagefile

import (
	"archive/tar"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mirrorkeeper/mirrorkeeper/compress"
)

const controlText = "Package: hello\nVersion: 1.0\nArchitecture: amd64\nMaintainer: Test <test@example.org>\nDescription: friendly\n"

// part is a member of an ar archive.
type part struct {
	name    string // as it stands in the header
	content []byte
	size    string // in the header, by default the content's
}

// archive makes an ar archive.
func archive(parts ...part) []byte {
	var b bytes.Buffer
	b.WriteString(magic)
	for _, p := range parts {
		fmt.Fprintf(&b, "%-16s%-12d%-6d%-6d%-8s%-10s`\n", p.name, 0, 0, 0, "100644", cmp.Or(p.size, fmt.Sprint(len(p.content))))
		b.Write(p.content)
		if len(p.content)%2 == 1 {
			b.WriteByte('\n')
		}
	}
	return b.Bytes()
}

// file is one of a tar archive.
type file struct {
	name, content string
	kind          byte
}

// tarOf makes a tar archive.
func tarOf(t testing.TB, format tar.Format, files ...file) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		h := &tar.Header{Name: f.name, Mode: 0o644, Size: int64(len(f.content)), Typeflag: cmp.Or(f.kind, tar.TypeReg), Format: format}
		if h.Typeflag != tar.TypeReg {
			h.Size, h.Linkname = 0, f.content
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			if _, err := w.Write([]byte(f.content)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// packed compresses by the program of a suffix.
func packed(t testing.TB, suffix string, content []byte) []byte {
	t.Helper()
	program := map[string][]string{".gz": {"gzip", "-n"}, ".xz": {"xz"}, ".zst": {"zstd"}, ".bz2": {"bzip2"}, ".lzma": {"xz", "--format=lzma"}}[suffix]
	if program == nil {
		return content
	}
	if _, err := exec.LookPath(program[0]); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	c := exec.Command(program[0], append(program[1:], "-c")...)
	c.Stdin = bytes.NewReader(content)
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// sample makes the tar archives of a package.
func sample(t testing.TB) (control, data []byte) {
	return tarOf(t, tar.FormatGNU, file{name: "./control", content: controlText}, file{name: "./md5sums", content: "sums"}),
		tarOf(t, tar.FormatGNU, file{name: "./", kind: tar.TypeDir}, file{name: "./usr/hello", content: strings.Repeat("hello", 1000)}, file{name: "./usr/link", content: "hello", kind: tar.TypeSymlink})
}

var version = part{name: "debian-binary", content: []byte("2.0\n")}

// read reads all of a package file.
func read(content []byte, thorough bool) (control string, paths []string, err error) {
	r := NewReader(bytes.NewReader(content), int64(len(content)))
	defer r.Close()
	text, err := r.Control()
	if err != nil || !thorough {
		return string(text), nil, err
	}
	err = r.Data(func(path string) error {
		paths = append(paths, path)
		return nil
	})
	return string(text), paths, err
}

func TestRead(t *testing.T) {
	control, data := sample(t)
	for _, suffixes := range [][2]string{{"", ""}, {".gz", ".gz"}, {".xz", ".xz"}, {".zst", ".zst"}, {".gz", ".bz2"}, {".gz", ".lzma"}, {"", ".xz"}} {
		controlPart := part{name: "control.tar" + suffixes[0], content: packed(t, suffixes[0], control)}
		dataPart := part{name: "data.tar" + suffixes[1], content: packed(t, suffixes[1], data)}
		slash := func(p part) part { p.name += "/"; return p }
		signature := part{name: "_gpgorigin", content: []byte("signature")}
		for name, content := range map[string][]byte{
			"names padded":         archive(version, controlPart, dataPart),
			"names with slashes":   archive(slash(version), slash(controlPart), slash(dataPart)),
			"later minor version":  archive(part{name: "debian-binary", content: []byte("2.17\nmore\n")}, controlPart, dataPart),
			"unknown but harmless": archive(version, part{name: "_extra", content: []byte("x")}, controlPart, part{name: "_more"}, dataPart),
			"signed":               archive(version, controlPart, dataPart, signature),
		} {
			text, paths, err := read(content, true)
			if err != nil || text != controlText || !slices.Equal(paths, []string{"usr/hello", "usr/link"}) {
				t.Errorf("%v, %s: control %q, paths %q, error %v", suffixes, name, text, paths, err)
			}
			dpkgReads(t, name, content, true)
		}
	}
}

// dpkgReads asks dpkg-deb whether it reads the package, all of it.
func dpkgReads(t *testing.T, name string, content []byte, want bool) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "p.deb")
	if err := os.WriteFile(file, content, 0o644); err != nil {
		t.Fatal(err)
	}
	if ok, out := dpkgDeb(t, file); ok != want {
		t.Errorf("%s: dpkg-deb reads it: %t, expected %t: %s", name, ok, want, out)
	}
}

// dpkgDeb reports whether dpkg-deb reads the control member and the data member.
func dpkgDeb(t testing.TB, file string) (ok bool, out string) {
	t.Helper()
	if _, err := exec.LookPath("dpkg-deb"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	for _, option := range []string{"--info", "--contents"} {
		b, err := exec.Command("dpkg-deb", option, file).CombinedOutput()
		if err != nil {
			return false, string(b)
		}
	}
	return true, ""
}

// What is broken is refused, with what is wrong, and dpkg-deb refuses it as well, but
// where dpkg is set.
func TestBroken(t *testing.T) {
	control, data := sample(t)
	c, d := part{name: "control.tar.gz", content: packed(t, ".gz", control)}, part{name: "data.tar.xz", content: packed(t, ".xz", data)}
	good := archive(version, c, d)
	inControl := func(files ...file) []byte {
		return archive(version, part{name: "control.tar", content: tarOf(t, tar.FormatGNU, files...)}, d)
	}
	corrupt := func(p part) part {
		p.content = slices.Clone(p.content)
		p.content[len(p.content)/2] ^= 0x55
		return p
	}
	for _, test := range []struct {
		name     string
		content  []byte
		want     string
		thorough bool // is found only where all is read
		dpkg     bool // dpkg-deb reads it
	}{
		{name: "nothing", want: "it is empty"},
		{name: "other file", content: []byte("#!/bin/sh\nexit\n"), want: "it is not a Debian package: it begins with"},
		{name: "shorter than the magic", content: []byte("!<arc"), want: "it is not a Debian package"},
		{name: "old format", content: []byte("0.939000\n5\nabcde"), want: "old format"},
		{name: "only magic", content: []byte(magic), want: "it is not a Debian package"},
		{name: "header cut off", content: good[:30], want: "cut off"},
		{name: "control cut off", content: good[:len(magic)+60+4+60+20], want: "cut off: member \"control.tar.gz\" has"},
		{name: "data cut off", content: good[:len(good)-20], want: "cut off: member \"data.tar.xz\" has"},
		{name: "no data", content: archive(version, c), want: "no member data.tar"},
		{name: "no control", content: archive(version, d), want: "stands where control.tar is expected"},
		{name: "other order", content: archive(version, d, c), want: "stands where control.tar is expected"},
		{name: "version last", content: archive(c, d, version), want: "the first member is \"control.tar.gz\""},
		{name: "control twice", content: archive(version, c, c, d), want: "stands where data.tar is expected"},
		{name: "other member", content: archive(version, part{name: "other"}, c, d), want: "member \"other\" stands where control.tar"},
		{name: "version 3", content: archive(part{name: "debian-binary", content: []byte("3.0\n")}, c, d), want: "version 3.0, only 2"},
		{name: "version without line", content: archive(part{name: "debian-binary", content: []byte("2.0")}, c, d), want: "the version of its format is"},
		{name: "version without number", content: archive(part{name: "debian-binary", content: []byte("2.x\n")}, c, d), want: "the version of its format is"},
		{name: "long version", content: archive(part{name: "debian-binary", content: append([]byte("2.0\n"), make([]byte, 2000)...)}, c, d), want: "has 2004 bytes", dpkg: true},
		{name: "no size", content: archive(version, part{name: "control.tar.gz", size: " "}, d), want: "size is missing"},
		{name: "negative size", content: archive(version, part{name: "control.tar.gz", size: "-1"}, d), want: "not a number of bytes"},
		{name: "size in hex", content: archive(version, part{name: "control.tar.gz", size: "0x10"}, d), want: "not a number of bytes"},
		{name: "huge size", content: archive(version, part{name: "control.tar.gz", content: c.content, size: "9999999999"}, d), want: "cut off: member \"control.tar.gz\" has 9999999999 bytes"},
		{name: "name of BSD's extension", content: archive(version, part{name: "#1/14", content: append([]byte("control.tar.gz"), c.content...)}, d), want: "stands where control.tar"},
		{name: "control in bzip2", content: archive(version, part{name: "control.tar.bz2", content: packed(t, ".bz2", control)}, d), want: "unknown compression"},
		{name: "data in lz4", content: archive(version, c, part{name: "data.tar.lz4", content: data}), want: "unknown compression"},
		{name: "control of other compression", content: archive(version, part{name: "control.tar.xz", content: c.content}, d), want: "control.tar.xz"},
		{name: "control of nothing", content: archive(version, part{name: "control.tar.gz"}, d), want: "control.tar.gz"},
		{name: "control is corrupt", content: archive(version, corrupt(c), d), want: "control.tar.gz"},
		{name: "data is corrupt", content: archive(version, c, corrupt(d)), want: "data.tar.xz", thorough: true},
		{name: "data is no tar", content: archive(version, c, part{name: "data.tar", content: bytes.Repeat([]byte("no tar"), 500)}), want: "data.tar", thorough: true},
		{name: "data cut off inside", content: archive(version, c, part{name: "data.tar", content: data[:len(data)/2]}), want: "data.tar", thorough: true},
		{name: "control cut off inside", content: archive(version, part{name: "control.tar", content: control[:600]}, d), want: "control.tar"},
		{name: "no control file", content: inControl(file{name: "./other", content: "x"}), want: "no file control", dpkg: true},
		{name: "control file twice", content: inControl(file{name: "./control", content: controlText}, file{name: "control", content: controlText}), want: "control twice", dpkg: true},
		{name: "control is a link", content: inControl(file{name: "./other", content: controlText}, file{name: "./control", content: "other", kind: tar.TypeSymlink}), want: "not a file", dpkg: true},
		{name: "control is a directory", content: inControl(file{name: "./control", kind: tar.TypeDir}), want: "not a file"},
		{name: "other data behind", content: append(slices.Clone(good), "garbage"...), want: "other data follows", thorough: true, dpkg: true},
		{name: "another archive behind", content: append(slices.Clone(good), good...), want: "the header of the member", thorough: true, dpkg: true},
	} {
		_, _, err := read(test.content, test.thorough)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error is %v, expected %q", test.name, err, test.want)
		}
		if test.thorough {
			if _, _, err := read(test.content, false); err != nil {
				t.Errorf("%s: the data was read without need: %v", test.name, err)
			}
		}
		dpkgReads(t, test.name, test.content, test.dpkg)
	}
}

// Bombs end at the limits, not with the memory.
func TestBombs(t *testing.T) {
	control, data := sample(t)
	d := part{name: "data.tar", content: data}
	zeros := packed(t, ".zst", append(control, make([]byte, maxControlArchive)...))
	_, _, err := read(archive(version, part{name: "control.tar.zst", content: zeros}, d), false)
	if !errors.Is(err, compress.ErrTooLarge) {
		t.Errorf("a huge control member: error is %v", err)
	}
	huge := slices.Clone(control[:512])
	copy(huge[124:], "77777777777\x00") // its size
	copy(huge[148:], fmt.Sprintf("%06o\x00 ", checksum(huge)))
	_, _, err = read(archive(version, part{name: "control.tar", content: huge}, d), false)
	if err == nil || !strings.Contains(err.Error(), "at most") {
		t.Errorf("a huge control file: error is %v", err)
	}
	dictionary := append([]byte{0x5d, 0, 0, 0, 0xf0}, make([]byte, 100)...) // of 4 GB
	_, _, err = read(archive(version, part{name: "control.tar", content: control}, part{name: "data.tar.lzma", content: dictionary}), true)
	if err == nil || !strings.Contains(err.Error(), "dictionary") {
		t.Errorf("a huge dictionary: error is %v", err)
	}
}

// checksum is that of a header of a tar archive.
func checksum(header []byte) (sum int) {
	for i, c := range header {
		if i >= 148 && i < 156 {
			c = ' '
		}
		sum += int(c)
	}
	return sum
}
