package rpm

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// made is a repository as createrepo_c made it, signed for these tests.
func made(t *testing.T, r *repotest.RPM) archive {
	t.Helper()
	r.Unsigned = true
	tree, a := r.Tree(), archive{}
	for _, name := range tree.Paths() {
		a[name] = tree.Content(name)
	}
	dir := ""
	if r.Dir != "" {
		dir = r.Dir + "/"
	}
	a.sealRoot(dir)
	return a
}

// files reads all files that the indexes of the root list.
func (a archive) files(t *testing.T, r *repo.Repository) (all []repo.File) {
	t.Helper()
	root := a.root(t, r)
	for _, ix := range root.Indexes {
		if !ix.ListsFiles {
			continue
		}
		content, err := a.open(ix)
		if err != nil {
			t.Fatal(err)
		}
		err = Format{}.ReadFiles(r, ix, content, func(f repo.File) error {
			all = append(all, f)
			return nil
		})
		if err := errors.Join(err, content.Close()); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// Every file that createrepo_c describes is listed as it is.
func TestReadFilesOfCreaterepo(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{"", "x86_64/os"} {
		r := repotest.NewRPM(t)
		r.Dir = dir
		r.AddText("hello 2:1.0-3 noarch\n\nword+x 1.0~rc1^git2\n\nhello 1.0-3 src\n")
		a, s := made(t, r), source()
		if dir != "" {
			s.Root = "../.."
			s.URLs = []string{"https://rpm.example.org/" + dir}
		}
		seen := map[string]bool{}
		for _, f := range a.files(t, only(t, s)) {
			if f != fileOf(f.Path, a[f.Path]) {
				t.Errorf("%+v is not what was published", f)
			}
			seen[f.Path] = true
		}
		for name := range a {
			if strings.HasSuffix(name, ".rpm") && !seen[name] {
				t.Errorf("%s is not listed", name)
			}
		}
		if len(seen) != 3 {
			t.Errorf("%d files, expected 3", len(seen))
		}
	}
}

// All forms of metadata that createrepo_c writes are read.
func TestOptionsOfCreaterepo(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		compression string
		options     []string
	}{
		{"xz", []string{"--checksum=sha512", "--database"}},
		{"bz2", []string{"--simple-md-filenames"}},
		{"gz", []string{"--zck"}},
	} {
		t.Run(test.compression, func(t *testing.T) {
			t.Parallel()
			up := repotest.NewRPM(t)
			up.Compression, up.Options, up.Comps = test.compression, test.options, sampleComps
			up.AddText("hello 2:1.0-3 noarch\n Requires: /usr/share/a/version\n\na 1.0 noarch\n")
			a, r := made(t, up), only(t, source())
			of := a.reading(t, r)
			for _, ix := range of.Root.Indexes {
				for _, v := range ix.Variants {
					h := v.Digest.Algorithm().New()
					h.Write(a[v.Path])
					if d := repo.NewDigest(v.Digest.Algorithm(), h.Sum(nil)); d != v.Digest || v.Size != int64(len(a[v.Path])) {
						t.Errorf("%s of %s is not what the root says", v.Path, ix.Name)
					}
				}
			}
			packages, err := Format{}.Link([]repo.Reading{of}, repo.Wanted{})
			if err != nil || len(packages) != 2 || len(packages[1].Groups) == 0 && len(packages[0].Groups) == 0 {
				t.Fatalf("packages %v, error %v", packages, err)
			}
			out, _ := rewritten(t, of, packages[:1])
			if back := out.packages(t, r); len(back) != 1 || back[0].Raw != packages[0].Raw {
				t.Errorf("written are %v", back)
			}
		})
	}
}

const sampleDeltas = `<?xml version="1.0"?>
<prestodelta>
  <newpackage name="a" epoch="0" version="2" release="1" arch="noarch">
    <delta oldepoch="0" oldversion="1" oldrelease="1">
      <filename>drpms/a-1_2.noarch.drpm</filename>
      <sequence>a-1-abc</sequence>
      <size>12</size>
      <checksum type="sha256">1111111111111111111111111111111111111111111111111111111111111111</checksum>
    </delta>
  </newpackage>
</prestodelta>`

func TestReadFilesOfOtherIndexes(t *testing.T) {
	file := func(name string, size int64, digit int) repo.File {
		d, err := repo.ParseHex(repo.SHA256, sum(digit))
		if err != nil {
			t.Fatal(err)
		}
		return repo.File{Path: name, Size: size, Digest: d}
	}
	a := publish(t, primary(), [2]string{"prestodelta", sampleDeltas}, [2]string{"deltainfo", strings.ReplaceAll(sampleDeltas, "prestodelta", "deltainfo")})
	a[".treeinfo"] = []byte("[general]\n[checksums]\nimages/boot.iso = sha256:" + sum(2) + "\nrepodata/repomd.xml = sha256:" + sum(3) + "\n")
	a[extraFilesName] = []byte(`{"data": [{"file": "EULA", "size": 3, "checksums": {"sha256": "` + sum(4) + `"}}]}`)
	delta := file("drpms/a-1_2.noarch.drpm", 12, 1)
	want := []repo.File{delta, delta, file("images/boot.iso", -1, 2), file("EULA", 3, 4)}
	if d := cmp.Diff(want, a.files(t, only(t, source())), cmp.Comparer(func(a, b repo.Digest) bool { return a == b })); d != "" {
		t.Error(d)
	}
}

func TestReadFilesErrors(t *testing.T) {
	good := element("a-0:1-1.noarch", "")
	replaced := func(old, with string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("the element has no %s", old)
		}
		return primary(strings.Replace(good, old, with, 1))[1]
	}
	checksum := ` type="sha256" pkgid="YES">` + digestOf("a-0:1-1.noarch")
	tests := []struct {
		kind, content, want string
	}{
		{"packages", replaced(`<location `, `<location xml:base="https://cdn.example.org/x" `), "it lies elsewhere, at https://cdn.example.org/x/Packages/a-0_1-1.noarch.rpm: only a partial mirror"},
		{"packages", replaced(`href="`, `href="https://cdn.example.org/`), "only a partial mirror"},
		{"packages", replaced(`href="`, `href="../`), "set the source's root"},
		{"packages", replaced(`href="Packages/`, `href="/etc/`), "no path in the repository"},
		{"packages", replaced(`href="Packages/`, `href="repodata/`), "among the indexes"},
		{"packages", replaced(`href="Packages/a-0_1-1.noarch.rpm"`, ``), "no location"},
		{"packages", replaced(`<size package="7"`, `<size package="-7"`), "not the size of a package"},
		{"packages", replaced(checksum, ` type="sha256">12`), "not a sha256 digest"},
		{"packages", replaced(checksum, ` type="md5">`+sum(1)[:32]), "only digests that prove nothing"},
		{"packages", replaced(checksum, ` type="crc">12`), `unknown digest algorithm "crc"`},
		{"packages", "<html></html>", "primary:1"},
		{"packages", `<!DOCTYPE metadata [<!ENTITY a "b">]>` + replaced("a", "a"), "primary:1"},
		{"prestodelta", strings.Replace(sampleDeltas, "drpms/", "../../", 1), "set the source's root"},
		{"prestodelta", strings.Replace(sampleDeltas, "<size>12", "<size>-1", 1), "not a size"},
		{"prestodelta", strings.Replace(sampleDeltas, `type="sha256"`, `type="sha"`, 1), "not a sha1 digest"},
		{"prestodelta", strings.Replace(sampleDeltas, "<filename>drpms/a-1_2.noarch.drpm</filename>", "", 1), "path is empty"},
		{"treeinfo", "<html>", "treeinfo:1"},
		{"extra_files", "<html>", "extra_files"},
		{"other", "", "list no files"},
	}
	for _, test := range tests {
		r := only(t, source())
		ix := repo.Index{Name: test.kind, Kind: test.kind}
		if test.kind == "packages" {
			ix.Name = "primary"
		}
		err := Format{}.ReadFiles(r, ix, strings.NewReader(test.content), func(repo.File) error { return nil })
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, expected %q", test.content, err, test.want)
		}
	}
	stop := errors.New("stop")
	err := Format{}.ReadFiles(only(t, source()), repo.Index{Kind: "packages"}, strings.NewReader(primary(good)[1]), func(repo.File) error { return stop })
	if !errors.Is(err, stop) {
		t.Errorf("the error of the caller becomes %v", err)
	}
}

func FuzzReadDeltas(f *testing.F) {
	f.Add([]byte(sampleDeltas))
	f.Fuzz(func(t *testing.T, content []byte) {
		r := only(t, source())
		_ = Format{}.ReadFiles(r, repo.Index{Name: "prestodelta", Kind: prestodeltaKind}, strings.NewReader(string(content)), func(found repo.File) error {
			if _, err := repo.CleanPath(found.Path); err != nil || found.Digest.IsZero() {
				t.Errorf("file %+v: %v", found, err)
			}
			return nil
		})
	})
}
