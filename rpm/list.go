package rpm

import (
	"fmt"
	"io"
	"runtime"
	"sync"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/rpm/repodata"
)

// list is a primary.xml whose packages are read by several workers, each of which
// takes the next document of some packages when it is done with one.
type list struct {
	repository *repo.Repository
	index      repo.Index

	mutex     sync.Mutex
	documents *repodata.Splitter
	sections  []*section // of the documents, in their order
	err       error      // of one of them
}

// section is what one document holds.
type section struct {
	packages []*repo.Package
	elements int
}

// readList reads the packages of an index. What several workers cannot read, one
// reads once more from the start: it knows what is wrong, and in which line, or that
// nothing is.
func readList(r *repo.Repository, ix repo.Index, open repo.OpenIndex) (packages []*repo.Package, err error) {
	for _, read := range []func(*repo.Repository, repo.Index, io.Reader) ([]*repo.Package, error){readSections, readWhole} {
		content, openErr := open(ix)
		if openErr != nil {
			return nil, fmt.Errorf("%s: %w", ix.Name, openErr)
		}
		packages, err = read(r, ix, content)
		if closeErr := content.Close(); err == nil && closeErr != nil {
			err = fmt.Errorf("%s: %w", ix.Name, closeErr)
		}
		if err == nil {
			return packages, nil
		}
	}
	return nil, err
}

// readWhole reads the packages one after the other.
func readWhole(r *repo.Repository, ix repo.Index, content io.Reader) ([]*repo.Package, error) {
	var p section
	err := p.read(newPackageParser(r), ix.Name, repodata.NewPrimaryReader(content, ix.Name))
	return p.packages, err
}

// readSections reads the packages with as many workers as there are processors.
func readSections(r *repo.Repository, ix repo.Index, content io.Reader) ([]*repo.Package, error) {
	documents, err := repodata.NewSplitter(content, ix.Name)
	if err != nil {
		return nil, err
	}
	l := list{repository: r, index: ix, documents: documents}
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(l.work)
	}
	workers.Wait()
	return l.join()
}

func (l *list) work() {
	parser := newPackageParser(l.repository)
	var text []byte
	for {
		var p *section
		if text, p = l.take(text); p == nil {
			return
		}
		if err := p.read(parser, l.index.Name, repodata.NewPrimaryTextReader(text, l.index.Name)); err != nil {
			l.fail(err)
			return
		}
	}
}

// take takes the next document, for whose text the buffer is used. The section is nil
// where there is nothing left to do.
func (l *list) take(buffer []byte) ([]byte, *section) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.err != nil {
		return nil, nil
	}
	text, err := l.documents.Next(buffer)
	if err != nil {
		if err != io.EOF {
			l.err = err
		}
		return nil, nil
	}
	p := &section{}
	l.sections = append(l.sections, p)
	return text, p
}

func (l *list) fail(err error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.err = err
}

// join puts the sections together.
func (l *list) join() ([]*repo.Package, error) {
	if l.err != nil {
		return nil, l.err
	}
	size := 0
	for _, p := range l.sections {
		size += len(p.packages)
	}
	all := make([]*repo.Package, 0, size)
	before := 0 // elements
	for _, p := range l.sections {
		for _, pkg := range p.packages {
			pkg.Listed[0].Position += before
		}
		before += p.elements
		all = append(all, p.packages...)
	}
	return all, nil
}

// read reads the packages of a document that the source shows. Their positions count
// from its start.
func (p *section) read(parser *packageParser, index string, in *repodata.PrimaryReader) error {
	for ; ; p.elements++ {
		element, err := in.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if !parser.shown.architecture(element.Arch) {
			continue
		}
		pkg, err := parser.parse(element)
		if err != nil {
			return in.Errorf("package %s: %w", excerpt(string(element.Name)), err)
		}
		if parser.shown.pattern(pkg) {
			pkg.Listed = keep(&parser.listings, []repo.Listing{{Index: index, Position: p.elements}})
			p.packages = append(p.packages, pkg)
		}
	}
}
