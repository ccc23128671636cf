package deb

import (
	"bufio"
	"bytes"
	"cmp"
	"container/heap"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// recordSorter sorts more records than fit into memory: it keeps up to memory bytes, and
// what is beyond in temporary files, each sorted.
type recordSorter struct {
	memory int
	dir    string // of the files, "" for the system's
	text   []byte // the records one after the other
	ends   []int  // of each of them in text
	runs   []*os.File
}

func (s *recordSorter) close() {
	for _, f := range s.runs {
		f.Close()
	}
	s.runs = nil
}

// add takes up a record of several parts.
func (s *recordSorter) add(parts ...[]byte) error {
	for _, p := range parts {
		s.text = append(s.text, p...)
	}
	s.ends = append(s.ends, len(s.text))
	if len(s.text)+24*len(s.ends) < s.memory {
		return nil
	}
	return s.spill()
}

// sorted yields the records in memory in their order.
func (s *recordSorter) sorted(yield func(record []byte) bool) {
	records := make([][]byte, len(s.ends))
	start := 0
	for i, end := range s.ends {
		records[i], start = s.text[start:end], end
	}
	slices.SortFunc(records, bytes.Compare)
	for _, r := range records {
		if !yield(r) {
			return
		}
	}
}

// spill writes the records to a file. What a record shares with the one before it is
// left out.
func (s *recordSorter) spill() error {
	f, err := os.CreateTemp(s.dir, "mirrorkeeper-*")
	if err != nil {
		return err
	}
	s.runs = append(s.runs, f)
	if err := os.Remove(f.Name()); err != nil { // it lives as long as it is open
		return err
	}
	out := bufio.NewWriterSize(f, 64<<10)
	var before []byte
	for r := range s.sorted {
		shared := commonPrefix(before, r)
		out.Write(binary.AppendUvarint(out.AvailableBuffer(), uint64(shared)))
		out.Write(binary.AppendUvarint(out.AvailableBuffer(), uint64(len(r)-shared)))
		if _, err := out.Write(r[shared:]); err != nil { // of the writes before it, too
			return err
		}
		before = r
	}
	s.text, s.ends = s.text[:0], s.ends[:0]
	return out.Flush()
}

func commonPrefix(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// each calls do with the records in their order, each valid until the next one. It can
// be called again, but nothing be added any more.
func (s *recordSorter) each(do func(record []byte) error) (err error) {
	if len(s.runs) == 0 {
		for r := range s.sorted {
			if err := do(r); err != nil {
				return err
			}
		}
		return nil
	}
	if len(s.ends) > 0 {
		if err := s.spill(); err != nil {
			return err
		}
		s.text, s.ends = nil, nil
	}
	var runs runHeap
	for i, f := range s.runs {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return err
		}
		r := &run{number: i, in: bufio.NewReaderSize(f, 64<<10)}
		if more, err := r.next(); err != nil {
			return err
		} else if more {
			runs = append(runs, r)
		}
	}
	heap.Init(&runs)
	for len(runs) > 0 {
		if err := do(runs[0].record); err != nil {
			return err
		}
		more, err := runs[0].next()
		if err != nil {
			return err
		}
		if more {
			heap.Fix(&runs, 0)
		} else {
			heap.Pop(&runs)
		}
	}
	return nil
}

// run reads a file of sorted records.
type run struct {
	number int
	in     *bufio.Reader
	record []byte
}

// next reads the next record, and returns false behind the last one.
func (r *run) next() (bool, error) {
	shared, err := binary.ReadUvarint(r.in)
	if err == io.EOF {
		return false, nil
	}
	own, err2 := binary.ReadUvarint(r.in)
	if err := errors.Join(err, err2); err != nil {
		return false, fmt.Errorf("read a temporary file: %w", err)
	}
	r.record = slices.Grow(r.record[:shared], int(own))[:shared+own]
	if _, err := io.ReadFull(r.in, r.record[shared:]); err != nil {
		return false, fmt.Errorf("read a temporary file: %w", err)
	}
	return true, nil
}

// runHeap has the run with the first record on top.
type runHeap []*run

func (h runHeap) Len() int { return len(h) }
func (h runHeap) Less(i, k int) bool {
	return cmp.Or(bytes.Compare(h[i].record, h[k].record), cmp.Compare(h[i].number, h[k].number)) < 0
}
func (h runHeap) Swap(i, k int) { h[i], h[k] = h[k], h[i] }
func (h *runHeap) Push(x any)   { *h = append(*h, x.(*run)) }

func (h *runHeap) Pop() any {
	last := len(*h) - 1
	r := (*h)[last]
	*h = (*h)[:last]
	return r
}
