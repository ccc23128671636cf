package packetary

import (
	"net/url"
	"path/filepath"

	"github.com/mirrorkeeper/mirrorkeeper/config"
)

// NewCreation says where a repository of package files is made, and what it is: for deb
// each section is one, and the first of them has the packages.
func NewCreation(r Repository, files []string, o Options) (dir string, all []config.Repository, err error) {
	dir = r.Path
	if dir == "" || !filepath.IsAbs(dir) {
		u, err := url.Parse(r.URI)
		if err != nil || u.Scheme != "" && u.Scheme != "file" {
			return "", nil, r.fail("the uri %q is where the repository is made (expected a path on this machine)", cut(r.URI))
		}
		if dir = u.Path; dir == "" {
			return "", nil, r.fail("the uri of %s names no directory", cut(r.Name))
		}
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return "", nil, err
	}
	x := config.NewRepository("packetary")
	x.Type, x.Path, x.Archive, x.AnyName, x.Packages = o.Type, ".", "packetary", true, files
	if o.Type == "rpm" {
		x.Layout = "packages"
		return dir, []config.Repository{x}, nil
	}
	x.Suite, x.Architectures = r.Suite, []string{debArchitecture(o.Architecture)}
	if len(r.Sections) == 0 {
		x.Suite, x.Flat = flatSuite(r.Suite), true
		return dir, []config.Repository{x}, nil
	}
	for i, section := range r.Sections {
		y := x
		y.Component = section
		if i > 0 {
			y.Packages = nil
		}
		all = append(all, y)
	}
	return dir, all, nil
}
