package repotest

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"path"
	"strings"
	"time"
)

type listedFile struct {
	name    string
	content []byte
}

// roots puts the suite's root files.
func (d *Deb) roots(tree *Tree, s *Suite, listed []listedFile, date time.Time) {
	d.t.Helper()
	release := s.release(listed, date)
	put := func(name string, content []byte) { tree.put(path.Join(s.dir(), name), content, date) }
	if s.Unsigned {
		put("Release", release)
		return
	}
	if s.Detached {
		put("Release", release)
		put("Release.gpg", d.Key.Detached(d.t, release, date))
	}
	if s.InRelease {
		put("InRelease", d.Key.Inline(d.t, release, date))
	}
}

// release is the text of the root.
func (s *Suite) release(listed []listedFile, date time.Time) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "Origin: %s\nLabel: %s\nSuite: %s\nCodename: %s\n", s.Origin, s.Label, s.Name, s.Codename)
	fmt.Fprintf(&b, "Date: %s\n", releaseDate(date))
	if !s.ValidUntil.IsZero() {
		fmt.Fprintf(&b, "Valid-Until: %s\n", releaseDate(s.ValidUntil))
	}
	if s.ByHash {
		b.WriteString("Acquire-By-Hash: yes\n")
	}
	if !s.flat() {
		architectures := s.Architectures
		if s.SeparateAll {
			architectures = append([]string{"all"}, architectures...)
		}
		fmt.Fprintf(&b, "Architectures: %s\nComponents: %s\n", strings.Join(architectures, " "), strings.Join(s.Components, " "))
	}
	if s.SeparateAll {
		b.WriteString("No-Support-for-Architecture-all: Contents\n")
	}
	for _, field := range s.Fields {
		b.WriteString(field + "\n")
	}
	for _, h := range s.Hashes {
		b.WriteString(h + ":\n")
		for _, f := range listed {
			fmt.Fprintf(&b, " %s %16d %s\n", hexDigest(h, f.content), len(f.content), f.name)
		}
	}
	return []byte(b.String())
}

func releaseDate(t time.Time) string { return t.UTC().Format("Mon, 02 Jan 2006 15:04:05") + " UTC" }

// hexDigest is a digest by the name that Release and Packages have for it.
func hexDigest(name string, content []byte) string {
	switch strings.ToUpper(name) {
	case "MD5SUM":
		return fmt.Sprintf("%x", md5.Sum(content))
	case "SHA1":
		return fmt.Sprintf("%x", sha1.Sum(content))
	case "SHA512":
		return fmt.Sprintf("%x", sha512.Sum512(content))
	}
	return fmt.Sprintf("%x", sha256.Sum256(content))
}
