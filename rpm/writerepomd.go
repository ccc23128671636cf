package rpm

import (
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/rpm/repodata"
	"github.com/mirrorkeeper/mirrorkeeper/signature"
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
	file := repo.Content{Size: int64(len(ix.content)), Digest: fileOf("", ix.content).Digest}
	record := newRecord(ix.recordType, ix.name, file, ix.plain, p.rewriting.Date)
	p.records = append(p.records, record)
	name := path.Join(baseDir(p.rewriting.Repository), record.Href)
	if _, there := p.paths[name]; there {
		return nil
	}
	f, err := p.put(name, ix.content)
	p.manifest.Indexes = append(p.manifest.Indexes, f)
	return err
}

// newRecord is the record of a file with the given name behind its digest.
func newRecord(recordType, name string, file, plain repo.Content, date time.Time) repodata.Record {
	return repodata.Record{
		Type: recordType, Href: indexDir + "/" + file.Digest.Hex() + "-" + name, Checksum: file.Digest, Size: file.Size,
		OpenChecksum: plain.Digest, OpenSize: plain.Size, HeaderSize: -1, Timestamp: date,
	}
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
	repomd := repodata.Repomd{Revision: revision(w.Date), Tags: upstream.Tags, Records: p.records}
	files, err := newRoot(w.Repository, &repomd, w.Signer)
	if err != nil {
		return err
	}
	for _, f := range files {
		stored, err := p.put(f.name, f.content)
		if err != nil {
			return err
		}
		p.manifest.Root = append(p.manifest.Root, stored)
	}
	return nil
}

func revision(date time.Time) string { return strconv.FormatInt(date.Unix(), 10) }

// rootFile is a file of the root.
type rootFile struct {
	name    string // its path
	content []byte
}

// newRoot is repomd.xml, behind its signature where there is a signer.
func newRoot(r *repo.Repository, repomd *repodata.Repomd, signer repo.Signer) (files []rootFile, err error) {
	form := Format{}.RootForms(r)[0]
	content := repomd.Format()
	if signer != nil {
		detached, err := signer.Detached(content)
		if err != nil {
			return nil, fmt.Errorf("sign %s: %w", rootName, err)
		}
		files = append(files, rootFile{form.Signature, signature.Separate(detached)})
	}
	return append(files, rootFile{form.Main, content}), nil
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
