package mirrorlist_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mirrorkeeper/mirrorkeeper/mirrorlist"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

var someMirrors = []mirrorlist.Mirror{
	{URL: "https://one.example.net/pub", Country: "DE"},
	{URL: "http://two.example.net/pub?x=<&>", Country: ""},
	{URL: "https://old.example.net/pub", Behind: true},
	{URL: "https://part.example.net/pub", Architectures: []string{"amd64", "arm64"}},
	{URL: "https://older.example.net/pub", Behind: true},
}

func TestWritePlain(t *testing.T) {
	var b bytes.Buffer
	if err := mirrorlist.WritePlain(&b, "two\nlines", someMirrors[:2]); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("# twolines\nhttps://one.example.net/pub\nhttp://two.example.net/pub?x=<&>\n", b.String()); diff != "" {
		t.Error(diff)
	}
}

func TestWriteAPT(t *testing.T) {
	var b bytes.Buffer
	if err := mirrorlist.WriteAPT(&b, someMirrors); err != nil {
		t.Fatal(err)
	}
	want := "https://one.example.net/pub\tpriority:1\n" +
		"http://two.example.net/pub?x=<&>\tpriority:1\n" +
		"https://old.example.net/pub\tpriority:2 type:deb\n" +
		"https://part.example.net/pub\tpriority:1 arch:amd64 arch:arm64 arch:all\n" +
		"https://older.example.net/pub\tpriority:3 type:deb\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

func someMetalink() *mirrorlist.Metalink {
	sum := func(a repo.Algorithm, text string) repo.Digest {
		h := a.New()
		h.Write([]byte(text))
		return repo.NewDigest(a, h.Sum(nil))
	}
	at := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	return &mirrorlist.Metalink{
		RootPath: "repodata/repomd.xml", Date: at.Add(time.Hour), Generator: "mirrorkeeper",
		Versions: []mirrorlist.Version{
			{Time: at, Size: 3000, Digests: []repo.Digest{sum(repo.MD5, "new"), sum(repo.SHA256, "new")}},
			{Time: at.Add(-time.Hour), Size: 2900, Digests: []repo.Digest{sum(repo.SHA256, "old")}},
			{Time: at.Add(-2 * time.Hour), Size: 2800, Digests: []repo.Digest{sum(repo.SHA512, "older")}},
		},
		Mirrors: someMirrors[:1],
	}
}

// What is written is what the reader, which follows librepo, reads.
func TestWriteMetalinkReadsBack(t *testing.T) {
	l := someMetalink()
	l.Mirrors = someMirrors
	var b bytes.Buffer
	if err := l.Write(&b); err != nil {
		t.Fatal(err)
	}
	got, err := mirrorlist.Parse(b.Bytes(), "written", l.RootPath)
	if err != nil {
		t.Fatalf("%v\n%s", err, b.String())
	}
	want := &mirrorlist.List{
		// The second address has a query, which clients cannot append a path to.
		URLs: []string{"https://one.example.net/pub", "https://old.example.net/pub", "https://part.example.net/pub", "https://older.example.net/pub"},
		Date: l.Versions[0].Time,
	}
	for _, v := range l.Versions {
		want.Roots = append(want.Roots, repo.Content{Size: v.Size, Digest: repo.Strongest(v.Digests...)})
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b repo.Digest) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
	for _, part := range []string{
		`type="dynamic" pubdate="Mon, 04 May 2026 04:02:01 GMT" generator="mirrorkeeper"`,
		`<url protocol="https" type="https" location="DE" preference="100">https://one.example.net/pub/repodata/repomd.xml</url>`,
		`x=&lt;&amp;&gt;`,
	} {
		if !strings.Contains(b.String(), part) {
			t.Errorf("lacks %s:\n%s", part, b.String())
		}
	}
}

func TestWriteMetalink4(t *testing.T) {
	var b bytes.Buffer
	if err := someMetalink().Write4(&b); err != nil {
		t.Fatal(err)
	}
	want := `<?xml version="1.0" encoding="UTF-8"?>
<metalink xmlns="urn:ietf:params:xml:ns:metalink">
  <generator>mirrorkeeper</generator>
  <published>2026-05-04T04:02:01Z</published>
  <file name="repomd.xml">
    <size>3000</size>
    <hash type="md5">22af645d1859cb5ca6da0c484f1f37ea</hash>
    <hash type="sha-256">11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff21c437</hash>
    <url location="de" priority="1">https://one.example.net/pub/repodata/repomd.xml</url>
  </file>
</metalink>
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

func TestWriteError(t *testing.T) {
	var b bytes.Buffer
	if err := mirrorlist.WriteError(&b, time.Unix(0, 0), "mirrorkeeper", "no such repository --> <x>"); err != nil {
		t.Fatal(err)
	}
	_, err := mirrorlist.Parse(b.Bytes(), "written", "repodata/repomd.xml")
	if err == nil || !strings.Contains(err.Error(), "no such repository") {
		t.Errorf("clients are not told what is wrong: %v", err)
	}
}

// No address makes a line of its own, or ends an element.
func TestWrittenListsHoldTheirShape(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mirrors := []mirrorlist.Mirror{{URL: "https://" + rapid.String().Draw(t, "address")}}
		var plain, apt, metalink bytes.Buffer
		l := someMetalink()
		l.Mirrors = append(l.Mirrors, mirrors...)
		for _, err := range []error{mirrorlist.WritePlain(&plain, "", mirrors), mirrorlist.WriteAPT(&apt, mirrors), l.Write(&metalink)} {
			if err != nil {
				t.Fatal(err)
			}
		}
		if n := strings.Count(plain.String(), "\n"); n != 1 {
			t.Fatalf("%d lines: %q", n, plain.String())
		}
		if n := strings.Count(apt.String(), "\n"); n != 1 {
			t.Fatalf("%d lines: %q", n, apt.String())
		}
		got, err := mirrorlist.Parse(metalink.Bytes(), "written", l.RootPath)
		if err != nil || got.URLs[0] != someMirrors[0].URL {
			t.Fatalf("%v, %v\n%s", got, err, metalink.String())
		}
	})
}
