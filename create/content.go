package create

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
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
	digest   sum // of the object
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
	if !yield(repo.File{Path: e.path, Size: e.size, Digest: e.digest.digest()}) {
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
	byDigest map[sum]*entry
}

// sum is a SHA-256 digest as it is kept in memory: there may be very many.
type sum [sha256.Size]byte

func sumOf(d repo.Digest) (s sum) {
	copy(s[:], d.Sum())
	return s
}

func (s sum) digest() repo.Digest { return repo.NewDigest(repo.SHA256, s[:]) }

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
	c.byDigest = make(map[sum]*entry, len(c.entries))
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
		line = appendSum(line, e.digest)
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
	if p == nil {
		return &content{}, nil
	}
	f, err := r.Store.Content(r.Name, p)
	if err != nil {
		return nil, fmt.Errorf("the list of packages of %s: %w", p.Name, err)
	}
	defer f.Close()
	c, err := parseContent(f, p.Packages)
	if err != nil {
		return nil, fmt.Errorf("the list of packages of %s: %w", p.Name, err)
	}
	return c, nil
}

// parseContent reads a content of about so many packages.
func parseContent(f io.Reader, packages int) (*content, error) {
	c := &content{entries: make([]*entry, 0, packages)}
	err := readLines(f, contentHeader, func(l *line) error {
		e := &entry{part: l.word()}
		l.within = l.text()
		e.path, e.size, e.modified, e.digest, e.Inspected = l.within, l.number(), timeOf(l.number()), l.sum(), l.inspected()
		c.entries = append(c.entries, e)
		return l.err
	})
	if err != nil {
		return nil, err
	}
	c.index()
	return c, nil
}

// line is a line that is read field by field.
type line struct {
	rest []byte
	err  error
	// within is a text that the next ones probably are parts of: they then share its
	// memory.
	within string
	// words are texts that there are few of.
	words map[string]string
}

var errLine = errors.New("a line is not as it was written")

// readLines reads lines below a header.
func readLines(f io.Reader, header string, each func(*line) error) error {
	b := bufio.NewReaderSize(f, 64<<10)
	l := &line{words: map[string]string{}}
	var long []byte
	for n := 1; ; n++ {
		text, err := b.ReadSlice('\n')
		for long = long[:0]; err == bufio.ErrBufferFull; text, err = b.ReadSlice('\n') {
			long = append(long, text...)
		}
		if len(long) > 0 {
			long = append(long, text...)
			text = long
		}
		switch {
		case err == io.EOF && len(text) == 0 && n > 1:
			return nil
		case err != nil:
			return errors.Join(err, errLine)
		case n == 1 && string(text) != header+"\n":
			return fmt.Errorf("its first line is %q, expected %q", bytes.TrimSpace(text), header)
		case n > 1:
			l.rest, l.within = text[:len(text)-1], ""
			if err := each(l); err != nil {
				return fmt.Errorf("line %d: %w", n, err)
			}
		}
	}
}

// field is the next field, valid until the next line.
func (l *line) field() []byte {
	field, rest, _ := bytes.Cut(l.rest, []byte{'\t'})
	l.rest = rest
	return field
}

func (l *line) text() string {
	t := l.field()
	if len(t) == 0 {
		return ""
	}
	if bytes.IndexByte(t, '\\') >= 0 {
		return unescape.Replace(string(t))
	}
	if i := strings.Index(l.within, string(t)); i >= 0 {
		return l.within[i : i+len(t)]
	}
	return string(t)
}

// word is a text that many lines have.
func (l *line) word() string {
	t := l.field()
	w, known := l.words[string(t)]
	if !known {
		w = unescape.Replace(string(t))
		l.words[string(t)] = w
	}
	return w
}

func (l *line) number() int64 {
	n, err := strconv.ParseInt(string(l.field()), 10, 64)
	if err != nil {
		l.err = errLine
	}
	return n
}

func (l *line) sum() (s sum) {
	t := l.field()
	if len(t) != 2*len(s) {
		l.err = errLine
		return s
	}
	if _, err := hex.Decode(s[:], t); err != nil {
		l.err = errLine
	}
	return s
}

func (l *line) inspected() *repo.Inspected {
	i := &repo.Inspected{Name: l.text(), Version: l.text(), Architecture: l.word(), Source: l.text(), Section: l.word(), Base: l.text()}
	kind := l.number()
	i.SourcePackage, i.Lists = kind&1 != 0, kind&2 != 0
	n := l.number()
	for range n {
		f := repo.File{Path: l.text(), Size: l.number()}
		if err := f.Digest.UnmarshalText(l.field()); err != nil {
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

func appendSum(line []byte, s sum) []byte {
	return append(hex.AppendEncode(line, s[:]), '\t')
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
