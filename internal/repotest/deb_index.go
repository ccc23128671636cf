package repotest

import (
	"bytes"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz"
)

// index is one file below the root, as it is before compression.
type index struct {
	path    string // relative to the root, without a compression's suffix
	content []byte
}

// indexes puts the suite's indexes and roots.
func (d *Deb) indexes(tree *Tree, s *Suite, date time.Time) {
	d.t.Helper()
	if !s.Date.IsZero() {
		date = s.Date
	}
	var listed []listedFile
	put := func(name string, content []byte, held bool) {
		listed = append(listed, listedFile{name, content})
		if !held {
			return
		}
		tree.put(path.Join(s.dir(), name), content, date)
		for _, h := range s.Hashes {
			if s.ByHash {
				tree.put(path.Join(s.dir(), path.Dir(name), "by-hash", h, hexDigest(h, content)), content, date)
			}
		}
	}
	for _, ix := range d.content(s) {
		if !slices.Contains(s.Compressions, "") {
			put(ix.path, ix.content, false)
		}
		for _, suffix := range s.Compressions {
			put(ix.path+suffix, compressed(d.t, suffix, ix.content), true)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Extra)) {
		plain := []byte(s.Extra[name])
		packed := compressed(d.t, path.Ext(name), plain)
		if !bytes.Equal(packed, plain) {
			put(strings.TrimSuffix(name, path.Ext(name)), plain, false)
		}
		put(name, packed, true)
	}
	d.roots(tree, s, listed, date)
}

// content is the suite's indexes.
func (d *Deb) content(s *Suite) (indexes []index) {
	if s.flat() {
		return []index{{"Packages", d.packages(s, "", "")}}
	}
	architectures := s.Architectures
	if s.SeparateAll {
		architectures = append(slices.Clone(architectures), "all")
	}
	for _, c := range s.Components {
		for _, a := range architectures {
			indexes = append(indexes, index{c + "/binary-" + a + "/Packages", d.packages(s, c, a)})
		}
		if s.Translations {
			indexes = append(indexes, index{c + "/i18n/Translation-en", s.translations(c)})
		}
		if len(s.sources) > 0 {
			indexes = append(indexes, index{c + "/source/Sources", d.sources(s, c)})
		}
	}
	return indexes
}

// packages is a Packages index; an empty component and architecture takes all.
func (d *Deb) packages(s *Suite, component, architecture string) []byte {
	var stanzas []string
	for _, p := range s.packages {
		if component != "" && s.component(p.Component) != component || architecture != "" && !s.belongs(p, architecture) {
			continue
		}
		stanzas = append(stanzas, p.stanza(s.filename(p), d.archives[p], s.Hashes, s.Translations))
	}
	return []byte(strings.Join(stanzas, "\n"))
}

// belongs reports whether the package stands in the index of the architecture.
func (s *Suite) belongs(p *Package, architecture string) bool {
	return p.Architecture == architecture || p.Architecture == "all" && !s.SeparateAll
}

func (s *Suite) translations(component string) []byte {
	var stanzas []string
	seen := map[string]bool{}
	for _, p := range s.packages {
		if s.component(p.Component) != component || p.Stanza != "" || seen[p.Name] {
			continue
		}
		seen[p.Name] = true
		stanzas = append(stanzas, p.translation())
	}
	return []byte(strings.Join(stanzas, "\n"))
}

func (d *Deb) sources(s *Suite, component string) []byte {
	var stanzas []string
	for _, p := range s.sources {
		if s.component(p.Component) == component {
			stanzas = append(stanzas, p.stanza(d.t, s.directory(p)))
		}
	}
	return []byte(strings.Join(stanzas, "\n"))
}

// compressed compresses as the suffix says; suffixes of no compression change nothing.
func compressed(t T, suffix string, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	var err error
	switch suffix {
	case ".gz":
		return gzipped(t, content)
	case ".xz":
		w, err = xz.WriterConfig{DictCap: 1 << 16}.NewWriter(&b)
	case ".zst":
		w, err = zstd.NewWriter(&b, zstd.WithEncoderConcurrency(1))
	case ".lz4":
		w = lz4.NewWriter(&b)
	default:
		return content
	}
	if err == nil {
		_, err = w.Write(content)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatalf("compress %s: %v", suffix, err)
	}
	return b.Bytes()
}
