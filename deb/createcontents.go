package deb

import (
	"bytes"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// contentsMemory is how much of the paths is sorted in memory, in bytes. Those of all of
// Debian for one architecture have a GB.
const contentsMemory = 16 << 20

// pathSorter collects the paths of a suite's packages, and writes its Contents: for each
// path of the packages in a component for an architecture, a line with the packages that
// have it. Packages for all architectures are in the index of each, as apt-ftparchive has
// them.
type pathSorter struct {
	sorter recordSorter // of path, NUL, package, NUL, number of its key
	keys   []indexKey
	lines  map[*indexWriter]*contentsLine
}

// contentsLine is the line that is begun in an index.
type contentsLine struct {
	text []byte
	last []byte // package
}

// add takes up the paths of a package.
func (p *pathSorter) add(e *repo.Entry, section string, key indexKey) error {
	if len(e.Texts) <= contentsText {
		return errNotInspected
	}
	number := slices.Index(p.keys, key)
	if number < 0 {
		number = len(p.keys)
		p.keys = append(p.keys, key)
	}
	name := e.Name
	if section != "" && !strings.ContainsAny(section, " \t\n,") { // which would be read as other words
		name = strings.TrimSuffix(section, "/") + "/" + name
	}
	behind := append([]byte("\x00"+name+"\x00"), byte(number>>8), byte(number))
	for paths := e.Texts[contentsText]; len(paths) > 0; {
		one, rest, _ := bytes.Cut(paths, []byte("\n"))
		paths = rest
		if err := p.sorter.add(one, behind); err != nil {
			return err
		}
	}
	return nil
}

// write writes the indexes.
func (p *pathSorter) write(g *indexGroup) error {
	p.lines = make(map[*indexWriter]*contentsLine)
	for _, w := range g.all {
		p.lines[w] = &contentsLine{}
	}
	var path []byte
	err := p.sorter.each(func(record []byte) error {
		one, behind, _ := bytes.Cut(record, []byte{0})
		name, number := behind[:len(behind)-3], int(behind[len(behind)-2])<<8|int(behind[len(behind)-1])
		if !bytes.Equal(one, path) {
			if err := p.endLines(); err != nil {
				return err
			}
			path = append(path[:0], one...)
		}
		for _, w := range g.of[p.keys[number]] {
			p.lines[w].add(path, name)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return p.endLines()
}

// add adds a package to the line of a path. The same package may come several times, in
// several versions.
func (l *contentsLine) add(path, name []byte) {
	switch {
	case len(l.text) == 0:
		l.text = appendPadded(l.text, path)
	case bytes.Equal(l.last, name):
		return
	default:
		l.text = append(l.text, ',')
	}
	l.text = append(l.text, name...)
	l.last = append(l.last[:0], name...)
}

// appendPadded writes a path as apt-ftparchive does: padded to 60 columns, as far as
// tabs go by these.
func appendPadded(line, path []byte) []byte {
	line = append(line, path...)
	column := len(path)
	for ; column/8*8+8 <= 56; column = column/8*8 + 8 {
		line = append(line, '\t')
	}
	line = append(line, ' ')
	for column++; column < 60; column++ {
		line = append(line, ' ')
	}
	return line
}

func (p *pathSorter) endLines() error {
	for w, l := range p.lines {
		if len(l.text) == 0 {
			continue
		}
		if _, err := w.Write(append(l.text, '\n')); err != nil {
			return err
		}
		l.text = l.text[:0]
	}
	return nil
}
