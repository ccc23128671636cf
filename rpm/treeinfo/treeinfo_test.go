package treeinfo

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

const (
	sum1 = "158657d4ff270db50204ae70c2256ca1523ee4f3c23eeedbabc3f723b69163a2"
	sum2 = "094631a67f1766688dfcf4ec1f07ab0921100878736afc3cc1b31f69e7b517a1"
	sha1 = "da39a3ee5e6b4b0d3255bfef95601890afd80709"
)

const fedora = `[checksums]
LiveOS/squashfs.img = sha256:` + sum1 + `
images/boot.iso = sha256:` + sum2 + `
images/pxeboot/vmlinuz = sha:` + sha1 + `
repodata/repomd.xml = sha256:` + sum1 + `
../../Everything/repodata/repomd.xml = sha256:` + sum1 + `
images/new.img = blake3:00
../up.img = sha256:` + sum1 + `

[general]
; WARNING.0 = This section provides compatibility with pre-productmd treeinfos.
# a comment
arch = x86_64
name = Fedora
  of two lines
packagedir =
timestamp = 1417653911.68

[header]
type = productmd.treeinfo
version = 1.2

[images-x86_64]
boot.iso = images/boot.iso
kernel = images/pxeboot/vmlinuz
initrd = images/pxeboot/initrd.img
new = images/new.img

[images-xen]
initrd: images/pxeboot/initrd.img
kernel = images/pxeboot/vmlinuz
nothing =

[stage2]
mainimage = LiveOS/squashfs.img
instimage = /images/install.img
`

func digest(t testing.TB, s string) repo.Digest {
	t.Helper()
	d, err := repo.ParseDigest(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

var compareDigests = cmp.Comparer(func(a, b repo.Digest) bool { return a == b })

func TestParse(t *testing.T) {
	got, err := Parse([]byte(fedora), ".treeinfo")
	if err != nil {
		t.Fatal(err)
	}
	want := &Treeinfo{
		Files: []repo.File{
			{Path: "LiveOS/squashfs.img", Size: -1, Digest: digest(t, "sha256:"+sum1)},
			{Path: "images/boot.iso", Size: -1, Digest: digest(t, "sha256:"+sum2)},
			{Path: "images/pxeboot/vmlinuz", Size: -1, Digest: digest(t, "sha1:"+sha1)},
		},
		Warnings: []string{
			`.treeinfo:7: images/new.img is left out: unknown digest algorithm "blake3"`,
			`.treeinfo:8: a file is left out: path "../up.img" leaves the repository`,
			`.treeinfo:26: images/pxeboot/initrd.img is left out: it has no checksum`,
			`.treeinfo:36: an image is left out: path "/images/install.img" is absolute`,
		},
	}
	if diff := cmp.Diff(want, got, compareDigests); diff != "" {
		t.Errorf("treeinfo differs (-expected +read):\n%s", diff)
	}
}

// The form before productmd has no header; one file may be listed twice.
func TestParseOld(t *testing.T) {
	old := "[general]\nfamily = CentOS\n[checksums]\na = sha256:" + sum1 + "\na = sha256:" + sum1 + "\nb = sha256:" + sum1 + "\nb = sha256:" + sum2 + "\n"
	got, err := Parse([]byte(old), "treeinfo")
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Files) != 1 || got.Files[0].Path != "a" || len(got.Warnings) != 1 || !strings.Contains(got.Warnings[0], "treeinfo:7: b is left out: it is listed with digests") {
		t.Errorf("treeinfo reads as %+v, expected the file a and a warning of b", got)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"nothing", "", "neither [header] nor [general]"},
		{"a page", "<!DOCTYPE html>\n<html><body>404</body></html>\n", `.treeinfo:1: "<!DOCTYPE html>" where a section`},
		{"another INI file", "[media]\ndiscnum = 1\n", ".treeinfo is no treeinfo"},
		{"a line without value", "[general]\nword\n", `.treeinfo:2: "word" where a section or an option`},
		{"a value without key", "[general]\n= a\n", `.treeinfo:2: "= a" where`},
		{"bytes", "[general]\n\xff = a\n", "not UTF-8"},
		{"a huge file", strings.Repeat("\n", maxSize+1), "(at most 4194304)"},
	} {
		got, err := Parse([]byte(test.text), ".treeinfo")
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: reads as %+v with error %v, expected %q", test.name, got, err, test.want)
		}
	}
}

func TestParseExtraFiles(t *testing.T) {
	const text = `{"data": [
		{"checksums": {"md5": "d41d8cd98f00b204e9800998ecf8427e", "sha256": "` + sum1 + `", "blake3": "00"}, "file": "GPL", "size": 18092},
		{"checksums": {"sha1": "` + sha1 + `"}, "file": "./docs/EULA"}
	], "header": {"version": "1.0"}}`
	got, err := ParseExtraFiles([]byte(text), "extra_files.json")
	if err != nil {
		t.Fatal(err)
	}
	want := []repo.File{{Path: "GPL", Size: 18092, Digest: digest(t, "sha256:"+sum1)}, {Path: "docs/EULA", Size: -1, Digest: digest(t, "sha1:"+sha1)}}
	if diff := cmp.Diff(want, got, compareDigests); diff != "" {
		t.Errorf("files differ (-expected +read):\n%s", diff)
	}
	for _, test := range []struct{ name, text, want string }{
		{"a page", "<html>", "extra_files.json: invalid character"},
		{"another list", `{"files": []}`, "it has no data"},
		{"a path that leaves", `{"data": [{"file": "../a"}]}`, `file 0: path "../a" leaves the repository`},
		{"a negative size", `{"data": [{"file": "a", "size": -1}]}`, "a: -1 is not a size"},
		{"no digest", `{"data": [{"file": "a", "checksums": {"blake3": "00"}}]}`, "a: it has no checksum"},
		{"a short digest", `{"data": [{"file": "a", "checksums": {"sha256": "00"}}]}`, `a: "00" is not a sha256 digest`},
	} {
		files, err := ParseExtraFiles([]byte(test.text), "extra_files.json")
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: reads as %v with error %v, expected %q", test.name, files, err, test.want)
		}
	}
}

// The file means to Python, in which all such files are made, what it means to us.
func TestPythonReadsTheSame(t *testing.T) {
	const script = `import configparser, json, sys
c = configparser.RawConfigParser()
c.optionxform = str
c.read_file(sys.stdin)
json.dump([[s, [list(o) for o in c.items(s)]] for s in c.sections()], sys.stdout)`
	python := exec.Command("python3", "-c", script)
	if python.Err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(python.Err)
		}
		t.Skip(python.Err)
	}
	python.Stdin = strings.NewReader(fedora)
	out, err := python.Output()
	if err != nil {
		t.Fatal(err)
	}
	sections, err := parseINI([]byte(fedora), ".treeinfo")
	if err != nil {
		t.Fatal(err)
	}
	var ours []any
	for _, s := range sections {
		options := []any{}
		for _, o := range s.options {
			options = append(options, []any{o.key, o.value})
		}
		ours = append(ours, []any{s.name, options})
	}
	var theirs []any
	if err := json.NewDecoder(bytes.NewReader(out)).Decode(&theirs); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(theirs, ours); diff != "" {
		t.Errorf("options differ (-Python +ours):\n%s", diff)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(fedora))
	f.Add([]byte(`{"data": [{"file": "a", "checksums": {"sha1": "` + sha1 + `"}}]}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		var files []repo.File
		if info, err := Parse(content, ".treeinfo"); err == nil {
			files = append(files, info.Files...)
		}
		if extra, err := ParseExtraFiles(content, "extra_files.json"); err == nil {
			files = append(files, extra...)
		}
		for _, file := range files {
			clean, err := repo.CleanPath(file.Path)
			if err != nil || clean != file.Path || file.Digest.IsZero() || file.Size < -1 {
				t.Errorf("file %+v is listed", file)
			}
		}
	})
}
