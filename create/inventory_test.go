package create

import (
	"bytes"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// FuzzContent reads lists of packages that may be damaged: what is accepted means the same
// when it is written and read again.
func FuzzContent(f *testing.F) {
	f.Add([]byte(contentHeader + "\n"))
	f.Add([]byte(contentHeader + "\nmain\tpool/a.deb\t10\t5\t" + digestOf(repo.SHA256, nil).Hex() + "\ta\t1\tall\ta\\t\\\\\tweb\ta.deb\t1\t1\ta.dsc\t3\t" + digestOf(repo.SHA256, nil).String() + "\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := parseContent(bytes.NewReader(text), 0)
		if err != nil {
			return
		}
		sameContent(t, c)
	})
}

type failer interface{ Fatalf(string, ...any) }

// sameContent writes a content, reads it, and writes it again.
func sameContent(t failer, c *content) {
	var first, second bytes.Buffer
	if err := c.write(&first); err != nil {
		t.Fatalf("write: %v", err)
	}
	read, err := parseContent(bytes.NewReader(first.Bytes()), len(c.entries))
	if err != nil {
		t.Fatalf("what was written is not read: %v\n%q", err, first.Bytes())
	}
	if err := read.write(&second); err != nil || !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Fatalf("written %q\nread and written %q", first.Bytes(), second.Bytes())
	}
	for i, e := range c.entries {
		r := read.entries[i]
		if r.Name != e.Name || r.Version != e.Version || r.path != e.path || r.digest != e.digest || len(r.Files) != len(e.Files) {
			t.Fatalf("%+v was read as %+v", e, r)
		}
	}
}

// TestContentOfAnyTexts: packages may say anything of themselves.
func TestContentOfAnyTexts(t *testing.T) {
	hostile := rapid.StringMatching(`[a\\\t\n nt/é]{0,6}`)
	rapid.Check(t, func(t *rapid.T) {
		c := &content{}
		for i := range rapid.IntRange(0, 5).Draw(t, "packages") {
			e := &entry{
				Inspected: &repo.Inspected{
					Name: hostile.Draw(t, "name"), Version: hostile.Draw(t, "version"), Architecture: hostile.Draw(t, "architecture"),
					Source: hostile.Draw(t, "source"), Section: hostile.Draw(t, "section"), Base: hostile.Draw(t, "base"),
				},
				part: hostile.Draw(t, "part"), path: hostile.Draw(t, "path"), size: rapid.Int64Min(0).Draw(t, "size"),
				modified: time.Unix(0, rapid.Int64().Draw(t, "time")), digest: sumOf(digestOf(repo.SHA256, []byte{byte(i)})),
			}
			for range rapid.IntRange(0, 2).Draw(t, "files") {
				e.Files = append(e.Files, repo.File{Path: hostile.Draw(t, "file"), Digest: digestOf(repo.SHA256, []byte(e.Name))})
			}
			c.entries = append(c.entries, e)
		}
		sameContent(t, c)
	})
}

// FuzzRecord reads what the inventory has of packages, which may be damaged.
func FuzzRecord(f *testing.F) {
	algorithms := []repo.Algorithm{repo.MD5, repo.SHA256}
	x := record{digests: []repo.Digest{digestOf(repo.MD5, nil), digestOf(repo.SHA256, nil)}, texts: [][]byte{[]byte("Package: a\n"), {}}}
	f.Add(appendRecord(nil, &x))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		var x, y record
		if x.parse(b, algorithms) != nil {
			return
		}
		if err := y.parse(appendRecord(nil, &x), algorithms); err != nil || len(y.texts) != len(x.texts) {
			t.Fatalf("%q: %v", b, err)
		}
		for i := range x.texts {
			if !bytes.Equal(x.texts[i], y.texts[i]) {
				t.Fatalf("%q: text %d is another one", b, i)
			}
		}
	})
}

// byNumber compares versions that are numbers.
type byNumber struct{ repo.Versions }

func (byNumber) Compare(a, b string) int {
	x, _ := strconv.Atoi(a)
	y, _ := strconv.Atoi(b)
	return x - y
}

// TestDecisions: whatever is held and given, a package has one content, a path has one
// content, and all that was taken up is held, apart from versions that are too old.
func TestDecisions(t *testing.T) {
	draw := func(t *rapid.T) *entry {
		name, version := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "name"), strconv.Itoa(rapid.IntRange(1, 4).Draw(t, "version"))
		digest := digestOf(repo.SHA256, []byte(name+version+rapid.SampledFrom([]string{"", "", "", "other"}).Draw(t, "content")))
		return &entry{
			Inspected: &repo.Inspected{Name: name, Version: version, Architecture: "all"},
			path:      rapid.SampledFrom([]string{"x/", "y/"}).Draw(t, "directory") + name + rapid.SampledFrom([]string{"", version}).Draw(t, "base"),
			part:      rapid.SampledFrom([]string{"main", "extra"}).Draw(t, "part"), digest: sumOf(digest),
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		d := newDecision(byNumber{}, &content{}, nil)
		taken := map[partDigest]bool{}
		for range rapid.IntRange(0, 12).Draw(t, "given") {
			e := draw(t)
			if d.add(e) == nil {
				taken[partDigest{e.part, e.digest}] = true
			}
		}
		newest := rapid.IntRange(0, 2).Draw(t, "keep")
		d.keepNewest("main", newest)
		packages, paths, versions := map[identity]sum{}, map[string]sum{}, map[string]int{}
		for _, e := range d.content().entries {
			delete(taken, partDigest{e.part, e.digest})
			if other, there := packages[e.identity()]; there && other != e.digest {
				t.Fatalf("%s has two contents", e)
			}
			if other, there := paths[e.path]; there && other != e.digest {
				t.Fatalf("%s has two contents", e.path)
			}
			packages[e.identity()], paths[e.path] = e.digest, e.digest
			if e.part == "main" {
				versions[e.Name]++
			}
		}
		for lost := range taken {
			if lost.part != "main" || newest == 0 {
				t.Fatalf("a package that was taken up is lost")
			}
		}
		for name, n := range versions {
			if newest > 0 && n > newest {
				t.Fatalf("%d versions of %s are kept, expected %d", n, name, newest)
			}
		}
	})
}

func digestOf(a repo.Algorithm, text []byte) repo.Digest {
	h := a.New()
	h.Write(text)
	return repo.NewDigest(a, h.Sum(nil))
}
