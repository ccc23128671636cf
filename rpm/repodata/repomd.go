package repodata

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Repomd is what a repomd.xml says: the root of an rpm repository, which names
// all other files of its metadata.
type Repomd struct {
	// Revision is what upstream calls this state; createrepo_c writes the time in
	// seconds since 1970.
	Revision string
	Tags     []Tag
	// Records are in the order of the file; several may be of one type.
	Records []Record
}

// Tag says what the repository is for.
type Tag struct {
	Name  string // "content", "repo", "distro"
	CPEID string // of "distro": the name of the platform in the Common Platform Enumeration
	Value string
}

// Record is one file of the metadata. Its digests are zero, its sizes -1 and its
// time is the zero one where the file does not tell.
type Record struct {
	Type string // "primary", "filelists", "group_gz", "updateinfo", ...
	// Href is relative to Base, or to the repository where Base is "". It is
	// upstream's text and was not checked.
	Href, Base string
	// Checksum and Size are of the file as it is, OpenChecksum and OpenSize of what
	// it decompresses to, HeaderChecksum and HeaderSize of the header of a zchunk file.
	Checksum, OpenChecksum, HeaderChecksum repo.Digest
	Size, OpenSize, HeaderSize             int64
	// Timestamp is in whole seconds.
	Timestamp time.Time
	// DatabaseVersion is that of the schema of an SQLite file, 0 for others.
	DatabaseVersion int
}

// maxRepomd is the size of a repomd.xml in bytes that is more than any needs: the
// largest ones name some hundred files.
const maxRepomd = 16 << 20

// xmlRecord is a <data> element of a repomd.xml.
type xmlRecord struct {
	Type           string      `xml:"type,attr"`
	Checksum       xmlChecksum `xml:"checksum"`
	OpenChecksum   xmlChecksum `xml:"open-checksum"`
	HeaderChecksum xmlChecksum `xml:"header-checksum"`
	Location       struct {
		Href string `xml:"href,attr"`
		Base string `xml:"http://www.w3.org/XML/1998/namespace base,attr"`
	} `xml:"location"`
	Timestamp       string `xml:"timestamp"`
	Size            string `xml:"size"`
	OpenSize        string `xml:"open-size"`
	HeaderSize      string `xml:"header-size"`
	DatabaseVersion string `xml:"database_version"`
}

type xmlChecksum struct {
	Type string `xml:"type,attr"`
	Sum  string `xml:",chardata"`
}

type xmlTags struct {
	Tags []struct {
		XMLName xml.Name
		CPEID   string `xml:"cpeid,attr"`
		Value   string `xml:",chardata"`
	} `xml:",any"`
}

// ParseRepomd reads a repomd.xml; name names it in errors. Elements that it does
// not know are skipped, whatever namespace the others are of, as librepo and libsolv
// do. It checks the form only.
func ParseRepomd(content []byte, name string) (*Repomd, error) {
	if len(content) > maxRepomd {
		return nil, fmt.Errorf("%s has %d bytes (at most %d)", name, len(content), maxRepomd)
	}
	p := repomdParser{decoder: xml.NewDecoder(bytes.NewReader(content)), repomd: &Repomd{}}
	if err := p.document(); err != nil {
		return nil, errorAt(p.decoder, name, err)
	}
	return p.repomd, nil
}

// errorAt says in which file and line the error is.
func errorAt(d *xml.Decoder, name string, err error) error {
	line, _ := d.InputPos()
	if syntax, ok := errors.AsType[*xml.SyntaxError](err); ok {
		line, err = syntax.Line, errors.New(syntax.Msg)
	}
	return fmt.Errorf("%s:%d: %w", name, line, err)
}

type repomdParser struct {
	decoder *xml.Decoder
	repomd  *Repomd
}

// document reads the whole file.
func (p *repomdParser) document() error {
	found := false
	for {
		token, err := p.decoder.Token()
		if err == io.EOF && found {
			return nil
		}
		if err == io.EOF {
			return errors.New("there is no <repomd>")
		}
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.Directive:
			return errors.New("there is a document type definition, which metadata must not have")
		case xml.CharData:
			if len(bytes.TrimSpace(t)) > 0 {
				return fmt.Errorf("there is text outside of <repomd>: %s", excerpt(string(t)))
			}
		case xml.StartElement:
			if found || t.Name.Local != "repomd" {
				return fmt.Errorf("there is a <%s> where one <repomd> is expected", t.Name.Local)
			}
			found = true
			if err := p.children(); err != nil {
				return err
			}
		}
	}
}

// children reads what is inside of <repomd>.
func (p *repomdParser) children() error {
	for {
		token, err := p.decoder.Token()
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.EndElement:
			return nil
		case xml.StartElement:
			if err := p.child(t); err != nil {
				return err
			}
		}
	}
}

func (p *repomdParser) child(start xml.StartElement) error {
	switch start.Name.Local {
	case "revision":
		var text string
		if err := p.decoder.DecodeElement(&text, &start); err != nil {
			return err
		}
		p.repomd.Revision = strings.TrimSpace(text)
	case "tags":
		var tags xmlTags
		if err := p.decoder.DecodeElement(&tags, &start); err != nil {
			return err
		}
		for _, t := range tags.Tags {
			p.repomd.Tags = append(p.repomd.Tags, Tag{Name: t.XMLName.Local, CPEID: t.CPEID, Value: strings.TrimSpace(t.Value)})
		}
	case "data":
		var data xmlRecord
		if err := p.decoder.DecodeElement(&data, &start); err != nil {
			return err
		}
		r, err := data.record()
		if err != nil {
			return fmt.Errorf("record %q: %w", data.Type, err)
		}
		p.repomd.Records = append(p.repomd.Records, r)
	default:
		return p.decoder.Skip()
	}
	return nil
}

func (x *xmlRecord) record() (r Record, err error) {
	r = Record{Type: x.Type, Href: x.Location.Href, Base: x.Location.Base}
	if r.Type == "" {
		return r, errors.New("it has no type")
	}
	if r.Href == "" {
		return r, errors.New("it has no location")
	}
	for _, sum := range []struct {
		element string
		from    xmlChecksum
		to      *repo.Digest
	}{
		{"checksum", x.Checksum, &r.Checksum},
		{"open-checksum", x.OpenChecksum, &r.OpenChecksum},
		{"header-checksum", x.HeaderChecksum, &r.HeaderChecksum},
	} {
		if *sum.to, err = sum.from.digest(); err != nil {
			return r, fmt.Errorf("%s: %w", sum.element, err)
		}
	}
	for _, size := range []struct {
		element, from string
		to            *int64
	}{
		{"size", x.Size, &r.Size},
		{"open-size", x.OpenSize, &r.OpenSize},
		{"header-size", x.HeaderSize, &r.HeaderSize},
	} {
		if *size.to, err = parseSize(size.from); err != nil {
			return r, fmt.Errorf("%s: %w", size.element, err)
		}
	}
	if r.Timestamp, err = parseTimestamp(x.Timestamp); err != nil {
		return r, fmt.Errorf("timestamp: %w", err)
	}
	if s := strings.TrimSpace(x.DatabaseVersion); s != "" {
		if r.DatabaseVersion, err = strconv.Atoi(s); err != nil || r.DatabaseVersion < 0 {
			return r, fmt.Errorf("database_version: %s is no version of a database", excerpt(s))
		}
	}
	return r, nil
}

// digest returns the zero Digest where the element is absent or empty.
func (x xmlChecksum) digest() (repo.Digest, error) {
	sum := strings.TrimSpace(x.Sum)
	if sum == "" {
		return repo.Digest{}, nil
	}
	a, err := repo.ParseAlgorithm(x.Type)
	if err != nil {
		return repo.Digest{}, err
	}
	if len(sum) != 2*a.Size() {
		return repo.Digest{}, fmt.Errorf("%s is not a %s digest", excerpt(sum), a)
	}
	return repo.ParseHex(a, sum)
}

// parseSize reads a size in bytes, -1 where there is none.
func parseSize(s string) (int64, error) {
	if s = strings.TrimSpace(s); s == "" {
		return -1, nil
	}
	n, err := strconv.ParseUint(s, 10, 63)
	if err != nil {
		return 0, fmt.Errorf("%s is not a size in bytes", excerpt(s))
	}
	return int64(n), nil
}

// maxTimestamp is the last second that has a year of four digits.
const maxTimestamp = 253402300799

// parseTimestamp reads seconds since 1970, of which createrepo wrote fractions. None
// and 0 are the zero time.
func parseTimestamp(s string) (time.Time, error) {
	whole, fraction, _ := strings.Cut(strings.TrimSpace(s), ".")
	if whole == "" && fraction == "" {
		return time.Time{}, nil
	}
	n, err := strconv.ParseUint(whole, 10, 63)
	if err != nil || n > maxTimestamp || strings.Trim(fraction, "0123456789") != "" {
		return time.Time{}, fmt.Errorf("%s is not a time in seconds", excerpt(s))
	}
	if n == 0 {
		return time.Time{}, nil
	}
	return time.Unix(int64(n), 0).UTC(), nil
}

// Format writes the repomd.xml as createrepo_c does: [ParseRepomd] reads the same
// from it.
func (m *Repomd) Format() []byte {
	var b repomdWriter
	b.WriteString(xml.Header)
	b.WriteString(`<repomd xmlns="http://linux.duke.edu/metadata/repo" xmlns:rpm="http://linux.duke.edu/metadata/rpm">` + "\n")
	b.element("  ", "revision", m.Revision)
	if len(m.Tags) > 0 {
		b.WriteString("  <tags>\n")
		for _, t := range m.Tags {
			b.element("    ", t.Name, t.Value, "cpeid", t.CPEID)
		}
		b.WriteString("  </tags>\n")
	}
	for i := range m.Records {
		b.record(&m.Records[i])
	}
	b.WriteString("</repomd>\n")
	return b.Bytes()
}

type repomdWriter struct{ bytes.Buffer }

func (b *repomdWriter) record(r *Record) {
	b.WriteString("  <data")
	b.attributes("type", r.Type)
	b.WriteString(">\n")
	b.digest("checksum", r.Checksum)
	b.digest("open-checksum", r.OpenChecksum)
	b.digest("header-checksum", r.HeaderChecksum)
	b.WriteString("    <location")
	b.attributes("href", r.Href, "xml:base", r.Base)
	b.WriteString("/>\n")
	if !r.Timestamp.IsZero() {
		b.number("timestamp", r.Timestamp.Unix())
	}
	if r.Size >= 0 {
		b.number("size", r.Size)
	}
	if r.OpenSize > 0 || r.OpenSize == 0 && !r.OpenChecksum.IsZero() {
		b.number("open-size", r.OpenSize)
	}
	if r.HeaderSize > 0 {
		b.number("header-size", r.HeaderSize)
	}
	if r.DatabaseVersion > 0 {
		b.number("database_version", int64(r.DatabaseVersion))
	}
	b.WriteString("  </data>\n")
}

func (b *repomdWriter) digest(element string, d repo.Digest) {
	if !d.IsZero() {
		b.element("    ", element, d.Hex(), "type", d.Algorithm().String())
	}
}

func (b *repomdWriter) number(element string, n int64) {
	b.element("    ", element, strconv.FormatInt(n, 10))
}

// element writes an element of text on a line of its own.
func (b *repomdWriter) element(indent, name, text string, attributes ...string) {
	b.WriteString(indent + "<" + name)
	b.attributes(attributes...)
	b.WriteByte('>')
	b.text(text)
	b.WriteString("</" + name + ">\n")
}

// attributes writes pairs of name and value, but for those whose value is empty.
func (b *repomdWriter) attributes(pairs ...string) {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			b.WriteString(" " + pairs[i] + `="`)
			b.text(pairs[i+1])
			b.WriteByte('"')
		}
	}
}

// text escapes; a buffer does not fail.
func (b *repomdWriter) text(s string) { _ = xml.EscapeText(b, []byte(s)) }

// excerpt quotes the beginning of upstream's text.
func excerpt(s string) string {
	if len(s) > 40 {
		return fmt.Sprintf("%q...", s[:40])
	}
	return fmt.Sprintf("%q", s)
}
