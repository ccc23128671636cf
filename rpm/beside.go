package rpm

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/rpm/treeinfo"
)

// takeBeside takes what lies beside the root into it: the key as a file of the root,
// and what lists files as indexes.
func takeBeside(root *repo.Root, r *repo.Repository, files repo.RootFiles) {
	for _, name := range root.Form.Beside {
		content, ok := files[name]
		if !ok {
			continue
		}
		if err := addBeside(root, r, name, content); err != nil {
			root.Warnings = append(root.Warnings, fmt.Sprintf("%s is left out: %v", name, err))
		}
	}
}

func addBeside(root *repo.Root, r *repo.Repository, name string, content []byte) error {
	f := fileOf(name, content)
	if path.Base(name) == path.Base(keyName) {
		if !bytes.Contains(content, []byte("-----BEGIN PGP PUBLIC KEY BLOCK-----")) {
			return errors.New("it is no armoured key")
		}
		root.Files = append(root.Files, f)
		return nil
	}
	kind := treeinfoKind
	if path.Base(name) == extraFilesName {
		kind = extraFilesKind
	}
	_, warnings, err := filesBeside(r, kind, path.Base(name), content)
	if err != nil {
		return err
	}
	root.Warnings = append(root.Warnings, warnings...)
	ix := newIndex(path.Base(name), kind)
	ix.Variants = []repo.Variant{{File: f}}
	root.Indexes = append(root.Indexes, ix)
	return nil
}

// filesBeside reads the files that a treeinfo or an extra_files.json lists.
func filesBeside(r *repo.Repository, kind, name string, content []byte) (files []repo.File, warnings []string, err error) {
	if kind == extraFilesKind {
		files, err = treeinfo.ParseExtraFiles(content, name)
	} else {
		var t *treeinfo.Treeinfo
		if t, err = treeinfo.Parse(content, name); err == nil {
			files, warnings = t.Files, t.Warnings
		}
	}
	if err != nil {
		return nil, nil, err
	}
	for i := range files {
		if files[i].Path, err = resolve(r, files[i].Path); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", name, err)
		}
		if err := checkStrength(r, files[i]); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return files, warnings, nil
}

// maxBeside bounds a list of files in bytes.
const maxBeside = 16 << 20

// readBeside reads a treeinfo or an extra_files.json as an index.
func readBeside(r *repo.Repository, ix repo.Index, in io.Reader, yield func(repo.File) error) error {
	content, err := io.ReadAll(io.LimitReader(in, maxBeside+1))
	if err != nil {
		return fmt.Errorf("%s: %w", ix.Name, err)
	}
	if len(content) > maxBeside {
		return fmt.Errorf("%s has more than %d bytes", ix.Name, maxBeside)
	}
	files, _, err := filesBeside(r, ix.Kind, ix.Name, content)
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := yield(f); err != nil {
			return err
		}
	}
	return nil
}
