package deb

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// seals is a stand-in for keys: it signs by a line with the signer's name and
// the digest of the content, and verifies these.
type seals struct{ signer string }

const sealed = "sealed by "

func (k seals) Inline(document []byte, _ time.Time) ([]byte, []string, error) {
	content, seal, _ := bytes.Cut(document, []byte(sealed))
	_, err := k.Detached(content, append([]byte(sealed), seal...), time.Time{})
	return content, []string{k.signer}, err
}

func (k seals) Detached(content, signature []byte, _ time.Time) ([]string, error) {
	if string(signature) != k.seal(content) {
		return nil, errors.New("broken seal")
	}
	return []string{k.signer}, nil
}

func (k seals) seal(content []byte) string {
	return sealed + k.signer + " " + fileOf("", content).Digest.Hex()
}

// sealer is the other half: a repo.Signer.
type sealer struct{ seals }

func (k sealer) Inline(content []byte) ([]byte, error) {
	return append(slices.Clone(content), k.seal(content)...), nil
}

func (k sealer) Detached(content []byte) ([]byte, error) { return []byte(k.seal(content)), nil }

var (
	keys = seals{"tester"}
	now  = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
)

// one returns the only repository of a source.
func one(t tester, s *repo.Source) *repo.Repository {
	t.Helper()
	if s.URLs == nil {
		s.URLs = []string{"http://archive.example.org/debian"}
	}
	all, err := Format{}.Repositories(s)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 1 {
		t.Fatalf("%d repositories, expected one", len(all))
	}
	return all[0]
}

// sum is a digest for tests: 64 times the digit.
func sum(digit int) string { return strings.Repeat(fmt.Sprint(digit), 64) }

func sha256Of(digit int) repo.Digest {
	d, err := repo.ParseHex(repo.SHA256, sum(digit))
	if err != nil {
		panic(err)
	}
	return d
}

const sampleRelease = `Origin: Example
Label: Example-Label
Suite: stable
Version: 12.1
Codename: bookworm
Date: Sun, 22 Nov 2026 10:00:00 UTC
Valid-Until: Sun, 29 Nov 2026 10:00:00 UTC
Acquire-By-Hash: yes
No-Support-for-Architecture-all: Packages
Architectures: all amd64 arm64
Components: main updates/contrib
Description: a sample
MD5Sum:
 11111111111111111111111111111111 100 main/binary-amd64/Packages
 22222222222222222222222222222222 50 main/binary-amd64/Packages.gz
SHA256:
 1111111111111111111111111111111111111111111111111111111111111111 100 main/binary-amd64/Packages
 2222222222222222222222222222222222222222222222222222222222222222 50 main/binary-amd64/Packages.gz
 3333333333333333333333333333333333333333333333333333333333333333 0 contrib/i18n/Translation-en
 4444444444444444444444444444444444444444444444444444444444444444 9 Release
`

func TestReadRoot(t *testing.T) {
	r := one(t, &repo.Source{Name: "s", Suites: []string{"bookworm"}})
	form := Format{}.RootForms(r)[0]
	document, _ := sealer{keys}.Inline([]byte(sampleRelease))
	root, err := Format{}.ReadRoot(r, form, repo.RootFiles{"dists/bookworm/InRelease": document}, keys, now)
	if err != nil {
		t.Fatal(err)
	}
	if got := root.Files; len(got) != 1 || got[0] != fileOf("dists/bookworm/InRelease", document) || root.Digest != got[0].Digest {
		t.Errorf("the files are %v, the digest is %s", got, root.Digest)
	}
	if !root.Date.Equal(time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)) || !root.ValidUntil.Equal(time.Date(2026, 11, 29, 10, 0, 0, 0, time.UTC)) {
		t.Errorf("the dates are %s, %s", root.Date, root.ValidUntil)
	}
	if d := cmp.Diff([]string{"tester"}, root.Signers); d != "" {
		t.Error(d)
	}
	if len(root.Warnings) > 0 {
		t.Error(root.Warnings)
	}
	md5 := func(digit string) string { return strings.Repeat(digit, 32) }
	variant := func(suffix string, size int64, digit int) repo.Variant {
		return repo.Variant{
			File:   repo.File{Path: "dists/bookworm/main/binary-amd64/Packages" + suffix, Size: size, Digest: sha256Of(digit)},
			Suffix: suffix,
			Alternates: []string{
				"dists/bookworm/main/binary-amd64/by-hash/SHA256/" + sum(digit),
				"dists/bookworm/main/binary-amd64/by-hash/MD5Sum/" + md5(fmt.Sprint(digit)),
			},
			UpstreamAlternates: true,
		}
	}
	want := []repo.Index{
		{Name: "dists/bookworm/main/binary-amd64/Packages", Kind: "packages", ListsFiles: true, Variants: []repo.Variant{variant("", 100, 1), variant(".gz", 50, 2)}},
		{Name: "dists/bookworm/contrib/i18n/Translation-en", Kind: "translations", Optional: true, Variants: []repo.Variant{{
			File:               repo.File{Path: "dists/bookworm/contrib/i18n/Translation-en", Digest: sha256Of(3)},
			Alternates:         []string{"dists/bookworm/contrib/i18n/by-hash/SHA256/" + sum(3)},
			UpstreamAlternates: true,
		}}},
	}
	if d := cmp.Diff(want, root.Indexes, cmp.Comparer(func(a, b repo.Digest) bool { return a == b })); d != "" {
		t.Error(d)
	}
	release := root.Detail.(*Release)
	if release.Origin != "Example" || release.Label != "Example-Label" || release.Codename != "bookworm" || release.Version != "12.1" ||
		release.Description != "a sample" || !release.AcquireByHash || release.NotAutomatic {
		t.Errorf("the Release is %+v", release)
	}
}

func TestReadRootForms(t *testing.T) {
	text := []byte(sampleRelease)
	document, _ := sealer{keys}.Inline(text)
	const in, plain, gpg = "dists/bookworm/InRelease", "dists/bookworm/Release", "dists/bookworm/Release.gpg"
	good := []byte(keys.seal(text))
	clearSigned := []byte("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n" + sampleRelease + "-----BEGIN PGP SIGNATURE-----\n\nxyz\n-----END PGP SIGNATURE-----\n")
	tests := []struct {
		name    string
		trusted bool
		form    int
		keys    repo.Verifier
		files   repo.RootFiles
		want    []string // paths of the root's files
		warning string
		err     string
	}{
		{name: "inline", form: 0, keys: keys, files: repo.RootFiles{in: document}, want: []string{in}},
		{name: "inline with the pair beside it", form: 0, keys: keys, files: repo.RootFiles{in: document, plain: text, gpg: good}, want: []string{plain, gpg, in}},
		{
			name: "inline with an older pair beside it", form: 0, keys: keys,
			files: repo.RootFiles{in: document, plain: []byte("old"), gpg: good}, want: []string{in}, warning: "differs",
		},
		{
			name: "inline with a wrong signature beside it", form: 0, keys: keys,
			files: repo.RootFiles{in: document, plain: text, gpg: []byte("x")}, want: []string{in}, warning: "broken seal",
		},
		{name: "detached", form: 1, keys: keys, files: repo.RootFiles{plain: text, gpg: good}, want: []string{gpg, plain}},
		{name: "broken inline", form: 0, keys: keys, files: repo.RootFiles{in: append([]byte("x"), document...)}, err: "broken seal"},
		{name: "broken detached", form: 1, keys: keys, files: repo.RootFiles{plain: append(text, ' '), gpg: good}, err: "broken seal"},
		{name: "no signature", form: 1, keys: keys, files: repo.RootFiles{plain: text}, err: "signature is missing"},
		{name: "no keys", form: 0, files: repo.RootFiles{in: document}, err: "no keys"},
		{name: "no file", form: 0, keys: keys, files: repo.RootFiles{}, err: "missing"},
		{name: "another signer", form: 0, keys: seals{"other"}, files: repo.RootFiles{in: document}, err: "broken seal"},
		{name: "trusted without keys", trusted: true, form: 0, files: repo.RootFiles{in: clearSigned}, want: []string{in}},
		{name: "trusted with the wrong keys", trusted: true, form: 0, keys: keys, files: repo.RootFiles{in: clearSigned}, want: []string{in}, warning: "broken seal"},
		{name: "trusted without signature", trusted: true, form: 2, keys: keys, files: repo.RootFiles{plain: text}, want: []string{plain}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := one(t, &repo.Source{Name: "s", Suites: []string{"bookworm"}, Trusted: test.trusted})
			root, err := Format{}.ReadRoot(r, Format{}.RootForms(r)[test.form], test.files, test.keys, now)
			if err != nil || test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) || test.err == "" {
					t.Fatalf("error is %v, expected %q", err, test.err)
				}
				return
			}
			var paths []string
			for _, f := range root.Files {
				paths = append(paths, f.Path)
				if f != fileOf(f.Path, test.files[f.Path]) {
					t.Errorf("%s is %+v", f.Path, f)
				}
			}
			if d := cmp.Diff(test.want, paths); d != "" {
				t.Error(d)
			}
			if got := strings.Join(root.Warnings, "; "); !strings.Contains(got, test.warning) || test.warning == "" && got != "" {
				t.Errorf("warnings are %q, expected %q", got, test.warning)
			}
			if len(root.Indexes) != 2 {
				t.Errorf("%d indexes, expected 2", len(root.Indexes))
			}
		})
	}
}

// readText reads a Release of the given text, unsigned.
func readText(t testing.TB, s *repo.Source, text string) (*repo.Repository, *repo.Root, error) {
	t.Helper()
	s.Name = "s"
	r := one(t, s)
	forms := Format{}.RootForms(r)
	root, err := Format{}.ReadRoot(r, forms[1], repo.RootFiles{forms[1].Main: []byte(text), forms[1].Signature: []byte(keys.seal([]byte(text)))}, keys, now)
	return r, root, err
}

func TestReadRootRules(t *testing.T) {
	edit := func(old, replacement string) string {
		if !strings.Contains(sampleRelease, old) {
			t.Fatalf("the sample has no %q", old)
		}
		return strings.Replace(sampleRelease, old, replacement, 1)
	}
	strongList := sampleRelease[strings.Index(sampleRelease, "SHA256:"):]
	tests := []struct {
		name, suite, text string
		source            repo.Source
		is                error
		err, warning      string
	}{
		{name: "as it is", text: sampleRelease},
		{name: "expired", text: edit("29 Nov", "21 Nov"), is: ErrExpired, err: "it was valid until Sat, 21 Nov 2026"},
		{name: "expired, ignored", text: edit("Sun, 29 Nov", "Sat, 21 Nov"), source: repo.Source{IgnoreValidUntil: true}, warning: "has expired"},
		{name: "from the future", text: edit("22 Nov 2026 10:00:00", "22 Nov 2026 12:00:11"), is: ErrFuture, err: "the clock here says Sun, 22 Nov 2026 12:00:00 UTC"},
		{name: "a little ahead", text: edit("22 Nov 2026 10:00:00", "22 Nov 2026 12:00:10")},
		{name: "no date", text: edit("Date: Sun, 22 Nov 2026 10:00:00 UTC\n", ""), warning: "has no Date"},
		{name: "bad date", text: edit("Sun, 22 Nov 2026 10:00:00 UTC", "yesterday"), err: `"yesterday" is no date`},
		{name: "by suite", suite: "stable", text: sampleRelease},
		{name: "suite with a part behind it", suite: "bookworm/updates", text: sampleRelease},
		{name: "another suite", suite: "trixie", text: sampleRelease, warning: `of suite "stable", codename "bookworm", but "trixie" was asked for`},
		{name: "suite unsaid", suite: "trixie", text: edit("Suite: stable\n", "Codenam: x\n"), warning: "trixie"},
		{name: "flat, any suite", suite: "./", text: sampleRelease},
		{name: "weak digests only", text: edit(strongList, ""), is: repo.ErrWeak, err: "md5"},
		{name: "weak digests only, trusted", text: edit(strongList, ""), source: repo.Source{Trusted: true}},
		{name: "field twice", text: edit("Suite: stable", "Label: stable"), err: "field Label stands there twice"},
		{name: "list twice", text: sampleRelease + "sha256:\n", err: "sha256 stands there twice"},
		{name: "sizes differ", text: edit(" 50 main", " 51 main"), err: "main/binary-amd64/Packages.gz is listed with sizes 51 and 50"},
		{name: "digests differ", text: sampleRelease + " " + sum(5) + " 0 contrib/i18n/Translation-en\n", err: "is listed with digests"},
		{name: "leaves the tree", text: sampleRelease + " " + sum(5) + " 0 ../../etc/passwd\n", err: "leaves the repository"},
		{name: "bad digest", text: sampleRelease + " 123 0 x\n", err: `"123" is not a sha256 digest`},
		{name: "bad size", text: sampleRelease + " " + sum(5) + " -1 x\n", err: `"-1" is not a size`},
		{name: "bad line", text: sampleRelease + " " + sum(5) + " 1\n", err: "not a line of digest, size and name"},
		{name: "two stanzas", text: sampleRelease + "\nOrigin: x\n", err: "more than one stanza"},
		{name: "empty", text: "", err: "is empty"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := test.source
			s.Suites = []string{test.suite}
			if test.suite == "" {
				s.Suites[0] = "bookworm"
			}
			_, root, err := readText(t, &s, test.text)
			if test.err == "" && err != nil {
				t.Fatal(err)
			}
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) || test.is != nil && !errors.Is(err, test.is) {
					t.Fatalf("error is %v, expected %q", err, test.err)
				}
				return
			}
			if got := strings.Join(root.Warnings, "; "); !strings.Contains(got, test.warning) || test.warning == "" && got != "" {
				t.Errorf("warnings are %q, expected %q", got, test.warning)
			}
		})
	}
}

func TestParseDate(t *testing.T) {
	want := time.Date(2026, 11, 2, 3, 4, 5, 0, time.UTC)
	for _, s := range []string{
		"Mon, 02 Nov 2026 03:04:05 UTC", "Mon, 2 Nov 2026 03:04:05 GMT", "Mon,  2 Nov 2026 3:04:05 Z", "Mon, 02 Nov 2026 03:04:05 +0000",
		"Mon, 02 Nov 2026 05:04:05 +0200", "Mon Nov  2 03:04:05 2026", formatDate(want.In(time.FixedZone("", 3600))),
	} {
		if got, err := parseDate(s); err != nil || !got.Equal(want) {
			t.Errorf("%q is %s, error %v", s, got, err)
		}
	}
	for _, s := range []string{"Mon, 02 Nov 2026 03:04:05", "Mon, 02 Nov 2026 03:04:05 CET", "2026-11-02", "Mon, 32 Nov 2026 03:04:05 UTC"} {
		if got, err := parseDate(s); err == nil {
			t.Errorf("%q is read as %s, expected an error", s, got)
		}
	}
}

func TestRepositories(t *testing.T) {
	s := &repo.Source{Name: "s", URLs: []string{"http://a.example.org/debian/", "file:///srv/x"}, Suites: []string{"bookworm", "bookworm/updates"}}
	all, err := Format{}.Repositories(s)
	if err != nil {
		t.Fatal(err)
	}
	want := []*repo.Repository{
		{Source: s, Name: "bookworm", URLs: []string{"http://a.example.org/debian", "file:///srv/x"}, IndexDir: "dists/bookworm"},
		{Source: s, Name: "bookworm/updates", URLs: []string{"http://a.example.org/debian", "file:///srv/x"}, IndexDir: "dists/bookworm/updates"},
	}
	if d := cmp.Diff(want, all); d != "" {
		t.Error(d)
	}
	for suite, main := range map[string]string{"./": "InRelease", "/": "InRelease", "sub/": "sub/InRelease", "./a/b/": "a/b/InRelease", "$(ARCH)/": "amd64/InRelease"} {
		r := one(t, &repo.Source{Suites: []string{suite}, Architectures: []string{"amd64"}})
		if got := (Format{}).RootForms(r)[0].Main; got != main || r.IndexDir != "" {
			t.Errorf("the root of suite %q is %q in index directory %q, expected %q", suite, got, r.IndexDir, main)
		}
	}
	url := []string{"http://a.example.org"}
	for want, s := range map[string]*repo.Source{
		"has no URL":               {Suites: []string{"a"}},
		"has no suite":             {URLs: url},
		"is there twice":           {URLs: url, Suites: []string{"a", "a"}},
		"flat (ends in \"/\")":     {URLs: url, Suites: []string{"./"}, Components: []string{"main"}},
		"leaves the directory":     {URLs: url, Suites: []string{"../pool"}},
		"\"dists/../../x\" leaves": {URLs: url, Suites: []string{"../../x"}},
		"leaves the repository":    {URLs: url, Suites: []string{"../x/"}},
		"kind \"src\" is unknown":  {URLs: url, Suites: []string{"a"}, Include: []string{"src"}},
		"needs the source's":       {URLs: url, Suites: []string{"$(ARCH)/"}},
	} {
		if all, err := (Format{}).Repositories(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v gives %v and error %v, expected %q", s, all, err, want)
		}
	}
}

func FuzzParseRelease(f *testing.F) {
	f.Add([]byte(sampleRelease))
	f.Add([]byte("SHA512:\n " + sum(1) + sum(1) + "\t1 a.lzma\nDate: Mon Nov  2 03:04:05 2026\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		release, err := ParseRelease(content, "Release")
		if err != nil {
			return
		}
		for _, e := range release.Entries {
			if clean, err := repo.CleanPath(e.Path); err != nil || clean != e.Path || e.Size < 0 || len(e.Digests) == 0 {
				t.Fatalf("entry %+v, %v", e, err)
			}
		}
		all, err := indexes(release, "dists/x", false)
		if err != nil {
			return
		}
		for _, ix := range all {
			for _, v := range ix.Variants {
				if v.Path != ix.Name+v.Suffix || v.Digest.Algorithm().Weak() {
					t.Fatalf("variant %+v of %s", v, ix.Name)
				}
			}
		}
	})
}
