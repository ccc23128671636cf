package treeinfo

import (
	"encoding/json"
	"fmt"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// ParseExtraFiles reads an extra_files.json, as composes of distributions have it
// beside .treeinfo: {"header": {"version": "1.0"}, "data": [{"file": path, "size":
// bytes, "checksums": {algorithm: hex}}]}. name names it in errors. The files are in
// the order of the list, with the strongest digest of each.
func ParseExtraFiles(content []byte, name string) ([]repo.File, error) {
	if err := check(content, name); err != nil {
		return nil, err
	}
	var list struct {
		Data *[]struct {
			File      string
			Size      *int64
			Checksums map[string]string
		}
	}
	if err := json.Unmarshal(content, &list); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if list.Data == nil {
		return nil, fmt.Errorf("%s is no list of extra files: it has no data", name)
	}
	var files []repo.File
	for i, entry := range *list.Data {
		f := repo.File{Size: -1}
		var err error
		if f.Path, err = repo.CleanPath(entry.File); err != nil {
			return nil, fmt.Errorf("%s: file %d: %w", name, i, err)
		}
		if entry.Size != nil {
			if f.Size = *entry.Size; f.Size < 0 {
				return nil, fmt.Errorf("%s: %s: %d is not a size in bytes", name, f.Path, f.Size)
			}
		}
		if f.Digest, err = strongest(entry.Checksums); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", name, f.Path, err)
		}
		files = append(files, f)
	}
	return files, nil
}

// strongest returns the best digest of those whose algorithm is known.
func strongest(checksums map[string]string) (best repo.Digest, err error) {
	for name, sum := range checksums {
		a, err := repo.ParseAlgorithm(name)
		if err != nil {
			continue
		}
		d, err := repo.ParseHex(a, sum)
		if err != nil {
			return best, err
		}
		best = repo.Strongest(best, d)
	}
	if best.IsZero() {
		return best, fmt.Errorf("it has no checksum of a known algorithm")
	}
	return best, nil
}
