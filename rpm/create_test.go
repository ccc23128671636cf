package rpm

import (
	"bytes"
	"errors"
	"fmt"
	"hash"
	"maps"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/mirrorkeeper/mirrorkeeper/compress"
	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/rpm/header"
	"github.com/mirrorkeeper/mirrorkeeper/rpm/repodata"
)

func TestCreatorPlaces(t *testing.T) {
	rpm := &repo.Inspected{Base: "Bash-5-1.noarch.rpm"}
	for _, test := range []struct {
		layout       string
		anyName      bool
		found, place string // "" for an error
	}{
		{"", false, "Bash-5-1.noarch.rpm", "Bash-5-1.noarch.rpm"},
		{"as-found", false, "a/b/Bash-5-1.noarch.rpm", "a/b/Bash-5-1.noarch.rpm"},
		{"packages", false, "a/b/Bash-5-1.noarch.rpm", "packages/b/Bash-5-1.noarch.rpm"},
		{"", false, "a/bash.rpm", ""},
		{"", true, "a/bash.rpm", "a/bash.rpm"},
		{"packages", false, "a/bash.rpm", ""},
		{"packages", true, "a/bash.rpm", "packages/b/Bash-5-1.noarch.rpm"},
		{"", false, "../Bash-5-1.noarch.rpm", ""},
		{"", false, "repodata/Bash-5-1.noarch.rpm", ""},
		{"packages", false, "repodata/Bash-5-1.noarch.rpm", "packages/b/Bash-5-1.noarch.rpm"},
		{"", true, "a\nb.rpm", ""},
	} {
		c := &Creator{Layout: test.layout, AnyName: test.anyName}
		place, err := c.Place(rpm, test.found)
		if place != test.place || (err == nil) != (test.place != "") {
			t.Errorf("%+v: %q, %v", test, place, err)
		}
	}
	odd := &repo.Inspected{Base: "..-1-1.noarch.rpm"}
	if place, err := (&Creator{Layout: "packages", AnyName: true}).Place(odd, "x.rpm"); err != nil || place != "packages/..-1-1.noarch.rpm" && place != "packages/./..-1-1.noarch.rpm" {
		t.Logf("a name that begins with dots: %q, %v", place, err)
	}
}

func TestCreatorNamesFiles(t *testing.T) {
	inspect := func(r repotest.RawRPM) *repo.Inspected {
		t.Helper()
		content := r.Bytes()
		i, err := (&Creator{}).Inspect(repo.PackageFile{Content: bytes.NewReader(content), Size: int64(len(content))})
		if err != nil {
			t.Fatal(err)
		}
		i.Texts = nil
		return i
	}
	for _, test := range []struct {
		raw  repotest.RawRPM
		want repo.Inspected
	}{
		{raw(), repo.Inspected{Name: "raw", Version: "1.0-2", Architecture: "noarch", Source: "raw", Section: "Tests", Base: "raw-1.0-2.noarch.rpm"}},
		{
			raw(value(header.Epoch, uint32(3)), value(header.Arch, "x86_64"), value(header.SourceRPM, "other-suite-1.0-2.src.rpm")),
			repo.Inspected{Name: "raw", Version: "3:1.0-2", Architecture: "x86_64", Source: "other-suite", Section: "Tests", Base: "raw-1.0-2.x86_64.rpm"},
		},
		{raw(value(header.Epoch, uint32(0)), value(header.Group, nil), value(header.SourceRPM, nil)), repo.Inspected{Name: "raw", Version: "1.0-2", Architecture: "noarch", Source: "raw", Base: "raw-1.0-2.noarch.rpm"}},
		{
			raw(value(header.SourcePackage, uint32(1)), value(header.SourceRPM, nil)),
			repo.Inspected{Name: "raw", Version: "1.0-2", Architecture: "src", Source: "raw", Section: "Tests", Base: "raw-1.0-2.src.rpm", SourcePackage: true},
		},
		{
			raw(value(header.SourcePackage, uint32(1)), value(header.SourceRPM, nil), value(header.NoSource, []uint32{0})),
			repo.Inspected{Name: "raw", Version: "1.0-2", Architecture: "src", Source: "raw", Section: "Tests", Base: "raw-1.0-2.nosrc.rpm", SourcePackage: true},
		},
	} {
		if d := cmp.Diff(&test.want, inspect(test.raw)); d != "" {
			t.Error(d)
		}
	}
	c := &Creator{}
	for base, want := range map[string]bool{"a.rpm": true, "a.src.rpm": true, "a.drpm": false, "a.rpm.asc": false, "a.deb": false} {
		if c.IsPackage(base) != want {
			t.Errorf("%s is a package: %v", base, !want)
		}
	}
}

func TestCreatorChecks(t *testing.T) {
	for want, c := range map[string]*Creator{
		`layout "pool" is none of as-found, packages`: {Layout: "pool"},
		"checksum sha1 proves nothing":                {Checksum: repo.SHA1},
		`compression ".bz2" is none of`:               {Compression: ".bz2"},
		"comps is no comps.xml":                       {Comps: []byte("<x/>")},
		"updateinfo:1: the document is <x>":           {Updateinfo: []byte("<x/>")},
		"modules 2:2: malformed YAML":                 {Modules: [][]byte{[]byte("---\n{}\n")[:0], []byte("a: [")}},
		"it has no data":                              {Modules: [][]byte{[]byte("document: modulemd\n")}},
		`the record "primary" is not written`:         {Records: map[string][]byte{"primary": nil}},
		`the record "filelists_zck" is not written`:   {Records: map[string][]byte{"filelists_zck": nil}},
		`"../x" is no type of a record`:               {Records: map[string][]byte{"../x": nil}},
		`"a/b" is no type of a record`:                {Records: map[string][]byte{"a/b": nil}},
	} {
		var stored [][]byte
		_, err := c.Create(creationOf(nil, nil, &stored))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, expected %s", err, want)
		}
	}
}

// Settings change where the indexes do, Inspection where what is said of a package does.
func TestCreatorIdentities(t *testing.T) {
	three, all := 3, -1
	base := &Creator{Title: "one"}
	for name, test := range map[string]struct {
		c                    *Creator
		settings, inspection bool // differ
	}{
		"title":       {&Creator{Title: "two"}, false, false},
		"layout":      {&Creator{Layout: "packages"}, false, false},
		"any name":    {&Creator{AnyName: true}, false, false},
		"defaults":    {&Creator{Compression: ".gz", Checksum: repo.SHA256, Layout: "as-found"}, false, false},
		"compression": {&Creator{Compression: ".zst"}, true, false},
		"checksum":    {&Creator{Checksum: repo.SHA512}, true, false},
		"comps":       {&Creator{Comps: []byte("x")}, true, false},
		"updateinfo":  {&Creator{Updateinfo: []byte("x")}, true, false},
		"modules":     {&Creator{Modules: [][]byte{nil}}, true, false},
		"records":     {&Creator{Records: map[string][]byte{"x": nil}}, true, false},
		"tags":        {&Creator{Distro: []string{"x"}}, true, false},
		"other tags":  {&Creator{Repo: []string{"x"}}, true, false},
		"revision":    {&Creator{Revision: "x"}, true, false},
		"changes":     {&Creator{ChangelogLimit: &three}, true, true},
		"all changes": {&Creator{ChangelogLimit: &all}, true, true},
	} {
		if (test.c.Settings() != base.Settings()) != test.settings {
			t.Errorf("%s: settings are %q and %q", name, test.c.Settings(), base.Settings())
		}
		if (test.c.Inspection() != base.Inspection()) != test.inspection {
			t.Errorf("%s: inspections are %q and %q", name, test.c.Inspection(), base.Inspection())
		}
	}
}

// All that can be set is in what is created.
func TestCreateWithAllSettings(t *testing.T) {
	t.Parallel()
	of := sample(t)
	dir := packageDir(t, of)
	limit := 1
	for _, compression := range []string{".gz", ".zst", ".xz"} {
		if !compress.CanWrite(compression) {
			missing(t, compression)
		}
		c := &Creator{
			Title: "test", Layout: "packages", Compression: compression, Checksum: repo.SHA512, ChangelogLimit: &limit,
			Comps: []byte(of.Comps), Updateinfo: []byte(of.Updateinfo), Modules: [][]byte{[]byte(module("app:1", 1, "", "common=app", "app-0:1.0-1.x86_64")), []byte(defaults("app", "1"))},
			Records: map[string][]byte{"productid": []byte("a certificate"), "appstream": []byte("<components/>")},
			Distro:  []string{"cpe:/o:example:1,Example 1", "plain"}, Content: []string{"binary-x86_64"}, Repo: []string{"test"}, Revision: "rev 7",
		}
		a := created(t, c, dir, sealer{keys})
		r := only(t, source())
		root := a.root(t, r)
		repomd := root.Detail.(*repodata.Repomd)
		var types []string
		for _, record := range repomd.Records {
			types = append(types, record.Type)
			if record.Checksum.Algorithm() != repo.SHA512 || !strings.HasPrefix(path.Base(record.Href), record.Checksum.Hex()+"-") {
				t.Errorf("the record %+v", record)
			}
			if (record.Type == "group") != record.OpenChecksum.IsZero() || !record.OpenChecksum.IsZero() && !strings.HasSuffix(record.Href, compression) {
				t.Errorf("the record %+v", record)
			}
			if !record.Timestamp.Equal(date) {
				t.Errorf("the time of %s is %s", record.Type, record.Timestamp)
			}
		}
		if want := []string{"primary", "filelists", "other", "group", "group_" + compression[1:], "updateinfo", "modules", "appstream", "productid"}; !slices.Equal(types, want) {
			t.Errorf("records are %q, expected %q", types, want)
		}
		if repomd.Revision != "rev 7" {
			t.Errorf("the revision is %q", repomd.Revision)
		}
		tags := []repodata.Tag{
			{Name: "content", Value: "binary-x86_64"},
			{Name: "repo", Value: "test"},
			{Name: "distro", CPEID: "cpe:/o:example:1", Value: "Example 1"},
			{Name: "distro", Value: "plain"},
		}
		if d := cmp.Diff(tags, repomd.Tags); d != "" {
			t.Error(d)
		}
		for _, p := range a.packages(t, r) {
			if p.File.Digest.Algorithm() != repo.SHA512 || !strings.HasPrefix(p.File.Path, "packages/"+strings.ToLower(p.Name[:1])+"/") {
				t.Errorf("the file is %+v", p.File)
			}
		}
		for kind, want := range map[string]string{groupKind: of.Comps, updateinfoKind: of.Updateinfo} {
			if got := a.content(t, r, kind); got != want {
				t.Errorf("%s is\n%s", kind, got)
			}
		}
		if got := a.content(t, r, modulesKind); !strings.Contains(got, "app-0:1.0-1.x86_64") || !strings.Contains(got, "modulemd-defaults") {
			t.Errorf("modules are\n%s", got)
		}
	}
}

// A package at two places is one; entries may come again to count it.
func TestCreateTakesTheSamePackageOnce(t *testing.T) {
	r1, r2 := raw(), raw(value(header.Version, "2"))
	a := archive{"a/x.rpm": r1.Bytes(), "b/x.rpm": r1.Bytes(), "c/x.rpm": r2.Bytes(), "d/y.rpm": r1.Bytes()}
	out := created(t, &Creator{AnyName: true}, a.write(t), sealer{keys})
	r := only(t, source())
	var paths []string
	for _, p := range out.packages(t, r) {
		paths = append(paths, p.File.Path)
	}
	if !slices.Equal(paths, []string{"a/x.rpm", "c/x.rpm"}) {
		t.Errorf("packages are at %q", paths)
	}
	for _, kind := range []string{packagesKind, filelistsKind, otherKind} {
		if text := out.content(t, r, kind); !strings.Contains(text, `packages="2"`) || len(elementsOf(t, out, kind)) != 2 {
			t.Errorf("%s is\n%s", kind, text)
		}
	}
}

// The bytes depend on packages, settings and date alone.
func TestCreateIsDeterministic(t *testing.T) {
	t.Parallel()
	dir := packageDir(t, sample(t))
	c := &Creator{Records: map[string][]byte{"a": nil, "b": nil, "c": nil, "d": nil}}
	first := created(t, c, dir, sealer{keys})
	for range 5 {
		if again := created(t, c, dir, sealer{keys}); !maps.EqualFunc(first, again, bytes.Equal) {
			t.Fatal("it was created otherwise")
		}
	}
	if _, signed := created(t, c, dir, nil)[signatureName]; signed {
		t.Error("there is a signature without a signer")
	}
}

// failing is a file that can be written up to some byte.
type failing struct {
	pressed
	left      int
	discarded *int
}

var errFull = errors.New("no space left")

func (f *failing) Write(b []byte) (int, error) {
	if f.left -= len(b); f.left < 0 {
		return 0, errFull
	}
	return f.pressed.Write(b)
}

func (f *failing) Discard() { *f.discarded++ }

// What fails leaves nothing behind.
func TestCreateFails(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	dir := archive{"x.rpm": raw().Bytes()}.write(t)
	c := &Creator{AnyName: true, Comps: []byte(sampleComps)}
	entries := entriesOf(t, c, dir)
	for name, change := range map[string]func(k *repo.Creation){
		"an entry": func(k *repo.Creation) {
			k.Entries = func(yield func(*repo.Entry, error) bool) { yield(nil, errFull) }
		},
		"a damaged entry": func(k *repo.Creation) {
			k.Entries = func(yield func(*repo.Entry, error) bool) {
				e := *entries[0]
				e.Inspected = &repo.Inspected{Name: "x", Texts: [][]byte{[]byte("text"), nil, nil}}
				yield(&e, nil)
			}
		},
		"an entry of nothing": func(k *repo.Creation) {
			k.Entries = func(yield func(*repo.Entry, error) bool) { yield(&repo.Entry{Inspected: &repo.Inspected{}}, nil) }
		},
		"more entries than said": func(k *repo.Creation) { k.Length = 0 },
		"the signer":             func(k *repo.Creation) { k.Signer = brokenSigner{} },
	} {
		var stored [][]byte
		k := creationOf(entries, nil, &stored)
		change(k)
		if m, err := c.Create(k); err == nil {
			t.Errorf("%s: no error, but %+v", name, m)
		}
	}
	for opened := range 7 {
		for _, left := range []int{0, 10} {
			var stored [][]byte
			n, discarded := 0, 0
			k := creationOf(entries, nil, &stored)
			k.Output = func() (repo.Output, error) {
				n++
				f := &failing{pressed: pressed{stored: &stored}, left: 1 << 20, discarded: &discarded}
				if n == opened+1 {
					f.left = left
				}
				return f, nil
			}
			if _, err := c.Create(k); !errors.Is(err, errFull) && opened < 6 {
				t.Errorf("output %d fails after %d bytes: error %v", opened, left, err)
			}
			if discarded != n {
				t.Errorf("of %d outputs %d were discarded", n, discarded)
			}
		}
	}
	k := creationOf(entries, nil, new([][]byte))
	k.Output = func() (repo.Output, error) { return nil, errFull }
	if _, err := c.Create(k); !errors.Is(err, errFull) {
		t.Errorf("error %v", err)
	}
}

type brokenSigner struct{ repo.Signer }

func (brokenSigner) Detached([]byte) ([]byte, error) { return nil, errFull }

// Files that are there with other times are other entries.
func TestCreateHasTimesAndSizes(t *testing.T) {
	dir := archive{"x.rpm": raw().Bytes()}.write(t)
	when := time.Date(2020, 2, 2, 0, 0, 0, 0, time.UTC)
	if err := os.Chtimes(filepath.Join(dir, "x.rpm"), when, when); err != nil {
		t.Fatal(err)
	}
	text := created(t, &Creator{AnyName: true}, dir, sealer{keys}).content(t, only(t, source()), packagesKind)
	for _, want := range []string{`<time file="1580601600" build="0"/>`, `<size package="`, `<location href="x.rpm"/>`} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not in %s", want, text)
		}
	}
}

// measuring is a file that only counts.
type measuring struct {
	hash hash.Hash
	size int64
}

func (m *measuring) Write(b []byte) (int, error) {
	m.size += int64(len(b))
	return m.hash.Write(b)
}

func (m *measuring) Finish() (repo.File, error) {
	return repo.File{Size: m.size, Digest: repo.NewDigest(repo.SHA256, m.hash.Sum(nil))}, nil
}

func (*measuring) Discard() {}

// Many packages with many files take the memory of some of them.
func TestCreateInLittleMemory(t *testing.T) {
	n := 4_000
	if os.Getenv("PROVE") == "1" {
		n = 50_000
	}
	var paths []string
	for i := range 300 {
		paths = append(paths, fmt.Sprintf("/usr/share/package/directory-%d/file-%d.txt", i%20, i*i))
	}
	content := raw(files([]string{""}, paths...)...).Bytes()
	c := &Creator{Title: "test"}
	i, err := c.Inspect(repo.PackageFile{Content: bytes.NewReader(content), Size: int64(len(content))})
	if err != nil {
		t.Fatal(err)
	}
	var before, now runtime.MemStats
	var most uint64
	k := creationOf(nil, nil, nil)
	k.Length = n
	k.Output = func() (repo.Output, error) { return &measuring{hash: repo.SHA256.New()}, nil }
	k.Entries = func(yield func(*repo.Entry, error) bool) {
		e := &repo.Entry{Inspected: i}
		for number := range n {
			e.Name, e.Path = fmt.Sprint(number), fmt.Sprint("packages/", number, ".rpm")
			e.Digests = []repo.Digest{fileOf("", []byte(e.Path)).Digest}
			if number%(n/20) == 0 {
				runtime.GC()
				runtime.ReadMemStats(&now)
				most = max(most, now.HeapAlloc)
			}
			if !yield(e, nil) {
				return
			}
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&before)
	m, err := c.Create(k)
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Indexes) != 3 {
		t.Errorf("the indexes are %v", m.Indexes)
	}
	if growth := int64(most) - int64(before.HeapAlloc); growth > 40<<20 {
		t.Errorf("%d packages take %d MiB", n, growth>>20)
	} else {
		t.Logf("%d packages take %d MiB", n, growth>>20)
	}
}
