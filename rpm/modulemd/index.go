// Package modulemd reads modules.yaml, which says what module streams a repository
// has, and trims it to a part of the repository.
//
// The formats are those of the specifications in libmodulemd, yaml_specs/: the kinds
// modulemd (versions 1 and 2), modulemd-defaults, modulemd-obsoletes and
// modulemd-translations.
package modulemd

import (
	"errors"
	"fmt"
	"io"
	"strconv"

	"go.yaml.in/yaml/v4"
)

// Index is what a modules.yaml says.
type Index struct {
	// Streams and Defaults are in the order of the file. A stream may be there
	// several times, as other versions, contexts and architectures.
	Streams  []*Stream
	Defaults []*Defaults
	// Warnings say which documents were passed over, and why: clients do so, too.
	Warnings []string
}

// Stream is one build of a module stream.
type Stream struct {
	Name, Stream string
	Version      uint64
	// Context tells builds of one version that require different streams from each
	// other.
	Context string
	Arch    string
	// Artifacts are its packages: name-epoch:version-release.architecture.
	Artifacts []string
	// Profiles are names of packages to install together, by the profile's name.
	Profiles map[string][]string
	// Requires are the modules that must be active, each in one of the streams, in any
	// where there are none, or in any but those with a "-" in front. Where there are
	// several such sets, one of them suffices; streams as they are published have one.
	Requires []map[string][]string
}

// String returns "name:stream:version:context:architecture".
func (s *Stream) String() string {
	return fmt.Sprintf("%s:%s:%d:%s:%s", s.Name, s.Stream, s.Version, s.Context, s.Arch)
}

// Defaults say what is meant by a module without a stream, and by a stream without a
// profile.
type Defaults struct {
	Module string
	// Modified grows with each change, by convention a date and time such as
	// 201812071200.
	Modified uint64
	Stream   string // "" where no stream is the default
	// Profiles are names of profiles, by stream.
	Profiles map[string][]string
}

// DefaultsOf returns what is said of the module, nil for nothing. What was modified
// last counts; where several were at once and name different streams, none of these
// is the default (as libmodulemd merges them).
func DefaultsOf(all []*Defaults, module string) *Defaults {
	var best *Defaults
	for _, d := range all {
		switch {
		case d.Module != module:
		case best == nil || d.Modified > best.Modified:
			best = d
		case d.Modified == best.Modified && d.Stream != best.Stream:
			best = &Defaults{Module: module, Modified: d.Modified, Profiles: best.Profiles}
		}
	}
	return best
}

// Parse reads a modules.yaml; name names it in errors. Malformed YAML is an error; a
// document that is no proper description of a module, or is of an unknown kind, is
// passed over with a warning, as libmodulemd does.
func Parse(r io.Reader, name string) (*Index, error) {
	documents, err := readDocuments(r, name)
	if err != nil {
		return nil, err
	}
	ix := &Index{}
	for _, d := range documents {
		part, err := d.describe()
		if err != nil {
			return nil, err
		}
		if part.stream != nil {
			ix.Streams = append(ix.Streams, part.stream)
		}
		if part.defaults != nil {
			ix.Defaults = append(ix.Defaults, part.defaults)
		}
		if part.problem != nil {
			ix.Warnings = append(ix.Warnings, fmt.Sprintf("%s:%d: document passed over: %v", d.file, d.line, part.problem))
		}
	}
	return ix, nil
}

// part is what a document says, of which all but one field is zero.
type part struct {
	stream   *Stream
	defaults *Defaults
	remark   *remark
	problem  error // why no client uses the document
}

// remark is what an obsoletes or translations document is about.
type remark struct {
	about streamName
	by    streamName // what obsoletes it, where anything does
}

type streamName struct{ module, stream string }

// describe reads the document.
func (d document) describe() (p part, err error) {
	n, err := d.parse()
	if err != nil {
		return p, err
	}
	data := field(n, "data")
	kind, version := text(field(n, "document")), text(field(n, "version"))
	switch {
	case data == nil || data.Kind != yaml.MappingNode:
		p.problem = errors.New("it has no data")
	case kind == "modulemd" && (version == "1" || version == "2"):
		p.stream, p.problem = parseStream(data)
	case kind == "modulemd-defaults" && version == "1":
		p.defaults, p.problem = parseDefaults(data)
	case (kind == "modulemd-obsoletes" || kind == "modulemd-translations") && version == "1":
		p.remark, p.problem = parseRemark(data)
	default:
		p.problem = fmt.Errorf("its kind %q of version %q is unknown", kind, version)
	}
	return p, nil
}

func parseStream(data *yaml.Node) (*Stream, error) {
	s := &Stream{
		Name:      text(field(data, "name")),
		Stream:    text(field(data, "stream")),
		Context:   text(field(data, "context")),
		Arch:      text(field(data, "arch")),
		Artifacts: texts(field(data, "artifacts", "rpms")),
		Requires:  parseRequires(field(data, "dependencies")),
	}
	if s.Name == "" || s.Stream == "" {
		return nil, fmt.Errorf("stream %q of module %q lacks a name", s.Stream, s.Name)
	}
	var err error
	if s.Version, err = parseNumber(field(data, "version")); err != nil {
		return nil, fmt.Errorf("stream %s:%s: version: %w", s.Name, s.Stream, err)
	}
	for name, profile := range pairs(field(data, "profiles")) {
		if s.Profiles == nil {
			s.Profiles = make(map[string][]string)
		}
		s.Profiles[name.Value] = texts(field(profile, "rpms"))
	}
	return s, nil
}

// parseRequires reads the dependencies of version 2, a list of sets, or of version 1,
// one set with one stream for a module.
func parseRequires(dependencies *yaml.Node) (sets []map[string][]string) {
	if dependencies == nil {
		return nil
	}
	alternatives := []*yaml.Node{dependencies}
	if dependencies.Kind == yaml.SequenceNode {
		alternatives = dependencies.Content
	}
	for _, alternative := range alternatives {
		set := make(map[string][]string)
		for module, streams := range pairs(field(alternative, "requires")) {
			if streams.Kind == yaml.ScalarNode {
				set[module.Value] = []string{streams.Value}
			} else {
				set[module.Value] = texts(streams)
			}
		}
		sets = append(sets, set)
	}
	return sets
}

func parseDefaults(data *yaml.Node) (*Defaults, error) {
	d := &Defaults{Module: text(field(data, "module")), Stream: text(field(data, "stream"))}
	if d.Module == "" {
		return nil, errors.New("defaults lack the name of the module")
	}
	var err error
	if d.Modified, err = parseNumber(field(data, "modified")); err != nil {
		return nil, fmt.Errorf("defaults of %s: modified: %w", d.Module, err)
	}
	for stream, profiles := range pairs(field(data, "profiles")) {
		if d.Profiles == nil {
			d.Profiles = make(map[string][]string)
		}
		d.Profiles[stream.Value] = texts(profiles)
	}
	return d, nil
}

func parseRemark(data *yaml.Node) (*remark, error) {
	r := &remark{
		about: streamName{text(field(data, "module")), text(field(data, "stream"))},
		by:    streamName{text(field(data, "obsoleted_by", "module")), text(field(data, "obsoleted_by", "stream"))},
	}
	if r.about.module == "" || r.about.stream == "" {
		return nil, fmt.Errorf("stream %q of module %q lacks a name", r.about.stream, r.about.module)
	}
	return r, nil
}

// parseNumber reads a number that is 0 where it is not said.
func parseNumber(n *yaml.Node) (uint64, error) {
	if n == nil {
		return 0, nil
	}
	number, err := strconv.ParseUint(text(n), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%.40q is no number", text(n))
	}
	return number, nil
}
