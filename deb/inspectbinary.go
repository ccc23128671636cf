package deb

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/deb/control"
	"github.com/mirrorkeeper/mirrorkeeper/deb/packagefile"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// The texts of an inspected package, by their places.
const (
	stanzaText   = 0 // its stanza, without what describes the file
	contentsText = 1 // the paths of its files, a line each; with Creator.Contents
)

// inspectBinary reads a package file. Of the payload it reads what Contents and
// Thorough need.
func (c *Creator) inspectBinary(f repo.PackageFile) (*repo.Inspected, error) {
	in := packagefile.NewReader(f.Content, f.Size)
	defer in.Close()
	text, err := in.Control()
	if err != nil {
		return nil, err
	}
	p, err := inspectControl(text)
	if err != nil {
		return nil, err
	}
	setBase(p, path.Ext(f.Base))
	if err := c.checkBase(f.Base, p); err != nil {
		return nil, err
	}
	if !c.Contents && !f.Thorough {
		return p, nil
	}
	var paths []byte
	err = in.Data(func(name string) error {
		// A path of several lines would be several paths in the index.
		if c.Contents && name != "" && !strings.ContainsAny(name, "\n\x00") {
			paths = append(append(paths, name...), '\n')
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if c.Contents {
		p.Texts = append(p.Texts, paths)
	}
	return p, nil
}

// inspectControl reads a control file.
func inspectControl(text []byte) (*repo.Inspected, error) {
	s, err := readOnlyStanza(text)
	if err != nil {
		return nil, err
	}
	if err := checkControl(s); err != nil {
		return nil, err
	}
	p := &repo.Inspected{
		Name:         string(s.Get("Package")),
		Version:      string(s.Get("Version")),
		Architecture: string(s.Get("Architecture")),
		Section:      string(s.Get("Section")),
		Source:       sourceName(string(s.Get("Source"))),
	}
	if p.Source == "" {
		p.Source = p.Name
	}
	for _, f := range []struct {
		id    fieldID
		value string
	}{{fieldPackage, p.Name}, {fieldVersion, p.Version}, {fieldArchitecture, p.Architecture}} {
		if f.value == "" {
			return nil, fmt.Errorf("field %s is missing", f.id)
		}
	}
	_, err = ParseVersion(p.Version)
	if err := errors.Join(
		inField(fieldPackage, checkName(p.Name)),
		inField(fieldSource, checkName(p.Source)),
		inField(fieldVersion, err),
		inField(fieldArchitecture, checkArchitecture(p.Architecture))); err != nil {
		return nil, err
	}
	if variant := string(s.Get("Architecture-Variant")); variant != "" {
		// It has an index of its own, binary-amd64v3 beside binary-amd64.
		if !strings.HasPrefix(variant, p.Architecture) || checkArchitecture(variant) != nil {
			return nil, fmt.Errorf("field Architecture-Variant: %s is no variant of %s", excerpt(variant), p.Architecture)
		}
		p.Architecture = variant
	}
	p.Texts = [][]byte{withoutFile(s)}
	return p, nil
}

// sourceName is the name in a field Source, "name (version)".
func sourceName(value string) string {
	name, _, _ := strings.Cut(value, " ")
	return name
}

func inField(id fieldID, err error) error {
	if err != nil {
		return fmt.Errorf("field %s: %w", id, err)
	}
	return nil
}

// withoutFile returns the stanza as it stands there, without the fields that describe
// the package file: those are the index's to say.
func withoutFile(s control.Stanza) []byte {
	text := make([]byte, 0, len(s.Bytes()))
	for i := range s.Len() {
		if identify(s.Name(i)) < firstFileField {
			text = append(text, s.Lines(i)...)
		}
	}
	return text
}
