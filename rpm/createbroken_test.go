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
		"control in the name":    {raw(value(header.Name, "a\x01")), "blank or a slash"},
		"control in a relation":  {raw(requires("a\x02")...), "control character"},
		"control in a version":   {raw(relations(8, "1\x1b")...), "control character"},
		"control in a file":      {raw(files([]string{"/etc/"}, "a\x03")...), "control character"},
		"control in the source":  {raw(value(header.SourceRPM, "a\x04")), "control character"},
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
	f.Fuzz(func(t *testing.T, content []byte) {
		c := &Creator{AnyName: true}
		i, err := c.Inspect(repo.PackageFile{Content: bytes.NewReader(content), Size: int64(len(content)), Thorough: true})
		if err != nil {
			return
		}
		place, err := c.Place(i, "some/where.rpm")
		if err != nil {
			t.Fatal(err)
		}
		e := &repo.Entry{Inspected: i, Path: place, Size: int64(len(content)), Digests: []repo.Digest{fileOf("", content).Digest}}
		var stored [][]byte
		m, err := c.Create(creationOf([]*repo.Entry{e}, sealer{keys}, &stored))
		if err != nil {
			t.Fatal(err)
		}
		a := storedArchive(m, stored)
		packages := a.packages(t, only(t, source()))
		if len(packages) != 1 {
			t.Fatalf("%d packages are read", len(packages))
		}
		p := packages[0]
		got := []string{p.Name, p.Version, p.Architecture, p.Source, p.File.Path, p.File.Digest.Hex()}
		want := []string{i.Name, i.Version, i.Architecture, i.Source, place, e.Digests[0].Hex()}
		if p.Source == "" {
			got[3] = want[3]
		}
		if !slices.Equal(got, want) {
			t.Errorf("read is %q, expected %q", got, want)
		}
		for _, kind := range []string{filelistsKind, otherKind} {
			if n := len(elementsOf(t, a, kind)); n != 1 {
				t.Errorf("%s has %d packages", kind, n)
			}
		}
	})
}
