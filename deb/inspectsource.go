package deb

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/deb/control"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// maxDescription is the greatest size of a .dsc or .changes in bytes. They list files,
// and take few kB.
const maxDescription = 4 << 20

// inspectSource reads a .dsc, signed or not: the signature says who built the package,
// which is not checked.
func (c *Creator) inspectSource(f repo.PackageFile) (*repo.Inspected, error) {
	s, err := readDescription(f)
	if err != nil {
		return nil, err
	}
	p := &repo.Inspected{
		Name:          string(s.Get("Source")),
		Version:       string(s.Get("Version")),
		Architecture:  SourceArchitecture,
		Section:       string(s.Get("Section")),
		SourcePackage: true,
	}
	p.Source = p.Name
	_, err = ParseVersion(p.Version)
	if err := errors.Join(inField(fieldSource, checkName(p.Name)), inField(fieldVersion, err)); err != nil {
		return nil, err
	}
	setBase(p, ".dsc")
	if err := c.checkBase(f.Base, p); err != nil {
		return nil, err
	}
	if p.Files, err = listedBeside(s); err != nil {
		return nil, err
	}
	p.Texts = [][]byte{bytes.Clone(s.Bytes())}
	return p, nil
}

// inspectChanges reads a .changes: a list of the files of an upload.
func (c *Creator) inspectChanges(f repo.PackageFile) (*repo.Inspected, error) {
	s, err := readDescription(f)
	if err != nil {
		return nil, err
	}
	p := &repo.Inspected{
		Name: string(s.Get("Source")), Version: string(s.Get("Version")), Architecture: string(s.Get("Architecture")),
		Base: f.Base, Lists: true,
	}
	p.Source = p.Name
	if p.Files, err = listedBeside(s); err != nil {
		return nil, err
	}
	return p, nil
}

// readDescription reads a .dsc or .changes.
func readDescription(f repo.PackageFile) (control.Stanza, error) {
	if f.Size > maxDescription {
		return control.Stanza{}, fmt.Errorf("it has %d bytes, at most %d are read", f.Size, maxDescription)
	}
	text, err := io.ReadAll(io.LimitReader(f.Content, f.Size+1))
	if err != nil {
		return control.Stanza{}, err
	}
	if int64(len(text)) != f.Size {
		return control.Stanza{}, fmt.Errorf("it has another size than the %d bytes that it had", f.Size)
	}
	return readOnlyStanza(unverified(text))
}

// listedBeside are the files that a .dsc or .changes lists, each with its strongest
// digest. They lie beside it.
func listedBeside(s control.Stanza) (files []repo.File, err error) {
	for _, list := range sourceLists {
		for line := range bytes.Lines(s.Get(list.field)) {
			if line = bytes.TrimSpace(line); len(line) == 0 {
				continue
			}
			var f repo.File
			if f.Digest, f.Size, f.Path, err = parseListed(list.algorithm, line); err != nil {
				return nil, fmt.Errorf("field %s: %w", list.field, err)
			}
			if files, err = addFile(files, f); err != nil {
				return nil, fmt.Errorf("field %s: %w", list.field, err)
			}
		}
	}
	if len(files) == 0 {
		return nil, errors.New("it lists no files")
	}
	return files, nil
}

// parseListed reads a line of digest, size and name; the Files of a .changes have
// section and priority before the name.
func parseListed(a repo.Algorithm, line []byte) (d repo.Digest, size int64, name string, err error) {
	if words := bytes.Fields(line); a == repo.MD5 && len(words) == 5 {
		line = bytes.Join([][]byte{words[0], words[1], words[4]}, []byte(" "))
	}
	if d, size, name, err = parseSum(a, line); err != nil {
		return d, 0, "", err
	}
	if strings.Contains(name, "/") {
		return d, 0, "", fmt.Errorf("%q is not a file beside it", name)
	}
	name, err = repo.CleanPath(name)
	return d, size, name, err
}
