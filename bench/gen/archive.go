package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/md5"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// packageFile is what an index says of a package's file.
type packageFile struct {
	path        string
	size        int
	md5, sha256 string
}

// poolPath is the path of the package's file, as the archives of Debian have it.
func (b *binary) poolPath() string {
	prefix := b.source[:1]
	if strings.HasPrefix(b.source, "lib") && len(b.source) > 3 {
		prefix = b.source[:4]
	}
	v := b.version.String()
	if _, rest, epoch := strings.Cut(v, ":"); epoch {
		v = rest
	}
	return path.Join("pool/main", prefix, b.source, fmt.Sprintf("%s_%s_%s.deb", b.name, v, b.architecture))
}

// writeFile writes the package's file below dir and notes what an index says of it.
func (b *binary) writeFile(dir, format string, when time.Time) error {
	archive, path := b.archive, b.poolPath()
	if format == "rpm" {
		archive, path = b.rpm, b.rpmPath()
	}
	content, err := archive(when)
	if err != nil {
		return fmt.Errorf("package %s: %w", b.name, err)
	}
	b.file = packageFile{
		path: path, size: len(content),
		md5: fmt.Sprintf("%x", md5.Sum(content)), sha256: fmt.Sprintf("%x", sha256.Sum256(content)),
	}
	return writeFile(filepath.Join(dir, b.file.path), content, when)
}

// madeUpFile is the file of a package that has none.
func madeUpFile(b *binary) packageFile {
	p := b.poolPath()
	return packageFile{path: p, size: b.size, md5: fmt.Sprintf("%x", md5.Sum([]byte(p))), sha256: fmt.Sprintf("%x", sha256.Sum256([]byte(p)))}
}

// archive is the package, as deb(5) has it, with one file of noise in it.
func (b *binary) archive(when time.Time) ([]byte, error) {
	control, err := tarball(when, "./control", strings.NewReader(b.control()), len(b.control()))
	if err != nil {
		return nil, err
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(control); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	data, err := tarball(when, "./usr/share/"+b.name+"/data", noise(b.name+" "+b.version.String()), b.size)
	if err != nil {
		return nil, err
	}
	out := bytes.NewBuffer(make([]byte, 0, len(data)+packed.Len()+512))
	out.WriteString("!<arch>\n")
	for _, m := range []struct {
		name    string
		content []byte
	}{{"debian-binary", []byte("2.0\n")}, {"control.tar.gz", packed.Bytes()}, {"data.tar", data}} {
		fmt.Fprintf(out, "%-16s%-12d%-6d%-6d%-8s%-10d`\n", m.name, when.Unix(), 0, 0, "100644", len(m.content))
		out.Write(m.content)
		if len(m.content)%2 == 1 {
			out.WriteByte('\n')
		}
	}
	return out.Bytes(), nil
}

// noise is bytes that do not compress, always the same ones for the same name.
func noise(name string) io.Reader { return rand.NewChaCha8(sha256.Sum256([]byte(name))) }

// tarball archives one file of size bytes, with the directories above it.
func tarball(when time.Time, name string, content io.Reader, size int) ([]byte, error) {
	out := bytes.NewBuffer(make([]byte, 0, size+8<<10))
	w := tar.NewWriter(out)
	header := func(h tar.Header) error {
		h.ModTime, h.Uname, h.Gname, h.Format = when, "root", "root", tar.FormatGNU
		return w.WriteHeader(&h)
	}
	for i := range len(name) {
		if name[i] != '/' {
			continue
		}
		if err := header(tar.Header{Typeflag: tar.TypeDir, Name: name[:i+1], Mode: 0o755}); err != nil {
			return nil, err
		}
	}
	if err := header(tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(size)}); err != nil {
		return nil, err
	}
	if _, err := io.CopyN(w, content, int64(size)); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// writeFile writes a file with the directories above it.
func writeFile(path string, content []byte, when time.Time) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		return err
	}
	return os.Chtimes(path, when, when)
}
