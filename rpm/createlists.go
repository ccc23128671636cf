package rpm

import (
	"github.com/mirrorkeeper/mirrorkeeper/rpm/repodata"
)

// createdList is primary, filelists or other while it is written, by a goroutine of its own.
type createdList struct {
	*createdIndex
	head    repodata.Head
	element func(f *repodata.PackageFile, to, description []byte) ([]byte, error)

	block       []byte
	full, empty chan []byte
	done        chan struct{}
	ended       bool
}

// blockSize is how much a list gathers before it is compressed.
const blockSize = 256 << 10

// openLists begins the lists, in the order of the texts of inspected packages.
func (w *creation) openLists(packages int) (lists []*createdList, err error) {
	for _, l := range []struct {
		kind    string
		head    repodata.Head
		element func(f *repodata.PackageFile, to, description []byte) ([]byte, error)
	}{
		{"primary", repodata.PrimaryHead(), (*repodata.PackageFile).AppendPrimary},
		{filelistsKind, repodata.FilelistsHead(), (*repodata.PackageFile).AppendList},
		{otherKind, repodata.OtherHead(), (*repodata.PackageFile).AppendList},
	} {
		ix, err := w.open(l.kind, l.kind+".xml", w.compression())
		if err != nil {
			discard(lists)
			return nil, err
		}
		started := &createdList{
			createdIndex: ix, head: l.head, element: l.element,
			block: l.head.Start(packages), full: make(chan []byte), empty: make(chan []byte, 1), done: make(chan struct{}),
		}
		started.empty <- nil
		go started.write()
		lists = append(lists, started)
	}
	return lists, nil
}

// write writes the blocks that come. An error is kept, and shows at the end.
func (l *createdList) write() {
	defer close(l.done)
	for block := range l.full {
		_, _ = l.createdIndex.Write(block)
		l.empty <- block
	}
}

// add adds the element of a package.
func (l *createdList) add(f *repodata.PackageFile, description []byte) (err error) {
	if l.block, err = l.element(f, l.block, description); err != nil {
		return err
	}
	if len(l.block) >= blockSize {
		l.flush()
	}
	return nil
}

func (l *createdList) flush() {
	block := <-l.empty
	l.full <- l.block
	l.block = block[:0]
}

// end waits until all is written.
func (l *createdList) end() {
	if l.ended {
		return
	}
	l.ended = true
	l.flush()
	close(l.full)
	<-l.done
}

// finishLists ends the lists and lists them for the root.
func (w *creation) finishLists(lists []*createdList) error {
	defer discard(lists)
	for _, l := range lists {
		l.block = append(l.block, l.head.End()...)
		l.end()
	}
	for _, l := range lists {
		if err := w.finish(l.createdIndex); err != nil {
			return err
		}
	}
	return nil
}

// discard drops lists that were not finished.
func discard(lists []*createdList) {
	for _, l := range lists {
		l.end()
		_ = l.createdIndex.Close()
		l.file.Discard()
	}
}
