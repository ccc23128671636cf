package signature_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/signature"
)

// anotherKey is a second key for tests of two.
func anotherKey(t testing.TB) *signature.Key {
	t.Helper()
	g := withGnuPG(t)
	path := t.TempDir() + "/key"
	write(t, path, gpg(t, nil, "--passphrase", "", "--export-secret-keys", g.fingerprints["ed25519"]))
	k, err := signature.ReadKey(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func public(t testing.TB, k signature.SigningKey) []byte {
	t.Helper()
	_, binary, err := k.Public(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return binary
}

// Whoever knows only one of two keys believes what both signed, whichever it is.
func TestSigningWithTwoKeys(t *testing.T) {
	first, second := generatedKey(t), anotherKey(t)
	for name, keys := range map[string][]signature.SigningKey{
		"in order": {first, second}, "turned round": {second, first},
	} {
		t.Run(name, func(t *testing.T) {
			both, err := signature.NewSigning(t.Context(), keys...)
			if err != nil {
				t.Fatal(err)
			}
			signer := both.Signer(t.Context())
			document, err := signer.Inline(release)
			if err != nil {
				t.Fatal(err)
			}
			detached, err := signer.Detached(release)
			if err != nil {
				t.Fatal(err)
			}
			if n := bytes.Count(document, []byte("BEGIN PGP SIGNATURE")) + bytes.Count(detached, []byte("BEGIN PGP SIGNATURE")); n != 2 {
				t.Errorf("there are %d blocks of armour, expected one each", n)
			}
			for _, key := range keys {
				if !aptAccepts(t, public(t, key), document) {
					t.Errorf("apt that knows one key refuses the clear-signed document:\n%s", document)
				}
				if !aptAccepts(t, public(t, key), detached, release) {
					t.Error("gpgv that knows one key refuses the detached signature")
				}
			}
			if _, signers, err := both.Verifier.Inline(document, time.Now()); err != nil || len(signers) != 2 {
				t.Errorf("signed by %q, %v", signers, err)
			}
			if got := string(gpg(t, both.Public["key.asc"], "--with-colons", "--show-keys")); strings.Count(got, "pub:") != 2 {
				t.Errorf("key.asc holds\n%s", got)
			}
			if !aptAccepts(t, both.Public["key.gpg"], document) {
				t.Error("apt refuses key.gpg")
			}
		})
	}
	if _, err := signature.NewSigning(t.Context(), first, second, first); err == nil || !strings.Contains(err.Error(), first.Fingerprint()) {
		t.Errorf("a key that is there twice: %v", err)
	}
	if _, err := signature.NewSigning(t.Context()); err == nil {
		t.Error("no key: no error")
	}
}

// Every block stands for itself, and all of them together for what they were.
func TestSeparate(t *testing.T) {
	first, second := generatedKey(t), anotherKey(t)
	both, err := signature.NewSigning(t.Context(), first, second)
	if err != nil {
		t.Fatal(err)
	}
	detached, err := both.Signer(t.Context()).Detached(release)
	if err != nil {
		t.Fatal(err)
	}
	separate := signature.Separate(detached)
	blocks := bytes.SplitAfter(separate, []byte("-----END PGP SIGNATURE-----\n"))
	if len(blocks) != 4 || len(blocks[3]) > 0 || !bytes.Equal(blocks[2], blocks[0]) {
		t.Fatalf("expected three blocks, the last as the first:\n%s", separate)
	}
	for i, key := range []signature.SigningKey{first, second} {
		if !aptAccepts(t, public(t, key), separate, release) {
			t.Errorf("gpgv that knows key %d refuses both blocks", i)
		}
		if !aptAccepts(t, public(t, key), blocks[i], release) {
			t.Errorf("gpgv that knows key %d refuses block %d", i, i)
		}
	}
	if signers, err := both.Verifier.Detached(release, separate, time.Now()); err != nil || len(signers) != 2 {
		t.Errorf("signed by %q, %v", signers, err)
	}
	one, err := first.Detached(release)
	if err != nil {
		t.Fatal(err)
	}
	for _, same := range [][]byte{one, []byte("nonsense"), nil} {
		if got := signature.Separate(same); !bytes.Equal(got, same) {
			t.Errorf("%q became %q", same, got)
		}
	}
}

func TestTwoSignaturesOfAnyText(t *testing.T) {
	both, err := signature.NewSigning(t.Context(), generatedKey(t), anotherKey(t))
	if err != nil {
		t.Fatal(err)
	}
	signer := both.Signer(t.Context())
	rapid.Check(t, func(t *rapid.T) {
		content := strings.Join(rapid.SliceOfN(rapid.OneOf(
			rapid.StringMatching(`[ \t-]{0,2}[A-Za-z:0-9-]{0,20}[ \t\r]{0,2}`),
			rapid.SampledFrom([]string{"", "-", "- -", "-----BEGIN PGP SIGNED MESSAGE-----", "-----BEGIN PGP SIGNATURE-----", "-----END PGP SIGNATURE-----", "From me"}),
		), 0, 8).Draw(t, "lines"), "\n") + rapid.SampledFrom([]string{"", "\n"}).Draw(t, "end")
		document, err := signer.Inline([]byte(content))
		if err != nil {
			t.Fatalf("%q: %v", content, err)
		}
		if _, signers, err := both.Verifier.Inline(document, time.Now()); err != nil || len(signers) != 2 {
			t.Fatalf("%q is signed by %q, %v:\n%s", content, signers, err, document)
		}
	})
}

// swapped says that its public half is another key's.
type swapped struct {
	signature.SigningKey
	public signature.SigningKey
}

func (s swapped) Public(ctx context.Context) (armored, binary []byte, err error) {
	return s.public.Public(ctx)
}

// another signs another text than it is given.
type another struct{ *signature.Key }

func (a another) Signer(context.Context) repo.Signer { return a }

func (a another) Inline([]byte) ([]byte, error)   { return a.Key.Inline([]byte("Suite: evil\n")) }
func (a another) Detached([]byte) ([]byte, error) { return a.Key.Detached([]byte("Suite: evil\n")) }

// Nothing is used that does not verify.
func TestSigningChecksWhatIsSigned(t *testing.T) {
	for name, key := range map[string]signature.SigningKey{
		"another key": swapped{generatedKey(t), anotherKey(t)}, "another text": another{generatedKey(t)},
	} {
		s, err := signature.NewSigning(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Signer(t.Context()).Inline(release); err == nil {
			t.Errorf("%s: a clear-signed document is used", name)
		}
		if _, err := s.Signer(t.Context()).Detached(release); err == nil {
			t.Errorf("%s: a detached signature is used", name)
		}
	}
}
