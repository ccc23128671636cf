package repodata

import (
	"bytes"
	"strconv"

	"github.com/mirrorkeeper/mirrorkeeper/rpm/xml"
)

// The namespaces of metadata.
const (
	commonSpace    = "http://linux.duke.edu/metadata/common"
	rpmSpace       = "http://linux.duke.edu/metadata/rpm"
	filelistsSpace = "http://linux.duke.edu/metadata/filelists"
	otherSpace     = "http://linux.duke.edu/metadata/other"
)

// Head is what stands before the packages of a document: the opening tag of its
// outermost element. Packages copied as they are need the namespaces that it declares.
type Head struct {
	name  string // of the element, with its prefix
	attrs []string
}

// PrimaryHead, FilelistsHead and OtherHead are the heads of documents that are not
// copied.
func PrimaryHead() Head {
	return Head{name: "metadata", attrs: []string{"xmlns", commonSpace, "xmlns:rpm", rpmSpace}}
}

func FilelistsHead() Head { return Head{name: "filelists", attrs: []string{"xmlns", filelistsSpace}} }

func OtherHead() Head { return Head{name: "otherdata", attrs: []string{"xmlns", otherSpace}} }

// Start returns the XML declaration and the opening tag, with the number of packages.
func (h Head) Start(packages int) []byte {
	var b bytes.Buffer
	b.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<" + h.name)
	for i := 0; i < len(h.attrs); i += 2 {
		b.WriteString(" " + h.attrs[i] + `="`)
		xml.Escape(&b, h.attrs[i+1])
		b.WriteByte('"')
	}
	b.WriteString(` packages="` + strconv.Itoa(packages) + "\">\n")
	return b.Bytes()
}

// End returns the closing tag.
func (h Head) End() []byte { return []byte("</" + h.name + ">\n") }

// document is one of primary.xml, filelists.xml and other.xml: packages in one element.
type document struct {
	*xml.Reader
	name, space string // of the outermost element
	head        Head
	began       bool
}

// Head reads the opening tag, if that has not been done.
func (d *document) Head() (Head, error) {
	if d.began {
		return d.head, nil
	}
	if _, err := d.NextTag(); err != nil {
		return Head{}, err
	}
	if string(d.Local()) != d.name || d.Space() != d.space {
		return Head{}, d.Errorf("the document is <%s> of namespace %q, expected <%s> of %q", d.Local(), d.Space(), d.name, d.space)
	}
	d.head.name = d.Name()
	for _, a := range d.Attrs() {
		if string(a.Name) != "packages" {
			d.head.attrs = append(d.head.attrs, string(a.Name), string(a.Value))
		}
	}
	d.began = true
	return d.head, nil
}

// next goes to the start of the next package; io.EOF where there is none.
func (d *document) next() error {
	if _, err := d.Head(); err != nil {
		return err
	}
	for {
		kind, err := d.NextTag()
		switch {
		case err != nil:
			return err
		case kind == xml.End: // of the outermost element; Next sees what follows
		case string(d.Local()) == "package" && d.Space() == d.space:
			return nil
		default:
			if err := d.Skip(); err != nil {
				return err
			}
		}
	}
}
