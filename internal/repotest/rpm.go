package repotest

import (
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"time"
)

// RPM is an rpm repository in the making. The fields may be changed at any time
// before the next Publish.
type RPM struct {
	// Key signs the root. It is a fresh one unless set before Publish.
	Key *Key
	// Unsigned leaves the signature out.
	Unsigned bool
	// Dir is the directory of the repository below that which is published, "" for
	// itself, and PackageDir that of the packages, in which each has the directory of
	// its letter.
	Dir, PackageDir string
	// Date is the revision, and that of all records; a zero Date is that of the
	// generation.
	Date time.Time
	// Compression is that of the metadata: gz, xz, bz2.
	Compression string
	// Base is the xml:base of all packages; they are not published then.
	Base string
	// Options are further ones of createrepo_c(8): "--database", "--zck", ...
	Options []string
	// Comps, Modules, Updateinfo are metadata of their kinds, "" for none.
	Comps, Modules, Updateinfo string
	// Extra are further records of the root by type: "productid", ...
	Extra map[string]string
	// Files are further files that are published, by path: ".treeinfo", ...
	Files map[string]string

	t         T
	packages  []*Package
	archives  map[*Package][]byte
	published int
}

// NewRPM makes an empty repository with a key of its own. Where createrepo_c is not
// installed the test is skipped, or fails where everything has to be there.
func NewRPM(t T) *RPM {
	t.Helper()
	wantProgram(t, "createrepo_c")
	return &RPM{Key: NewKey(t), PackageDir: "Packages", Compression: "gz", t: t, archives: map[*Package][]byte{}}
}

func wantProgram(t T, name string) {
	t.Helper()
	_, err := exec.LookPath(name)
	if err == nil {
		return
	}
	if s, ok := t.(interface{ Skipf(string, ...any) }); ok && os.Getenv("CI") == "" {
		s.Skipf("%s is not installed", name)
	}
	t.Fatalf("%s is not installed", name)
}

// Add adds packages.
func (r *RPM) Add(packages ...Package) {
	for _, p := range packages {
		if p.Version == "" {
			p.Version = "1.0"
		}
		if p.Architecture == "" {
			p.Architecture = "x86_64"
		}
		r.packages = append(r.packages, &p)
	}
}

// AddText adds what [ParsePackages] reads.
func (r *RPM) AddText(text string) {
	r.t.Helper()
	r.Add(ParsePackages(r.t, text)...)
}

// Remove removes every package of the name.
func (r *RPM) Remove(name string) {
	r.packages = slices.DeleteFunc(r.packages, func(p *Package) bool { return p.Name == name })
}

// Packages are the repository's packages.
func (r *RPM) Packages() []*Package { return r.packages }

// Filename is the path of the package's file below what is published.
func (r *RPM) Filename(name string) string {
	r.t.Helper()
	for _, p := range r.packages {
		if p.Name == name {
			return r.filename(p)
		}
	}
	return ""
}

func (r *RPM) filename(p *Package) string {
	if p.Filename != "" {
		return p.Filename
	}
	return path.Join(r.PackageDir, strings.ToLower(p.Name[:1]), p.rpmFile(r.t))
}

// Publish makes dir hold the repository and nothing else. Called again it
// publishes the next generation in place: each file by a rename, the root last.
func (r *RPM) Publish(dir string) {
	r.t.Helper()
	r.Tree().publish(r.t, dir)
}

// Tree makes the next generation without writing it anywhere.
func (r *RPM) Tree() *Tree {
	r.t.Helper()
	tree := &Tree{content: map[string][]byte{}, times: map[string]time.Time{}}
	date := firstDate.Add(time.Duration(r.published) * time.Minute)
	if !r.Date.IsZero() {
		date = r.Date
	}
	r.published++
	for _, p := range r.packages {
		if r.archives[p] == nil {
			r.archives[p] = p.rpm(r.t)
		}
		if r.Base == "" {
			tree.put(r.filename(p), r.archives[p], firstDate)
		}
	}
	for name, content := range r.Files {
		tree.put(name, []byte(content), firstDate)
	}
	r.metadata(tree, date)
	return tree
}
