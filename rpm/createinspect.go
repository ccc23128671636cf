package rpm

import (
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/rpm/header"
	"github.com/mirrorkeeper/mirrorkeeper/rpm/repodata"
)

// Inspect reads a package by its header, and compares header and size of the file with
// what the package says of them. Thorough, it reads the payload too, and compares its
// digest. Texts are its elements in primary, filelists and other.
func (c *Creator) Inspect(f repo.PackageFile) (*repo.Inspected, error) {
	p, err := header.Read(f.Content)
	if err != nil {
		return nil, err
	}
	if err := p.CheckSize(f.Size); err != nil {
		return nil, err
	}
	if err := p.CheckDigests(); err != nil {
		return nil, err
	}
	if f.Thorough {
		if err := p.CheckPayload(f.Content); err != nil {
			return nil, err
		}
	}
	i, err := identify(p)
	if err != nil {
		return nil, err
	}
	if err := checkRich(p.Header); err != nil {
		return nil, err
	}
	d, err := repodata.Describe(p, c.changes())
	if err != nil {
		return nil, err
	}
	i.Texts = [][]byte{d.Primary, d.Filelists, d.Other}
	return i, nil
}

// identify says which package it is.
func identify(p *header.Package) (*repo.Inspected, error) {
	h := p.Header
	v := Version{Version: h.String(header.Version), Release: h.String(header.Release)}
	if epoch, ok := h.Int(header.Epoch); ok {
		v.Epoch = strconv.FormatUint(epoch, 10)
	}
	architecture := p.Architecture()
	if err := checkIdentity(h.Text(header.Name), h.Text(header.Version), h.Text(header.Release), nil, []byte(architecture)); err != nil {
		return nil, err
	}
	if v.Release == "" {
		return nil, errors.New("it has no release")
	}
	for _, tag := range []header.Tag{header.Name, header.Version, header.Release, header.Arch, header.SourceRPM} {
		if text := h.Text(tag); !utf8.Valid(text) {
			return nil, fmt.Errorf("tag %d: %s is not UTF-8", tag, excerpt(string(text)))
		}
	}
	i := &repo.Inspected{
		Name: h.String(header.Name), Version: v.String(), Architecture: architecture, Section: h.String(header.Group),
		Base: p.FileName(), SourcePackage: p.IsSource(),
	}
	i.Source = i.Name
	if source := sourceName(h.Text(header.SourceRPM)); len(source) > 0 {
		i.Source = string(source)
	}
	return i, nil
}

// checkRich refuses rich relations that nobody can read.
func checkRich(h *header.Header) error {
	for _, list := range [...]struct {
		kind repo.Kind
		list header.List
	}{
		{repo.Requires, header.Requires},
		{repo.Recommends, header.Recommends},
		{repo.Suggests, header.Suggests},
		{repo.Supplements, header.Supplements},
		{repo.Enhances, header.Enhances},
		{repo.Conflicts, header.Conflicts},
		{repo.Obsoletes, header.Obsoletes},
	} {
		relations, err := h.Relations(list.list)
		if err != nil {
			return err
		}
		for i := range relations {
			if name := relations[i].Name; len(name) > 0 && name[0] == '(' {
				if _, err := parseRelation(list.kind, string(name)); err != nil {
					return fmt.Errorf("it %s %w", list.kind, err)
				}
			}
		}
	}
	return nil
}
