package mirrorlist

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Mirror is a mirror that stands in a list.
type Mirror struct {
	// URL of the directory that paths of the repository are relative to.
	URL string
	// Country is two letters of ISO 3166-1, "" if unknown.
	Country string
	// Behind is set where the mirror has all of an older generation than the newest: for
	// clients of deb it serves packages, and no indexes.
	Behind bool
	// Architectures that the mirror has, nil for all; for lists of deb.
	Architectures []string
}

// Version is what the root file may be; its size is left out where it is 0.
type Version struct {
	Time    time.Time
	Size    int64
	Digests []repo.Digest
}

// WritePlain writes a list of URLs as yum and dnf read it (librepo's mirrorlist.c): one a
// line, preferred first. The comment, if any, becomes the first line.
func WritePlain(w io.Writer, comment string, mirrors []Mirror) error {
	var b bytes.Buffer
	if comment != "" {
		fmt.Fprintf(&b, "# %s\n", oneLine(comment))
	}
	for _, m := range mirrors {
		b.WriteString(oneLine(m.URL))
		b.WriteByte('\n')
	}
	_, err := w.Write(b.Bytes())
	return err
}

// WriteAPT writes a list for apt's mirror method (apt-transport-mirror(1), apt 1.6 and
// later): the mirrors at the newest generation share the lowest number, which clients
// try first, and those behind give packages only, with higher numbers in their order.
func WriteAPT(w io.Writer, mirrors []Mirror) error {
	var b bytes.Buffer
	behind := 1
	for _, m := range mirrors {
		b.WriteString(oneLine(m.URL))
		b.WriteByte('\t') // behind the address there has to be a tab
		if m.Behind {
			behind++
			fmt.Fprintf(&b, "priority:%d type:deb", behind)
		} else {
			b.WriteString("priority:1")
		}
		for _, a := range m.Architectures {
			b.WriteString(" arch:" + oneLine(a))
		}
		if len(m.Architectures) > 0 {
			b.WriteString(" arch:all")
		}
		b.WriteByte('\n')
	}
	_, err := w.Write(b.Bytes())
	return err
}

// Metalink is a list of mirrors that says what the root file may be.
type Metalink struct {
	// RootPath is the path of the root file in the repository ("repodata/repomd.xml").
	RootPath string
	// Versions of the root file, the newest first: clients accept each of them.
	Versions []Version
	Mirrors  []Mirror
	// Date is when the list was made, and Generator the program that did.
	Date      time.Time
	Generator string
}

// Write writes the metalink in the version 3.0 with MirrorManager's extensions, which
// librepo reads.
func (l *Metalink) Write(w io.Writer) error {
	e := &element{}
	e.raw(xml.Header)
	e.open("metalink", "version", "3.0", "xmlns", "http://www.metalinker.org/", "type", "dynamic",
		"pubdate", l.Date.UTC().Format(rfc822), "generator", l.Generator, "xmlns:mm0", "http://fedorahosted.org/mirrormanager")
	e.open("files")
	e.open("file", "name", base(l.RootPath))
	for i, v := range l.Versions {
		if i == 1 {
			e.open("mm0:alternates")
		}
		if i > 0 {
			e.open("mm0:alternate")
		}
		e.text("mm0:timestamp", strconv.FormatInt(v.Time.Unix(), 10))
		e.size(v.Size)
		e.open("verification")
		for _, d := range v.Digests {
			e.text("hash", d.Hex(), "type", d.Algorithm().String())
		}
		e.close("verification")
		if i > 0 {
			e.close("mm0:alternate")
		}
	}
	if len(l.Versions) > 1 {
		e.close("mm0:alternates")
	}
	e.open("resources", "maxconnections", "1")
	for i, m := range l.Mirrors {
		scheme, _, _ := strings.Cut(m.URL, ":")
		// Clients go by the order; the preference only has to be from 1 to 100.
		e.text("url", m.URL+"/"+l.RootPath, "protocol", scheme, "type", scheme, "location", m.Country, "preference", strconv.Itoa(max(1, 100-i)))
	}
	e.close("resources")
	e.close("file")
	e.close("files")
	e.close("metalink")
	_, err := w.Write(e.Bytes())
	return err
}

// Write4 writes it as Metalink 4 (RFC 5854), which has no place for older versions.
func (l *Metalink) Write4(w io.Writer) error {
	e := &element{}
	e.raw(xml.Header)
	e.open("metalink", "xmlns", "urn:ietf:params:xml:ns:metalink")
	e.text("generator", l.Generator)
	e.text("published", l.Date.UTC().Format(time.RFC3339))
	e.open("file", "name", base(l.RootPath))
	if len(l.Versions) > 0 {
		v := l.Versions[0]
		e.size(v.Size)
		for _, d := range v.Digests {
			e.text("hash", d.Hex(), "type", ianaName(d.Algorithm()))
		}
	}
	for i, m := range l.Mirrors {
		attributes := []string{"priority", strconv.Itoa(i + 1)}
		if m.Country != "" {
			attributes = append([]string{"location", strings.ToLower(m.Country)}, attributes...)
		}
		e.text("url", m.URL+"/"+l.RootPath, attributes...)
	}
	e.close("file")
	e.close("metalink")
	_, err := w.Write(e.Bytes())
	return err
}

// WriteError writes the metalink that stands for an error: a document without files, with
// a comment that says what is wrong. It belongs to the status 404.
func WriteError(w io.Writer, date time.Time, generator, message string) error {
	e := &element{}
	e.raw(xml.Header)
	e.open("metalink", "version", "3.0", "xmlns", "http://www.metalinker.org/", "type", "dynamic",
		"pubdate", date.UTC().Format(rfc822), "generator", generator, "xmlns:mm0", "http://fedorahosted.org/mirrormanager")
	e.raw("<!-- " + strings.ReplaceAll(oneLine(message), "--", "- -") + " -->\n")
	e.open("files")
	e.close("files")
	e.close("metalink")
	_, err := w.Write(e.Bytes())
	return err
}

// rfc822 is the form of dates in metalinks of version 3.0.
const rfc822 = "Mon, 02 Jan 2006 15:04:05 GMT"

// ianaName is the name of a digest's algorithm in IANA's registry of hash functions,
// which RFC 5854 asks for.
func ianaName(a repo.Algorithm) string {
	name := a.String()
	if number, ok := strings.CutPrefix(name, "sha"); ok {
		return "sha-" + number
	}
	return name
}

func base(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// oneLine keeps what comes from elsewhere from beginning a line of its own.
func oneLine(text string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return -1
		}
		return c
	}, text)
}

// element writes XML.
type element struct {
	bytes.Buffer
	depth int
}

func (e *element) raw(text string) { e.WriteString(text) }

func (e *element) start(name string, attributes []string) {
	e.WriteString(strings.Repeat("  ", e.depth))
	e.WriteString("<" + name)
	for i := 0; i+1 < len(attributes); i += 2 {
		e.WriteString(" " + attributes[i] + `="`)
		_ = xml.EscapeText(e, []byte(attributes[i+1])) // a Buffer does not fail
		e.WriteByte('"')
	}
	e.WriteByte('>')
}

func (e *element) open(name string, attributes ...string) {
	e.start(name, attributes)
	e.WriteByte('\n')
	e.depth++
}

// size is that of a file, where it is known.
func (e *element) size(n int64) {
	if n > 0 {
		e.text("size", strconv.FormatInt(n, 10))
	}
}

func (e *element) text(name, text string, attributes ...string) {
	e.start(name, attributes)
	_ = xml.EscapeText(e, []byte(text))
	e.WriteString("</" + name + ">\n")
}

func (e *element) close(name string) {
	e.depth--
	e.WriteString(strings.Repeat("  ", e.depth) + "</" + name + ">\n")
}
