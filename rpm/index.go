package rpm

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/compress"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/rpm/repodata"
)

// The kinds of indexes that we understand. All others are called by the types of
// their records.
const (
	packagesKind    = "packages" // primary
	filelistsKind   = "filelists"
	otherKind       = "other" // change logs
	groupKind       = "group" // comps
	updateinfoKind  = "updateinfo"
	modulesKind     = "modules"
	prestodeltaKind = "prestodelta" // of delta packages
	deltainfoKind   = "deltainfo"   // the same, as SUSE has it
	treeinfoKind    = "treeinfo"    // beside the root, as is the next one
	extraFilesKind  = "extra_files"
)

// sourcesKind are source packages, which stand among the others. Source.Include
// names it.
const sourcesKind = "sources"

// zchunk ends the types of records that are a zchunk form of another record.
const zchunk = "_zck"

// kindOf is the kind of the index that a record of the type belongs to.
func kindOf(recordType string) string {
	for _, suffix := range []string{zchunk, "_gz", "_xz", "_zst", "_bz2"} {
		recordType = strings.TrimSuffix(recordType, suffix)
	}
	if recordType == "primary" {
		return packagesKind
	}
	return recordType
}

// indexes makes an index of each record, of which "primary_zck" is a variant of the
// one before it of type "primary". A second record of a type is another index.
func indexes(repomd *repodata.Repomd, r *repo.Repository) ([]repo.Index, error) {
	var all []repo.Index
	seen, known, paths := map[string]int{}, map[string]int{}, map[string]repo.Digest{}
	for _, record := range repomd.Records {
		v, err := variant(record, r)
		if err != nil {
			return nil, fmt.Errorf("record %q: %w", record.Type, err)
		}
		if d, there := paths[v.Path]; there && d != v.Digest {
			return nil, fmt.Errorf("record %q: %s is listed with digests %s and %s", record.Type, v.Path, d, v.Digest)
		}
		paths[v.Path] = v.Digest
		name := strings.TrimSuffix(record.Type, zchunk)
		if seen[record.Type]++; seen[record.Type] > 1 {
			name = fmt.Sprintf("%s#%d", name, seen[record.Type])
		}
		i, ok := known[name]
		if !ok {
			i = len(all)
			known[name] = i
			all = append(all, newIndex(name, kindOf(record.Type)))
		}
		all[i].Variants = append(all[i].Variants, v)
	}
	return all, nil
}

// newIndex makes an index without variants. Clients fetch what we understand; what
// upstream lists of other kinds and does not have, they do not miss.
func newIndex(name, kind string) repo.Index {
	ix := repo.Index{Name: name, Kind: kind}
	switch kind {
	case packagesKind:
		ix.ListsFiles = true
	case filelistsKind, otherKind, groupKind, updateinfoKind, modulesKind:
	case prestodeltaKind, deltainfoKind, treeinfoKind, extraFilesKind:
		ix.ListsFiles, ix.Optional = true, true
	default:
		ix.Optional = true
	}
	return ix
}

func variant(record repodata.Record, r *repo.Repository) (v repo.Variant, err error) {
	switch {
	case record.Checksum.IsZero():
		return v, errors.New("it has no checksum")
	case record.Checksum.Algorithm().Weak() && !r.Source.Trusted:
		return v, fmt.Errorf("it is listed with %w; a trusted source would be taken as it is", repo.ErrWeak)
	}
	v.File = repo.File{Size: record.Size, Digest: record.Checksum}
	if v.Path, err = indexPath(record, r); err != nil {
		return v, err
	}
	v.Suffix = suffixOf(record)
	if !record.OpenChecksum.IsZero() {
		v.Plain = repo.Content{Size: record.OpenSize, Digest: record.OpenChecksum}
	}
	return v, nil
}

// suffixOf is the suffix of the record's compression.
func suffixOf(record repodata.Record) string {
	if strings.HasSuffix(record.Href, ".zck") || strings.HasSuffix(record.Type, zchunk) {
		return ".zck"
	}
	_, suffix := compress.SplitSuffix(record.Href)
	return suffix
}

// indexPath is the path of a record's file, which lies in the repository itself.
func indexPath(record repodata.Record, r *repo.Repository) (string, error) {
	if record.Base != "" && !isOwn(r, record.Base) {
		return "", fmt.Errorf("its file lies elsewhere, at %s", record.Base)
	}
	dir := baseDir(r)
	name, err := follow(r, record.Href)
	if err != nil {
		return "", err
	}
	if dir != "" && !strings.HasPrefix(name, dir+"/") {
		return "", fmt.Errorf("location %q leaves the repository", record.Href)
	}
	if slices.Contains([]string{rootName, signatureName, keyName}, strings.TrimPrefix(strings.TrimPrefix(name, dir), "/")) {
		return "", fmt.Errorf("location %q is that of the root", record.Href)
	}
	return name, nil
}

// isOwn reports whether an xml:base is the repository's own URL.
func isOwn(r *repo.Repository, base string) bool {
	for _, u := range r.URLs {
		if dir := baseDir(r); dir != "" {
			u += "/" + dir
		}
		if strings.TrimRight(base, "/") == u {
			return true
		}
	}
	return false
}

// resolve returns the path of a file that an index lists, which is not among the
// indexes.
func resolve(r *repo.Repository, href string) (string, error) {
	name, err := follow(r, href)
	if err == nil && (name == r.IndexDir || strings.HasPrefix(name, r.IndexDir+"/")) {
		return "", fmt.Errorf("location %q is among the indexes", href)
	}
	return name, err
}

// follow returns the path that an href of the metadata leads to. It may leave the
// repository, "../packages/x.rpm", but not what the repository's paths are relative
// to.
func follow(r *repo.Repository, href string) (string, error) {
	if strings.Contains(href, "://") || strings.HasPrefix(href, "/") {
		return "", fmt.Errorf("location %q is no path in the repository", href)
	}
	dir := baseDir(r)
	if strings.Contains(href, "..") {
		if name := path.Join(dir, href); name == ".." || strings.HasPrefix(name, "../") {
			return "", fmt.Errorf("location %q leaves the repository; set the source's root to the directory above that holds it too, such as \"..\"", href)
		}
	}
	if dir != "" && href != "" {
		href = dir + "/" + href
	}
	return repo.CleanPath(href)
}
