package rpm

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/rpm/repodata"
)

// publication collects what is published.
type publication struct {
	rewriting *repo.Rewriting
	manifest  *repo.Manifest
	records   []repodata.Record
	paths     map[string]repo.Digest // of the manifest
}

// addPackages adds the package files. Packages may share files.
func (p *publication) addPackages() error {
	for _, pkg := range p.rewriting.Packages {
		f := pkg.File
		before, there := p.paths[f.Path]
		if there && before != f.Digest {
			return fmt.Errorf("%s: another package has %s with digest %s, not %s", pkg, f.Path, before, f.Digest)
		}
		if !there {
			p.paths[f.Path] = f.Digest
			p.manifest.Packages = append(p.manifest.Packages, f)
		}
	}
	return nil
}

// addIndex stores an index by its digest, and lists it for the root.
func (p *publication) addIndex(ix writtenIndex) error {
	digest := fileOf("", ix.content).Digest
	base := digest.Hex() + "-" + ix.name
	name := path.Join(p.rewriting.Repository.IndexDir, base)
	p.records = append(p.records, repodata.Record{
		Type: ix.recordType, Href: indexDir + "/" + base, Checksum: digest, Size: int64(len(ix.content)),
		OpenChecksum: ix.plain.Digest, OpenSize: ix.plain.Size, HeaderSize: -1, Timestamp: p.rewriting.Date,
	})
	if _, there := p.paths[name]; there {
		return nil
	}
	f, err := p.put(name, ix.content)
	p.manifest.Indexes = append(p.manifest.Indexes, f)
	return err
}

// put stores a file of ours.
func (p *publication) put(name string, content []byte) (repo.File, error) {
	f, err := p.rewriting.Put(name, content)
	if err != nil {
		return f, fmt.Errorf("%s: %w", name, err)
	}
	f.Path = name
	p.paths[name] = f.Digest
	return f, nil
}

// addRoot writes and signs the root.
func (p *publication) addRoot() error {
	w := p.rewriting
	upstream, _ := w.Root.Detail.(*repodata.Repomd)
	repomd := repodata.Repomd{Revision: strconv.FormatInt(w.Date.Unix(), 10), Tags: upstream.Tags, Records: p.records}
	content := repomd.Format()
	signature, err := w.Signer.Detached(content)
	if err != nil {
		return fmt.Errorf("sign %s: %w", rootName, err)
	}
	form := Format{}.RootForms(w.Repository)[0]
	for _, f := range []struct {
		name    string
		content []byte
	}{{form.Signature, signature}, {form.Main, content}} {
		stored, err := p.put(f.name, f.content)
		if err != nil {
			return err
		}
		p.manifest.Root = append(p.manifest.Root, stored)
	}
	return nil
}

// keptName is the name of a kept index's file, without the digest before it and the
// suffix of its compression behind it.
func keptName(v repo.Variant) (name, suffix string) {
	name = strings.TrimSuffix(path.Base(v.Path), v.Suffix)
	if digest, rest, ok := strings.Cut(name, "-"); ok && len(digest) >= 32 && strings.Trim(digest, "0123456789abcdefABCDEF") == "" {
		name = rest
	}
	return name, v.Suffix
}
