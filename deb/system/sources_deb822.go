package system

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/deb/control"
)

// parseSources reads the deb822 style of sources.list(5). Stanzas that are not
// enabled are left out.
func parseSources(file, text string) (entries []entry, err error) {
	r := control.NewReader(strings.NewReader(text), file)
	r.Comments = true
	for {
		s, err := r.Next()
		if err == io.EOF {
			return entries, nil
		}
		if err != nil {
			return nil, err
		}
		fields := fieldsOf(s)
		if yes, known := truth(fields["enabled"]); known && !yes {
			continue
		}
		e, err := sourceOf(fields)
		if err != nil {
			return nil, r.Errorf(s, "%w", err)
		}
		e.place = fmt.Sprintf("%s:%d", file, s.Line())
		entries = append(entries, e)
	}
}

// fieldsOf returns a stanza's fields by lower-case name, without comments. Of
// fields with one name the last one counts, as for apt.
func fieldsOf(s control.Stanza) map[string]string {
	fields := make(map[string]string, s.Len())
	for name, value := range s.All {
		fields[strings.ToLower(string(name))] = withoutCommentLines(string(value))
	}
	return fields
}

// withoutCommentLines drops the comments that stand between the lines of a value.
func withoutCommentLines(value string) string {
	if !strings.Contains(value, "\n#") {
		return value
	}
	lines := strings.Split(value, "\n")
	kept := lines[:1]
	for _, l := range lines[1:] {
		if !strings.HasPrefix(l, "#") {
			kept = append(kept, l)
		}
	}
	return strings.Join(kept, "\n")
}

// sourceOf makes an entry of a stanza's fields.
func sourceOf(fields map[string]string) (entry, error) {
	e := entry{
		types:      strings.Fields(fields["types"]),
		uris:       strings.Fields(fields["uris"]),
		suites:     strings.Fields(fields["suites"]),
		components: strings.Fields(fields["components"]),
		options:    fields,
	}
	for _, t := range e.types {
		if !isType(t) {
			return e, fmt.Errorf("type %q is not known; expected deb or deb-src", t)
		}
	}
	switch {
	case len(e.types) == 0:
		return e, errors.New("the stanza has no Types")
	case len(e.uris) == 0:
		return e, errors.New("the stanza has no URIs")
	case len(e.suites) == 0:
		return e, errors.New("the stanza has no Suites")
	}
	return e, e.check()
}
