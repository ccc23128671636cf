package signature_test

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mirrorkeeper/mirrorkeeper/signature"
)

// generated is one key for all tests: making it takes time.
var generated = sync.OnceValues(func() (*signature.Key, error) { return signature.Generate("mirrorkeeper of mirror.example.org") })

func generatedKey(t testing.TB) *signature.Key {
	t.Helper()
	k, err := generated()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// checkSigner has both gpgv and Keyring check what a key signs, with the public half
// that it tells.
func checkSigner(t *testing.T, key signature.SigningKey) {
	t.Helper()
	s := key.Signer(t.Context())
	armored, binary, err := key.Public(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	document, err := s.Inline(release)
	if err != nil {
		t.Fatal(err)
	}
	detached, err := s.Detached(release)
	if err != nil {
		t.Fatal(err)
	}
	if !aptAccepts(t, binary, document) {
		t.Error("apt refuses the clear-signed document")
	}
	if !aptAccepts(t, binary, detached, release) {
		t.Error("gpgv refuses the detached signature")
	}
	k := keyring(t, armored)
	content, _, err := k.Inline(document, time.Now())
	if err != nil {
		t.Error(err)
	}
	if d := cmp.Diff(string(release), string(content)); d != "" {
		t.Error(d)
	}
	if _, err := k.Detached(release, detached, time.Now()); err != nil {
		t.Error(err)
	}
}

func TestGeneratedKey(t *testing.T) {
	withGnuPG(t)
	k := generatedKey(t)
	checkSigner(t, k)
	armored, _, err := k.Public(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	shown := string(gpg(t, armored, "--with-colons", "--show-keys"))
	for _, want := range []string{
		"pub:-:3072:1:" + k.Fingerprint()[24:] + ":", // 1: RSA
		":scSC:", // signs and certifies
		":mirrorkeeper of mirror.example.org:",
		k.Fingerprint(),
	} {
		if !strings.Contains(shown, want) {
			t.Errorf("gpg does not show %q:\n%s", want, shown)
		}
	}
	if fields := strings.Split(shown, ":"); fields[6] != "" {
		t.Errorf("it expires at %s", fields[6])
	}
	if strings.Contains(shown, "\nsub:") {
		t.Error("it has a subkey, which nothing needs")
	}
}

func TestGenerateRefusesNames(t *testing.T) {
	for _, name := range []string{"", "<evil>", "a\x00b", "a <b", "a <b> c", "a <b <c>>"} {
		if _, err := signature.Generate(name); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q", name)) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestWrittenKeyIsReadAgain(t *testing.T) {
	withGnuPG(t)
	k := generatedKey(t)
	var private bytes.Buffer
	if err := k.WritePrivate(&private, nil); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "key.asc")
	write(t, path, private.Bytes())
	again, err := signature.ReadKey(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if again.Fingerprint() != k.Fingerprint() {
		t.Errorf("fingerprint %s, was %s", again.Fingerprint(), k.Fingerprint())
	}
	checkSigner(t, again)
	gpg(t, private.Bytes(), "--import") // gpg takes it too
	gpg(t, nil, "--delete-secret-and-public-key", k.Fingerprint())
}

// A key that is written with a passphrase is read with it alone, by us and by gpg.
func TestKeyIsWrittenWithPassphrase(t *testing.T) {
	withGnuPG(t)
	k := generatedKey(t)
	var private bytes.Buffer
	if err := k.WritePrivate(&private, []byte("open sesame")); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "key.asc")
	write(t, path, private.Bytes())
	for passphrase, want := range map[string]error{"": signature.ErrPassphrase, "close sesame": signature.ErrPassphrase, "open sesame": nil} {
		again, err := signature.ReadKey(path, []byte(passphrase))
		if !errors.Is(err, want) {
			t.Errorf("passphrase %q: %v", passphrase, err)
		}
		if err == nil {
			checkSigner(t, again)
		}
	}
	checkSigner(t, k) // it is open as before
	gpg(t, private.Bytes(), "--passphrase", "open sesame", "--import")
	defer gpg(t, nil, "--delete-secret-and-public-key", k.Fingerprint())
	gpg(t, release, "--passphrase", "open sesame", "--local-user", k.Fingerprint(), "--clear-sign")
}

func TestReadKeyReadsKeysOfGnuPG(t *testing.T) {
	g := withGnuPG(t)
	for name, args := range map[string][]string{
		"rsa":                            {"--export-secret-keys", g.fingerprints["rsa"]},
		"armoured":                       {"--armor", "--export-secret-keys", g.fingerprints["ed25519"]},
		"with a subkey":                  {"--export-secret-keys", g.fingerprints["subkey"]},
		"a subkey without its primary's": {"--export-secret-subkeys", g.fingerprints["subkey"]},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "key")
			write(t, path, gpg(t, nil, append([]string{"--passphrase", ""}, args...)...))
			k, err := signature.ReadKey(path, nil)
			if err != nil {
				t.Fatal(err)
			}
			checkSigner(t, k)
		})
	}
}

func TestReadKeyOpensPassphrases(t *testing.T) {
	withGnuPG(t)
	gpg(t, nil, "--passphrase", "open sesame", "--quick-gen-key", "secret <secret@example.org>", "ed25519", "sign", "never")
	fingerprint := fingerprintsOf(t, "secret")[0]
	path := filepath.Join(t.TempDir(), "key")
	write(t, path, gpg(t, nil, "--passphrase", "open sesame", "--armor", "--export-secret-keys", fingerprint))
	gpg(t, nil, "--delete-secret-and-public-key", fingerprint)
	for passphrase, want := range map[string]error{"": signature.ErrPassphrase, "close sesame": signature.ErrPassphrase, "open sesame": nil} {
		k, err := signature.ReadKey(path, []byte(passphrase))
		if !errors.Is(err, want) || err != nil && !strings.Contains(err.Error(), path) {
			t.Errorf("passphrase %q: %v", passphrase, err)
		}
		if err == nil {
			checkSigner(t, k)
		}
	}
}

func TestReadKeyErrors(t *testing.T) {
	g := withGnuPG(t)
	secret := func(name string) []byte {
		return gpg(t, nil, "--passphrase", "", "--export-secret-keys", g.fingerprints[name])
	}
	path := filepath.Join(t.TempDir(), "key")
	for name, test := range map[string]struct {
		content []byte
		want    string
	}{
		"a public key":      {g.export(t, "rsa"), "private half of key " + g.fingerprints["rsa"]},
		"an armoured one":   {gpg(t, nil, "--armor", "--export", g.fingerprints["rsa"]), "expected a PGP PRIVATE KEY BLOCK"},
		"two keys":          {append(secret("rsa"), secret("ed25519")...), "2 keys"},
		"an expired key":    {secret("expired"), "expired at 2020-12-3"},
		"no signing subkey": {secret("subkey-expired"), "not meant for signing"},
		"nonsense":          {[]byte("nonsense"), `begins with "nonsense"`},
	} {
		write(t, path, test.content)
		if _, err := signature.ReadKey(path, nil); err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v, want %q", name, err, test.want)
		}
	}
	if _, err := signature.ReadKey(path+".none", nil); err == nil || !strings.Contains(err.Error(), ".none") {
		t.Errorf("a missing file: %v", err)
	}
}

func TestKeySignsConcurrently(t *testing.T) {
	k := generatedKey(t)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if _, err := k.Inline(release); err != nil {
				t.Error(err)
			}
			if _, err := k.Detached(release); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

func TestInlineRoundTrip(t *testing.T) {
	k := generatedKey(t)
	armored, _, err := k.Public(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	keys := keyring(t, armored)
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.SliceOfN(rapid.OneOf(
			rapid.StringMatching(`[ -]{0,2}[A-Za-z:0-9-]{1,20}`),
			rapid.SampledFrom([]string{"", "-", "- -", "-----BEGIN PGP SIGNED MESSAGE-----", "-----BEGIN PGP SIGNATURE-----", "-----END PGP SIGNATURE-----", "From me"}),
		), 1, 8).Draw(t, "lines")
		content := strings.Join(lines, "\n") + "\n"
		document, err := k.Inline([]byte(content))
		if err != nil {
			t.Fatal(err)
		}
		got, _, err := keys.Inline(document, time.Now())
		if want := trimEnds(content); err != nil || string(got) != want {
			t.Fatalf("%q is signed and read as %q, %v", content, got, err)
		}
	})
}

// trimEnds takes off what no clear signature covers.
func trimEnds(content string) string {
	lines := strings.Split(content, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " \t")
	}
	return strings.Join(lines, "\n")
}
