package deb

import (
	"bytes"
	"fmt"
	"path"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Renew replaces the fields Date and Valid-Until of the Release and leaves all else as it
// is, byte for byte. apt takes no notice of a Release that is older than its own.
func (Format) Renew(n *repo.Renewal) ([]repo.File, error) {
	content := n.Files[n.Root.Form.Main]
	if path.Base(n.Root.Form.Main) == "InRelease" {
		content = unverified(content)
	}
	dates := []Field{{"Date", formatDate(n.Date)}}
	if n.ValidFor > 0 {
		dates = append(dates, Field{"Valid-Until", formatDate(n.Date.Add(n.ValidFor))})
	}
	p := newPublication(n.Repository, nil)
	output := func(name string) (repo.Output, error) { return &putOutput{put: n.Put, name: name}, nil }
	if err := p.addRelease(redated(content, dates), n.Signer, output); err != nil {
		return nil, fmt.Errorf("%s: %w", n.Repository, err)
	}
	return p.manifest.Root, nil
}

// redated is the Release with these dates in the place of its own, or at its start.
func redated(release []byte, dates []Field) []byte {
	var lines []byte
	for _, f := range dates {
		lines = fmt.Appendf(lines, "%s: %s\n", f.Name, f.Value)
	}
	var out []byte
	placed, skipping := false, false
	for line := range bytes.Lines(release) {
		if line[0] == ' ' || line[0] == '\t' {
			if !skipping {
				out = append(out, line...)
			}
			continue
		}
		name, _, _ := bytes.Cut(line, []byte(":"))
		skipping = bytes.EqualFold(name, []byte("Date")) || bytes.EqualFold(name, []byte("Valid-Until"))
		if !skipping {
			out = append(out, line...)
			continue
		}
		if !placed {
			out = append(out, lines...)
			placed = true
		}
	}
	if !placed {
		out = append(lines, out...)
	}
	return out
}
