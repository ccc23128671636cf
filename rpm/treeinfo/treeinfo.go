// Package treeinfo reads what lists the files of a repository that are neither
// packages nor metadata: .treeinfo (the images of an installer) and extra_files.json
// (licences, keys).
package treeinfo

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Treeinfo is what a .treeinfo says (the file format that productmd documents,
// doc/treeinfo-1.2.rst, and its older forms).
type Treeinfo struct {
	// Files have a digest each, their sizes are not known (-1). They are sorted by
	// path. Roots of repositories, repodata/repomd.xml, are not among them.
	Files []repo.File
	// Warnings are about files that are named and not among Files.
	Warnings []string
}

// Parse reads a .treeinfo; name names it in errors. Content that has neither of the
// sections [header] and [general], such as a page that says there is none, is an
// error.
func Parse(content []byte, name string) (*Treeinfo, error) {
	sections, err := parseINI(content, name)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(sections, func(s section) bool { return s.name == "header" || s.name == "general" }) {
		return nil, fmt.Errorf("%s is no treeinfo: it has neither [header] nor [general]", name)
	}
	p := parser{digests: make(map[string]repo.Digest)}
	for _, s := range sections {
		if s.name == "checksums" {
			p.readChecksums(s, name)
		}
	}
	for _, s := range sections {
		if s.name == "stage2" || strings.HasPrefix(s.name, "images-") {
			p.readImages(s, name)
		}
	}
	t := &Treeinfo{Warnings: p.warnings}
	for path, d := range p.digests {
		if !d.IsZero() {
			t.Files = append(t.Files, repo.File{Path: path, Size: -1, Digest: d})
		}
	}
	slices.SortFunc(t.Files, func(a, b repo.File) int { return cmp.Compare(a.Path, b.Path) })
	return t, nil
}

type parser struct {
	// digests are of the files by path; the zero one is of those that a warning tells
	// of already.
	digests  map[string]repo.Digest
	warnings []string
}

func (p *parser) warn(name string, o option, format string, args ...any) {
	p.warnings = append(p.warnings, fmt.Sprintf("%s:%d: ", name, o.line)+fmt.Sprintf(format, args...))
}

// readChecksums reads options such as "images/boot.iso = sha256:hex".
func (p *parser) readChecksums(s section, name string) {
	for _, o := range s.options {
		if path.Base(o.key) == "repomd.xml" {
			continue // of a repository, this one or another, which has its own time to change
		}
		file, err := repo.CleanPath(o.key)
		if err != nil {
			p.warn(name, o, "a file is left out: %v", err)
			continue
		}
		d, err := repo.ParseDigest(o.value)
		if err != nil {
			p.warn(name, o, "%s is left out: %v", file, err)
		} else if other := p.digests[file]; !other.IsZero() && other != d {
			p.warn(name, o, "%s is left out: it is listed with digests %s and %s", file, other, d)
			d = repo.Digest{}
		}
		p.digests[file] = d
	}
}

// readImages warns of images without digest: nothing proves what they are.
func (p *parser) readImages(s section, name string) {
	for _, o := range s.options {
		if o.value == "" {
			continue
		}
		file, err := repo.CleanPath(o.value)
		if err != nil {
			p.warn(name, o, "an image is left out: %v", err)
			continue
		}
		if _, listed := p.digests[file]; !listed {
			p.warn(name, o, "%s is left out: it has no checksum", file)
			p.digests[file] = repo.Digest{}
		}
	}
}
