package modulemd

import (
	"bytes"
	"fmt"
)

// Join joins files into one with all of their documents, of which the same ones stand
// there once. It refuses documents that clients pass over, and two that say different
// things of one build of a stream, or of the defaults of one module. Names name the
// files in errors.
func Join(contents [][]byte, names []string) ([]byte, error) {
	var joined bytes.Buffer
	seen := map[string]document{} // by what they describe
	for i, content := range contents {
		documents, err := readDocuments(bytes.NewReader(content), names[i])
		if err != nil {
			return nil, err
		}
		for _, d := range documents {
			p, err := d.describe()
			if err != nil {
				return nil, err
			}
			if p.problem != nil {
				return nil, fmt.Errorf("%s:%d: %w", d.file, d.line, p.problem)
			}
			text := d.marked()
			subject := p.subject(text)
			before, again := seen[subject]
			if again && !bytes.Equal(before.marked(), text) {
				return nil, fmt.Errorf("%s:%d: %s stands in %s:%d with other content", d.file, d.line, subject, before.file, before.line)
			}
			if !again {
				seen[subject] = d
				joined.Write(text)
			}
		}
	}
	return joined.Bytes(), nil
}

// subject is what there may be only one document about; for remarks the document itself.
func (p part) subject(text []byte) string {
	switch {
	case p.stream != nil:
		return "the build " + p.stream.String()
	case p.defaults != nil:
		return "the defaults of " + p.defaults.Module
	}
	return string(text)
}

// marked is the document with lines that mark its start and its end.
func (d document) marked() []byte {
	text := bytes.Clone(d.text)
	if len(text) > 0 && text[len(text)-1] != '\n' {
		text = append(text, '\n')
	}
	begins := false
	for line := range bytes.Lines(text) {
		begins = begins || isMarker(line, "---")
	}
	if !begins {
		text = append([]byte("---\n"), text...)
	}
	if !endsMarked(text) {
		text = append(text, "...\n"...)
	}
	return text
}
