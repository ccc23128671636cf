package repotest

import (
	"crypto/md5"
	"fmt"
	"strings"
)

// Package is a binary package, deb or rpm.
type Package struct {
	Name         string
	Version      string // default 1.0; rpm: "[epoch:]version[-release]", default 1.0-1
	Architecture string // default amd64, or x86_64
	Component    string // deb; default the suite's first
	// Fields are further lines of its control file, or of its spec file:
	// "Depends: libc6", "Requires: glibc >= 2.34", ...
	Fields []string
	// Size is that of a payload of random bytes, beside the small files that every
	// package has.
	Size int
	// Files are further files of the package, by path without a leading slash.
	Files map[string]string
	// Filename is the path of its file where the usual place will not do.
	Filename string
	// Key signs the package itself; rpm.
	Key *Key
	// Stanza stands in the index as it is, for a package that has no file here;
	// deb.
	Stanza string
}

// ParsePackages reads packages from a text: a line "NAME [VERSION [ARCH]]" for
// each, then its control fields, indented.
func ParsePackages(t T, text string) (packages []Package) {
	t.Helper()
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		switch {
		case len(words) == 0:
		case line[0] == ' ' || line[0] == '\t':
			if len(packages) == 0 || !strings.Contains(line, ": ") {
				t.Fatalf("not a control field of a package: %q", line)
				return nil
			}
			p := &packages[len(packages)-1]
			p.Fields = append(p.Fields, strings.TrimSpace(line))
		case len(words) > 3:
			t.Fatalf("not NAME VERSION ARCHITECTURE: %q", line)
			return nil
		default:
			words = append(words, "", "")
			packages = append(packages, Package{Name: words[0], Version: words[1], Architecture: words[2]})
		}
	}
	return packages
}

const longDescription = "\n It was made for a test, and has nothing but its own name and version.\n .\n There is no more to say about it.\n"

func (p *Package) description() string { return "small package " + p.Name }

// control is the package's control file, without its description.
func (p *Package) control() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Package: %s\nVersion: %s\nArchitecture: %s\n", p.Name, p.Version, p.Architecture)
	for _, field := range []string{"Maintainer: Test <test@example.org>", "Section: misc", "Priority: optional", "Installed-Size: 4"} {
		if name, _, _ := strings.Cut(field, ":"); !p.has(name) {
			b.WriteString(field + "\n")
		}
	}
	for _, field := range p.Fields {
		b.WriteString(field + "\n")
	}
	return b.String()
}

func (p *Package) has(field string) bool {
	for _, f := range p.Fields {
		if name, _, _ := strings.Cut(f, ":"); strings.EqualFold(name, field) {
			return true
		}
	}
	return false
}

// stanza is the package's entry in an index.
func (p *Package) stanza(filename string, archive []byte, hashes []string, translated bool) string {
	if p.Stanza != "" {
		return strings.TrimRight(p.Stanza, "\n") + "\n"
	}
	var b strings.Builder
	b.WriteString(p.control())
	fmt.Fprintf(&b, "Filename: %s\nSize: %d\n", filename, len(archive))
	for _, h := range hashes {
		if h == "MD5Sum" {
			h = "MD5sum" // the field's name in Packages
		}
		fmt.Fprintf(&b, "%s: %s\n", h, hexDigest(h, archive))
	}
	if translated {
		fmt.Fprintf(&b, "Description: %s\nDescription-md5: %s\n", p.description(), p.descriptionMD5())
	} else {
		fmt.Fprintf(&b, "Description: %s%s", p.description(), longDescription)
	}
	return b.String()
}

// descriptionMD5 is the digest by which Packages and Translation-en are joined.
func (p *Package) descriptionMD5() string {
	return fmt.Sprintf("%x", md5.Sum([]byte(p.description()+longDescription)))
}

// translation is the package's entry in Translation-en.
func (p *Package) translation() string {
	return fmt.Sprintf("Package: %s\nDescription-md5: %s\nDescription-en: %s%s", p.Name, p.descriptionMD5(), p.description(), longDescription)
}
