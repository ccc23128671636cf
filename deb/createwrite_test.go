package deb

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// entry is a package with the least that its index needs.
func entry(c *Creator, name, architecture, suffix string, paths ...string) repo.Entry {
	p := &repo.Inspected{
		Name: name, Version: "1.0", Architecture: architecture, Source: name,
		Texts: [][]byte{[]byte(fmt.Sprintf("Package: %s\nVersion: 1.0\nArchitecture: %s\n", name, architecture)), []byte(strings.Join(append(paths, ""), "\n"))},
	}
	if suffix == ".dsc" {
		p.SourcePackage, p.Architecture = true, SourceArchitecture
		p.Texts = [][]byte{[]byte(fmt.Sprintf("Source: %s\nVersion: 1.0\nFiles:\n 00000000000000000000000000000001 7 %[1]s_1.0.tar.gz\n", name))}
		p.Files = []repo.File{{Path: name + "_1.0.tar.gz", Size: 7, Digest: sumOf(repo.SHA256, []byte(name))}}
	}
	setBase(p, suffix)
	e := repo.Entry{Inspected: p, Path: "pool/" + p.Base, Part: c.Part(), Size: 7}
	for _, a := range c.Algorithms() {
		e.Digests = append(e.Digests, sumOf(a, []byte(name)))
	}
	return e
}

// release reads the Release of the tree.
func (j *job) release() *Release {
	j.t.Helper()
	name := filepath.Join(j.tree, rootDir(j.creator.Repository()), "Release")
	text, err := os.ReadFile(name)
	if err != nil {
		j.t.Fatal(err)
	}
	r, err := ParseRelease(text, name)
	if err != nil {
		j.t.Fatal(err)
	}
	return r
}

// plainNames are the names of the indexes that the Release lists in plain.
func plainNames(r *Release) (names []string) {
	for _, e := range r.Entries {
		if filepath.Ext(e.Path) == "" {
			names = append(names, e.Path)
		}
	}
	return names
}

func TestCreateIndexes(t *testing.T) {
	for _, test := range []struct {
		name    string
		creator Creator
		entries string // "name architecture suffix [component]", separated by commas
		want    string // names of indexes
		release map[string]string
	}{
		{
			name: "as Debian", creator: Creator{Suite: "s"}, entries: "a amd64 .deb, b all .deb, c arm64 .deb",
			want:    "main/binary-all/Packages main/binary-amd64/Packages main/binary-arm64/Packages",
			release: map[string]string{"Architectures": "all amd64 arm64", "No-Support-for-Architecture-all": "Packages", "Components": "main", "Suite": "s", "Codename": "s", "Acquire-By-Hash": "yes"},
		},
		{
			name: "none for all", creator: Creator{Suite: "s", Codename: "c"}, entries: "a amd64 .deb",
			want: "main/binary-amd64/Packages", release: map[string]string{"Architectures": "amd64", "No-Support-for-Architecture-all": "", "Codename": "c"},
		},
		{
			name: "announced", creator: Creator{Suite: "s", Architectures: []string{"i386", "amd64"}}, entries: "a amd64 .deb",
			want: "main/binary-amd64/Packages main/binary-i386/Packages", release: map[string]string{"Architectures": "amd64 i386"},
		},
		{
			name: "components", creator: Creator{Suite: "s", Component: "main"}, entries: "a amd64 .deb, b amd64 .deb contrib, c source .dsc contrib",
			want:    "contrib/binary-amd64/Packages contrib/source/Sources main/binary-amd64/Packages main/source/Sources",
			release: map[string]string{"Components": "contrib main"},
		},
		{
			name: "installer", creator: Creator{Suite: "s", Contents: true}, entries: "a amd64 .deb, b amd64 .udeb, c all .udeb, d amd64 .deb contrib",
			want: "contrib/binary-all/Packages contrib/binary-amd64/Packages main/binary-all/Packages main/binary-amd64/Packages " +
				"main/debian-installer/binary-all/Packages main/debian-installer/binary-amd64/Packages contrib/Contents-amd64 main/Contents-amd64 main/Contents-udeb-amd64",
		},
		{
			name: "flat", creator: Creator{Flat: true}, entries: "a amd64 .deb, b all .deb, c source .dsc", want: "Packages Sources",
			release: map[string]string{"Architectures": "amd64", "Components": "", "Suite": "", "Codename": "", "No-Support-for-Architecture-all": ""},
		},
		{name: "flat below", creator: Creator{Flat: true, Dir: "x/y/"}, entries: "a amd64 .deb", want: "Packages", release: map[string]string{"Suite": "x/y"}},
		{
			name: "fields", creator: Creator{Suite: "s", Origin: "O", Label: "L", Version: "1.2", Description: "D", NotAutomatic: true, ButAutomaticUpgrades: true}, entries: "a amd64 .deb",
			want:    "main/binary-amd64/Packages",
			release: map[string]string{"Origin": "O", "Label": "L", "Version": "1.2", "Description": "D", "NotAutomatic": "yes", "ButAutomaticUpgrades": "yes", "Date": "Sun, 22 Nov 2026 11:00:00 UTC", "Valid-Until": "Sun, 29 Nov 2026 11:00:00 UTC"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := &test.creator
			j := newJob(t, c)
			j.date, j.validFor = date, 7*24*time.Hour
			for text := range strings.SplitSeq(test.entries, ",") {
				words := strings.Fields(text)
				e := entry(c, words[0], words[1], words[2], "usr/"+words[0])
				if len(words) > 3 {
					e.Part = words[3]
				}
				j.entries = append(j.entries, e)
			}
			j.publish()
			r := j.release()
			if d := cmp.Diff(strings.Fields(test.want), plainNames(r)); d != "" {
				t.Error(d)
			}
			for name, want := range test.release {
				if got := r.Field(name); got != want {
					t.Errorf("%s is %q, expected %q", name, got, want)
				}
			}
			for _, e := range r.Entries {
				if filepath.Ext(e.Path) != ".gz" {
					continue
				}
				content, err := os.ReadFile(filepath.Join(j.tree, rootDir(c.Repository()), e.Path))
				if err != nil {
					t.Fatal(err)
				}
				for _, d := range e.Digests {
					if sumOf(d.Algorithm(), content) != d {
						t.Errorf("%s has not the digest that the Release lists", e.Path)
					}
					byHash, err := os.ReadFile(filepath.Join(j.tree, byHashPath(filepath.Join(rootDir(c.Repository()), e.Path), d)))
					if err != nil || !bytes.Equal(byHash, content) {
						t.Errorf("%s is not there by %s: %v", e.Path, d, err)
					}
				}
			}
		})
	}
}

// A suite of packages for all architectures alone has one index for all of Debian's.
func TestCreateOnlyAll(t *testing.T) {
	j := newJob(t, &Creator{Suite: "s"})
	j.entries = []repo.Entry{entry(j.creator, "a", "all", ".deb")}
	m := j.publish()
	r := j.release()
	if want := append([]string{"all"}, debianArchitectures...); !slices.Equal(r.Architectures, want) || len(r.NoSupportForAll) > 0 {
		t.Errorf("architectures are %s, without support %s, expected %s", r.Architectures, r.NoSupportForAll, want)
	}
	for _, f := range m.Indexes[1:] {
		if f.Digest != m.Indexes[0].Digest {
			t.Errorf("%s has other content than %s", f.Path, m.Indexes[0].Path)
		}
	}
	if want := 10 * 3; len(m.Indexes) != want {
		t.Errorf("there are %d files of indexes, expected %d", len(m.Indexes), want)
	}
}

// A package stands in the indexes of its architecture, one for all in each.
func TestCreateListings(t *testing.T) {
	c := &Creator{Suite: "s", Contents: true}
	j := newJob(t, c)
	j.entries = []repo.Entry{
		entry(c, "a", "amd64", ".deb", "usr/a", "usr/both", "usr/z"),
		entry(c, "b", "all", ".deb", "usr/both"),
		entry(c, "c", "arm64", ".deb", "usr/both"),
		entry(c, "d", "amd64", ".udeb", "usr/both"),
	}
	j.entries[1].Section = "net"
	j.entries[2].Section = "net\n usr/evil evil" // not one word
	for i := range 20 {                          // more indexes than are written at a time
		e := entry(c, "other", fmt.Sprint("a", i), ".deb", "usr/other")
		e.Part = "contrib"
		j.entries = append(j.entries, e)
	}
	j.publish()
	for i := range 20 {
		for name, want := range map[string]string{fmt.Sprintf("binary-a%d/Packages", i): "Package: other", fmt.Sprint("Contents-a", i): "usr/other"} {
			if text := j.plain("dists/s/contrib/" + name); !strings.HasPrefix(text, want) {
				t.Errorf("%s is %q", name, text)
			}
		}
	}
	for name, want := range map[string]string{
		"binary-amd64": "a b", "binary-arm64": "b c", "binary-all": "b", "debian-installer/binary-amd64": "d", "debian-installer/binary-arm64": "", "debian-installer/binary-all": "",
	} {
		var names []string
		for id := range stanzas(t, j.plain("dists/s/main/"+name+"/Packages")) {
			n, _, _ := strings.Cut(id, " ")
			names = append(names, n)
		}
		slices.Sort(names)
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s has %q, expected %q", name, got, want)
		}
	}
	for name, want := range map[string]string{
		"Contents-amd64": "usr/a a usr/both a,net/b usr/z a", "Contents-arm64": "usr/both c,net/b", "Contents-udeb-amd64": "usr/both d", "Contents-udeb-arm64": "",
	} {
		if got := strings.Join(strings.Fields(j.plain("dists/s/main/"+name)), " "); got != want {
			t.Errorf("%s has %q, expected %q", name, got, want)
		}
	}
}

// A .dsc without SHA-256 digests, as they were long ago, gets those of the files.
func TestCreateOldSources(t *testing.T) {
	j := newJob(t, &Creator{Suite: "s"})
	j.entries = []repo.Entry{entry(j.creator, "a", "", ".dsc")}
	j.publish()
	got := stanzas(t, j.plain("dists/s/main/source/Sources"))["a 1.0 "]
	want := map[string]string{
		"package": "a", "version": "1.0", "directory": "pool",
		"files":            "\n " + sumOf(repo.MD5, []byte("a")).Hex() + " 7 a_1.0.dsc\n 00000000000000000000000000000001 7 a_1.0.tar.gz",
		"checksums-sha256": "\n " + sumOf(repo.SHA256, []byte("a")).Hex() + " 7 a_1.0.dsc\n " + sumOf(repo.SHA256, []byte("a")).Hex() + " 7 a_1.0.tar.gz",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// The bytes depend on packages, settings and date alone.
func TestCreateIsDeterministic(t *testing.T) {
	var before map[string]string
	for range 3 {
		c := &Creator{Suite: "s", Contents: true, Compressions: []string{".gz", ".zst"}}
		j := newJob(t, c)
		j.date = date
		for i := range 40 {
			j.entries = append(j.entries, entry(c, fmt.Sprint("p", i), []string{"amd64", "all", "arm64"}[i%3], ".deb", "usr/same", fmt.Sprint("usr/", i)))
		}
		now := make(map[string]string)
		for f := range j.publish().All {
			now[f.Path] = f.Digest.String()
		}
		if before != nil {
			if d := cmp.Diff(before, now); d != "" {
				t.Fatal(d)
			}
		}
		before = now
	}
}

// failingOutput fails when it has to write or is finished.
type failingOutput struct {
	memoryOutput
	at        string
	discarded *int
}

var errOutput = errors.New("the disk is full")

func (o *failingOutput) Write(p []byte) (int, error) {
	if o.at == "write" {
		return 0, errOutput
	}
	return o.memoryOutput.Write(p)
}

func (o *failingOutput) Finish() (repo.File, error) {
	if o.at == "finish" {
		return repo.File{}, errOutput
	}
	return o.memoryOutput.Finish()
}

func (o *failingOutput) Discard() { *o.discarded++ }

// What fails leaves nothing open and nothing running.
func TestCreateFails(t *testing.T) {
	defer goleak.VerifyNone(t)
	c := &Creator{Suite: "s", Contents: true}
	for _, at := range []string{"open", "write", "finish", "entries", "sign"} {
		opened, discarded := 0, 0
		creation := &repo.Creation{
			Entries: func(yield func(*repo.Entry, error) bool) {
				for i := range 500 {
					e := entry(c, fmt.Sprint("p", i), []string{"amd64", "arm64"}[i%2], ".deb", fmt.Sprint("usr/", i))
					if at == "entries" && i == 400 {
						yield(nil, errOutput)
						return
					}
					if !yield(&e, nil) {
						return
					}
				}
			},
			Date: date,
			Output: func() (repo.Output, error) {
				if at == "open" && opened == 3 {
					return nil, errOutput
				}
				opened++
				return &failingOutput{memoryOutput: memoryOutput{of: map[repo.Digest][]byte{}}, at: at, discarded: &discarded}, nil
			},
		}
		if at == "sign" {
			creation.Signer = failingSigner{}
		}
		if _, err := c.Create(creation); !errors.Is(err, errOutput) {
			t.Errorf("%s: error is %v", at, err)
		}
		if opened != discarded {
			t.Errorf("%s: %d files were opened, %d discarded", at, opened, discarded)
		}
	}
}

type failingSigner struct{}

func (failingSigner) Inline([]byte) ([]byte, error)   { return nil, errOutput }
func (failingSigner) Detached([]byte) ([]byte, error) { return nil, errOutput }

func TestCreatorCheck(t *testing.T) {
	for want, c := range map[string]Creator{
		"the suite has no name":                       {},
		"leaves the repository":                       {Suite: "../x"},
		"not a name of a suite":                       {Suite: "a b"},
		"\"a//b\" is not a name":                      {Suite: "s", Component: "a//b"},
		"neither suite nor component":                 {Flat: true, Suite: "s"},
		"path \"../x\" leaves":                        {Flat: true, Dir: "../x"},
		"a flat repository has no Contents":           {Flat: true, Contents: true},
		"\"all\" is no architecture of its own":       {Suite: "s", Architectures: []string{"all"}},
		"is not an architecture":                      {Suite: "s", Architectures: []string{"amd64/x"}},
		"compression \".lz4\"":                        {Suite: "s", Compressions: []string{".lz4"}},
		"cannot list digests of the algorithm sha224": {Suite: "s", Digests: []repo.Algorithm{repo.SHA224}},
		"SHA256 or SHA512 must be among":              {Suite: "s", Digests: []repo.Algorithm{repo.MD5, repo.SHA1}},
		"field Label: \"a\\nb\" has a control":        {Suite: "s", Label: "a\nb"},
		"overrides, line 2":                           {Suite: "s", Overrides: "a optional net\nb optional\n"},
		"source overrides, line 1":                    {Suite: "s", SourceOverrides: "a"},
		"extra overrides, line 3":                     {Suite: "s", ExtraOverrides: "#\n\na Task\n"},
		"the field Version cannot be overridden":      {Suite: "s", ExtraOverrides: "a Version 2\n"},
		"is not the name of a field":                  {Suite: "s", ExtraOverrides: "a X:Y 2\n"},
		"":                                            {Suite: "s/updates", Component: "updates/main", Architectures: []string{"amd64"}, Compressions: []string{".zst"}, Digests: []repo.Algorithm{repo.SHA512}},
	} {
		err := c.Check()
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: error is %v", want, err)
		}
	}
}

// Packages for architectures that the suite has not are an error also when they were there
// before.
func TestCreateRefusesArchitectures(t *testing.T) {
	c := &Creator{Suite: "s"}
	e := entry(c, "a", "arm64", ".deb")
	c.Architectures = []string{"amd64"}
	_, err := c.Create(&repo.Creation{Entries: func(yield func(*repo.Entry, error) bool) { yield(&e, nil) }, Date: date, Output: func() (repo.Output, error) {
		return &memoryOutput{of: map[repo.Digest][]byte{}}, nil
	}})
	if err == nil || !strings.Contains(err.Error(), "pool/a_1.0_arm64.deb: it is for arm64, the suite has amd64") {
		t.Errorf("error is %v", err)
	}
}

// What decides about indexes is in the settings, what decides about texts in the
// inspection.
func TestCreatorSettings(t *testing.T) {
	base := Creator{Suite: "s"}
	for name, c := range map[string]Creator{
		"suite": {Suite: "t"}, "label": {Suite: "s", Label: "x"}, "digests": {Suite: "s", Digests: allDigests},
		"compressions": {Suite: "s", Compressions: []string{".zst"}}, "overrides": {Suite: "s", Overrides: "a b c\n"}, "contents": {Suite: "s", Contents: true},
	} {
		if c.Settings() == base.Settings() {
			t.Errorf("%s: the settings are the same", name)
		}
		if changes := name == "contents"; (c.Inspection() != base.Inspection()) != changes {
			t.Errorf("%s: the inspection is %s, else %s", name, c.Inspection(), base.Inspection())
		}
	}
	same := Creator{Suite: "s", Component: "x", AnyName: true, Scratch: "/tmp", Digests: []repo.Algorithm{repo.SHA256, repo.MD5}, Compressions: []string{".gz"}}
	if same.Settings() != base.Settings() {
		t.Errorf("settings %s, else %s", same.Settings(), base.Settings())
	}
	if same.Inspection() == base.Inspection() {
		t.Error("with any name the inspection is the same")
	}
}

func TestRecordSorter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := recordSorter{memory: rapid.IntRange(1, 2000).Draw(t, "memory")}
		defer s.close()
		var want []string
		for _, text := range rapid.SliceOfN(rapid.StringMatching(`(a/|b/|c){0,6}[a-f\x00]{0,9}`), 0, 200).Draw(t, "records") {
			half := len(text) / 2
			if err := s.add([]byte(text[:half]), []byte(text[half:])); err != nil {
				t.Fatal(err)
			}
			want = append(want, text)
		}
		slices.Sort(want)
		for range 2 {
			var got []string
			if err := s.each(func(record []byte) error {
				got = append(got, string(record))
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, want) {
				t.Fatalf("sorted are %q, expected %q", got, want)
			}
		}
	})
}
