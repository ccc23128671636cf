package rpm

import (
	"bytes"
	"fmt"
	"hash"
	"io"
	"maps"
	"path"
	"slices"

	"github.com/mirrorkeeper/mirrorkeeper/compress"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/rpm/modulemd"
	"github.com/mirrorkeeper/mirrorkeeper/rpm/repodata"
)

// Create writes primary, filelists and other, comps, updateinfo, modules and further
// records, each named by its digest, and repomd.xml with its signature, which are the
// manifest's root. Without a signer there is no signature. A package that stands in the
// entries at several places is in the indexes with the first one.
func (c *Creator) Create(k *repo.Creation) (*repo.Manifest, error) {
	w := &creation{Creator: c, Creation: k, manifest: &repo.Manifest{}, paths: map[string]bool{}}
	if err := w.create(); err != nil {
		return nil, fmt.Errorf("%s: %w", c.Repository(), err)
	}
	return w.manifest, nil
}

// creation collects what is created.
type creation struct {
	*Creator
	*repo.Creation

	manifest *repo.Manifest
	records  []repodata.Record
	paths    map[string]bool // of the manifest
}

func (w *creation) create() error {
	if err := w.Check(); err != nil {
		return err
	}
	modules, err := w.further()
	if err != nil {
		return err
	}
	if err := w.addPackages(); err != nil {
		return err
	}
	if w.Comps != nil {
		if err := w.add("group", "comps.xml", "", w.Comps); err != nil {
			return err
		}
		suffix := w.compression()
		if err := w.add("group_"+suffix[1:], "comps.xml", suffix, w.Comps); err != nil {
			return err
		}
	}
	if w.Updateinfo != nil {
		if err := w.add(updateinfoKind, "updateinfo.xml", w.compression(), w.Updateinfo); err != nil {
			return err
		}
	}
	if modules != nil {
		if err := w.add(modulesKind, "modules.yaml", w.compression(), modules); err != nil {
			return err
		}
	}
	for _, recordType := range slices.Sorted(maps.Keys(w.Records)) {
		if err := w.add(recordType, recordType, w.compression(), w.Records[recordType]); err != nil {
			return err
		}
	}
	return w.addRoot()
}

// further checks what is given beside packages, and returns the modules as one file.
func (w *creation) further() (modules []byte, err error) {
	if w.Comps != nil {
		if _, err := repodata.ParseComps(bytes.NewReader(w.Comps), "comps"); err != nil {
			return nil, err
		}
	}
	if w.Updateinfo != nil {
		all := func(string, string, string, string, string) bool { return true }
		if _, err := repodata.TrimUpdateinfo(bytes.NewReader(w.Updateinfo), "updateinfo", io.Discard, all); err != nil {
			return nil, err
		}
	}
	for recordType := range w.Records {
		if err := checkRecord(recordType); err != nil {
			return nil, err
		}
	}
	if len(w.Modules) == 0 {
		return nil, nil
	}
	names := make([]string, len(w.Modules))
	for i := range names {
		names[i] = fmt.Sprintf("modules %d", i+1)
	}
	return modulemd.Join(w.Modules, names)
}

// checkRecord refuses types of records that cannot be given.
func checkRecord(recordType string) error {
	switch kindOf(recordType) {
	case packagesKind, filelistsKind, otherKind, groupKind, updateinfoKind, modulesKind:
		return fmt.Errorf("the record %q is not written by its content alone", recordType)
	}
	if clean, err := repo.CleanPath(recordType); err != nil || clean != path.Base(recordType) {
		return fmt.Errorf("%q is no type of a record", recordType)
	}
	return nil
}

// addPackages writes primary, filelists and other. The number of packages stands before
// them: where some are the same one, they are written again.
func (w *creation) addPackages() error {
	for expected := w.Length; ; {
		lists, err := w.openLists(expected)
		if err != nil {
			return err
		}
		n, err := w.writePackages(lists)
		if err == nil && n == expected {
			return w.finishLists(lists)
		}
		discard(lists)
		if err != nil {
			return err
		}
		if n > w.Length {
			return fmt.Errorf("there are %d packages, expected %d", n, w.Length)
		}
		expected = n
	}
}

// writePackages writes the elements of all packages, and returns how many there are.
func (w *creation) writePackages(lists []*createdList) (n int, err error) {
	name, written := "", map[repo.Digest]bool{} // of packages of the name
	for e, err := range w.Entries {
		if err != nil {
			return n, err
		}
		if len(e.Digests) != 1 || len(e.Texts) != len(lists) {
			return n, fmt.Errorf("%s: it was not inspected", e.Path)
		}
		if e.Name != name {
			name = e.Name
			clear(written)
		}
		if written[e.Digests[0]] {
			continue
		}
		written[e.Digests[0]] = true
		f := repodata.PackageFile{Digest: e.Digests[0], Href: e.Path, Size: e.Size, Modified: e.Modified}
		for i, l := range lists {
			if err := l.add(&f, e.Texts[i]); err != nil {
				return n, fmt.Errorf("%s: %w", e.Path, err)
			}
		}
		n++
	}
	return n, nil
}

// addRoot writes and signs repomd.xml.
func (w *creation) addRoot() error {
	repomd := repodata.Repomd{Revision: w.Revision, Tags: w.tags(), Records: w.records}
	if repomd.Revision == "" {
		repomd.Revision = revision(w.Date)
	}
	files, err := newRoot(w.Repository(), &repomd, w.Signer)
	if err != nil {
		return err
	}
	for _, f := range files {
		stored, err := w.put(f.content)
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		stored.Path = f.name
		w.manifest.Root = append(w.manifest.Root, stored)
	}
	return nil
}

// put stores a file that is in memory.
func (w *creation) put(content []byte) (repo.File, error) {
	out, err := w.Output()
	if err != nil {
		return repo.File{}, err
	}
	defer out.Discard()
	if _, err := out.Write(content); err != nil {
		return repo.File{}, err
	}
	return out.Finish()
}

// add writes a file of metadata and lists it for the root.
func (w *creation) add(recordType, name, suffix string, content []byte) error {
	ix, err := w.open(recordType, name, suffix)
	if err != nil {
		return err
	}
	defer ix.file.Discard()
	_, _ = ix.Write(content) // it keeps its error
	return w.finish(ix)
}

// createdIndex is a file of metadata that is being written.
type createdIndex struct {
	*output
	recordType, name string
	file             repo.Output
	sum              hash.Hash // of the file, where Finish returns another algorithm's
}

func (w *creation) open(recordType, name, suffix string) (*createdIndex, error) {
	file, err := w.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	ix := &createdIndex{recordType: recordType, name: name + suffix, file: file}
	to := io.Writer(file)
	if w.checksum() != repo.SHA256 {
		ix.sum = w.checksum().New()
		to = io.MultiWriter(file, ix.sum)
	}
	ix.output = newOutput(to, suffix, w.checksum())
	return ix, nil
}

// finish stores an index and lists it for the root.
func (w *creation) finish(ix *createdIndex) error {
	err := ix.Close()
	if err != nil {
		return fmt.Errorf("%s: %w", ix.name, err)
	}
	stored, err := ix.file.Finish()
	if err != nil {
		return fmt.Errorf("%s: %w", ix.name, err)
	}
	file := repo.Content{Size: stored.Size, Digest: stored.Digest}
	if ix.sum != nil {
		file.Digest = repo.NewDigest(w.checksum(), ix.sum.Sum(nil))
	}
	plain := ix.content()
	if _, suffix := compress.SplitSuffix(ix.name); suffix == "" {
		plain = repo.Content{}
	}
	record := newRecord(ix.recordType, ix.name, file, plain, w.Date)
	w.records = append(w.records, record)
	if !w.paths[record.Href] {
		w.paths[record.Href] = true
		stored.Path = record.Href
		w.manifest.Indexes = append(w.manifest.Indexes, stored)
	}
	return nil
}
