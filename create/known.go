package create

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/compress"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// row is what is known of a file.
type row struct {
	state
	// validator is what the server of a URL said of the file's state, "" for none.
	validator string
	digest    sum
	// inspected is what the file says of itself, without texts; nil where nobody has asked.
	inspected *repo.Inspected
}

// known are the files that the runs before have read, by name.
type known struct {
	rows    map[string]*row
	changed bool // since it was read
}

// inventoryKey identifies what rows and texts depend on: where it changes, files are
// read again.
func (r *run) inventoryKey() string {
	key := "1 " + r.Creator.Name() + " " + r.Creator.Inspection()
	for _, a := range r.Creator.Algorithms() {
		key += " " + a.String()
	}
	return strings.ReplaceAll(key, "\n", " ")
}

// inventoryFile is the name of a file of the inventory about the repository, or about
// one part of it.
func (r *run) inventoryFile(kind string, of ...string) string {
	sum := repo.SHA256.New()
	fmt.Fprintf(sum, "%q", of)
	return filepath.Join(r.inventory, kind+"-"+hex.EncodeToString(sum.Sum(nil)[:8])+".zst")
}

func (r *run) knownFile() string {
	return r.inventoryFile("files", r.name(), r.place, r.Creator.Part())
}

// maxInventory bounds a file of the inventory when it is read, in bytes.
const maxInventory = 1 << 40

// readKnown reads the rows. A file that is damaged, or of other settings, is as good as
// none.
func (r *run) readKnown() (*known, error) {
	k := &known{rows: map[string]*row{}}
	f, err := os.Open(r.knownFile())
	if errors.Is(err, fs.ErrNotExist) {
		return k, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines, err := compress.Reader(f, ".zst", maxInventory)
	if err != nil {
		return k, nil
	}
	defer lines.Close()
	err = readLines(lines, r.inventoryKey(), func(l *line) error {
		name := l.text()
		w := &row{state: state{l.number(), l.number(), uint64(l.number()), uint64(l.number())}, validator: l.text(), digest: l.sum()}
		l.within = name
		switch string(l.field()) {
		case "held":
			e := r.held.byDigest[w.digest]
			if e == nil {
				return l.err // of a generation that was not published
			}
			w.inspected = e.Inspected
		case "known":
			w.inspected = l.inspected()
		}
		if l.err == nil {
			k.rows[name] = w
		}
		return l.err
	})
	if err != nil {
		return &known{rows: map[string]*row{}}, nil
	}
	return k, nil
}

// writeKnown writes down what is known of the files now, for the next run: of those
// that were given, and where the part keeps others, of those that it holds.
func (r *run) writeKnown() error {
	if !r.known.changed {
		return nil
	}
	rows := r.known.rows
	for name, f := range r.byName {
		if f.row != nil {
			rows[name] = f.row
		}
	}
	return writeInventory(r.knownFile(), func(w *bufio.Writer) error {
		fmt.Fprintf(w, "%s\n", r.inventoryKey())
		var line []byte
		for _, name := range slices.Sorted(maps.Keys(rows)) {
			x := rows[name]
			line = appendText(line[:0], name)
			for _, n := range [...]int64{x.size, x.modified, int64(x.device), int64(x.inode)} {
				line = appendNumber(line, n)
			}
			line = appendText(line, x.validator)
			line = appendSum(line, x.digest)
			switch {
			case x.inspected == nil:
				line = append(line, "part\t"...)
			case r.now.byDigest[x.digest] != nil:
				line = append(line, "held\t"...)
			default:
				line = append(line, "known\t"...)
				line = appendInspected(line, x.inspected)
			}
			line[len(line)-1] = '\n'
			if _, err := w.Write(line); err != nil {
				return err
			}
		}
		return nil
	})
}

// forget drops the rows of files that are of no interest any more.
func (r *run) forget() {
	k, given := r.known, 0
	for name, f := range r.byName {
		if f.row != nil {
			given++
			k.changed = k.changed || k.rows[name] != f.row
		}
	}
	k.changed = k.changed || !r.edits() && given != len(k.rows)
	if !r.edits() {
		k.rows = map[string]*row{}
	}
	for name, w := range k.rows {
		if r.now.byDigest[w.digest] == nil && r.byName[name] == nil {
			delete(k.rows, name)
			k.changed = true
		}
	}
}

// recognise tells whether the file is one that a run before has read: nothing then
// has to be read. By a file that was written a moment before it was read that cannot be
// told, so its row was written with no size.
func (r *run) recognise(f *found) bool {
	w := r.known.rows[f.name]
	if f.url() {
		return r.recogniseURL(f, w)
	}
	if w == nil || r.Check || w.state != f.state || w.inspected == nil && !f.part {
		return false
	}
	f.row = w
	return true
}

// settled is how long a file must have been left alone for its time to tell whether it
// changes again: file systems keep times in steps.
const settled = 20 * time.Millisecond
