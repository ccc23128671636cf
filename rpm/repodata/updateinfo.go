package repodata

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/mirrorkeeper/mirrorkeeper/rpm/xml"
)

// TrimUpdateinfo copies an updateinfo.xml, which describes updates and lists their
// packages, without the packages that has does not report to be there; the epoch of
// one that is said to have none is "0". name names the file in errors. Collections,
// the lists of packages, and updates that lose all packages are left out. All else in
// an update stays byte for byte, and so does what separates updates, except for
// comments. It returns how many updates are left.
//
// The file is streamed: what is held in memory is one update.
func TrimUpdateinfo(r io.Reader, name string, w io.Writer, has func(name, epoch, version, release, arch string) bool) (updates int, err error) {
	out := bufio.NewWriter(w)
	t := updateTrimmer{Reader: xml.NewReader(r, name), has: has, out: out}
	if err := t.document(); err != nil {
		return 0, err
	}
	return t.updates, out.Flush()
}

type updateTrimmer struct {
	*xml.Reader
	has     func(name, epoch, version, release, arch string) bool
	out     *bufio.Writer // it keeps its error for Flush
	updates int

	// of the update at hand
	origin       int64 // where it begins in the document
	cuts         []cut // from origin on
	listed, kept int   // packages
}

// document reads the outermost element, and what follows it.
func (t *updateTrimmer) document() error {
	if _, err := t.NextTag(); err != nil {
		return err
	}
	if string(t.Local()) != "updates" {
		return t.Errorf("the document is <%s>, expected <updates>", t.Local())
	}
	end := "</" + t.Name() + ">\n"
	t.out.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
	t.out.Write(bytes.TrimSuffix(bytes.TrimSuffix(t.Tag(), []byte(">")), []byte("/")))
	t.out.WriteByte('>')
	var between []byte
	for {
		kind, err := t.Next()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case kind == xml.Text:
			between = append(between, t.Tag()...)
			continue
		case kind == xml.End:
			t.out.Write(between)
			t.out.WriteString(end)
			continue
		}
		raw, err := t.child()
		if err != nil {
			return err
		}
		if raw != nil {
			t.out.Write(between)
			t.out.Write(raw)
		}
		between = between[:0]
	}
}

// child reads an element and returns what stays of it, nil for nothing.
func (t *updateTrimmer) child() ([]byte, error) {
	if string(t.Local()) != "update" {
		return t.Whole(t.Skip)
	}
	raw, err := t.Whole(t.update)
	if err != nil || t.listed > 0 && t.kept == 0 {
		return nil, err
	}
	t.updates++
	if len(t.cuts) == 0 {
		return raw, nil
	}
	for i, c := range t.cuts {
		t.cuts[i] = cutLine(raw, c.start, c.end)
	}
	return without(raw, t.cuts), nil
}

func (t *updateTrimmer) update() error {
	t.origin, t.cuts, t.listed, t.kept = t.Offset(), t.cuts[:0], 0, 0
	return t.children("pkglist", func() error { return t.children("collection", t.collection) })
}

func (t *updateTrimmer) collection() error {
	start, first := t.here(), len(t.cuts)
	listed, kept := t.listed, t.kept
	if err := t.children("package", t.pkg); err != nil {
		return err
	}
	if t.listed > listed && t.kept == kept {
		t.cuts = append(t.cuts[:first], cut{start, t.behind()})
	}
	return nil
}

func (t *updateTrimmer) pkg() error {
	start := t.here()
	epoch := string(t.Attr("epoch"))
	if epoch == "" {
		epoch = "0"
	}
	there := t.has(string(t.Attr("name")), epoch, string(t.Attr("version")), string(t.Attr("release")), string(t.Attr("arch")))
	if err := t.Skip(); err != nil {
		return err
	}
	t.listed++
	if there {
		t.kept++
	} else {
		t.cuts = append(t.cuts, cut{start, t.behind()})
	}
	return nil
}

// children reads to the end of the element that has just begun, its children of the
// name by the function.
func (t *updateTrimmer) children(name string, read func() error) error {
	for {
		kind, err := t.NextTag()
		switch {
		case errors.Is(err, io.EOF):
			return io.ErrUnexpectedEOF
		case err != nil:
			return err
		case kind == xml.End:
			return nil
		case string(t.Local()) == name:
			err = read()
		default:
			err = t.Skip()
		}
		if err != nil {
			return err
		}
	}
}

// here is where the last token begins, from the start of the update, and behind where
// it ends.
func (t *updateTrimmer) here() int   { return int(t.Offset() - t.origin) }
func (t *updateTrimmer) behind() int { return t.here() + len(t.Tag()) }
