package rpm

import (
	"fmt"
	"io"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/rpm/repodata"
)

// ReadFiles reads the indexes that list files: primary, prestodelta and deltainfo,
// whose packages hold only differences, and of what lies beside the root the
// installer images of a treeinfo and the files of an extra_files.json. Their sizes
// are -1 where they are not said. An error wraps [ErrWeak] where only weak digests
// are listed and the source is not trusted.
func (Format) ReadFiles(r *repo.Repository, ix repo.Index, content io.Reader, yield func(repo.File) error) error {
	var err error
	switch ix.Kind {
	case packagesKind:
		err = readPackageFiles(r, repodata.NewPrimaryReader(content, ix.Name), yield)
	case prestodeltaKind, deltainfoKind:
		err = readDeltas(r, content, ix, yield)
	default:
		err = fmt.Errorf("%s: indexes of kind %s list no files", ix.Name, ix.Kind)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", r, err)
	}
	return nil
}

func readPackageFiles(r *repo.Repository, in *repodata.PrimaryReader, yield func(repo.File) error) error {
	for {
		p, err := in.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if base := string(p.Base); base != "" && !isOwn(r, base) {
			return in.Errorf("package %s lies elsewhere, at %s: only a partial mirror can hold it (one with packages or groups)", p.Name, base)
		}
		f, err := packageFile(r, p)
		if err != nil {
			return in.Errorf("package %s: %w", p.Name, err)
		}
		if err := yield(f); err != nil {
			return err
		}
	}
}

// packageFile is the file of a package that lies in the repository.
func packageFile(r *repo.Repository, p *repodata.Package) (f repo.File, err error) {
	if f.Digest, err = p.Digest(); err != nil {
		return f, err
	}
	f.Size = p.Size
	if f.Path, err = resolve(r, string(p.Href)); err != nil {
		return f, err
	}
	return f, checkStrength(r, f)
}

// checkStrength refuses weak digests, unless the source is trusted.
func checkStrength(r *repo.Repository, f repo.File) error {
	if f.Digest.Algorithm().Weak() && !r.Source.Trusted {
		return fmt.Errorf("%s has %w", f.Path, ErrWeak)
	}
	return nil
}
