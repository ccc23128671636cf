package deb

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/deb/control"
)

// readOnlyStanza reads a file that must be one stanza, such as a control file, by the
// rules of dpkg's parser: more than one would put another package into the index.
// Blank lines are allowed before and behind it alone, each field once.
func readOnlyStanza(text []byte) (control.Stanza, error) {
	text, err := cleanText(text)
	if err != nil {
		return control.Stanza{}, err
	}
	in := control.ReadText(text, "control")
	s, err := in.Next()
	if err == io.EOF {
		return s, errors.New("control is empty")
	}
	if err != nil {
		return s, err
	}
	if err := checkFields(s); err != nil {
		return s, err
	}
	behind := text[int(s.Offset())+len(s.Bytes()):]
	if len(bytes.TrimLeft(behind, "\n")) > 0 {
		return s, errors.New("control has more than one stanza: a blank line ends the first")
	}
	if last := s.Len() - 1; len(behind) == 0 && len(s.Value(last)) == 0 {
		return s, fmt.Errorf("control ends with the field %s, which is empty: dpkg cannot read that", s.Name(last))
	}
	return s, nil
}

// cleanText refuses bytes that readers take for different things, and returns the text
// without carriage returns at the ends of lines.
func cleanText(text []byte) ([]byte, error) {
	if bytes.Contains(text, []byte("\r\n")) {
		text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	}
	if len(text) > 0 && text[len(text)-1] != '\n' {
		return nil, errors.New("control ends without an end of line")
	}
	line, blank, empty := 1, true, true // the line so far
	for _, c := range text {
		switch {
		case c == '\n':
			if blank && !empty {
				return nil, fmt.Errorf("control:%d: the line holds nothing but blanks, which some readers take for the end of the stanza", line)
			}
			line, blank, empty = line+1, true, true
			continue
		case c < ' ' && c != '\t' || c == 0x7f:
			return nil, fmt.Errorf("control:%d: there is a control character %q", line, c)
		case c != ' ' && c != '\t':
			blank = false
		}
		empty = false
	}
	return text, nil
}

// checkFields checks the names of the fields.
func checkFields(s control.Stanza) error {
	for i := range s.Len() {
		name := s.Name(i)
		if err := checkFieldName(name); err != nil {
			return err
		}
		for k := range i {
			if control.EqualName(s.Name(k), name) {
				return fmt.Errorf("field %s stands there twice", name)
			}
		}
	}
	return nil
}

// checkFieldName: printable characters without blanks, neither "#" nor "-" in front,
// Debian policy 5.1; dpkg wants at least two.
func checkFieldName(name []byte) error {
	odd := len(name) < 2 || name[0] == '#' || name[0] == '-'
	for _, c := range name {
		odd = odd || c <= ' ' || c >= 0x7f
	}
	if odd {
		return fmt.Errorf("%q is not the name of a field", name)
	}
	return nil
}

// databaseFields are fields of dpkg's own database, which no package may have.
var databaseFields = []string{"Status", "Config-Version", "Configured-Version", "Conffiles", "Triggers-Pending", "Triggers-Awaited"}

// obsoleteFields change the version beside the field Version; only dpkg reads them.
var obsoleteFields = []string{"Revision", "Package-Revision", "Package_Revision"}

// checkControl refuses the values of fields of a control file that dpkg refuses.
func checkControl(s control.Stanza) error {
	for i := range s.Len() {
		name := s.Name(i)
		if err := checkField(name, s.Value(i)); err != nil {
			return fmt.Errorf("field %s: %w", name, err)
		}
	}
	if control.EqualName(s.Get("Multi-Arch"), "same") && string(s.Get("Architecture")) == "all" {
		return errors.New("field Multi-Arch: \"same\" cannot be said of a package for all architectures")
	}
	return nil
}

func checkField(name, value []byte) error {
	switch id := identify(name); id {
	case fieldEssential:
		return checkWord(value, "yes", "no")
	case fieldMultiArch:
		return checkWord(value, "same", "foreign", "allowed", "no")
	case fieldPriority:
		return checkPriority(value)
	case fieldPreDepends, fieldDepends, fieldRecommends, fieldSuggests, fieldEnhances, fieldConflicts, fieldBreaks, fieldReplaces, fieldProvides:
		return checkRelations(id, string(value))
	case fieldOther:
		if control.EqualName(name, "Protected") {
			return checkWord(value, "yes", "no")
		}
		for _, other := range databaseFields {
			if control.EqualName(name, other) {
				return errors.New("it belongs to dpkg's own database")
			}
		}
		for _, other := range obsoleteFields {
			if control.EqualName(name, other) {
				return errors.New("it is obsolete; the field Version has the revision")
			}
		}
	}
	return nil
}

// checkPriority takes any word but those that only begin as one of Debian's: dpkg takes
// them for that with more behind it.
func checkPriority(value []byte) error {
	for _, known := range importance {
		if len(value) > len(known) && control.EqualName(value[:len(known)], known) {
			return fmt.Errorf("%s is %q with more behind it", excerpt(string(value)), known)
		}
	}
	return nil
}

// checkWord wants one of some words, in any case, or none.
func checkWord(value []byte, words ...string) error {
	for _, w := range words {
		if control.EqualName(value, w) {
			return nil
		}
	}
	if len(value) == 0 {
		return nil
	}
	return fmt.Errorf("%s is none of %s", excerpt(string(value)), strings.Join(words, ", "))
}

// checkName wants a name of a package: lower-case letters, digits, and after the first
// one also "+", "-" and "." (Debian policy 5.6.1, which dpkg-deb --build enforces).
func checkName(name string) error {
	for i := range len(name) {
		c := name[i]
		if !('a' <= c && c <= 'z' || isDigit(c) || i > 0 && (c == '+' || c == '-' || c == '.')) {
			return fmt.Errorf("%s is not a name of a package: it has %q", excerpt(name), c)
		}
	}
	if name == "" {
		return errors.New("the name is empty")
	}
	return nil
}

// checkArchitecture wants a machine's architecture, or "all" (deb-control(5)).
func checkArchitecture(name string) error {
	if name == "any" || name == "source" {
		return fmt.Errorf("%q is not the architecture of a package", name)
	}
	return checkArchitectureName(name)
}

func checkArchitectureName(name string) error {
	for i := range len(name) {
		if c := name[i]; !isLetter(c) && !isDigit(c) && (c != '-' || i == 0) {
			return fmt.Errorf("%s is not an architecture: it has %q", excerpt(name), c)
		}
	}
	if name == "" {
		return errors.New("the architecture is empty")
	}
	return nil
}
