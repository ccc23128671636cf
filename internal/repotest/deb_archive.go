package repotest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
)

// archive is the package file, as deb(5) has it: an ar archive of the form's
// version, the control archive and the data archive.
func (p *Package) archive(t T) []byte {
	t.Helper()
	control := tarball(t, map[string]string{"control": p.control() + "Description: " + p.description() + longDescription})
	var b bytes.Buffer
	b.WriteString("!<arch>\n")
	member(&b, "debian-binary", []byte("2.0\n"))
	member(&b, "control.tar.gz", gzipped(t, control))
	member(&b, "data.tar", tarball(t, p.contents()))
	return b.Bytes()
}

// member writes one member of an ar archive.
func member(b *bytes.Buffer, name string, content []byte) {
	fmt.Fprintf(b, "%-16s%-12d%-6d%-6d%-8s%-10d`\n", name, firstDate.Unix(), 0, 0, "100644", len(content))
	b.Write(content)
	if len(content)%2 == 1 {
		b.WriteByte('\n')
	}
}

// tarball archives the files, with the directories above them.
func tarball(t T, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	add := func(h *tar.Header, content string) {
		h.ModTime, h.Uname, h.Gname, h.Format = firstDate, "root", "root", tar.FormatGNU
		if err := w.WriteHeader(h); err != nil {
			t.Fatalf("tar: %v", err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			t.Fatalf("tar: %v", err)
		}
	}
	for _, dir := range directories(files) {
		add(&tar.Header{Name: dir, Typeflag: tar.TypeDir, Mode: 0o755}, "")
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		add(&tar.Header{Name: "./" + name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(files[name]))}, files[name])
	}
	if err := w.Close(); err != nil {
		t.Fatalf("tar: %v", err)
	}
	return b.Bytes()
}

// directories are the directories above the files, parents first.
func directories(files map[string]string) []string {
	seen := map[string]bool{"./": true}
	for name := range files {
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			seen["./"+dir+"/"] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

func gzipped(t T, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(content); err != nil {
		t.Fatalf("gzip: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Fatalf("gzip: %v", err)
	}
	return b.Bytes()
}

// noise is n bytes that do not compress, the same ones for the same name.
func noise(name string, n int) []byte {
	h := fnv.New64a()
	h.Write([]byte(name))
	var seed [32]byte
	copy(seed[:], h.Sum(nil))
	content := make([]byte, n)
	rand.NewChaCha8(seed).Read(content)
	return content
}
