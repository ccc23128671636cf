package create

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/mirrorkeeper/mirrorkeeper/compress"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// record is what the inventory has of a package beside its entry. As bytes it is the
// digests one after another, the number of texts, and each text after its length.
type record struct {
	digests []repo.Digest
	texts   [][]byte
}

func appendRecord(to []byte, x *record) []byte {
	for _, d := range x.digests {
		to = append(to, d.Sum()...)
	}
	to = binary.AppendUvarint(to, uint64(len(x.texts)))
	for _, t := range x.texts {
		to = binary.AppendUvarint(to, uint64(len(t)))
		to = append(to, t...)
	}
	return to
}

var errRecord = errors.New("the inventory is damaged")

// parse reads a record into x, whose texts then lie in b.
func (x *record) parse(b []byte, algorithms []repo.Algorithm) error {
	x.digests, x.texts = x.digests[:0], x.texts[:0]
	for _, a := range algorithms {
		if len(b) < a.Size() {
			return errRecord
		}
		x.digests = append(x.digests, repo.NewDigest(a, b[:a.Size()]))
		b = b[a.Size():]
	}
	count, n := binary.Uvarint(b)
	if n <= 0 || count > uint64(len(b)) {
		return errRecord
	}
	b = b[n:]
	for range count {
		size, n := binary.Uvarint(b)
		if n <= 0 || size > uint64(len(b)-n) {
			return errRecord
		}
		x.texts = append(x.texts, b[n:n+int(size):n+int(size)])
		b = b[n+int(size):]
	}
	if len(b) > 0 {
		return errRecord
	}
	return nil
}

// spill keeps the records of packages that were just read, in a file without a name:
// there may be more than fit into memory. It is safe for concurrent use.
type spill struct {
	mu   sync.Mutex
	file *os.File
	out  *bufio.Writer
	size int64
	at   map[sum]span
}

type span struct{ from, size int64 }

func newSpill(dir string) (*spill, error) {
	f, err := os.CreateTemp(dir, temporary)
	if err != nil {
		return nil, err
	}
	return &spill{file: f, out: bufio.NewWriterSize(f, 256<<10), at: map[sum]span{}}, os.Remove(f.Name())
}

func (s *spill) put(d sum, x *record) error {
	b := appendRecord(nil, x)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, there := s.at[d]; there {
		return nil
	}
	s.at[d] = span{s.size, int64(len(b))}
	s.size += int64(len(b))
	_, err := s.out.Write(b)
	return err
}

func (s *spill) has(d sum) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, there := s.at[d]
	return there
}

// get returns the bytes of a record, in the memory of into where they fit.
func (s *spill) get(d sum, into []byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.out.Flush(); err != nil {
		return nil, err
	}
	at := s.at[d]
	into = sized(into, at.size)
	_, err := s.file.ReadAt(into, at.from)
	return into, err
}

func (s *spill) close() {
	if s != nil {
		s.file.Close()
	}
}

func sized(b []byte, size int64) []byte {
	if int64(cap(b)) < size {
		return make([]byte, size)
	}
	return b[:size]
}

// texts are the records of what a repository holds, in a file that is read from its
// start to its end: a line with what they depend on, the number of records, their
// packages' digests, and each record after its length.
type texts struct {
	file    *os.File
	content io.ReadCloser
	in      *bufio.Reader
	digests []sum
	at      map[sum]int // place among the digests
	next    int         // record to be read
	last    []byte      // bytes of the record before
}

// maxRecord bounds one record when it is read, in bytes.
const maxRecord = 1 << 30

// openTexts opens the file; what is not there, damaged or depends on something else is
// as good as empty.
func openTexts(name, key string) *texts {
	t := &texts{}
	if t.open(name, key) != nil {
		t.close()
		return &texts{}
	}
	return t
}

func (t *texts) open(name, key string) (err error) {
	if t.file, err = os.Open(name); err != nil {
		return err
	}
	if t.content, err = compress.Reader(t.file, ".zst", maxInventory); err != nil {
		return err
	}
	t.in = bufio.NewReaderSize(t.content, 256<<10)
	line, err := t.in.ReadString('\n')
	if err != nil || line != key+"\n" {
		return errRecord
	}
	count, err := binary.ReadUvarint(t.in)
	if err != nil {
		return err
	}
	t.at = map[sum]int{}
	var d sum
	for i := range int(count) {
		if _, err := io.ReadFull(t.in, d[:]); err != nil {
			return err
		}
		t.digests = append(t.digests, d)
		if _, twice := t.at[d]; !twice {
			t.at[d] = i
		}
	}
	return nil
}

// read returns the bytes of the next record, which are valid until the next call.
func (t *texts) read() ([]byte, error) {
	if t.next == len(t.digests) {
		return nil, io.EOF
	}
	size, err := binary.ReadUvarint(t.in)
	if err != nil {
		return nil, err
	}
	if size > maxRecord {
		return nil, errRecord
	}
	t.last = sized(t.last, int64(size))
	_, err = io.ReadFull(t.in, t.last)
	t.next++
	return t.last, err
}

// skipTo reads on to the record of a place that was not passed yet, or is the last one
// that was read.
func (t *texts) skipTo(place int) ([]byte, error) {
	for t.next < place {
		size, err := binary.ReadUvarint(t.in)
		if err != nil {
			return nil, err
		}
		if _, err := t.in.Discard(int(size)); err != nil {
			return nil, err
		}
		t.next++
	}
	if t.next == place+1 {
		return t.last, nil
	}
	return t.read()
}

// reach is the places at which a run through the file finds the records of the
// packages, in their order; -1 for one that is not there, or lies before another one.
func (t *texts) reach(entries []*entry, skip func(sum) bool) []int {
	places := make([]int, len(entries))
	last := 0
	for i, e := range entries {
		place, ok := t.at[e.digest]
		if !ok || place < last || skip(e.digest) {
			places[i] = -1
			continue
		}
		places[i], last = place, place
	}
	return places
}

func (t *texts) close() {
	if t == nil {
		return
	}
	if t.content != nil {
		t.content.Close()
	}
	if t.file != nil {
		t.file.Close()
	}
}

func (r *run) textsFile() string { return r.inventoryFile("texts", r.name(), r.place) }

// writeTexts writes the records of the content: those of packages that were just read,
// and the others' from the file of what was held.
func (r *run) writeTexts(places []int) error {
	return writeInventory(r.textsFile(), func(w *bufio.Writer) error {
		fmt.Fprintf(w, "%s\n", r.inventoryKey())
		number := make([]byte, 0, binary.MaxVarintLen64)
		w.Write(binary.AppendUvarint(number, uint64(len(r.now.entries))))
		for _, e := range r.now.entries {
			w.Write(e.digest[:])
		}
		var own []byte
		for i, e := range r.now.entries {
			var b []byte
			var err error
			if places[i] >= 0 {
				if b, err = r.texts.skipTo(places[i]); err != nil {
					return fmt.Errorf("%w: %w", errRecord, err)
				}
			} else {
				if b, err = r.fresh.get(e.digest, own); err != nil {
					return err
				}
				own = b
			}
			w.Write(binary.AppendUvarint(number, uint64(len(b))))
			if _, err := w.Write(b); err != nil {
				return err
			}
		}
		return nil
	})
}

// temporary is the pattern of the names of files that are not complete yet.
const temporary = "new-*"

// removeTemporary removes what runs that died have left in the inventory.
func removeTemporary(dir string) {
	left, _ := filepath.Glob(filepath.Join(dir, temporary))
	for _, file := range left {
		_ = os.Remove(file)
	}
}

// writeInventory writes a file of the inventory anew, and at once.
func writeInventory(name string, write func(*bufio.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(name), temporary)
	if err != nil {
		return fmt.Errorf("inventory: %w", err)
	}
	defer os.Remove(f.Name())
	defer f.Close()
	z, err := compress.FastWriter(f)
	if err != nil {
		return err
	}
	b := bufio.NewWriterSize(z, 256<<10)
	err = write(b)
	if err == nil {
		err = b.Flush()
	}
	if e := z.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = f.Close()
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return fmt.Errorf("inventory: %w", err)
	}
	return nil
}
