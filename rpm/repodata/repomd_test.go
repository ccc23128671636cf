package repodata

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

var compareDigests = cmp.Comparer(func(a, b repo.Digest) bool { return a == b })

func digest(t testing.TB, s string) repo.Digest {
	t.Helper()
	d, err := repo.ParseDigest(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

const sum256 = "098e1400b3e7ffd6c70cc6d804871d92583abdb7e668db7d5f2cb9e09e1793c9"

func TestParseRepomd(t *testing.T) {
	const text = `<?xml version="1.0" encoding="UTF-8"?>
<!-- made by hand -->
<repomd xmlns="http://linux.duke.edu/metadata/repo" xmlns:rpm="http://linux.duke.edu/metadata/rpm">
  <revision> 1795338835
  </revision>
  <tags>
    <content>pool</content>
    <repo>obsproduct://build.example.org/Leap</repo>
    <distro cpeid="cpe:/o:example:leap:15.6">Leap &amp; more</distro>
  </tags>
  <novelty xmlns="urn:new"><data type="no record"/></novelty>
  <data type="primary">
    <checksum type="sha256">
      ` + sum256 + `
    </checksum>
    <open-checksum type="sha">da39a3ee5e6b4b0d3255bfef95601890afd80709</open-checksum>
    <location href="repodata/a+b%20c&amp;d.xml.gz" xml:base="http://other.example.org/x"/>
    <timestamp>1262635243.97</timestamp>
    <size>1604</size>
    <open-size>0</open-size>
    <unheard-of>5</unheard-of>
  </data>
  <data type="primary_zck">
    <checksum type="sha512">` + sum256 + sum256 + `</checksum>
    <header-checksum type="sha224">d14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f</header-checksum>
    <location href="repodata/p.xml.zck"/>
    <timestamp>0</timestamp>
    <header-size>141</header-size>
  </data>
  <data type="primary_zck">
    <checksum type="MD5"></checksum>
    <location href="second.sqlite"/>
    <timestamp/>
    <database_version>10</database_version>
  </data>
</repomd>
`
	want := &Repomd{
		Revision: "1795338835",
		Tags: []Tag{
			{Name: "content", Value: "pool"},
			{Name: "repo", Value: "obsproduct://build.example.org/Leap"},
			{Name: "distro", CPEID: "cpe:/o:example:leap:15.6", Value: "Leap & more"},
		},
		Records: []Record{{
			Type: "primary", Href: "repodata/a+b%20c&d.xml.gz", Base: "http://other.example.org/x",
			Checksum: digest(t, "sha256:"+sum256), OpenChecksum: digest(t, "sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709"),
			Size: 1604, OpenSize: 0, HeaderSize: -1, Timestamp: time.Unix(1262635243, 0).UTC(),
		}, {
			Type: "primary_zck", Href: "repodata/p.xml.zck", Checksum: digest(t, "sha512:"+sum256+sum256),
			HeaderChecksum: digest(t, "sha224:d14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f"), Size: -1, OpenSize: -1, HeaderSize: 141,
		}, {
			Type: "primary_zck", Href: "second.sqlite", Size: -1, OpenSize: -1, HeaderSize: -1, DatabaseVersion: 10,
		}},
	}
	got, err := ParseRepomd([]byte(text), "repomd.xml")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, compareDigests); diff != "" {
		t.Errorf("repomd differs (-expected +read):\n%s", diff)
	}
	again, err := ParseRepomd(got.Format(), "written")
	if diff := cmp.Diff(want, again, compareDigests); err != nil || diff != "" {
		t.Errorf("what is written reads otherwise, error %v (-expected +read):\n%s", err, diff)
	}
}

func TestParseRepomdRefuses(t *testing.T) {
	record := func(children string) string {
		return "<repomd>\n<data type=\"primary\">\n" + children + `</data></repomd>`
	}
	for _, test := range []struct{ name, text, want string }{
		{"nothing", "", "there is no <repomd>"},
		{"a page", "<html>\n<body/></html>", "there is a <html> where one <repomd> is expected"},
		{"no XML", "404 not found", `text outside of <repomd>: "404 not found"`},
		{"a cut file", "<repomd>\n<data type=\"primary\">", "repomd.xml:2: unexpected EOF"},
		{"wrong nesting", "<repomd>\n<tags></repomd>", "repomd.xml:2: element <tags> closed by </repomd>"},
		{"a document type", "<!DOCTYPE repomd [<!ENTITY a 'b'>]>\n<repomd/>", "repomd.xml:1: there is a document type definition"},
		{"an entity", "<repomd>\n<revision>&a;</revision></repomd>", "repomd.xml:2: invalid character entity &a;"},
		{"two roots", "<repomd/>\n<repomd/>", "repomd.xml:2: there is a <repomd> where one"},
		{"text behind", "<repomd/>\nmore", `text outside of <repomd>: "\nmore"`},
		{"another encoding", `<?xml version="1.0" encoding="UTF-16"?><repomd/>`, "encoding"},
		{"no type", `<repomd><data><location href="a"/></data></repomd>`, `record "": it has no type`},
		{"no location", record(""), `record "primary": it has no location`},
		{"an unknown algorithm", record(`<location href="a"/><checksum type="md4">00</checksum>`), `repomd.xml:3: record "primary": checksum: unknown digest algorithm "md4"`},
		{"a short digest", record(`<location href="a"/><open-checksum type="sha256">00</open-checksum>`), `open-checksum: "00" is not a sha256 digest`},
		{"no digest", record(`<location href="a"/><checksum type="md5">` + strings.Repeat("x", 32) + `</checksum>`), `is not a md5 digest`},
		{"a negative size", record(`<location href="a"/><size>-5</size>`), `size: "-5" is not a size in bytes`},
		{"a huge size", record(`<location href="a"/><open-size>9223372036854775808</open-size>`), `open-size: "9223372036854775808" is not a size`},
		{"a word for a time", record(`<location href="a"/><timestamp>now</timestamp>`), `timestamp: "now" is not a time in seconds`},
		{"a time out of range", record(`<location href="a"/><timestamp>253402300800</timestamp>`), `is not a time in seconds`},
		{"a fraction of letters", record(`<location href="a"/><timestamp>1.x</timestamp>`), `is not a time in seconds`},
		{"a negative version", record(`<location href="a"/><database_version>-1</database_version>`), `"-1" is no version of a database`},
		{"a huge file", "<repomd>" + strings.Repeat(" ", maxRepomd) + "</repomd>", "bytes (at most 16777216)"},
	} {
		m, err := ParseRepomd([]byte(test.text), "repomd.xml")
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: reads as %v with error %v, expected %q", test.name, m, err, test.want)
		}
	}
}

// run runs a program; the test is skipped where it is not installed, but not in CI.
func run(t testing.TB, dir string, stdin []byte, command ...string) []byte {
	t.Helper()
	c := exec.Command(command[0], command[1:]...)
	if c.Err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(c.Err)
		}
		t.Skip(c.Err)
	}
	var problems bytes.Buffer
	c.Dir, c.Stdin, c.Stderr = dir, bytes.NewReader(stdin), &problems
	c.Env = append(os.Environ(), "LC_ALL=C")
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s%s", command, err, out, &problems)
	}
	return out
}

// createRepository makes an empty repository with every kind of record.
func createRepository(t testing.TB) (dir string, repomd []byte) {
	t.Helper()
	dir = t.TempDir()
	run(t, dir, nil, "createrepo_c", "--quiet", "--database", "--zck", "--revision=7.5", "--content=binary<x86_64>", "--content=more",
		"--repo=obs://example.org?a&b", "--distro=cpe:/o:example:os:9,Example OS", "--distro=Other", ".")
	if err := os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("opaque\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, dir, nil, "modifyrepo_c", "--no-compress", "--mdtype=productid", "notes.txt", "repodata")
	repomd, err := os.ReadFile(filepath.Join(dir, "repodata/repomd.xml"))
	if err != nil {
		t.Fatal(err)
	}
	return dir, repomd
}

// What createrepo_c writes is read without loss: written again it is the same.
func TestFormatIsCreaterepos(t *testing.T) {
	_, upstream := createRepository(t)
	m, err := ParseRepomd(upstream, "repomd.xml")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(upstream), string(m.Format())); diff != "" {
		t.Errorf("repomd.xml differs (-createrepo_c's +ours):\n%s", diff)
	}
	if len(m.Records) != 10 {
		t.Errorf("%d records are read, expected 10", len(m.Records))
	}
}

// The tools of others read what we write where it is not what they would write.
func TestToolsReadRepomd(t *testing.T) {
	dir, upstream := createRepository(t)
	m, err := ParseRepomd(upstream, "repomd.xml")
	if err != nil {
		t.Fatal(err)
	}
	m.Revision, m.Tags = "1795338835", slices.Insert(m.Tags, 2, Tag{Name: "content", Value: "\"quotes\" & <signs>\nin ünicode"})
	for i := range m.Records {
		m.Records[i].Timestamp = time.Time{}
	}
	file := filepath.Join(dir, "repodata/repomd.xml")
	if err := os.WriteFile(file, m.Format(), 0o644); err != nil {
		t.Fatal(err)
	}

	t.Run("libsolv", func(t *testing.T) {
		solv := run(t, dir, m.Format(), "repomdxml2solv")
		dump := string(run(t, dir, solv, "dumpsolv"))
		for _, r := range m.Records {
			for _, want := range []string{r.Type, r.Href, r.Checksum.Hex(), r.OpenChecksum.Hex()} {
				if !strings.Contains(dump, want) {
					t.Errorf("libsolv does not see %q of record %s", want, r.Type)
				}
			}
		}
	})
	t.Run("dnf", func(t *testing.T) {
		if err := os.MkdirAll(filepath.Join(dir, "root/var/log"), 0o755); err != nil {
			t.Fatal(err)
		}
		out := string(run(t, dir, nil, "dnf", "--installroot="+filepath.Join(dir, "root"), "--setopt=cachedir="+filepath.Join(dir, "cache"), "--setopt=reposdir=/nonexistent", "--setopt=zchunk=True",
			"--setopt=logdir="+filepath.Join(dir, "root/var/log"), "--releasever=9", "--repofrompath=mine,file://"+dir, "--repo=mine", "-v", "repolist"))
		for _, want := range []string{"Repo-revision      : 1795338835", `"quotes" & <signs>`, "more", "[cpe:/o:example:os:9]:"} {
			if !strings.Contains(out, want) {
				t.Errorf("dnf says not %q but:\n%s", want, out)
			}
		}
	})
	t.Run("createrepo_c", func(t *testing.T) {
		run(t, dir, nil, "modifyrepo_c", "--mdtype=added", "notes.txt", "repodata")
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := ParseRepomd(content, "repomd.xml")
		if err != nil {
			t.Fatal(err)
		}
		theirs.Records = slices.DeleteFunc(theirs.Records, func(r Record) bool { return r.Type == "added" })
		if diff := cmp.Diff(m, theirs, compareDigests); diff != "" {
			t.Errorf("repomd.xml that createrepo_c adds to differs (-ours +createrepo_c's):\n%s", diff)
		}
	})
}

func FuzzParseRepomd(f *testing.F) {
	f.Add([]byte(`<repomd><revision>1</revision><tags><distro cpeid="c">d</distro></tags><data type="a"><location href="b" xml:base="c"/><size>1</size></data></repomd>`))
	f.Add([]byte(`<!DOCTYPE a><repomd/>`))
	f.Fuzz(func(t *testing.T, content []byte) {
		m, err := ParseRepomd(content, "repomd.xml")
		if err != nil {
			return
		}
		again, err := ParseRepomd(m.Format(), "written")
		if err != nil {
			t.Fatalf("what is written cannot be read: %v\n%s", err, m.Format())
		}
		if diff := cmp.Diff(m, again, compareDigests); diff != "" {
			t.Errorf("what is written reads otherwise (-read +again):\n%s", diff)
		}
	})
}
