package rpm

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/rpm/repodata"
)

// location is where a package file lies.
type location struct {
	path string // in our repository
	// upstream is the URL of the file where it is not in upstream's repository.
	upstream string
	// moved is set where primary.xml has to name another location than upstream's does.
	moved bool
}

// locate tells where the file of a package lies. Of those that upstream has elsewhere,
// by xml:base or by an href with a URL, the path is one as distributions have it,
// "Packages/b/bash-5.2-1.x86_64.rpm".
func locate(r *repo.Repository, p *repodata.Package) (l location, err error) {
	href, base := string(p.Href), string(p.Base)
	if href == "" {
		return l, errors.New("it has no location")
	}
	if base == "" && !strings.Contains(href, "://") {
		l.path, err = resolve(r, href)
		return l, err
	}
	l.moved = true
	switch {
	case base == "" || strings.Contains(href, "://"):
		l.upstream = href
	case isOwn(r, base):
		l.path, err = resolve(r, href)
		return l, err
	case !strings.Contains(base, "://"):
		l.path, err = resolve(r, path.Join(base, href))
		return l, err
	default:
		l.upstream = strings.TrimRight(base, "/") + "/" + href
	}
	u, err := url.Parse(l.upstream)
	if err != nil || u.Scheme == "" || u.Host == "" && u.Scheme != "file" || strings.Trim(u.Path, "/") == "" {
		return l, fmt.Errorf("location %q is no URL of a file", l.upstream)
	}
	l.upstream = u.String()
	name := path.Base(u.Path)
	l.path, err = resolve(r, path.Join("Packages", strings.ToLower(name[:1]), name))
	return l, err
}

// element is the package's element in the primary.xml of our repository.
func (l location) element(r *repo.Repository, p *repodata.Package) []byte {
	if !l.moved {
		return p.Raw
	}
	return p.Relocated(relative(baseDir(r), l.path))
}

// relative returns the path to what lies at the given one, from the directory.
func relative(dir, to string) string {
	up := ""
	for dir != "" && dir != "." && !strings.HasPrefix(to, dir+"/") {
		up, dir = up+"../", path.Dir(dir)
	}
	return up + strings.TrimPrefix(to, strings.TrimSuffix(dir, ".")+"/")
}
