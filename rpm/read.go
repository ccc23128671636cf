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
// are -1 where they are not said. An error wraps [repo.ErrWeak] where only weak digests
// are listed and the source is not trusted.
func (Format) ReadFiles(r *repo.Repository, ix repo.Index, content io.Reader, yield func(repo.File) error) error {
	var err error
	switch ix.Kind {
	case packagesKind:
		err = readPackageFiles(r, repodata.NewPrimaryReader(content, ix.Name), yield)
	case prestodeltaKind, deltainfoKind:
		err = readDeltas(r, content, ix, yield)
	case treeinfoKind, extraFilesKind:
		err = readBeside(r, ix, content, yield)
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
		f, err := packageFile(r, p)
		if err != nil {
			return in.Errorf("package %s: %w", p.Name, err)
		}
		if err := yield(f); err != nil {
			return err
		}
	}
}

// packageFile is the file of a package that lies in upstream's repository.
func packageFile(r *repo.Repository, p *repodata.Package) (f repo.File, err error) {
	l, err := locate(r, p)
	if err != nil {
		return f, err
	}
	if l.upstream != "" {
		return f, fmt.Errorf("it lies elsewhere, at %s: only a partial mirror can hold it, one that names packages or groups", l.upstream)
	}
	f = repo.File{Path: l.path, Size: p.Size}
	if f.Digest, err = p.Digest(); err != nil {
		return f, err
	}
	return f, checkStrength(r, f)
}

// checkStrength refuses weak digests, unless the source is trusted.
func checkStrength(r *repo.Repository, f repo.File) error {
	if f.Digest.Algorithm().Weak() && !r.Source.Trusted {
		return fmt.Errorf("%s has %w", f.Path, repo.ErrWeak)
	}
	return nil
}
