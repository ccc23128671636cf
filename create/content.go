package create

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/store"
)

// entry is a package that a repository holds, apart from its texts.
type entry struct {
	*repo.Inspected // its Files have SHA-256 digests, its Texts are nil

	path     string
	part     string
	size     int64
	modified time.Time
	digest   repo.Digest // SHA-256, of the object
	// from is the file that it was given as in this run, nil where it was there before.
	from *found
}

// String names the package for messages.
func (e *entry) String() string { return e.Name + " " + e.Version + " " + e.Architecture }

// origin tells people where the package comes from.
func (e *entry) origin() string {
	if e.from != nil {
		return e.from.String()
	}
	return e.path + " in the repository"
}

// files yields the package file and those that belong to it.
func (e *entry) files(yield func(repo.File) bool) {
	if !yield(repo.File{Path: e.path, Size: e.size, Digest: e.digest}) {
		return
	}
	dir := e.path[:strings.LastIndexByte(e.path, '/')+1]
	for _, f := range e.Files {
		if !yield(repo.File{Path: dir + f.Path, Size: f.Size, Digest: f.Digest}) {
			return
		}
	}
}

// content is the packages that a repository holds, in the order of [repo.Creation].
type content struct {
	entries  []*entry
	byDigest map[repo.Digest]*entry
}

func (c *content) sort(versions repo.Versions) {
	slices.SortFunc(c.entries, func(a, b *entry) int {
		return cmp.Or(
			strings.Compare(a.Name, b.Name), versions.Compare(a.Version, b.Version),
			strings.Compare(a.Architecture, b.Architecture), strings.Compare(a.path, b.path), strings.Compare(a.part, b.part),
		)
	})
	c.index()
}

func (c *content) index() {
	c.byDigest = make(map[repo.Digest]*entry, len(c.entries))
	for _, e := range c.entries {
		c.byDigest[e.digest] = e
	}
}

// contentHeader is the first line of a written content; the number is the version of
// the form.
const contentHeader = "mirrorkeeper-content 1"

// write writes the content as lines of fields between tabs: part, path, size, time in
// nanoseconds, digest, and what the package says of itself.
func (c *content) write(w io.Writer) error {
	b := bufio.NewWriterSize(w, 64<<10)
	b.WriteString(contentHeader + "\n")
	var line []byte
	for _, e := range c.entries {
		line = appendText(line[:0], e.part)
		line = appendText(line, e.path)
		line = appendNumber(line, e.size)
		line = appendNumber(line, e.modified.UnixNano())
		line = appendDigest(line, e.digest)
		line = appendInspected(line, e.Inspected)
		line[len(line)-1] = '\n'
		if _, err := b.Write(line); err != nil {
			return err
		}
	}
	return b.Flush()
}

// readContent reads what the repository holds.
func (r *run) readContent(p *store.Published) (*content, error) {
	c := &content{}
	if p == nil {
		return c, nil
	}
	f, err := r.Store.Content(r.Name, p)
	if err != nil {
		return nil, fmt.Errorf("the list of packages of %s: %w", p.Name, err)
	}
	defer f.Close()
	c.entries = make([]*entry, 0, p.Packages)
	err = readLines(f, contentHeader, func(l *line) error {
		c.entries = append(c.entries, &entry{
			part: l.text(), path: l.text(), size: l.number(), modified: time.Unix(0, l.number()).UTC(), digest: l.digest(), Inspected: l.inspected(),
		})
		return l.err
	})
	if err != nil {
		return nil, fmt.Errorf("the list of packages of %s: %w", p.Name, err)
	}
	c.index()
	return c, nil
}

// line is a line that is read field by field. The strings it gives share its memory.
type line struct {
	rest string
	err  error
}

var errLine = errors.New("a line is not as it was written")

// readLines reads lines below a header.
func readLines(f io.Reader, header string, each func(*line) error) error {
	b := bufio.NewReaderSize(f, 64<<10)
	for n := 1; ; n++ {
		text, err := b.ReadString('\n')
		switch {
		case err == io.EOF && text == "" && n > 1:
			return nil
		case err != nil:
			return errors.Join(err, errLine)
		case n == 1 && text != header+"\n":
			return fmt.Errorf("its first line is %q, expected %q", strings.TrimSpace(text), header)
		case n > 1:
			if err := each(&line{rest: text[:len(text)-1]}); err != nil {
				return fmt.Errorf("line %d: %w", n, err)
			}
		}
	}
}

func (l *line) field() string {
	field, rest, _ := strings.Cut(l.rest, "\t")
	l.rest = rest
	return field
}

func (l *line) text() string {
	t := l.field()
	if strings.IndexByte(t, '\\') >= 0 {
		t = unescape.Replace(t)
	}
	return t
}

func (l *line) number() int64 {
	n, err := strconv.ParseInt(l.field(), 10, 64)
	if err != nil {
		l.err = errLine
	}
	return n
}

func (l *line) digest() repo.Digest {
	d, err := repo.ParseHex(repo.SHA256, l.field())
	if err != nil {
		l.err = errLine
	}
	return d
}

func (l *line) inspected() *repo.Inspected {
	i := &repo.Inspected{Name: l.text(), Version: l.text(), Architecture: l.text(), Source: l.text(), Section: l.text(), Base: l.text()}
	kind := l.number()
	i.SourcePackage, i.Lists = kind&1 != 0, kind&2 != 0
	n := l.number()
	for range n {
		f := repo.File{Path: l.text(), Size: l.number()}
		if err := f.Digest.UnmarshalText([]byte(l.field())); err != nil {
			l.err = errLine
		}
		if l.err != nil {
			return i
		}
		i.Files = append(i.Files, f)
	}
	return i
}

// The texts of packages are hostile: what would end a field or a line is escaped.
var (
	escape   = strings.NewReplacer("\\", "\\\\", "\t", "\\t", "\n", "\\n")
	unescape = strings.NewReplacer("\\\\", "\\", "\\t", "\t", "\\n", "\n")
)

func appendText(line []byte, text string) []byte {
	if strings.ContainsAny(text, "\\\t\n") {
		text = escape.Replace(text)
	}
	return append(append(line, text...), '\t')
}

func appendNumber(line []byte, n int64) []byte {
	return append(strconv.AppendInt(line, n, 10), '\t')
}

func appendDigest(line []byte, d repo.Digest) []byte {
	return append(append(line, d.Hex()...), '\t')
}

func appendInspected(line []byte, i *repo.Inspected) []byte {
	for _, text := range [...]string{i.Name, i.Version, i.Architecture, i.Source, i.Section, i.Base} {
		line = appendText(line, text)
	}
	kind := int64(0)
	if i.SourcePackage {
		kind |= 1
	}
	if i.Lists {
		kind |= 2
	}
	line = appendNumber(line, kind)
	line = appendNumber(line, int64(len(i.Files)))
	for _, f := range i.Files {
		line = appendText(line, f.Path)
		line = appendNumber(line, f.Size)
		line = appendText(line, f.Digest.String())
	}
	return line
}
