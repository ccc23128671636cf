package signature

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// SigningKey is a key that signs: a [Key] of a file, a [GPG] or a [Command].
type SigningKey interface {
	// Signer signs until the context ends.
	Signer(ctx context.Context) repo.Signer
	// Public returns the public key for clients, armoured and binary.
	Public(ctx context.Context) (armored, binary []byte, err error)
}

// Signing is all keys that sign a repository. There are several while one key takes
// the place of another: then each of them signs, so that clients that know any one of
// them believe the repository.
type Signing struct {
	// Verifier accepts the signatures of the keys and nothing else.
	Verifier repo.Verifier
	// Fingerprint identifies the keys: their fingerprints, with commas between.
	Fingerprint string
	// Public is the public halves, by name of the file that clients get them as:
	// key.asc and key.gpg.
	Public map[string][]byte

	keys []pairedKey
}

// pairedKey is a key with the keyring that its signatures are checked with.
type pairedKey struct {
	SigningKey
	ring *Keyring
}

// NewSigning makes the signatures of one key or of several, in this order.
func NewSigning(ctx context.Context, keys ...SigningKey) (*Signing, error) {
	if len(keys) == 0 {
		return nil, errors.New("no key to sign with")
	}
	s, all := &Signing{}, &Keyring{}
	var packets []byte
	for _, key := range keys {
		_, binary, err := key.Public(ctx)
		if err != nil {
			return nil, err
		}
		ring := &Keyring{}
		if err := ring.Add("the signing key", binary); err != nil {
			return nil, err
		}
		for _, f := range ring.Fingerprints() {
			if slices.Contains(all.Fingerprints(), f) {
				return nil, fmt.Errorf("key %s is to sign twice", f)
			}
		}
		all.keys = append(all.keys, ring.keys...)
		packets = append(packets, binary...)
		s.keys = append(s.keys, pairedKey{key, ring})
	}
	armored, err := enarmor(packets, openpgp.PublicKeyType)
	if err != nil {
		return nil, err
	}
	s.Verifier, s.Fingerprint = all, strings.Join(all.Fingerprints(), ",")
	s.Public = map[string][]byte{"key.asc": armored, "key.gpg": packets}
	return s, nil
}

// Signer signs with all of the keys until the context ends. Every signature is checked
// with the public half of its key before it is returned.
func (s *Signing) Signer(ctx context.Context) repo.Signer { return signer{ctx, s.keys} }

type signer struct {
	ctx  context.Context
	keys []pairedKey
}

// Inline returns one clear-signed document with the signatures of all keys.
func (s signer) Inline(content []byte) ([]byte, error) {
	var documents [][]byte
	for _, key := range s.keys {
		document, err := key.Signer(s.ctx).Inline(content)
		if err != nil {
			return nil, err
		}
		signed, _, err := key.ring.Inline(document, time.Now())
		if err != nil {
			return nil, fmt.Errorf("what key %s signed does not verify: %w", list(key.ring.Fingerprints()), err)
		}
		if !bytes.Equal(signed, clearText(content)) {
			return nil, fmt.Errorf("key %s signed another text than it was given", list(key.ring.Fingerprints()))
		}
		documents = append(documents, document)
	}
	return joinClearSigned(documents)
}

// Detached returns one armoured block of the signatures of all keys.
func (s signer) Detached(content []byte) ([]byte, error) {
	var all []byte
	for _, key := range s.keys {
		detached, err := key.Signer(s.ctx).Detached(content)
		if err != nil {
			return nil, err
		}
		if _, err := key.ring.Detached(content, detached, time.Now()); err != nil {
			return nil, fmt.Errorf("what key %s signed does not verify: %w", list(key.ring.Fingerprints()), err)
		}
		packets, err := dearmor(detached, openpgp.SignatureType)
		if err != nil {
			return nil, err
		}
		all = append(all, packets...)
	}
	return enarmor(all, openpgp.SignatureType)
}
