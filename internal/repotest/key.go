package repotest

import (
	"bytes"
	"encoding/hex"
	"os"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
)

// Key is an OpenPGP key to sign test repositories with.
type Key struct{ entity *openpgp.Entity }

// keyDate is before every date that repositories are signed at.
var keyDate = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// NewKey makes a key: Ed25519 in the form that gpgv reads, without an expiry.
func NewKey(t T) *Key {
	t.Helper()
	entity, err := openpgp.NewEntity("Test Archive", "", "archive@example.org", config(keyDate))
	if err != nil {
		t.Fatalf("make a key: %v", err)
	}
	return &Key{entity}
}

func config(when time.Time) *packet.Config {
	return &packet.Config{Algorithm: packet.PubKeyAlgoEdDSA, Time: func() time.Time { return when }}
}

// Fingerprint is the key's fingerprint in upper-case hexadecimal.
func (k *Key) Fingerprint() string {
	return strings.ToUpper(hex.EncodeToString(k.entity.PrimaryKey.Fingerprint))
}

// Inline returns the clear-signed document.
func (k *Key) Inline(t T, content []byte, when time.Time) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := clearsign.Encode(&b, k.entity.PrivateKey, config(when))
	if err == nil {
		_, err = w.Write(content)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatalf("sign: %v", err)
	}
	b.WriteByte('\n')
	return b.Bytes()
}

// Detached returns an armoured detached signature.
func (k *Key) Detached(t T, content []byte, when time.Time) []byte {
	t.Helper()
	var b bytes.Buffer
	err := openpgp.ArmoredDetachSign(&b, []*openpgp.Entity{k.entity}, bytes.NewReader(content), &openpgp.SignParams{Config: config(when)})
	if err != nil {
		t.Fatalf("sign: %v", err)
	}
	b.WriteByte('\n')
	return b.Bytes()
}

// Binary returns a detached signature that is not armoured.
func (k *Key) Binary(t T, content []byte, when time.Time) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := openpgp.DetachSign(&b, []*openpgp.Entity{k.entity}, bytes.NewReader(content), config(when)); err != nil {
		t.Fatalf("sign: %v", err)
	}
	return b.Bytes()
}

// Public returns the public key, armoured or binary.
func (k *Key) Public(t T, armoured bool) []byte {
	t.Helper()
	var b bytes.Buffer
	if !armoured {
		if err := k.entity.Serialize(&b); err != nil {
			t.Fatalf("write the key: %v", err)
		}
		return b.Bytes()
	}
	w, err := armor.Encode(&b, "PGP PUBLIC KEY BLOCK", nil)
	if err == nil {
		err = k.entity.Serialize(w)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatalf("write the key: %v", err)
	}
	b.WriteByte('\n')
	return b.Bytes()
}

// WriteFile writes the public key: armoured where the path ends in .asc, else binary.
func (k *Key) WriteFile(t T, path string) {
	t.Helper()
	if err := os.WriteFile(path, k.Public(t, strings.HasSuffix(path, ".asc")), 0o644); err != nil {
		t.Fatalf("write the key: %v", err)
	}
}
