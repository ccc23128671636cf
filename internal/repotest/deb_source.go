package repotest

import (
	"fmt"
	"strings"
)

// Source is a source package of the format "3.0 (native)".
type Source struct {
	Name      string
	Version   string   // default 1.0, without an epoch
	Binaries  []string // names of the packages that it builds, default its own
	Component string   // default the suite's first
	Fields    []string // further fields: "Build-Depends: debhelper"
}

type sourceFile struct {
	name    string
	content []byte
}

// files are the package's tarball and, last, its .dsc.
func (p *Source) files(t T) []sourceFile {
	t.Helper()
	root := p.Name + "-" + p.Version + "/"
	tar := sourceFile{p.Name + "_" + p.Version + ".tar.gz", gzipped(t, tarball(t, map[string]string{
		root + "README":               p.Name + " " + p.Version + "\n",
		root + "debian/control":       "Source: " + p.Name + "\n",
		root + "debian/changelog":     fmt.Sprintf("%s (%s) stable; urgency=low\n\n  * Test.\n\n -- Test <test@example.org>  Thu, 01 Jan 2026 00:00:00 +0000\n", p.Name, p.Version),
		root + "debian/source/format": "3.0 (native)\n",
	}))}
	dsc := "Format: 3.0 (native)\nSource: " + p.Name + "\n" + p.common() + fileList(tar)
	return []sourceFile{tar, {p.Name + "_" + p.Version + ".dsc", []byte(dsc)}}
}

func (p *Source) common() string {
	binaries := p.Binaries
	if binaries == nil {
		binaries = []string{p.Name}
	}
	fields := ""
	if len(p.Fields) > 0 {
		fields = strings.Join(p.Fields, "\n") + "\n"
	}
	return fmt.Sprintf("Binary: %s\nArchitecture: any\nVersion: %s\nMaintainer: Test <test@example.org>\nStandards-Version: 4.6.2\n%s",
		strings.Join(binaries, ", "), p.Version, fields)
}

// fileList is the digest sections of a .dsc or of an entry in Sources.
func fileList(files ...sourceFile) string {
	var b strings.Builder
	for _, section := range []struct{ field, hash string }{{"Checksums-Sha256", "SHA256"}, {"Files", "MD5Sum"}} {
		b.WriteString(section.field + ":\n")
		for _, f := range files {
			fmt.Fprintf(&b, " %s %d %s\n", hexDigest(section.hash, f.content), len(f.content), f.name)
		}
	}
	return b.String()
}

// stanza is the package's entry in Sources.
func (p *Source) stanza(t T, directory string) string {
	t.Helper()
	files := p.files(t)
	return "Package: " + p.Name + "\n" + "Format: 3.0 (native)\n" + p.common() + fileList(files...) +
		"Directory: " + directory + "\nPriority: optional\nSection: misc\n"
}
