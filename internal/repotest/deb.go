package repotest

import "time"

// T is what the builders need of a testing.TB; a command brings its own.
type T interface {
	Helper()
	Fatalf(format string, args ...any)
}

// firstDate is the date of the first generation; each further one is a minute later.
var firstDate = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// Deb is a Debian repository in the making: suites that share a pool.
type Deb struct {
	// Key signs every suite. It is a fresh one unless set before Publish.
	Key *Key

	t         T
	suites    []*Suite
	archives  map[*Package][]byte
	published int
}

// NewDeb makes an empty repository with a key of its own.
func NewDeb(t T) *Deb {
	t.Helper()
	return &Deb{Key: NewKey(t), t: t, archives: map[*Package][]byte{}}
}

// Suite returns the suite of the name; a new one has the component main, the
// architecture amd64, by-hash, and its indexes as gz and xz. A name that ends in
// "/" is a flat repository: "./" in the repository's own directory.
func (d *Deb) Suite(name string) *Suite {
	for _, s := range d.suites {
		if s.Name == name {
			return s
		}
	}
	s := &Suite{
		Name: name, Codename: name, Origin: "Test", Label: "Test",
		Components: []string{"main"}, Architectures: []string{"amd64"},
		Hashes: []string{"MD5Sum", "SHA256"}, Compressions: []string{".gz", ".xz"},
		ByHash: true, InRelease: true, Detached: true,
	}
	d.suites = append(d.suites, s)
	return s
}

// Add adds the packages to the first suite, which is called "stable" unless
// another was made before.
func (d *Deb) Add(packages ...Package) { d.first().Add(packages...) }

// AddText adds to the first suite what [ParsePackages] reads.
func (d *Deb) AddText(text string) {
	d.t.Helper()
	d.first().Add(ParsePackages(d.t, text)...)
}

func (d *Deb) first() *Suite {
	if len(d.suites) == 0 {
		return d.Suite("stable")
	}
	return d.suites[0]
}

// Publish makes dir hold the repository and nothing else. Called again it
// publishes the next generation in place: each file by a rename, roots last.
func (d *Deb) Publish(dir string) {
	d.t.Helper()
	d.Tree().publish(d.t, dir)
}

// Tree makes the next generation without writing it anywhere.
func (d *Deb) Tree() *Tree {
	d.t.Helper()
	tree := &Tree{content: map[string][]byte{}, times: map[string]time.Time{}}
	date := firstDate.Add(time.Duration(d.published) * time.Minute)
	d.published++
	for _, s := range d.suites {
		d.pool(tree, s)
	}
	for _, s := range d.suites {
		d.indexes(tree, s, date)
	}
	return tree
}

// pool puts the package files of the suite.
func (d *Deb) pool(tree *Tree, s *Suite) {
	for _, p := range s.packages {
		if p.Stanza != "" {
			continue
		}
		if d.archives[p] == nil {
			d.archives[p] = p.archive(d.t)
		}
		tree.put(s.filename(p), d.archives[p], firstDate)
	}
	for _, p := range s.sources {
		for _, f := range p.files(d.t) {
			tree.put(s.directory(p)+"/"+f.name, f.content, firstDate)
		}
	}
}
