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
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
)

const (
	// clockSkew is how far in the future a signature may be.
	clockSkew = 5 * time.Minute
	// minRSA is the least size of an RSA key in bits.
	minRSA = 2048
)

// digests are those that a document may be signed with, RFC 9580, section 9.5
// without its weak ones.
var digests = []crypto.Hash{crypto.SHA224, crypto.SHA256, crypto.SHA384, crypto.SHA512, crypto.SHA3_256, crypto.SHA3_512}

// key is a primary key, or one of its subkeys.
type key struct {
	entity *openpgp.Entity
	subkey *openpgp.Subkey // nil for the primary key
	public *packet.PublicKey
}

func keysOf(e *openpgp.Entity) []key {
	keys := []key{{entity: e, public: e.PrimaryKey}}
	for i := range e.Subkeys {
		keys = append(keys, key{entity: e, subkey: &e.Subkeys[i], public: e.Subkeys[i].PublicKey})
	}
	return keys
}

func fingerprint(k *packet.PublicKey) string { return fmt.Sprintf("%X", k.Fingerprint) }

func (k key) fingerprint() string { return fingerprint(k.public) }

// String names the key in errors.
func (k key) String() string {
	if k.subkey == nil {
		return k.fingerprint()
	}
	return fmt.Sprintf("%s (subkey of %s)", k.fingerprint(), fingerprint(k.entity.PrimaryKey))
}

// signer names the key in reports.
func (k key) signer() string {
	name := fingerprint(k.entity.PrimaryKey)
	if ids := slices.Sorted(maps.Keys(k.entity.Identities)); len(ids) > 0 {
		name += " (" + strings.ToValidUTF8(ids[0], "?") + ")"
	}
	return name
}

// pinned reports whether the pins, if there are any, name the key.
func (k key) pinned(pins []pin) bool {
	if pins == nil {
		return true
	}
	own, primary := k.fingerprint(), fingerprint(k.entity.PrimaryKey)
	return slices.ContainsFunc(pins, func(p pin) bool {
		return p.fingerprint == own || p.fingerprint == primary && !p.exact
	})
}

// checkSignature judges what a signature says of itself.
func checkSignature(s *packet.Signature, by key, now time.Time) error {
	switch {
	case s.SigType != packet.SigTypeBinary && s.SigType != packet.SigTypeText:
		return refuse(ErrBadSignature, "the signature by key %s is of type 0x%02x, not one of a document", by, int(s.SigType))
	case !slices.Contains(digests, s.Hash):
		return refuse(ErrWeak, "the signature by key %s uses the digest %s, which can be forged", by, s.Hash)
	case s.CreationTime.After(now.Add(clockSkew)):
		return refuse(ErrFuture, "the signature by key %s was made at %s, but it is %s", by, date(s.CreationTime), date(now))
	case s.CreationTime.Before(by.public.CreationTime):
		return refuse(ErrBadSignature, "the signature by key %s was made at %s, before the key (%s)", by, date(s.CreationTime), date(by.public.CreationTime))
	}
	if end, ok := after(s.CreationTime, s.SigLifetimeSecs); ok && end.Before(now) {
		return refuse(ErrExpired, "the signature by key %s expired at %s", by, date(end))
	}
	for _, n := range s.Notations {
		if n.IsCritical { // RFC 9580, section 5.2.3.7: what is not understood is an error
			return refuse(ErrBadSignature, "the signature by key %s has a critical notation %q, whose meaning is not known", by, n.Name)
		}
	}
	return nil
}

// check judges the key: whether signatures by it count at the time.
func (k key) check(at time.Time) error {
	if err := checkStrength(k.entity.PrimaryKey); err != nil {
		return err
	}
	self, err := k.entity.VerifyPrimaryKey(at, &packet.Config{})
	if err != nil {
		return explain(err, k.entity.PrimaryKey, self)
	}
	if k.subkey == nil {
		// A key without flags may be used for everything that it is able to.
		if self.FlagsValid && !self.FlagSign {
			return refuse(ErrUnusableKey, "key %s is not meant for signing", k)
		}
		return nil
	}
	if err := checkStrength(k.public); err != nil {
		return err
	}
	binding, err := k.subkey.Verify(at, &packet.Config{})
	if err != nil {
		if errors.Is(err, pgperrors.ErrKeyExpired) {
			binding, _ = k.subkey.LatestValidBindingSignature(at, &packet.Config{})
		}
		return explain(err, k.public, binding)
	}
	// Only this flag comes with a signature of the subkey back over its primary key,
	// without which a stranger could take the subkey for its own.
	if !binding.FlagSign {
		return refuse(ErrUnusableKey, "key %s is not meant for signing", k)
	}
	return nil
}

// explain turns an error of the library about a key, whose properties stand in
// its self-signature, into a reason.
func explain(err error, k *packet.PublicKey, self *packet.Signature) error {
	switch {
	case errors.Is(err, pgperrors.ErrKeyRevoked):
		return refuse(ErrRevoked, "key %s is revoked", fingerprint(k))
	case errors.Is(err, pgperrors.ErrKeyExpired):
		if self != nil {
			if end, ok := after(k.CreationTime, self.KeyLifetimeSecs); ok {
				return refuse(ErrExpired, "key %s expired at %s", fingerprint(k), date(end))
			}
		}
		return refuse(ErrExpired, "key %s is not valid yet, or not any more", fingerprint(k))
	}
	return refuse(ErrUnusableKey, "key %s does not vouch for itself: %v", fingerprint(k), err)
}

func checkStrength(k *packet.PublicKey) error {
	switch k.PubKeyAlgo {
	case packet.PubKeyAlgoDSA, packet.PubKeyAlgoElGamal:
		return refuse(ErrWeak, "key %s is a DSA or ElGamal key, which is too weak", fingerprint(k))
	}
	if public, ok := k.PublicKey.(*rsa.PublicKey); ok && public.N.BitLen() < minRSA {
		return refuse(ErrWeak, "key %s is an RSA key of %d bits, which is too weak (at least %d)", fingerprint(k), public.N.BitLen(), minRSA)
	}
	return nil
}

// after returns when something ends that lasts some seconds; ok is false when it
// does not end.
func after(start time.Time, seconds *uint32) (end time.Time, ok bool) {
	if seconds == nil || *seconds == 0 {
		return time.Time{}, false
	}
	return start.Add(time.Duration(*seconds) * time.Second), true
}

func date(t time.Time) string { return t.UTC().Format(time.RFC3339) }
