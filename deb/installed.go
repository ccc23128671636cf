package deb

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/deb/control"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// ReadInstalled reads the packages that dpkg's database says are installed, with their
// relations and what they provide. It is in the form of the status file (dpkg-query(1),
// deb822(5)); file names it in errors. Packages without a Status field count as installed.
func ReadInstalled(in io.Reader, file string) (packages []*repo.Package, err error) {
	parser := newPackageParser(nil)
	for blocks := control.NewSplitter(in, file); ; {
		block, ok := blocks.Next(nil)
		if !ok {
			return packages, nil
		}
		parser.text = string(block.Text)
		for in := block.Reader(); ; {
			stanza, err := in.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				return nil, err
			}
			p, err := parser.installed(stanza)
			if err != nil {
				return nil, in.Errorf(stanza, "%w", err)
			}
			if p != nil {
				packages = append(packages, p)
			}
		}
	}
}

// installed reads a stanza of dpkg's status file. The package is nil where it is not
// installed.
func (pp *packageParser) installed(s control.Stanza) (*repo.Package, error) {
	switch status := strings.Fields(string(s.Get("Status"))); {
	case len(status) == 0:
	case !slices.Contains([]string{"installed", "triggers-awaited", "triggers-pending"}, status[len(status)-1]):
		return nil, nil
	}
	p := pp.newPackage(s)
	var seen uint32 // a bit for each field
	pp.relations = pp.relations[:0]
	for i := range s.Len() {
		id := identify(s.Name(i))
		if id == fieldOther || id == fieldPriority || id == fieldTask || id >= firstFileField {
			continue
		}
		if seen&(1<<id) != 0 {
			return nil, errTwice(id)
		}
		seen |= 1 << id
		if err := pp.set(p, id, s.ValueIn(p.Raw, i)); err != nil {
			return nil, err
		}
	}
	if len(pp.relations) > 0 {
		p.Relations = keep(&pp.arena.relations, pp.relations)
	}
	p.Raw = ""
	if err := checkIdentity(p); err != nil {
		return nil, fmt.Errorf("package %q: %w", p.Name, err)
	}
	return p, nil
}
