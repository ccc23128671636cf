package rpm

import (
	"fmt"
	"slices"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
	"github.com/mirrorkeeper/mirrorkeeper/rpm/header"
)

// raw is a package file of any tags, without digests or sizes, to which the given tags
// are added, or in the place of those that are there; a nil value leaves one out.
func raw(tags ...repotest.RawTag) repotest.RawRPM {
	r := repotest.RawRPM{
		Signature: []repotest.RawTag{{Tag: uint32(header.SigPayloadSize), Value: uint32(124)}},
		Header: []repotest.RawTag{
			{Tag: uint32(header.Name), Value: "raw"},
			{Tag: uint32(header.Version), Value: "1.0"},
			{Tag: uint32(header.Release), Value: "2"},
			{Tag: uint32(header.Summary), Value: repotest.Translated{"a package"}},
			{Tag: uint32(header.Description), Value: repotest.Translated{"It was made by hand."}},
			{Tag: uint32(header.Size), Value: uint32(5)},
			{Tag: uint32(header.License), Value: "MIT"},
			{Tag: uint32(header.Group), Value: repotest.Translated{"Tests"}},
			{Tag: uint32(header.OS), Value: "linux"},
			{Tag: uint32(header.Arch), Value: "noarch"},
			{Tag: uint32(header.SourceRPM), Value: "raw-1.0-2.src.rpm"},
			{Tag: uint32(header.PayloadCompressor), Value: "gzip"},
		},
		Payload: []byte("not looked at"),
	}
	for _, t := range tags {
		r.Header = slices.DeleteFunc(r.Header, func(o repotest.RawTag) bool { return o.Tag == t.Tag })
		if t.Value != nil {
			r.Header = append(r.Header, t)
		}
	}
	return r
}

func value(tag header.Tag, v any) repotest.RawTag { return repotest.RawTag{Tag: uint32(tag), Value: v} }

// old is the package in format 3.
func old(r repotest.RawRPM) repotest.RawRPM {
	r.NoRegions = true
	return r
}

// files are the tags of files, one in each directory, the last one has the rest.
func files(dirs []string, bases ...string) []repotest.RawTag {
	var indexes []uint32
	for i := range bases {
		indexes = append(indexes, uint32(min(i, len(dirs)-1)))
	}
	return []repotest.RawTag{
		value(header.FileModes, make([]uint16, len(bases))), value(header.FileFlags, make([]uint32, len(bases))),
		value(header.DirIndexes, indexes), value(header.BaseNames, bases), value(header.DirNames, dirs),
	}
}

// requires are the tags of requirements of the names.
func requires(names ...string) []repotest.RawTag {
	return []repotest.RawTag{
		value(header.RequireFlags, make([]uint32, len(names))), value(header.RequireName, names), value(header.RequireVersion, make([]string, len(names))),
	}
}

// relations are the tags of requirements of the names r0, r1 and so on, with the given
// flags and versions.
func relations(flagsAndVersions ...any) []repotest.RawTag {
	var names, versions []string
	var flags []uint32
	for i := 0; i < len(flagsAndVersions); i += 2 {
		names = append(names, fmt.Sprint("r", i/2))
		flags = append(flags, uint32(flagsAndVersions[i].(int)))
		versions = append(versions, flagsAndVersions[i+1].(string))
	}
	return []repotest.RawTag{value(header.RequireFlags, flags), value(header.RequireName, names), value(header.RequireVersion, versions)}
}

// changes are the tags of a changelog with entries of the times.
func changes(times ...uint32) []repotest.RawTag {
	var authors, texts []string
	for i := range times {
		authors, texts = append(authors, fmt.Sprint("author ", i)), append(texts, fmt.Sprint("- change ", i))
	}
	return []repotest.RawTag{value(header.ChangelogTime, times), value(header.ChangelogName, authors), value(header.ChangelogText, texts)}
}
