package rpm

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/compress"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/rpm/repodata"
)

// seals is a stand-in for keys: it signs by a line with the signer's name and the
// digest of the content, and verifies these.
type seals struct{ signer string }

func (k seals) Inline([]byte, time.Time) ([]byte, []string, error) {
	return nil, nil, errors.New("repositories of rpm have no clear-signed documents")
}

func (k seals) Detached(content, signature []byte, _ time.Time) ([]string, error) {
	if string(signature) != k.seal(content) {
		return nil, errors.New("broken seal")
	}
	return []string{k.signer}, nil
}

func (k seals) seal(content []byte) string {
	return "sealed by " + k.signer + " " + fileOf("", content).Digest.Hex()
}

// sealer is the other half: a repo.Signer.
type sealer struct{ seals }

func (k sealer) Inline([]byte) ([]byte, error) { return nil, errors.New("nothing is clear-signed") }

func (k sealer) Detached(content []byte) ([]byte, error) { return []byte(k.seal(content)), nil }

var (
	keys = seals{"tester"}
	now  = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
)

// tester is what testing.T and rapid.T share.
type tester interface {
	Helper()
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// source is a source of one repository.
func source() *repo.Source {
	return &repo.Source{Name: "s", Type: "rpm", URLs: []string{"https://rpm.example.org/el9/os"}}
}

// only returns the only repository of a source.
func only(t tester, s *repo.Source) *repo.Repository {
	t.Helper()
	all, err := Format{}.Repositories(s)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 1 {
		t.Fatalf("%d repositories, expected one", len(all))
	}
	return all[0]
}

// archive is the files of a repository, by path.
type archive map[string][]byte

// put stores a file, as repo.Rewriting wants it.
func (a archive) put(name string, content []byte) (repo.File, error) {
	if _, there := a[name]; there {
		return repo.File{}, fmt.Errorf("%s is stored twice", name)
	}
	a[name] = slices.Clone(content)
	return fileOf(name, content), nil
}

// open opens an index from whichever variant is there.
func (a archive) open(ix repo.Index) (io.ReadCloser, error) {
	for _, v := range ix.Variants {
		content, ok := a[v.Path]
		if !ok {
			continue
		}
		h := v.Digest.Algorithm().New()
		h.Write(content)
		if d := repo.NewDigest(v.Digest.Algorithm(), h.Sum(nil)); d != v.Digest {
			return nil, fmt.Errorf("%s is not what the root says", v.Path)
		}
		return compress.Reader(bytes.NewReader(content), v.Suffix, 1<<30)
	}
	return nil, fs.ErrNotExist
}

// sealRoot signs the root.
func (a archive) sealRoot(dir string) {
	a[dir+signatureName] = []byte(keys.seal(a[dir+rootName]))
}

// root reads the archive's root.
func (a archive) root(t tester, r *repo.Repository) *repo.Root {
	t.Helper()
	form := Format{}.RootForms(r)[0]
	root, err := Format{}.ReadRoot(r, form, repo.RootFiles(a), keys, now)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// packages reads the archive's packages.
func (a archive) packages(t tester, r *repo.Repository) []*repo.Package {
	t.Helper()
	packages, err := Format{}.ReadPackages(r, a.root(t, r), a.open)
	if err != nil {
		t.Fatal(err)
	}
	return packages
}

// reading is the archive as Link wants it.
func (a archive) reading(t tester, r *repo.Repository) repo.Reading {
	t.Helper()
	root := a.root(t, r)
	packages, err := Format{}.ReadPackages(r, root, a.open)
	if err != nil {
		t.Fatal(err)
	}
	return repo.Reading{Repository: r, Root: root, Packages: packages, Open: a.open}
}

// publish makes an archive of metadata, by the types of their records.
func publish(t tester, contents ...[2]string) archive {
	t.Helper()
	a := archive{}
	m := repodata.Repomd{Revision: "1795338828"}
	for i, c := range contents {
		f, err := a.put(fmt.Sprintf("repodata/%d-%s", i, c[0]), []byte(c[1]))
		if err != nil {
			t.Fatal(err)
		}
		m.Records = append(m.Records, repodata.Record{
			Type: c[0], Href: f.Path, Checksum: f.Digest, Size: f.Size, OpenSize: -1, HeaderSize: -1, Timestamp: now.Add(-time.Hour),
		})
	}
	a[rootName] = m.Format()
	a.sealRoot("")
	return a
}

// digestOf is the checksum of the package in tests.
func digestOf(nevra string) string { return fileOf("", []byte(nevra)).Digest.Hex() }

// element is a package of primary, called name-epoch:version-release.architecture,
// with more in its <format>.
func element(name, more string) string {
	n, _ := parseNEVRA(name)
	v := ParseVersion(n.version)
	return fmt.Sprintf(`<package type="rpm"><name>%s</name><arch>%s</arch><version epoch="%s" ver="%s" rel="%s"/><checksum type="sha256" pkgid="YES">%s</checksum>`+
		`<size package="7"/><location href="Packages/%s.rpm"/><format>%s</format></package>`,
		n.name, n.architecture, epoch(v), v.Version, v.Release, digestOf(name), strings.ReplaceAll(name, ":", "_"), more)
}

// primary is a primary.xml of the elements.
func primary(elements ...string) [2]string {
	return [2]string{"primary", fmt.Sprintf("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"+
		`<metadata xmlns="http://linux.duke.edu/metadata/common" xmlns:rpm="http://linux.duke.edu/metadata/rpm" packages="%d">`+"\n%s\n</metadata>\n",
		len(elements), strings.Join(elements, "\n"))}
}
