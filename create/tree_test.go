package create_test

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/compress"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/signature"
)

// readTree reads the packages of a published repository, as a client does.
func readTree(t *testing.T, f repo.Format, x repo.Found, tree string, sign *signature.Signing) []*repo.Package {
	t.Helper()
	dir := filepath.Join(tree, x.Dir)
	var keys repo.Verifier = signature.Unchecked{}
	if sign != nil {
		keys = sign.Verifier
	} else {
		x.Repository.Source.Trusted = true
	}
	err := fs.ErrNotExist
	for _, form := range f.RootForms(x.Repository) {
		files := repo.RootFiles{}
		for _, name := range []string{form.Main, form.Signature} {
			if content, err := os.ReadFile(filepath.Join(dir, name)); err == nil && name != "" {
				files[name] = content
			}
		}
		if files[form.Main] == nil {
			continue
		}
		root, e := f.ReadRoot(x.Repository, form, files, keys, time.Now())
		if e != nil {
			err = e
			continue
		}
		packages, e := f.ReadPackages(x.Repository, root, func(ix repo.Index) (io.ReadCloser, error) {
			for _, v := range ix.Variants {
				if in, err := os.Open(filepath.Join(dir, v.Path)); err == nil {
					return compress.Open(in, v.Suffix, 1<<30)
				}
			}
			return nil, fs.ErrNotExist
		})
		if e != nil {
			t.Fatal(e)
		}
		for _, p := range packages {
			for _, file := range append(p.Files, p.File) {
				if info, err := os.Stat(filepath.Join(dir, file.Path)); err != nil || info.Size() != file.Size {
					t.Errorf("%s is not at %s: %v", p, file.Path, err)
				}
			}
		}
		return packages
	}
	t.Fatal("no root can be read:", err)
	return nil
}
