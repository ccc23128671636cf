package signature

import (
	"bytes"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
)

// maxSignatures of one document: more are an attempt to keep us busy.
const maxSignatures = 64

// Inline returns the content of a clear-signed document and who signed it: for
// each good signature the fingerprint of the primary key, followed by its user ID
// in parentheses. The content has LF line ends, one at its end, and no white space
// at the ends of lines, which no clear signature covers. A document with anything
// but white space around the signed text is refused.
//
// The error is an [*Error] when there are signatures and none is believed.
func (k *Keyring) Inline(document []byte, now time.Time) (content []byte, signers []string, err error) {
	d, err := splitClearSigned(document)
	if err != nil {
		return nil, nil, err
	}
	signers, err = k.verify(d.hashed, d.signature, now)
	if err != nil {
		return nil, nil, err
	}
	return d.text, signers, nil
}

// Detached checks a detached signature, binary or armoured, over the content, and
// returns who signed as [Keyring.Inline] does.
func (k *Keyring) Detached(content, signature []byte, now time.Time) (signers []string, err error) {
	packets, err := dearmor(signature, openpgp.SignatureType)
	if err != nil {
		return nil, refuse(ErrUnsigned, "the signature file cannot be read: %v", err)
	}
	return k.verify(content, packets, now)
}

// verify checks all signatures of the content; one good one is enough, since all
// of them are over the same bytes.
func (k *Keyring) verify(content, packets []byte, now time.Time) (signers []string, err error) {
	signatures, reasons, err := readSignatures(packets)
	if err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	var strangers []string
	for _, s := range signatures {
		keys := k.keysFor(s)
		if len(keys) == 0 {
			strangers = append(strangers, issuer(s))
			continue
		}
		signer, err := check(content, s, keys, now)
		if err != nil {
			reasons = append(reasons, err)
		} else if !slices.Contains(signers, signer) {
			signers = append(signers, signer)
		}
	}
	if len(signers) > 0 {
		return signers, nil
	}
	switch len(strangers) {
	case 0:
	case 1:
		reasons = append(reasons, refuse(ErrUnknownKey, "signed by key %s, which is not among the pinned keys %s", strangers[0], list(k.Fingerprints())))
	default:
		reasons = append(reasons, refuse(ErrUnknownKey, "signed by the keys %s, which are not among the pinned keys %s", list(strangers), list(k.Fingerprints())))
	}
	return nil, &Error{Reasons: reasons}
}

// readSignatures returns the signatures, and for each one of a kind that the
// library does not know the reason why it does not count. There is at least one of
// either.
func readSignatures(packets []byte) (signatures []*packet.Signature, unknown []error, err error) {
	for r := packet.NewReader(bytes.NewReader(packets)); ; {
		p, err := r.NextWithUnsupported()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, nil, refuse(ErrUnsigned, "the signature is malformed: %v", err)
		}
		if len(signatures)+len(unknown) == maxSignatures {
			return nil, nil, refuse(ErrBadSignature, "there are more than %d signatures", maxSignatures)
		}
		switch p := p.(type) {
		case *packet.Signature:
			signatures = append(signatures, p)
		case *packet.UnsupportedPacket:
			unknown = append(unknown, refuse(ErrUnsupported, "a signature is of a kind that is not supported, such as one of an MD5 digest (%v)", p.Error))
		default:
			return nil, nil, refuse(ErrUnsigned, "the signature holds something else (%s)", strings.TrimPrefix(fmt.Sprintf("%T", p), "*packet."))
		}
	}
	if len(signatures)+len(unknown) == 0 {
		return nil, nil, refuse(ErrUnsigned, "it holds no signature")
	}
	return signatures, unknown, nil
}

// keysFor returns the believed keys that may have made the signature: none, or one
// key, perhaps in several copies of various age.
func (k *Keyring) keysFor(s *packet.Signature) (keys []key) {
	for _, e := range k.keys {
		for _, key := range keysOf(e) {
			if s.CheckKeyIdOrFingerprint(key.public) && key.pinned(k.pins) {
				keys = append(keys, key)
			}
		}
	}
	return keys
}

// check returns who of the keys, which are copies of one, made the signature, if it
// is good. A copy that does not know of the key's revocation is out of date.
func check(content []byte, s *packet.Signature, keys []key, now time.Time) (signer string, err error) {
	for _, key := range keys {
		switch reason := checkBy(key, content, s, now); {
		case errors.Is(reason, ErrRevoked):
			return "", reason
		case reason == nil:
			signer = key.signer()
		default:
			err = reason
		}
	}
	if signer != "" {
		return signer, nil
	}
	return "", err
}

func checkBy(key key, content []byte, s *packet.Signature, now time.Time) error {
	if err := checkSignature(s, key, now); err != nil {
		return err
	}
	// A key that was made a moment ago on a machine whose clock is a bit ahead is
	// good at the time of its signature.
	at := now
	if s.CreationTime.After(now) {
		at = s.CreationTime
	}
	if err := key.check(at); err != nil {
		return err
	}
	digest, err := s.PrepareVerify()
	if err != nil {
		return refuse(ErrBadSignature, "the signature by key %s cannot be checked: %v", key, err)
	}
	var input hash.Hash = digest
	if s.SigType == packet.SigTypeText {
		input = openpgp.NewCanonicalTextHash(digest)
	}
	input.Write(content)
	if err := key.public.VerifySignature(digest, s); err != nil {
		return refuse(ErrBadSignature, "the signature by key %s does not belong to this content, which was changed or is another one (%v)", key, err)
	}
	return nil
}

// issuer names the key that a signature says it was made by.
func issuer(s *packet.Signature) string {
	switch {
	case len(s.IssuerFingerprint) > 0:
		return fmt.Sprintf("%X", s.IssuerFingerprint)
	case s.IssuerKeyId != nil:
		return fmt.Sprintf("%016X", *s.IssuerKeyId)
	}
	return "(unnamed)"
}
