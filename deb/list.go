package deb

import (
	"fmt"
	"io"
	"runtime"
	"sync"

	"github.com/mirrorkeeper/mirrorkeeper/deb/control"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// list is an index whose packages are read by several workers, each of which takes
// the next block of stanzas when it is done with one.
type list struct {
	scope *scope
	index repo.Index

	mutex  sync.Mutex
	blocks *control.Splitter
	parts  []*part // of the blocks, in their order
	broken bool    // one of the parts has an error
}

// part is what one block holds.
type part struct {
	packages []*repo.Package
	stanzas  int
	err      error // behind the packages
}

// readList reads the packages of an index and closes it.
func readList(s *scope, ix repo.Index, content io.ReadCloser) (packages []*repo.Package, err error) {
	defer func() {
		if closeErr := content.Close(); err == nil && closeErr != nil {
			err = fmt.Errorf("%s: %w", ix.Name, closeErr)
		}
	}()
	l := list{scope: s, index: ix, blocks: control.NewSplitter(content, ix.Name)}
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(l.work)
	}
	workers.Wait()
	return l.join()
}

func (l *list) work() {
	parser := newPackageParser(l.scope.repository)
	var block control.Block
	for {
		var p *part
		if block, p = l.take(block.Text); p == nil {
			return
		}
		p.err = l.read(p, parser, block)
		if p.err != nil {
			l.mutex.Lock()
			l.broken = true
			l.mutex.Unlock()
		}
	}
}

// take takes the next block, for whose text the buffer is used. The part is nil
// where there is nothing left to do.
func (l *list) take(buffer []byte) (control.Block, *part) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.broken {
		return control.Block{}, nil
	}
	block, ok := l.blocks.Next(buffer)
	if !ok {
		return control.Block{}, nil
	}
	p := &part{}
	l.parts = append(l.parts, p)
	return block, p
}

// read reads the packages of a block. Their positions count from its start.
func (l *list) read(p *part, parser *packageParser, block control.Block) error {
	parser.text = string(block.Text)
	parse := parser.binary
	if l.index.Kind == sourcesKind {
		parse = parser.source
	}
	for in := block.Reader(); ; p.stanzas++ {
		stanza, err := in.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		pkg, err := parse(stanza)
		if err != nil {
			return in.Errorf(stanza, "%w", err)
		}
		if l.scope.wants(pkg) {
			pkg.Listed = keep(&parser.listings, []repo.Listing{{Index: l.index.Name, Position: p.stanzas}})
			p.packages = append(p.packages, pkg)
		}
	}
}

// join puts the parts together. The first error in the order of the index counts:
// all blocks before it were taken, and read to their ends.
func (l *list) join() ([]*repo.Package, error) {
	size := 0
	for _, p := range l.parts {
		if p.err != nil {
			return nil, p.err
		}
		size += len(p.packages)
	}
	all := make([]*repo.Package, 0, size)
	before := 0 // stanzas
	for _, p := range l.parts {
		for _, pkg := range p.packages {
			pkg.Listed[0].Position += before
		}
		before += p.stanzas
		all = append(all, p.packages...)
	}
	return all, nil
}
