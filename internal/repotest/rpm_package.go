package repotest

import (
	"bytes"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/google/rpmpack"
)

// Tags of a package's header that [rpmpack] has no field for (rpmtag.h).
const (
	tagSourceRPM       = 1044
	tagSupplements     = 5052 // the next two are its versions and flags
	tagEnhances        = 5055
	tagModularityLabel = 5096
)

// Flags of a dependency (rpmds.h).
const (
	flagScriptPre  = 1 << 9
	flagScriptPost = 1 << 10
	flagRPMLib     = 1 << 24
)

// rpm is the package file. Its fields are those of a spec file. One for the
// architecture src is a source package.
func (p *Package) rpm(t T) []byte {
	t.Helper()
	if p.Architecture == "src" {
		return p.sourceRPM(t)
	}
	epoch, version, release := splitVersion(t, p.Version)
	b := &rpmBuilder{t: t, custom: map[int]rpmpack.IndexEntry{}, meta: rpmpack.RPMMetaData{
		Name: p.Name, Epoch: epoch, Version: version, Release: release, Arch: p.Architecture,
		Summary: p.description(), Description: "It was made for a test, and has nothing but its own name and version.",
		Licence: "MIT", BuildHost: "localhost", BuildTime: firstDate, Compressor: "gzip:1",
	}}
	b.require(rpmlib("CompressedFileNames", "3.0.4-1"))
	for _, field := range p.Fields {
		b.field(field)
	}
	r, err := rpmpack.NewRPM(b.meta)
	if err != nil {
		t.Fatalf("package %s: %v", p.Name, err)
		return nil
	}
	b.provideSelf(r, p)
	for tag, entry := range b.custom {
		r.AddCustomTag(tag, entry)
	}
	for name, content := range p.contents() {
		r.AddFile(rpmpack.RPMFile{Name: "/" + name, Body: []byte(content), Mode: 0o644, Owner: "root", Group: "root", MTime: uint32(firstDate.Unix())})
	}
	if p.Key != nil {
		r.SetPGPSigner(func(content []byte) ([]byte, error) { return p.Key.Binary(t, content, firstDate), nil })
	}
	var file bytes.Buffer
	if err := r.Write(&file); err != nil {
		t.Fatalf("package %s: %v", p.Name, err)
	}
	return file.Bytes()
}

// rpmBuilder gathers the header of a package from its fields.
type rpmBuilder struct {
	t      T
	meta   rpmpack.RPMMetaData
	custom map[int]rpmpack.IndexEntry

	supplements, enhances rpmpack.Relations
}

// field takes one line of a spec file: "Requires: a >= 1.0, (b or c)".
func (b *rpmBuilder) field(line string) {
	b.t.Helper()
	name, value, ok := strings.Cut(line, ":")
	value = strings.TrimSpace(value)
	switch {
	case !ok:
		b.t.Fatalf("not a field: %q", line)
	case name == "Group":
		b.meta.Group = value
	case name == "License":
		b.meta.Licence = value
	case name == "Vendor":
		b.meta.Vendor = value
	case name == "SourceRPM":
		b.custom[tagSourceRPM] = rpmpack.EntryString(value)
	case name == "ModularityLabel":
		b.custom[tagModularityLabel] = rpmpack.EntryString(value)
	default:
		for item := range strings.SplitSeq(value, ", ") {
			b.relation(name, item)
		}
	}
}

func (b *rpmBuilder) relation(kind, text string) {
	b.t.Helper()
	r, err := rpmpack.NewRelation(text)
	if err != nil {
		b.t.Fatalf("%s: %s: %v", kind, text, err)
		return
	}
	if strings.HasPrefix(text, "(") {
		b.require(rpmlib("RichDependencies", "4.12.0-1"))
	}
	switch kind {
	case "Requires":
		b.require(r)
	case "Requires(pre)":
		r.Sense |= flagScriptPre
		b.require(r)
	case "Requires(post)":
		r.Sense |= flagScriptPost
		b.require(r)
	case "Provides":
		b.meta.Provides = append(b.meta.Provides, r)
	case "Conflicts":
		b.meta.Conflicts = append(b.meta.Conflicts, r)
	case "Obsoletes":
		b.meta.Obsoletes = append(b.meta.Obsoletes, r)
	case "Recommends":
		b.meta.Recommends = append(b.meta.Recommends, r)
	case "Suggests":
		b.meta.Suggests = append(b.meta.Suggests, r)
	case "Supplements":
		b.supplements = append(b.supplements, r)
		relationTags(b.custom, tagSupplements, b.supplements)
	case "Enhances":
		b.enhances = append(b.enhances, r)
		relationTags(b.custom, tagEnhances, b.enhances)
	default:
		b.t.Fatalf("unknown field %q", kind)
	}
}

func (b *rpmBuilder) require(r *rpmpack.Relation) {
	if !slices.ContainsFunc(b.meta.Requires, r.Equal) {
		b.meta.Requires = append(b.meta.Requires, r)
	}
}

func rpmlib(feature, version string) *rpmpack.Relation {
	r := &rpmpack.Relation{Name: "rpmlib(" + feature + ")", Version: version, Sense: rpmpack.SenseLess | rpmpack.SenseEqual}
	r.Sense |= flagRPMLib
	return r
}

// provideSelf gives the provides of the package's own name what rpmbuild writes: the
// epoch, and the name with its architecture.
func (b *rpmBuilder) provideSelf(r *rpmpack.RPM, p *Package) {
	version := r.FullVersion()
	if r.Epoch != rpmpack.NoEpoch {
		version = strconv.FormatUint(uint64(r.Epoch), 10) + ":" + version
	}
	for _, own := range r.Provides {
		if own.Name == p.Name && own.Version == r.FullVersion() {
			own.Version = version
		}
	}
	if isa, ok := map[string]string{"x86_64": "(x86-64)", "i686": "(x86-32)", "aarch64": "(aarch-64)"}[p.Architecture]; ok {
		r.Provides = append(r.Provides, &rpmpack.Relation{Name: p.Name + isa, Version: version, Sense: rpmpack.SenseEqual})
	}
}

// relationTags adds a list of relations: its names, versions and flags, in this order
// of tags.
func relationTags(tags map[int]rpmpack.IndexEntry, first int, relations rpmpack.Relations) {
	var names, versions []string
	var flags []uint32
	for _, r := range relations {
		names, versions, flags = append(names, r.Name), append(versions, r.Version), append(flags, uint32(r.Sense))
	}
	tags[first], tags[first+1], tags[first+2] = rpmpack.EntryStringSlice(names), rpmpack.EntryStringSlice(versions), rpmpack.EntryUint32(flags)
}

// splitVersion takes "[epoch:]version[-release]" apart; the release is 1 by default.
func splitVersion(t T, full string) (epoch uint32, version, release string) {
	t.Helper()
	epoch = rpmpack.NoEpoch
	if before, rest, ok := strings.Cut(full, ":"); ok {
		n, err := strconv.ParseUint(before, 10, 32)
		if err != nil {
			t.Fatalf("version %q: %v", full, err)
		}
		epoch, full = uint32(n), rest
	}
	version, release, ok := strings.Cut(full, "-")
	if !ok {
		release = "1"
	}
	return epoch, version, release
}

// rpmFile is the usual name of the package's file.
func (p *Package) rpmFile(t T) string {
	t.Helper()
	_, version, release := splitVersion(t, p.Version)
	return p.Name + "-" + version + "-" + release + "." + p.Architecture + ".rpm"
}

// contents are the package's files by path, without a leading slash.
func (p *Package) contents() map[string]string {
	files := map[string]string{"usr/share/" + p.Name + "/version": p.Name + " " + p.Version + "\n"}
	if p.Size > 0 {
		files["usr/share/"+p.Name+"/payload"] = string(noise(p.Name+p.Version+p.Architecture, p.Size))
	}
	maps.Copy(files, p.Files)
	return files
}
