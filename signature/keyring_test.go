package signature_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/signature"
)

func read(t testing.TB, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestLoadReadsEveryFormOfAKeyFile(t *testing.T) {
	g := withGnuPG(t)
	binary := g.export(t, "other", "ed25519")
	one := gpg(t, nil, "--armor", "--export", g.fingerprints["ed25519"])
	two := gpg(t, nil, "--armor", "--export", g.fingerprints["other"])
	document := g.clearSign(t, release, "ed25519")
	for name, content := range map[string][]byte{
		"binary":                  binary,
		"armoured":                one,
		"armoured with CRLF":      bytes.ReplaceAll(one, []byte("\n"), []byte("\r\n")),
		"two keys in one block":   gpg(t, nil, "--armor", "--export", g.fingerprints["other"], g.fingerprints["ed25519"]),
		"two blocks":              append(bytes.Clone(two), one...),
		"blocks with text around": []byte("The keys:\n" + string(two) + "and\n\n" + string(one) + "that is all\n"),
		"a private key":           gpg(t, nil, "--export-secret-keys", g.fingerprints["ed25519"]),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "key")
			write(t, path, content)
			k, err := signature.Load([]string{path}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := k.Inline(document, time.Now()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestLoadReadsSeveralFiles(t *testing.T) {
	g := withGnuPG(t)
	dir := t.TempDir()
	write(t, dir+"/a", g.export(t, "other"))
	write(t, dir+"/b", g.export(t, "ed25519"))
	k, err := signature.Load([]string{dir + "/a", dir + "/b"}, []string{g.fingerprints["ed25519"]})
	if err != nil {
		t.Fatal(err)
	}
	for name, good := range map[string]bool{"ed25519": true, "other": false} {
		if _, _, err := k.Inline(g.clearSign(t, release, name), time.Now()); (err == nil) != good {
			t.Errorf("signed by %s: %v", name, err)
		}
	}
}

func TestKeyringExportsWhatItBelieves(t *testing.T) {
	g := withGnuPG(t)
	for name, test := range map[string]struct{ pins, fingerprints, good, unknown []string }{
		"all keys":     {nil, []string{g.fingerprints["other"], g.fingerprints["subkey"]}, []string{"other", "subkey"}, nil},
		"a pinned key": {[]string{g.fingerprints["other"]}, []string{g.fingerprints["other"]}, []string{"other"}, []string{"subkey"}},
		"a subkey":     {[]string{g.subkeys["subkey"] + "!"}, []string{g.subkeys["subkey"] + "!"}, []string{"subkey"}, []string{"other"}},
	} {
		t.Run(name, func(t *testing.T) {
			k := keyring(t, g.export(t, "other", "subkey"), test.pins...)
			if d := cmp.Diff(test.fingerprints, k.Fingerprints()); d != "" {
				t.Error(d)
			}
			exported, err := k.Armored()
			if err != nil {
				t.Fatal(err)
			}
			again := keyring(t, exported)
			for _, name := range test.good {
				if _, _, err := again.Inline(g.clearSign(t, release, name), time.Now()); err != nil {
					t.Error(err)
				}
			}
			for _, name := range test.unknown {
				if _, _, err := again.Inline(g.clearSign(t, release, name), time.Now()); !errors.Is(err, signature.ErrUnknownKey) {
					t.Errorf("signed by %s: %v", name, err)
				}
			}
		})
	}
}

func TestLoadErrors(t *testing.T) {
	g := withGnuPG(t)
	dir := t.TempDir()
	file := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		write(t, path, content)
		return path
	}
	armored := gpg(t, nil, "--armor", "--export", g.fingerprints["ed25519"])
	good := file("good", armored)
	for name, test := range map[string]struct {
		paths, fingerprints []string
		want                string
	}{
		"no file":          {nil, nil, "no key file"},
		"missing":          {[]string{dir + "/none"}, nil, "/none"},
		"empty":            {[]string{file("empty", nil)}, nil, "empty: no keys can be read: it is empty"},
		"a web page":       {[]string{good, file("page", []byte("<!DOCTYPE html>\n"))}, nil, `page: no keys can be read: it is not OpenPGP data (it begins with "<!DOCTYPE html>")`},
		"a signature":      {[]string{file("signature", gpg(t, release, "--armor", "-u", g.fingerprints["rsa"], "--detach-sign"))}, nil, "it holds a PGP SIGNATURE, expected a PGP PUBLIC KEY BLOCK"},
		"a keybox":         {[]string{gnupgHome + "/pubring.kbx"}, nil, "gpg --export"},
		"truncated":        {[]string{file("cut", armored[:len(armored)-50])}, nil, "truncated"},
		"truncated binary": {[]string{file("half", g.export(t, "rsa")[:200])}, nil, "half: no keys can be read"},
		"other keys":       {[]string{good}, []string{g.fingerprints["rsa"]}, "no key has the fingerprint " + g.fingerprints["rsa"] + "; there are " + g.fingerprints["ed25519"]},
		"a key ID":         {[]string{good}, []string{"0123456789ABCDEF"}, `"0123456789ABCDEF" is not the fingerprint of a key`},
		"no hexadecimal":   {[]string{good}, []string{strings.Repeat("xy", 20)}, "is not the fingerprint"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := signature.Load(test.paths, test.fingerprints); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}
