package rpm

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/rpm/header"
	"github.com/mirrorkeeper/mirrorkeeper/rpm/repodata"
)

// Of a package that is damaged or cut anywhere, a thorough inspection notices what rpm
// does, and that the size is not the stated one.
func TestInspectNoticesDamageAsRPM(t *testing.T) {
	t.Parallel()
	tool(t, "rpmkeys")
	content := built(t)
	step := 29
	if os.Getenv("PROVE") == "1" {
		step = 1
	}
	dir := t.TempDir()
	all := map[string][]byte{"whole": content, "more": append(bytes.Clone(content), 0)}
	for i := 0; i < len(content); i += step {
		damaged := bytes.Clone(content)
		damaged[i] ^= 1 << (i % 8)
		all[fmt.Sprint("bit-", i)] = damaged
		if i%(5*step) == 0 {
			all[fmt.Sprint("cut-", i)] = content[:i]
		}
	}
	arguments := []string{"-K", "--nosignature"}
	for name, content := range all {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
		arguments = append(arguments, name)
	}
	command := exec.Command("rpmkeys", arguments...)
	command.Dir = dir
	command.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	out, _ := command.Output() // which fails, since it finds damage
	good := map[string]bool{}
	for _, found := range regexp.MustCompile(`([a-z]+(?:-[0-9]+)?): digests OK`).FindAllSubmatch(out, -1) {
		good[string(found[1])] = true
	}
	if !good["whole"] || len(good) == len(all) {
		t.Fatalf("rpmkeys says: %s", out)
	}
	for name := range all {
		_, err := inspectFile(&Creator{}, filepath.Join(dir, name))
		stated := err != nil && strings.Contains(err.Error(), "bytes, expected")
		if (err == nil) != good[name] && !(good[name] && stated) {
			t.Errorf("%s: error %v, rpm finds it good: %v", name, err, good[name])
		}
	}
}

// Without reading the payload, all that is cut is noticed.
func TestInspectNoticesTruncationByTheHeader(t *testing.T) {
	content := built(t)
	p, err := header.Read(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	c := &Creator{}
	for n := range len(content) {
		if _, err := c.Inspect(repo.PackageFile{Content: bytes.NewReader(content[:n]), Size: int64(n)}); err == nil {
			t.Fatalf("cut to %d of %d bytes it is inspected", n, len(content))
		}
	}
	// No byte of the payload is read.
	in := iotest.OneByteReader(bytes.NewReader(content[:p.End]))
	if _, err := c.Inspect(repo.PackageFile{Content: in, Size: int64(len(content))}); err != nil {
		t.Error(err)
	}
}

func TestInspectRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		raw  repotest.RawRPM
		want string
	}{
		"no name":                {raw(value(header.Name, nil)), "no name"},
		"no version":             {raw(value(header.Version, nil)), "no version"},
		"no release":             {raw(value(header.Release, nil)), "no release"},
		"no architecture":        {raw(value(header.Arch, nil)), "no architecture"},
		"a path for a name":      {raw(value(header.Name, "../../x")), "blank or a slash"},
		"a path for an arch":     {raw(value(header.Arch, "x/y")), "blank or a slash"},
		"a blank in the version": {raw(value(header.Version, "1 2")), "blank or a slash"},
		"a name of Latin-1":      {raw(value(header.Name, "a\xff")), "not UTF-8"},
		"control in the name":    {raw(value(header.Name, "a\x01")), "blank or a slash"},
		"control in a relation":  {raw(requires("a\x02")...), "cannot have"},
		"control in a version":   {raw(relations(8, "1\x1b")...), "cannot have"},
		"control in a file":      {raw(files([]string{"/etc/"}, "a\x03")...), "cannot have"},
		"control in the source":  {raw(value(header.SourceRPM, "a\x04")), "cannot have"},
		"no name in Latin-1":     {raw(requires("\x91")...), "cannot have"},
		"a broken rich relation": {raw(requires("(a and")...), "requires rich dependency"},
		"counts that differ":     {raw(value(header.RequireName, []string{"a", "b"}), value(header.RequireFlags, []uint32{0})), "2 names"},
		"files that differ":      {raw(append(files([]string{"/etc/"}, "a"), value(header.FileModes, []uint16{0, 0}))...), "modes of 2"},
		"times that differ":      {raw(append(changes(1, 2), value(header.ChangelogTime, []uint32{1}))...), "1 times"},
		"a great description":    {raw(value(header.Description, strings.Repeat("x", 65<<20))), "more than"},
		"many references":        {raw(value(header.Description, strings.Repeat("&", 20<<20))), "more than"},
	} {
		t.Run(name, func(t *testing.T) {
			content := test.raw.Bytes()
			_, err := (&Creator{}).Inspect(repo.PackageFile{Content: bytes.NewReader(content), Size: int64(len(content))})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, expected %q", err, test.want)
			}
		})
	}
}

// Whatever a file is, it is refused, or read again from what is created as what it was
// inspected to be.
func FuzzInspect(f *testing.F) {
	for _, r := range likeCreaterepo() {
		f.Add(r.Bytes())
	}
	f.Fuzz(inspectAndReadBack)
}

// The same of a sound header with two values of any kind.
func FuzzInspectTag(f *testing.F) {
	f.Add(uint32(header.Name), byte(0), []byte("name"), uint32(header.Epoch), byte(4), []byte{0, 0, 0, 1})
	f.Add(uint32(header.RequireName), byte(1), []byte("a\n(b or c)\nlibc.so.6(GLIBC_2.4)"), uint32(header.RequireVersion), byte(1), []byte("1\n2:3-4\n"))
	f.Add(uint32(header.OldFileNames), byte(1), []byte("/etc/a\n/bin/b"), uint32(header.FileModes), byte(3), []byte{1, 2, 3, 4})
	f.Add(uint32(header.ChangelogTime), byte(4), []byte{0, 0, 0, 1}, uint32(header.ChangelogText), byte(2), []byte("text"))
	f.Fuzz(func(t *testing.T, tag1 uint32, kind1 byte, value1 []byte, tag2 uint32, kind2 byte, value2 []byte) {
		if tag1 == tag2 || len(value1) == 0 || len(value2) == 0 {
			return
		}
		of := func(kind byte, v []byte) any {
			text := strings.ReplaceAll(string(v), "\x00", "")
			var small []uint16
			var middle []uint32
			var great []uint64
			for i := range v {
				small, middle, great = append(small, uint16(v[i])), append(middle, uint32(v[i])<<(3*i%29)), append(great, uint64(v[i])<<(7*i%57))
			}
			return []any{text, strings.Split(text, "\n"), repotest.Translated(strings.Split(text, "\n")), small, middle, great, v}[kind%7]
		}
		r := raw(repotest.RawTag{Tag: tag1, Value: of(kind1, value1)}, repotest.RawTag{Tag: tag2, Value: of(kind2, value2)})
		inspectAndReadBack(t, r.Bytes())
	})
}

func inspectAndReadBack(t *testing.T, content []byte) {
	c := &Creator{AnyName: true}
	i, err := c.Inspect(repo.PackageFile{Content: bytes.NewReader(content), Size: int64(len(content)), Thorough: true})
	if err != nil {
		return
	}
	place, err := c.Place(i, "some/where.rpm")
	if err != nil {
		t.Fatal(err)
	}
	f := repodata.PackageFile{Digest: fileOf("", content).Digest, Href: place, Size: int64(len(content))}
	document := func(kind string, head repodata.Head, text []byte, err error) [2]string {
		if err != nil {
			t.Fatal(err)
		}
		return [2]string{kind, string(head.Start(1)) + string(text) + string(head.End())}
	}
	primary, err1 := f.AppendPrimary(nil, i.Texts[0])
	filelists, err2 := f.AppendList(nil, i.Texts[1])
	other, err3 := f.AppendList(nil, i.Texts[2])
	a := publish(t, document("primary", repodata.PrimaryHead(), primary, err1),
		document("filelists", repodata.FilelistsHead(), filelists, err2), document("other", repodata.OtherHead(), other, err3))
	packages := a.packages(t, only(t, source()))
	if len(packages) != 1 {
		t.Fatalf("%d packages are read", len(packages))
	}
	p := packages[0]
	got := []string{p.Name, p.Version, p.Architecture, p.Source, p.File.Path, p.File.Digest.Hex()}
	want := []string{i.Name, i.Version, i.Architecture, i.Source, place, f.Digest.Hex()}
	if !slices.Equal(got, want) {
		t.Errorf("read is %q, expected %q", got, want)
	}
	for _, kind := range []string{filelistsKind, otherKind} {
		if n := len(elementsOf(t, a, kind)); n != 1 {
			t.Errorf("%s has %d packages", kind, n)
		}
	}
}
