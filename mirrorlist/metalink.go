package mirrorlist

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// metalink is a document of Metalink 3.0, with what MirrorManager adds in a
// namespace of its own ("mm0"): the time of each version and older versions.
type metalink struct {
	Files []metalinkFile `xml:"files>file"`
}

type metalinkFile struct {
	Name string `xml:"name,attr"`
	metalinkVersion
	Alternates []metalinkVersion `xml:"alternates>alternate"`
	URLs       []metalinkURL     `xml:"resources>url"`
}

type metalinkVersion struct {
	Timestamp string `xml:"timestamp"` // seconds since 1970
	Size      string `xml:"size"`
	Hashes    []struct {
		Type  string `xml:"type,attr"`
		Value string `xml:",chardata"`
	} `xml:"verification>hash"`
}

type metalinkURL struct {
	Preference string `xml:"preference,attr"` // 100 is the best, 0 the worst and the default
	Address    string `xml:",chardata"`
}

// parseMetalink reads a metalink of the root file.
func parseMetalink(content []byte, rootPath string) (*List, error) {
	const page = "<html"
	if len(content) >= len(page) && strings.EqualFold(string(content[:len(page)]), page) {
		return nil, errWebPage // which is seldom XML
	}
	tokens := &metalinkTokens{decoder: xml.NewDecoder(bytes.NewReader(content))}
	var document metalink
	if err := xml.NewTokenDecoder(tokens).Decode(&document); err != nil {
		return nil, tokens.located(err)
	}
	name := path.Base(rootPath)
	i := slices.IndexFunc(document.Files, func(f metalinkFile) bool { return f.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("%w: the metalink has no file %q%s", ErrNoMirror, name, tokens.remark())
	}
	file := &document.Files[i]
	list := &List{Date: file.date()}
	var err error
	if list.Roots, err = file.roots(); err != nil {
		return nil, err
	}
	slices.SortStableFunc(file.URLs, func(a, b metalinkURL) int { return cmp.Compare(b.preference(), a.preference()) })
	for _, u := range file.URLs {
		directory, found := strings.CutSuffix(strings.TrimSpace(u.Address), "/"+rootPath)
		if !found {
			continue
		}
		if err := list.add(directory); err != nil {
			return nil, err
		}
	}
	if len(list.URLs) == 0 {
		return nil, fmt.Errorf("%w: none of the metalink's %d addresses is http, https or file and ends in /%s%s", ErrNoMirror, len(file.URLs), rootPath, tokens.remark())
	}
	return list, nil
}

// roots are the file's own version and the alternates, the newest first. Where
// the own one has no digest that is known, the alternates do not stand for it.
func (f *metalinkFile) roots() ([]repo.Content, error) {
	own, err := f.content()
	if err != nil || own.Digest.IsZero() {
		return nil, err
	}
	roots := []repo.Content{own}
	slices.SortStableFunc(f.Alternates, func(a, b metalinkVersion) int { return b.date().Compare(a.date()) })
	for i := range f.Alternates {
		alternate, err := f.Alternates[i].content()
		if err != nil {
			return nil, err
		}
		if !alternate.Digest.IsZero() && !slices.Contains(roots, alternate) {
			roots = append(roots, alternate)
		}
	}
	return roots, nil
}

// content is the version's size and strongest digest. Algorithms that are not
// known are passed over.
func (v *metalinkVersion) content() (c repo.Content, err error) {
	c.Size = -1
	if n, err := strconv.ParseInt(strings.TrimSpace(v.Size), 10, 64); err == nil && n > 0 {
		c.Size = n
	}
	for _, h := range v.Hashes {
		algorithm, err := repo.ParseAlgorithm(strings.TrimSpace(h.Type))
		if err != nil {
			continue
		}
		digest, err := repo.ParseHex(algorithm, strings.TrimSpace(h.Value))
		if err != nil {
			return c, fmt.Errorf("metalink: %w", err)
		}
		c.Digest = repo.Strongest(c.Digest, digest)
	}
	return c, nil
}

func (v *metalinkVersion) date() time.Time {
	seconds, err := strconv.ParseInt(strings.TrimSpace(v.Timestamp), 10, 64)
	if err != nil || seconds <= 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

func (u *metalinkURL) preference() int {
	n, err := strconv.Atoi(strings.TrimSpace(u.Preference))
	if err != nil || n < 0 || n > 100 {
		return 0
	}
	return n
}

// metalinkTokens are the tokens of a metalink. They end with an error where it
// is none, where it has a document type definition, and where it nests too deep.
type metalinkTokens struct {
	decoder *xml.Decoder
	depth   int
	comment string // the first one: servers put their errors into it
}

var errWebPage = errors.New("is a web page (HTML); expected a list of URLs or a metalink")

// Token implements [xml.TokenReader].
func (t *metalinkTokens) Token() (xml.Token, error) {
	token, err := t.decoder.RawToken()
	if err != nil {
		return nil, err
	}
	switch token := token.(type) {
	case xml.Directive:
		if strings.EqualFold(excerptWords(token, 2), "doctype html") {
			return nil, errWebPage
		}
		return nil, errors.New("has a document type definition, which no metalink needs")
	case xml.Comment:
		if t.comment == "" {
			t.comment = strings.TrimSpace(string(token))
		}
	case xml.StartElement:
		t.depth++
		if t.depth > maxDepth {
			return nil, fmt.Errorf("elements are nested more than %d deep", maxDepth)
		}
		if t.depth == 1 {
			if err := expectMetalink(token); err != nil {
				return nil, err
			}
		}
	case xml.EndElement:
		t.depth--
	}
	return token, nil
}

// expectMetalink checks the first element.
func expectMetalink(e xml.StartElement) error {
	switch {
	case strings.EqualFold(e.Name.Local, "html"):
		return errWebPage
	case e.Name.Local != "metalink":
		return fmt.Errorf("begins with the element %q; expected \"metalink\"", excerpt(e.Name.Local))
	}
	for _, a := range e.Attr {
		if a.Name.Local == "xmlns" && a.Value == "urn:ietf:params:xml:ns:metalink" {
			return errors.New("is a metalink of version 4 (RFC 5854); expected 3.0")
		}
	}
	return nil
}

// excerptWords are the first words of a directive.
func excerptWords(directive []byte, n int) string {
	words := bytes.Fields(directive)
	return string(bytes.Join(words[:min(n, len(words))], []byte(" ")))
}

// located is the error with the line that it is about.
func (t *metalinkTokens) located(err error) error {
	line, _ := t.decoder.InputPos()
	var syntax *xml.SyntaxError
	switch {
	case errors.Is(err, errWebPage):
		return err
	case errors.As(err, &syntax):
		return fmt.Errorf("line %d: %s", line, syntax.Msg)
	case errors.Is(err, io.EOF):
		return fmt.Errorf("line %d: the metalink is cut off", line)
	}
	return fmt.Errorf("line %d: %w", line, err)
}

// remark is what the server says in a comment, for messages.
func (t *metalinkTokens) remark() string {
	if t.comment == "" {
		return ""
	}
	return fmt.Sprintf("; it says %q", excerpt(t.comment))
}
