package mirrorlist

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"pgregory.net/rapid"
)

const rootPath = "repodata/repomd.xml"

func TestParsePlain(t *testing.T) {
	for _, tt := range []struct {
		name, content string
		want          []string
	}{
		{"one URL", "http://a.example.org/el9/x86_64", []string{"http://a.example.org/el9/x86_64"}},
		{
			"comments, blanks and empty lines", "# repo = el9 arch = x86_64 country = DE\n\n  https://a.example.org/el9/ \t\n#http://no.example.org/\nhttp://b.example.org/el9//\r\n",
			[]string{"https://a.example.org/el9", "http://b.example.org/el9"},
		},
		{"a byte order mark", "\uFEFFhttp://a.example.org/el9/\n", []string{"http://a.example.org/el9"}},
		{"the order of the list", "http://c.example.org\nhttp://a.example.org\nhttp://b.example.org", []string{"http://c.example.org", "http://a.example.org", "http://b.example.org"}},
		{"repetitions", "http://a.example.org/x/\nhttp://b.example.org/x\nhttp://a.example.org/x", []string{"http://a.example.org/x", "http://b.example.org/x"}},
		{"schemes", "rsync://a.example.org/x\nftp://a.example.org/x\nHTTPS://a.example.org/x\nfile:///srv/x/\n/srv/y", []string{"https://a.example.org/x", "file:///srv/x", "file:///srv/y"}},
		{"no address of a directory", "http://a.example.org/x?y=z\nhttp://a.example.org/x#y\nhttp:///x\nfile://host/x\nfile:x\nnoise\nhttp://b.example.org", []string{"http://b.example.org"}},
		{"bytes that URLs quote", "http://a.example.org/my repo/%2B+~", []string{"http://a.example.org/my%20repo/%2B+~"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			list, err := Parse([]byte(tt.content), "el9", rootPath)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&List{URLs: tt.want}, list); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// manager is a metalink as MirrorManager writes it.
const manager = `<?xml version="1.0" encoding="utf-8"?>
<metalink version="3.0" xmlns="http://www.metalinker.org/" type="dynamic" pubdate="Sun, 22 Nov 2026 09:00:00 GMT" generator="mirrormanager" xmlns:mm0="http://fedorahosted.org/mirrormanager">
 <files>
  <file name="other.xml"><resources><url>http://no.example.org/el9/repodata/repomd.xml</url></resources></file>
  <file name="repomd.xml">
   <mm0:timestamp>1795330800</mm0:timestamp>
   <size>4096</size>
   <verification>
    <hash type="md5">0123456789abcdef0123456789abcdef</hash>
    <hash type="sha256">1111111111111111111111111111111111111111111111111111111111111111</hash>
    <hash type="whirlpool">00</hash>
   </verification>
   <mm0:alternates>
    <mm0:alternate>
     <mm0:timestamp>1795158000</mm0:timestamp>
     <size>4001</size>
     <verification><hash type="sha256">3333333333333333333333333333333333333333333333333333333333333333</hash></verification>
    </mm0:alternate>
    <mm0:alternate>
     <mm0:timestamp>1795244400</mm0:timestamp>
     <verification><hash type="sha1">2222222222222222222222222222222222222222</hash></verification>
    </mm0:alternate>
    <mm0:alternate><size>1</size></mm0:alternate>
   </mm0:alternates>
   <resources maxconnections="1">
    <url protocol="rsync" type="rsync" location="DE" preference="100">rsync://a.example.org/el9/repodata/repomd.xml</url>
    <url protocol="http" type="http" location="DE" preference="99">http://b.example.org/el9/repodata/repomd.xml</url>
    <url protocol="https" type="https" location="FR" preference="100">
     https://a.example.org/pub/el9/repodata/repomd.xml
    </url>
    <url protocol="https" type="https" location="FR" preference="99">https://c.example.org/el9/repodata/repomd.xml</url>
    <url protocol="http" preference="101">http://last.example.org/el9/repodata/repomd.xml</url>
    <url protocol="http" preference="50">http://odd.example.org/el9/repomd.xml</url>
    <url protocol="http" preference="1">http://b.example.org/el9/repodata/repomd.xml</url>
    <url protocol="http" preference="1">http://d.example.org/el9/repodata/repomd.xml</url>
   </resources>
  </file>
 </files>
</metalink>
`

func digest(t testing.TB, a repo.Algorithm, digit string) repo.Digest {
	t.Helper()
	d, err := repo.ParseHex(a, strings.Repeat(digit, 2*a.Size()))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestParseMetalink(t *testing.T) {
	list, err := Parse([]byte(manager), "el9", rootPath)
	if err != nil {
		t.Fatal(err)
	}
	want := &List{
		URLs: []string{"https://a.example.org/pub/el9", "http://b.example.org/el9", "https://c.example.org/el9", "http://d.example.org/el9", "http://last.example.org/el9"},
		Roots: []repo.Content{
			{Size: 4096, Digest: digest(t, repo.SHA256, "1")},
			{Size: -1, Digest: digest(t, repo.SHA1, "2")},
			{Size: 4001, Digest: digest(t, repo.SHA256, "3")},
		},
		Date: time.Unix(1795330800, 0).UTC(),
	}
	if diff := cmp.Diff(want, list, cmp.Comparer(func(a, b repo.Digest) bool { return a == b })); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// metalinkOf is a metalink of one file with the given parts.
func metalinkOf(parts string) string {
	return `<metalink version="3.0"><files><file name="repomd.xml">` + parts +
		`<resources><url>http://a.example.org/repodata/repomd.xml</url></resources></file></files></metalink>`
}

func TestMetalinkThatDoesNotSayWhatTheRootIs(t *testing.T) {
	alternate := `<alternates><alternate><verification><hash type="md5">0123456789abcdef0123456789abcdef</hash></verification></alternate></alternates>`
	for _, parts := range []string{
		"", alternate, `<size>12</size>` + alternate,
		`<verification><hash type="sha-3">00</hash></verification>` + alternate,
	} {
		list, err := Parse([]byte(metalinkOf(parts)), "el9", rootPath)
		if err != nil {
			t.Fatal(err)
		}
		if len(list.Roots) != 0 || !list.Date.IsZero() || len(list.URLs) != 1 {
			t.Errorf("%s\nis read as %+v; expected one URL and nothing of the root", parts, list)
		}
	}
}

func TestListsThatAreRefused(t *testing.T) {
	for _, tt := range []struct {
		name, content, want string
		noMirror            bool
	}{
		{"nothing", " \n", "it is empty", true},
		{"a server's remark", "# repo = nope arch = x86_64\n# error: invalid repo or arch\n", `it says "repo = nope arch = x86_64"`, true},
		{"no URL", "Internal error, ask again\n", `seen "Internal error, ask again"`, true},
		{"rsync only, with a password", "rsync://me:secret@a.example.org/x\n", `seen "rsync://a.example.org/x"`, true},
		{"a web page", "<!DOCTYPE html>\n<html><body>Not here</body></html>", "is a web page (HTML)", false},
		{"an old web page", "<!doctype HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\">\n<HTML>", "is a web page (HTML)", false},
		{"a web page without a type", "\n<html lang=en><p>&nbsp;", "is a web page (HTML)", false},
		{"another document", "<repomd/>", `begins with the element "repomd"`, false},
		{"a type definition", "<!DOCTYPE metalink [<!ENTITY a \"b\">]>\n<metalink/>", "line 1: has a document type definition", false},
		{"an entity", "<metalink><files>\n<file name='&x;'/></files></metalink>", "line 2: ", false},
		{"no files and a remark", "<metalink version=\"3.0\"><!-- invalid repo or arch --></metalink>", `has no file "repomd.xml"; it says "invalid repo or arch"`, true},
		{"no mirrors", "<metalink><files><file name='repomd.xml'><resources/></file></files></metalink>", "none of the metalink's 0 addresses", true},
		{"rsync mirrors", "<metalink><files><file name='repomd.xml'><resources><url>rsync://a.example.org/repodata/repomd.xml</url></resources></file></files></metalink>", "none of the metalink's 1 addresses", true},
		{"a broken digest", metalinkOf("<verification><hash type='sha256'>zz</hash></verification>"), `"zz" is not a sha256 digest`, false},
		{"metalink 4", `<metalink xmlns="urn:ietf:params:xml:ns:metalink"><file name="repomd.xml"/></metalink>`, "is a metalink of version 4", false},
		{"cut off", manager[:600], "line ", false},
		{"cut off within a word", "<metal", "line 1: ", false},
		{"nested", "<metalink>" + strings.Repeat("<a>", 40), "nested more than 32 deep", false},
		{"too large", strings.Repeat("#", maxContent+1), "is larger than 4194304 bytes", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			list, err := Parse([]byte(tt.content), "el9", rootPath)
			if err == nil {
				t.Fatalf("read as %+v; expected an error with %q", list, tt.want)
			}
			if !strings.HasPrefix(err.Error(), "mirror list el9: ") || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "secret") {
				t.Errorf("error %q; expected one with %q", err, tt.want)
			}
			if errors.Is(err, ErrNoMirror) != tt.noMirror {
				t.Errorf("error %q is ErrNoMirror: %t; expected %t", err, !tt.noMirror, tt.noMirror)
			}
		})
	}
}

func TestTooManyMirrors(t *testing.T) {
	var b strings.Builder
	for i := range maxMirrors + 1 {
		fmt.Fprintf(&b, "http://m%d.example.org\n", i)
	}
	if _, err := Parse([]byte(b.String()), "el9", rootPath); err == nil || !strings.Contains(err.Error(), "more than 10000 mirrors") {
		t.Errorf("error %v; expected one about the number of mirrors", err)
	}
}

// TestPreferenceOrdersMetalinks draws mirrors with preferences: the better go
// first, and equal ones stay in the order of the document.
func TestPreferenceOrdersMetalinks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		preferences := rapid.SliceOfN(rapid.IntRange(0, 4), 1, 20).Draw(t, "preferences")
		var want []string
		for p := 4; p >= 0; p-- {
			for i := range preferences {
				if preferences[i] == p {
					want = append(want, fmt.Sprintf("http://m%d.example.org", i))
				}
			}
		}
		var b strings.Builder
		for i, p := range preferences {
			fmt.Fprintf(&b, "<url preference='%d'>http://m%d.example.org/repodata/repomd.xml</url>", p, i)
		}
		document := "<metalink><files><file name='repomd.xml'><resources>" + b.String() + "</resources></file></files></metalink>"
		list, err := Parse([]byte(document), "el9", rootPath)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, list.URLs); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}
