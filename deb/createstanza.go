package deb

import (
	"errors"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/deb/control"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// fileDigest says where indexes list the digest of a file.
type fileDigest struct {
	algorithm repo.Algorithm
	field     string // of Packages
	list      string // of Sources
}

// fileDigests has the weakest first, in the order in which indexes have them.
var fileDigests = []fileDigest{
	{repo.MD5, "MD5sum", "Files"},
	{repo.SHA1, "SHA1", "Checksums-Sha1"},
	{repo.SHA256, "SHA256", "Checksums-Sha256"},
	{repo.SHA512, "SHA512", "Checksums-Sha512"},
}

// stanzaWriter makes the stanzas of indexes of what Inspect found.
type stanzaWriter struct {
	algorithms []repo.Algorithm // of the digests of entries
	overrides  *overrides
	buffer     []byte // of the stanza at hand
}

// errNotInspected is for callers: texts and digests depend on Inspection and Algorithms.
var errNotInspected = errors.New("it was not inspected with these settings")

// stanza is the stanza of an entry with the blank line behind it, valid until the next
// one, and the section that it is in.
func (w *stanzaWriter) stanza(e *repo.Entry) (stanza []byte, section string, err error) {
	if len(e.Texts) == 0 || len(e.Digests) != len(w.algorithms) {
		return nil, "", errNotInspected
	}
	if e.SourcePackage {
		err = w.source(e)
	} else {
		section, err = w.binary(e)
	}
	return w.buffer, section, err
}

// binary writes the stanza of a package: its control file, and what describes the file.
func (w *stanzaWriter) binary(e *repo.Entry) (section string, err error) {
	text, section := e.Texts[stanzaText], e.Section
	if ov := w.overrides.binary(e.Name, e.Architecture); ov != nil {
		s, err := control.ReadText(text, "stanza").Next()
		if err != nil {
			return "", err
		}
		text = ov.apply(s)
		if in := ov.get("Section"); in != "" {
			section = in
		}
	}
	w.buffer = append(w.buffer[:0], text...)
	w.line("Filename", e.Path)
	w.line("Size", strconv.FormatInt(e.Size, 10))
	for _, f := range fileDigests {
		if i := slices.Index(w.algorithms, f.algorithm); i >= 0 {
			w.line(f.field, e.Digests[i].Hex())
		}
	}
	w.add("\n")
	return section, nil
}

// source writes the stanza of a source package: its .dsc with the name as Package, the
// directory, and the .dsc among the files.
func (w *stanzaWriter) source(e *repo.Entry) error {
	s, err := control.ReadText(e.Texts[stanzaText], "stanza").Next()
	if err != nil {
		return err
	}
	if ov := w.overrides.source(e.Name, string(s.Get("Binary"))); ov != nil {
		if s, err = control.ReadText(ov.apply(s), "stanza").Next(); err != nil {
			return err
		}
	}
	w.buffer = w.buffer[:0]
	w.line("Package", e.Name)
	for i := range s.Len() {
		if name := s.Name(i); !isOfSources(name) {
			w.buffer = append(w.buffer, s.Lines(i)...)
		}
	}
	w.line("Directory", path.Dir(e.Path))
	for i, a := range w.algorithms {
		w.files(e, s, a, e.Digests[i])
	}
	w.add("\n")
	return nil
}

// isOfSources reports whether a field of Sources is one that the index has to say.
func isOfSources(name []byte) bool {
	for _, f := range fileDigests {
		if control.EqualName(name, f.list) {
			return true
		}
	}
	return control.EqualName(name, "Source") || control.EqualName(name, "Package") || control.EqualName(name, "Directory")
}

// files writes the list of digests of the files: the .dsc with the given one, and those
// that it names. A .dsc without SHA-256 lists, as they were before 2008, gets them, since
// apt wants them.
func (w *stanzaWriter) files(e *repo.Entry, dsc control.Stanza, a repo.Algorithm, own repo.Digest) {
	k := slices.IndexFunc(fileDigests, func(f fileDigest) bool { return f.algorithm == a })
	listed := dsc.Get(fileDigests[k].list)
	known := func(f repo.File) bool { return f.Digest.Algorithm() == a }
	if listed == nil && !slices.ContainsFunc(e.Files, known) {
		return
	}
	file := func(digest string, size int64, name string) {
		w.add(" ", digest, " ", strconv.FormatInt(size, 10), " ", name, "\n")
	}
	w.add(fileDigests[k].list, ":\n")
	file(own.Hex(), e.Size, path.Base(e.Path))
	if listed == nil {
		for _, f := range e.Files {
			if known(f) {
				file(f.Digest.Hex(), f.Size, f.Path)
			}
		}
	}
	for line := range strings.Lines(string(listed)) {
		if line = strings.TrimSpace(line); line != "" {
			w.add(" ", line, "\n")
		}
	}
}

func (w *stanzaWriter) line(name, value string) { w.add(name, ": ", value, "\n") }

func (w *stanzaWriter) add(texts ...string) {
	for _, t := range texts {
		w.buffer = append(w.buffer, t...)
	}
}
