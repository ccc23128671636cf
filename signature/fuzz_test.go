package signature_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/signature"
)

// FuzzInline changes a signed document: whatever is accepted has the content that
// was signed.
func FuzzInline(f *testing.F) {
	g := withGnuPG(f)
	k := keyring(f, g.export(f, "ed25519", "rsa"))
	for _, name := range []string{"ed25519", "rsa", "other"} {
		f.Add(g.clearSign(f, release, name))
	}
	now := time.Now()
	f.Fuzz(func(t *testing.T, document []byte) {
		content, signers, err := k.Inline(document, now)
		if err == nil && (!bytes.Equal(content, release) || len(signers) == 0) {
			t.Fatalf("accepted, signed by %q: %q", signers, content)
		}
	})
}

// FuzzDetached changes a signature: no panic, and no signature over other content; and
// several in one block are worth as much as apart.
func FuzzDetached(f *testing.F) {
	g := withGnuPG(f)
	k := keyring(f, g.export(f, "ed25519", "rsa"))
	for _, options := range [][]string{{}, {"--armor"}} {
		for _, name := range []string{"ed25519", "rsa"} {
			f.Add(release, gpg(f, release, append(options, "--local-user", g.fingerprints[name], "--detach-sign")...))
		}
	}
	now := time.Now()
	f.Fuzz(func(t *testing.T, content, sig []byte) {
		_, err := k.Detached(content, sig, now)
		if err == nil && !bytes.Equal(content, release) {
			t.Fatalf("accepted: %q", content)
		}
		if _, apart := k.Detached(content, signature.Separate(sig), now); (err == nil) != (apart == nil) {
			t.Fatalf("in one block: %v, apart: %v", err, apart)
		}
	})
}

// FuzzAdd reads arbitrary bytes as keys, uses, describes and exports them.
func FuzzAdd(f *testing.F) {
	g := withGnuPG(f)
	document := g.clearSign(f, release, "subkey")
	f.Add(g.export(f, "subkey"))
	f.Add(g.export(f, "rsa"))
	f.Add(gpg(f, nil, "--armor", "--export", g.fingerprints["subkey"]))
	now := time.Now()
	f.Fuzz(func(t *testing.T, keys []byte) {
		k := &signature.Keyring{}
		if err := k.Add("keys", keys); err != nil {
			return
		}
		k.Inline(document, now)
		k.Describe(now)
		k.ArmoredEach()
	})
}
