package main

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/compress"
)

const (
	suite    = "stable"
	indexDir = "main/binary-amd64" // below the suite's directory
)

// control is the package's control file.
func (b *binary) control() string {
	var s strings.Builder
	fmt.Fprintf(&s, "Package: %s\nSource: %s\nVersion: %s\nInstalled-Size: %d\n", b.name, b.source, b.version, b.size>>10+8)
	fmt.Fprintf(&s, "Maintainer: Maintainers of %s <%[1]s@example.org>\nArchitecture: %s\n", b.source, b.architecture)
	for _, r := range b.relations {
		s.WriteString(r.text(b.version) + "\n")
	}
	fmt.Fprintf(&s, "Description: made for a benchmark, with the name %s\n", b.name)
	for range 3 {
		fmt.Fprintf(&s, " The package %s is one of many, each with a few lines of text to read.\n", b.name)
	}
	fmt.Fprintf(&s, "Homepage: https://%s.example.org/\nSection: %s\nPriority: optional\n", b.source, b.section)
	return s.String()
}

// packagesIndex is the Packages file.
func packagesIndex(packages []binary) []byte {
	var b bytes.Buffer
	for i := range packages {
		p := &packages[i]
		b.WriteString(p.control())
		fmt.Fprintf(&b, "Filename: %s\nSize: %d\nMD5sum: %s\nSHA256: %s\n\n", p.file.path, p.file.size, p.file.md5, p.file.sha256)
	}
	return b.Bytes()
}

// writeIndexes writes the Packages file in its compressions, each by its digests
// too, and the root in both forms.
func (g *generation) writeIndexes(k *key) error {
	dir := path.Join("dists", suite)
	put := func(name string, content []byte) error {
		g.indexes = append(g.indexes, listed{path.Join(dir, name), len(content)})
		return writeFile(filepath.Join(g.dir, dir, name), content, g.date)
	}
	plain := packagesIndex(g.packages)
	var md5s, sha256s strings.Builder
	for _, suffix := range []string{"", ".gz", ".xz"} {
		content, err := compressed(plain, suffix)
		if err != nil {
			return err
		}
		name := indexDir + "/Packages" + suffix
		if err := put(name, content); err != nil {
			return err
		}
		for _, d := range []struct {
			algorithm, digest string
			list              *strings.Builder
		}{
			{"MD5Sum", fmt.Sprintf("%x", md5.Sum(content)), &md5s},
			{"SHA256", fmt.Sprintf("%x", sha256.Sum256(content)), &sha256s},
		} {
			fmt.Fprintf(d.list, " %s %d %s\n", d.digest, len(content), name)
			byHash := filepath.Join(g.dir, dir, indexDir, "by-hash", d.algorithm, d.digest)
			if err := link(filepath.Join(g.dir, dir, name), byHash); err != nil {
				return err
			}
		}
	}
	release := []byte(fmt.Sprintf("Origin: Benchmark\nLabel: Benchmark\nSuite: %s\nCodename: %[1]s\nDate: %s\n"+
		"Acquire-By-Hash: yes\nArchitectures: amd64\nComponents: main\nMD5Sum:\n%sSHA256:\n%s",
		suite, g.date.Format("Mon, 02 Jan 2006 15:04:05 MST"), md5s.String(), sha256s.String()))
	inline, err := k.inline(release)
	if err != nil {
		return err
	}
	detached, err := k.detached(release)
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{"Release": release, "InRelease": inline, "Release.gpg": detached} {
		if err := put(name, content); err != nil {
			return err
		}
	}
	return nil
}

func compressed(plain []byte, suffix string) ([]byte, error) {
	var b bytes.Buffer
	w, err := compress.Writer(&b, suffix)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
