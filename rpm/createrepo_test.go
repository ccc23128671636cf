package rpm

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
	"github.com/mirrorkeeper/mirrorkeeper/rpm/header"
	"github.com/mirrorkeeper/mirrorkeeper/rpm/repodata"
)

func createrepo(t testing.TB, dir string, options ...string) archive {
	t.Helper()
	out := t.TempDir()
	command := exec.Command(tool(t, "createrepo_c"), append(options, "--no-database", "--general-compress-type=gz", "--outputdir="+out, dir)...)
	command.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	if text, err := command.CombinedOutput(); err != nil {
		t.Fatalf("createrepo_c: %v\n%s", err, text)
	}
	a := archive{}
	entries, err := os.ReadDir(filepath.Join(out, "repodata"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(out, "repodata", e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		a["repodata/"+e.Name()] = content
	}
	return a
}

// elementsOf are the elements of all packages in a kind of index, by pkgid.
func elementsOf(t testing.TB, a archive, kind string) map[string]string {
	t.Helper()
	s := source()
	s.Trusted = true
	r := only(t, s)
	elements := map[string]string{}
	text := a.content(t, r, kind)
	if kind == packagesKind {
		for in := repodata.NewPrimaryReader(strings.NewReader(text), kind); ; {
			p, err := in.Next()
			if err == io.EOF {
				return elements
			}
			if err != nil {
				t.Fatal(err)
			}
			elements[string(p.Checksum)] = string(p.Raw)
		}
	}
	open := map[string]func(io.Reader, string) *repodata.ListReader{filelistsKind: repodata.NewFilelistsReader, otherKind: repodata.NewOtherReader}[kind]
	for in := open(bytes.NewReader([]byte(text)), kind); ; {
		e, err := in.Next()
		if err == io.EOF {
			return elements
		}
		if err != nil {
			t.Fatal(err)
		}
		elements[string(e.PkgID)] = string(e.Raw)
	}
}

// packageDir is a directory with the packages of a repository.
func packageDir(t *testing.T, of *repotest.RPM) string {
	t.Helper()
	packages := archive{}
	for name, content := range made(t, of) {
		if strings.HasSuffix(name, ".rpm") {
			packages[name] = content
		}
	}
	return packages.write(t)
}

// What is created has the elements of packages that createrepo_c writes, byte for byte.
func TestCreateAsCreaterepo(t *testing.T) {
	t.Parallel()
	for name, dir := range map[string]func() string{
		"rpmpack":  func() string { return packageDir(t, sample(t)) },
		"rpmbuild": func() string { return builtByRpmbuild(t) },
		"raw":      func() string { return rawDir(t, likeCreaterepo()) },
		"drawn":    func() string { return rawDir(t, drawn()) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := dir()
			ours, theirs := created(t, &Creator{Title: "test", AnyName: name != "rpmbuild"}, dir, nil), createrepo(t, dir)
			for _, kind := range []string{packagesKind, filelistsKind, otherKind} {
				got, want := elementsOf(t, ours, kind), elementsOf(t, theirs, kind)
				if len(got) != len(want) {
					t.Errorf("%s has %d packages, expected %d", kind, len(got), len(want))
				}
				for id := range want {
					if d := cmp.Diff(strings.Split(want[id], "\n"), strings.Split(got[id], "\n")); d != "" {
						t.Errorf("%s: %s", kind, d)
					}
				}
			}
			if name != "rpmbuild" {
				return
			}
			withModule(t, "createrepo_c") // which reads the same fields from both
			dump := func(a archive) string { return run(t, python, "testdata/repository.py", a.write(t)) }
			if d := cmp.Diff(dump(theirs), dump(ours)); d != "" {
				t.Error(d)
			}
		})
	}
}

// rawDir is a directory of the packages, by their names.
func rawDir(t *testing.T, packages map[string]repotest.RawRPM) string {
	t.Helper()
	a := archive{}
	for name, r := range packages {
		a[strings.ReplaceAll(name, " ", "-")+".rpm"] = r.Bytes()
	}
	return a.write(t)
}

// likeCreaterepo are packages that rpmbuild does not make, and of which createrepo_c says
// the same as we do.
func likeCreaterepo() map[string]repotest.RawRPM {
	long := raw(value(header.LongSize, []uint64{1 << 40}))
	long.Signature = []repotest.RawTag{value(header.SigLongArchive, []uint64{1 << 41})}
	return map[string]repotest.RawRPM{
		"plain":               raw(),
		"no texts":            raw(value(header.Summary, nil), value(header.Description, nil), value(header.License, nil), value(header.Group, nil)),
		"untranslated":        raw(value(header.Summary, "one"), value(header.Group, "two")),
		"64 bits":             long,
		"late":                raw(value(header.BuildTime, uint32(4e9)), value(header.Epoch, uint32(1<<32-1))),
		"epoch 0":             raw(value(header.Epoch, uint32(0))),
		"source":              raw(value(header.SourceRPM, nil), value(header.SourcePackage, uint32(1))),
		"old source":          raw(append(files([]string{""}, "raw.spec", "raw.tar"), value(header.SourceRPM, nil))...),
		"odd characters":      raw(value(header.Summary, "a\x7fb\u0085c\r\n\td \"e\" 'f' <g>&"), value(header.Vendor, "x\r\n\ty"), value(header.URL, "a\xe2\x82"), value(header.Description, "\xff\xa9\x80")),
		"odd names":           raw(requires("a\tb\nc\"'", "ä𝄞<>&", "", "(a unless b)")...),
		"comparisons":         raw(relations(0, "1", 2, "1", 4, "1", 6, "1", 8, "1", 10, "1", 12, "1", 14, "1")...),
		"needed before":       raw(relations(64|8, "1", 512|2, "1", 1<<10, "", 1<<11, "", 1<<12, "")...),
		"versions":            raw(relations(8, "1:2-3", 8, "1:", 8, "-", 8, "1-", 8, "-2", 8, ":1-2", 8, "1-2-3", 8, "01:2", 8, "1:2:3", 8, "")...),
		"the same":            raw(value(header.RequireName, []string{"a", "a", "a", "b", "a"}), value(header.RequireFlags, []uint32{0, 64, 0, 0, 0}), value(header.RequireVersion, make([]string, 5))),
		"provided":            raw(append(requires("p", "q"), value(header.ProvideName, []string{"p"}), value(header.ProvideFlags, []uint32{0}), value(header.ProvideVersion, []string{""}))...),
		"optional":            raw(relations(1<<19, "", 0, "")...),
		"old weak relations":  raw(value(header.OldSuggestName, []string{"s", "r"}), value(header.OldSuggestFlags, []uint32{0, 1 << 27}), value(header.OldSuggestVersion, []string{"", ""}), value(header.OldEnhanceName, []string{"e", "p"}), value(header.OldEnhanceFlags, []uint32{0, 1<<27 | 8}), value(header.OldEnhanceVersion, []string{"", "1"})),
		"format 3":            old(raw(value(header.OldFileNames, []string{"/etc/a", "/usr/share/b"}), value(header.FileModes, []uint16{0, 0o40000}), value(header.FileFlags, []uint32{0, 64}))),
		"format 3, epoch":     old(raw(value(header.Epoch, uint32(7)), value(header.ProvideName, []string{"raw", "x"}))),
		"whole paths":         raw(value(header.OldFileNames, []string{"/etc/a", "/usr/sbin/b/"}), value(header.FileModes, []uint16{0, 0o40000}), value(header.FileFlags, []uint32{0, 64})),
		"odd files":           raw(files([]string{"/etc/", "/", ""}, "a\nb", "bin", "usr/bin/x")...),
		"changes of one time": raw(changes(101, 100, 100, 100, 99, 99, 0, 0)...),
		"odd authors":         raw(value(header.ChangelogTime, []uint32{5, 4, 3, 2}), value(header.ChangelogName, []string{"b  ", "   ", "", "\xe4 "}), value(header.ChangelogText, []string{"<b>", "", "\xe4", "\r\t"})),
	}
}

// drawn are packages with texts, relations, files and changes drawn by lot.
func drawn() map[string]repotest.RawRPM {
	n := 100
	if os.Getenv("PROVE") == "1" {
		n = 3000
	}
	r := rand.New(rand.NewPCG(1, 2))
	of := func(pieces ...string) string {
		var b strings.Builder
		for range r.IntN(6) {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		return b.String()
	}
	text := func() string {
		return of("a", "Z 9", "\n", "\t", "\r", "&", "<b>", "]]>", "\"", "'", "ü", "€", "𝄞", "\xe9", "\xa9", "\xff\xfe", "%s", "&amp;", "  ", "\x7f")
	}
	word := func() string {
		return "w" + of("a", "b", "-c", ".so.1", "()(64bit)", "(x)", "/", "+", "_", "~", " ", "ü")
	}
	version := func() string { return of("1", "2", "0", ".", "-", "~", "^", "rc", "+") }
	path := func() string {
		return of("/etc/", "/usr", "/bin/", "/sbin/x", "/usr/lib/sendmail", "/opt", "/a b", "ü", "\xe9", "&", "/share/", "bin")
	}
	list := func(names, flags, versions header.Tag) []repotest.RawTag {
		count := 1 + r.IntN(5)
		all := []repotest.RawTag{}
		n, f, v := make([]string, count), make([]uint32, count), make([]string, count)
		for i := range count {
			n[i], f[i], v[i] = word(), uint32([]int{0, 2, 4, 8, 10, 12}[r.IntN(6)])|uint32(r.IntN(32))<<6, version()
			if r.IntN(4) == 0 {
				n[i] = path()
			}
			if i > 0 && r.IntN(3) == 0 {
				n[i], v[i] = n[0], v[0]
			}
			if n[i] == "" {
				n[i] = "x"
			}
			if f[i]%16 == 0 {
				v[i] = "" // createrepo_c takes a name with a version for another name
			}
		}
		return append(all, value(names, n), value(flags, f), value(versions, v))
	}
	packages := map[string]repotest.RawRPM{}
	for i := range n {
		var tags []repotest.RawTag
		for _, tag := range []header.Tag{header.Summary, header.Description, header.Packager, header.URL, header.License, header.Vendor, header.Group, header.BuildHost} {
			if r.IntN(4) > 0 {
				tags = append(tags, value(tag, text()))
			}
		}
		tags = append(tags, value(header.Name, fmt.Sprint("p", i)), value(header.Size, r.Uint32()), value(header.BuildTime, r.Uint32()), value(header.Epoch, r.Uint32()>>r.IntN(32)))
		for _, l := range [][3]header.Tag{
			{header.ProvideName, header.ProvideFlags, header.ProvideVersion},
			{header.RequireName, header.RequireFlags, header.RequireVersion},
			{header.ConflictName, header.ConflictFlags, header.ConflictVersion},
			{header.ObsoleteName, header.ObsoleteFlags, header.ObsoleteVersion},
			{header.RecommendName, header.RecommendFlags, header.RecommendVersion},
			{header.SupplementName, header.SupplementFlags, header.SupplementVersion},
		} {
			if r.IntN(2) == 0 {
				tags = append(tags, list(l[0], l[1], l[2])...)
			}
		}
		var bases, dirs []string
		var modes []uint16
		var flags, indexes []uint32
		for k := range 1 + r.IntN(8) {
			bases, dirs = append(bases, path()), append(dirs, path())
			indexes, modes, flags = append(indexes, uint32(r.IntN(k+1))), append(modes, uint16(r.Uint32())), append(flags, uint32(r.IntN(1<<9)))
		}
		tags = append(tags, value(header.BaseNames, bases), value(header.DirNames, dirs), value(header.DirIndexes, indexes), value(header.FileModes, modes), value(header.FileFlags, flags))
		var times []uint32
		var authors, changes []string
		for range 1 + r.IntN(14) {
			times, authors, changes = append(times, uint32(r.IntN(6))), append(authors, text()), append(changes, text())
		}
		tags = append(tags, value(header.ChangelogTime, times), value(header.ChangelogName, authors), value(header.ChangelogText, changes))
		packages[fmt.Sprint(i)] = raw(tags...)
	}
	return packages
}

// What createrepo_c says otherwise, and why; docs/create-compared.md has the same list.
func TestCreateUnlikeCreaterepo(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		raw          repotest.RawRPM
		theirs, ours []string // lines of one of the elements
	}{
		"librpm's word for an unknown source": {raw(value(header.SourceRPM, nil)), []string{"<rpm:sourcerpm>(none)</rpm:sourcerpm>"}, []string{"<rpm:sourcerpm></rpm:sourcerpm>"}},
		"a colon that ends no epoch":          {raw(relations(8, "x:1")...), nil, []string{`<rpm:requires>`, `<rpm:entry name="r0" flags="EQ" epoch="0" ver="x:1"/>`, `</rpm:requires>`}},
		"requirements without flags":          {raw(value(header.RequireName, []string{"a"})), nil, []string{`<rpm:requires>`, `<rpm:entry name="a"/>`, `</rpm:requires>`}},
		"files without flags":                 {raw(append(files([]string{"/etc/"}, "a"), value(header.FileFlags, nil))...), nil, []string{`<file>/etc/a</file>`}},
		"only requirements without a name":    {raw(requires("")...), []string{`<rpm:requires/>`}, nil},
		"a private symbol of the C library":   {raw(requires("libc.so.6(GLIBC_PRIVATE)(64bit)", "libc.so.6(GLIBC_2.34)(64bit)")...), nil, []string{`<rpm:entry name="libc.so.6(GLIBC_PRIVATE)(64bit)"/>`}},
		"a property of the C library": {
			raw(requires("libc.so.6(GLIBC_ABI_DT_X86_64_PLT)(64bit)", "libc.so.6(GLIBC_2.34)(64bit)")...),
			nil,
			[]string{`<rpm:entry name="libc.so.6(GLIBC_2.34)(64bit)"/>`},
		},
		"format 3, which provides itself": {
			old(raw(value(header.ProvideName, []string{"raw"}), value(header.ProvideFlags, []uint32{8}), value(header.ProvideVersion, []string{"1.0-2"}))),
			[]string{`<rpm:entry name="raw" flags="EQ" epoch="0" ver="1.0" rel="2"/>`},
			nil,
		},
		"two C libraries": {raw(requires("libc.so.6(GLIBC_2.34)(64bit)", "libc.so.6(GLIBC_2.4)")...), nil, []string{`<rpm:entry name="libc.so.6(GLIBC_2.4)"/>`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := rawDir(t, map[string]repotest.RawRPM{"x": test.raw})
			ours, theirs := created(t, &Creator{AnyName: true}, dir, nil), createrepo(t, dir)
			got, want := elementsOf(t, ours, packagesKind), elementsOf(t, theirs, packagesKind)
			for id := range want {
				onlyTheirs, onlyOurs := differences(want[id], got[id])
				if d := cmp.Diff([][]string{test.theirs, test.ours}, [][]string{onlyTheirs, onlyOurs}); d != "" {
					t.Error(d)
				}
			}
		})
	}
}

// differences are the lines of which one of two texts has more, without blanks.
func differences(a, b string) (onlyA, onlyB []string) {
	less := func(a, b string) (only []string) {
		count := map[string]int{}
		for line := range strings.Lines(b) {
			count[strings.TrimSpace(line)]++
		}
		for line := range strings.Lines(a) {
			line = strings.TrimSpace(line)
			if count[line]--; count[line] < 0 {
				only = append(only, line)
			}
		}
		return only
	}
	return less(a, b), less(b, a)
}

// createrepo_c of 2021 refuses packages with control characters in texts for people;
// later ones replace these in summary, description and changelog, as we do in all.
func TestCreateReplacesControlCharacters(t *testing.T) {
	t.Parallel()
	r := raw(append(changes(1), value(header.Summary, "a\x01b"), value(header.Vendor, "c\ufffed"), value(header.URL, "\x1be"), value(header.ChangelogName, []string{"f\x02"}))...)
	dir := rawDir(t, map[string]repotest.RawRPM{"x": r})
	if refused := elementsOf(t, createrepo(t, dir), packagesKind); len(refused) > 0 {
		t.Logf("createrepo_c takes it: %v", refused)
	}
	a := created(t, &Creator{AnyName: true}, dir, nil)
	for kind, wants := range map[string][]string{
		packagesKind: {"<summary>a\ufffdb</summary>", "<rpm:vendor>c\ufffdd</rpm:vendor>", "<url>\ufffde</url>"},
		otherKind:    {`author="f&#xFFFD;"`},
	} {
		for _, element := range elementsOf(t, a, kind) {
			for _, want := range wants {
				if !strings.Contains(element, want) {
					t.Errorf("%s is not in %s", want, element)
				}
			}
		}
	}
}
