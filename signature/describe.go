package signature

import (
	"crypto"
	"crypto/rsa"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	pgperrors "github.com/ProtonMail/go-crypto/openpgp/errors"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// soon is how long before its end a key is said to expire soon.
const soon = 30 * 24 * time.Hour

// Secret is where the secret half of a key is.
type Secret string

// The places of secret halves, as they are written.
const (
	SecretAbsent    Secret = "absent"     // it is a public key
	SecretOpen      Secret = "open"       // it can be used as it is
	SecretProtected Secret = "passphrase" // a passphrase opens it
	SecretElsewhere Secret = "elsewhere"  // such as on a card
)

// Description tells what a key is, and what it is good for at some time.
type Description struct {
	Fingerprint string     `json:"fingerprint"` // upper-case hexadecimal
	UserIDs     []string   `json:"user_ids,omitempty"`
	Algorithm   string     `json:"algorithm"` // with the size in bits where there are several: "RSA 3072"
	Created     time.Time  `json:"created"`
	Expires     *time.Time `json:"expires,omitempty"` // nil: never
	Secret      Secret     `json:"secret"`
	// Verifies is set where signatures by the key are believed; Reason says why not.
	Verifies bool   `json:"verifies"`
	Reason   string `json:"reason,omitempty"`
	// Signs is set where the secret half is there, too.
	Signs    bool          `json:"signs"`
	Subkeys  []Description `json:"subkeys,omitempty"`
	Warnings []string      `json:"warnings,omitempty"`
}

// Describe tells of each key of the keyring what it is good for at the time.
func (k *Keyring) Describe(now time.Time) (all []Description) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, e := range k.keys {
		keys := keysOf(e)
		d := describe(keys[0], now)
		for name := range maps.Keys(e.Identities) {
			d.UserIDs = append(d.UserIDs, strings.ToValidUTF8(name, "?"))
		}
		slices.Sort(d.UserIDs)
		verifies := d.Verifies
		for _, sub := range keys[1:] {
			s := describe(sub, now)
			verifies = verifies || s.Verifies
			d.Subkeys = append(d.Subkeys, s)
		}
		if !verifies {
			d.Warnings = append(d.Warnings, "no signature by it is believed")
		}
		all = append(all, d)
	}
	return all
}

func describe(k key, now time.Time) Description {
	d := Description{
		Fingerprint: k.fingerprint(), Algorithm: algorithm(k.public), Created: k.public.CreationTime.UTC(),
		Secret: secretHalf(k.private()),
	}
	reason := k.check(now)
	d.Verifies = reason == nil
	if reason != nil {
		d.Reason = reason.Error()
	}
	d.Signs = d.Verifies && (d.Secret == SecretOpen || d.Secret == SecretProtected)
	self := k.self(now)
	if self == nil {
		return d
	}
	if end, ok := after(k.public.CreationTime, self.KeyLifetimeSecs); ok {
		end = end.UTC()
		d.Expires = &end
		if left := end.Sub(now); d.Verifies && left < soon {
			d.Warnings = append(d.Warnings, fmt.Sprintf("it expires soon, at %s", date(end)))
		}
	}
	switch self.Hash {
	case crypto.MD5, crypto.SHA1, crypto.RIPEMD160:
		d.Warnings = append(d.Warnings, fmt.Sprintf("it vouches for itself by the digest %s, which newer clients do not believe", self.Hash))
	}
	return d
}

// private is the secret half, nil where there is none.
func (k key) private() *packet.PrivateKey {
	if k.subkey != nil {
		return k.subkey.PrivateKey
	}
	return k.entity.PrivateKey
}

// self is the signature that says what the key is for and how long, nil where none is
// good.
func (k key) self(now time.Time) *packet.Signature {
	if k.subkey == nil {
		self, _ := k.entity.VerifyPrimaryKey(now, &packet.Config{})
		return self
	}
	binding, err := k.subkey.Verify(now, &packet.Config{})
	if errors.Is(err, pgperrors.ErrKeyExpired) {
		binding, _ = k.subkey.LatestValidBindingSignature(now, &packet.Config{})
	}
	return binding
}

func secretHalf(k *packet.PrivateKey) Secret {
	switch {
	case k == nil:
		return SecretAbsent
	case k.Dummy():
		return SecretElsewhere
	case k.Encrypted:
		return SecretProtected
	}
	return SecretOpen
}

// algorithm names what a key works with.
func algorithm(k *packet.PublicKey) string {
	if public, ok := k.PublicKey.(*rsa.PublicKey); ok {
		return fmt.Sprintf("RSA %d", public.N.BitLen())
	}
	names := map[packet.PublicKeyAlgorithm]string{
		packet.PubKeyAlgoDSA: "DSA", packet.PubKeyAlgoElGamal: "ElGamal", packet.PubKeyAlgoECDSA: "ECDSA",
		packet.PubKeyAlgoECDH: "ECDH", packet.PubKeyAlgoEdDSA: "EdDSA", packet.PubKeyAlgoEd25519: "Ed25519",
		packet.PubKeyAlgoEd448: "Ed448", packet.PubKeyAlgoX25519: "X25519", packet.PubKeyAlgoX448: "X448",
	}
	name, ok := names[k.PubKeyAlgo]
	if !ok {
		return fmt.Sprintf("algorithm %d", k.PubKeyAlgo) // RFC 9580, section 9.1
	}
	switch k.PubKeyAlgo {
	case packet.PubKeyAlgoECDSA, packet.PubKeyAlgoECDH, packet.PubKeyAlgoEdDSA:
		curve, err := k.Curve()
		switch {
		case err != nil:
		case k.PubKeyAlgo == packet.PubKeyAlgoEdDSA && curve == packet.Curve25519:
			return "Ed25519"
		default:
			return fmt.Sprintf("%s %s", name, curve)
		}
	case packet.PubKeyAlgoDSA, packet.PubKeyAlgoElGamal:
		if bits, err := k.BitLength(); err == nil {
			return fmt.Sprintf("%s %d", name, bits)
		}
	}
	return name
}
