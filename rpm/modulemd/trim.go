package modulemd

import (
	"bytes"
	"fmt"
	"io"
	"slices"

	"go.yaml.in/yaml/v4"
)

// Selection says what of a repository is kept.
type Selection struct {
	// Stream decides on the builds of streams. One that is kept stays where none of
	// its artifacts do: others may require it.
	Stream func(*Stream) bool
	// Artifact reports whether the repository has the package, written as
	// name-epoch:version-release.architecture.
	Artifact func(nevra string) bool
	// Package reports whether clients find any package of the name: profiles may name
	// packages of other repositories, and such that are of no module.
	Package func(name string) bool
}

// Trim reads a modules.yaml and returns what is left of it for a part of the
// repository, nil where that is nothing; name names it in errors.
//
// Streams that are not kept are left out, and so are defaults of modules, obsoletes
// and translations of streams that are in the file and not kept. Artifacts that are
// not there are left out, and likewise packages of profiles, since dnf refuses a
// profile that names an unknown package; a profile that loses all of its packages goes,
// from the defaults too. Documents that no client uses (see [Index.Warnings]) are left
// out. Those in which nothing changes stay byte for byte.
func Trim(r io.Reader, name string, s Selection) ([]byte, error) {
	documents, err := readDocuments(r, name)
	if err != nil {
		return nil, err
	}
	parts := make([]part, len(documents))
	for i, d := range documents {
		if parts[i], err = d.describe(); err != nil {
			return nil, err
		}
	}
	t := newTrimming(s, parts)
	var out []byte
	last, ended := -1, true
	for i, d := range documents {
		if !t.keeps(parts[i]) {
			continue
		}
		text, err := t.trim(d, parts[i])
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", d.file, d.line, err)
		}
		if !ended && i > last+1 {
			out = append(out, "...\n"...) // the document between would have begun with a mark
		}
		out = append(out, text...)
		last, ended = i, endsMarked(text)
	}
	return out, nil
}

// endsMarked reports whether the last line marks the end of the document.
func endsMarked(text []byte) bool {
	text = bytes.TrimSuffix(text, []byte("\n"))
	return isMarker(text[bytes.LastIndexByte(text, '\n')+1:], "...")
}

// trimming is what the selection makes of the streams of a file.
type trimming struct {
	Selection
	// modules and streams have those of the file, true where they are kept, and
	// profiles those of kept streams, true where they are installable.
	modules  map[string]bool
	streams  map[streamName]bool
	profiles map[profileName]bool
}

type profileName struct {
	streamName
	profile string
}

func newTrimming(s Selection, parts []part) *trimming {
	t := &trimming{s, make(map[string]bool), make(map[streamName]bool), make(map[profileName]bool)}
	for _, p := range parts {
		if p.stream == nil {
			continue
		}
		name := streamName{p.stream.Name, p.stream.Stream}
		kept := s.Stream(p.stream)
		t.modules[name.module] = t.modules[name.module] || kept
		t.streams[name] = t.streams[name] || kept
		if kept {
			for profile, packages := range p.stream.Profiles {
				k := profileName{name, profile}
				t.profiles[k] = t.profiles[k] || len(packages) == 0 || slices.ContainsFunc(packages, s.Package)
			}
		}
	}
	return t
}

// keeps reports whether anything of the document stays.
func (t *trimming) keeps(p part) bool {
	switch {
	case p.stream != nil:
		return t.Stream(p.stream)
	case p.defaults != nil:
		kept, known := t.modules[p.defaults.Module]
		return kept || !known
	case p.remark != nil:
		return !t.drops(p.remark.about) && !t.drops(p.remark.by)
	}
	return false
}

// drops reports whether the file has the stream and it is not kept. What is said of
// streams of other repositories stays.
func (t *trimming) drops(name streamName) bool {
	kept, known := t.streams[name]
	return known && !kept
}

// trim returns what stays of the document.
func (t *trimming) trim(d document, p part) ([]byte, error) {
	if !t.changes(p) {
		return d.text, nil
	}
	n, err := d.parse()
	if err != nil {
		return nil, err
	}
	if p.stream != nil {
		t.trimStream(field(n, "data"))
	} else {
		t.trimDefaults(field(n, "data"), p.defaults.Module)
	}
	return yaml.Dump(n, yaml.WithExplicitStart(), yaml.WithExplicitEnd())
}

// changes reports whether something in the document goes.
func (t *trimming) changes(p part) bool {
	switch {
	case p.stream != nil:
		absent := func(packages []string) bool { return slices.ContainsFunc(packages, t.lacks) }
		for _, packages := range p.stream.Profiles {
			if absent(packages) {
				return true
			}
		}
		return slices.ContainsFunc(p.stream.Artifacts, func(nevra string) bool { return !t.Artifact(nevra) })
	case p.defaults != nil:
		for stream, profiles := range p.defaults.Profiles {
			if slices.ContainsFunc(profiles, t.unusable(p.defaults.Module, stream)) {
				return true
			}
		}
	}
	return false
}

func (t *trimming) lacks(name string) bool { return !t.Package(name) }

// unusable reports for a stream whether a profile was lost.
func (t *trimming) unusable(module, stream string) func(profile string) bool {
	return func(profile string) bool {
		left, known := t.profiles[profileName{streamName{module, stream}, profile}]
		return known && !left
	}
}

func (t *trimming) trimStream(data *yaml.Node) {
	removeItems(field(data, "artifacts", "rpms"), func(nevra string) bool { return !t.Artifact(nevra) })
	digests := field(data, "artifacts", "rpm-map")
	for _, packages := range pairs(digests) {
		removePairs(packages, func(_ string, p *yaml.Node) bool { return !t.Artifact(text(field(p, "nevra"))) })
	}
	removePairs(digests, isEmpty)
	removePairs(field(data, "artifacts"), func(key string, n *yaml.Node) bool { return key == "rpm-map" && isEmpty(key, n) })

	removePairs(field(data, "profiles"), func(_ string, profile *yaml.Node) bool {
		packages := field(profile, "rpms")
		before := len(texts(packages))
		removeItems(packages, t.lacks)
		return before > 0 && len(packages.Content) == 0
	})
	removePairs(data, func(key string, n *yaml.Node) bool { return key == "profiles" && isEmpty(key, n) })
}

func (t *trimming) trimDefaults(data *yaml.Node, module string) {
	for stream, profiles := range pairs(field(data, "profiles")) {
		removeItems(profiles, t.unusable(module, stream.Value))
	}
}

func isEmpty(_ string, n *yaml.Node) bool {
	return n.Kind == yaml.MappingNode && len(n.Content) == 0
}

// removeItems removes scalars from a sequence.
func removeItems(n *yaml.Node, remove func(string) bool) {
	if n != nil && n.Kind == yaml.SequenceNode {
		n.Content = slices.DeleteFunc(n.Content, func(item *yaml.Node) bool { return item.Kind == yaml.ScalarNode && remove(item.Value) })
	}
}

// removePairs removes keys that are scalars from a mapping.
func removePairs(n *yaml.Node, remove func(key string, value *yaml.Node) bool) {
	if n == nil || n.Kind != yaml.MappingNode {
		return
	}
	var kept []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode || !remove(key.Value, value) {
			kept = append(kept, key, value)
		}
	}
	n.Content = kept
}
