package mirror

import (
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/signature"
)

// Signing is the administrator's key.
type Signing struct {
	repo.Signer
	// Verifier accepts the key's signatures and nothing else.
	Verifier repo.Verifier
	// Fingerprint identifies the key.
	Fingerprint string
	// Public is the public half, by name of the file that clients get it as.
	Public map[string][]byte
}

// Key is a key that signs, such as [signature.Key] and [signature.GPG].
type Key interface {
	repo.Signer
	Public() (armored, binary []byte, err error)
}

// NewSigning makes what a partial mirror needs of a key. Clients get its public half
// as key.asc and key.gpg.
func NewSigning(key Key) (*Signing, error) {
	armored, binary, err := key.Public()
	if err != nil {
		return nil, err
	}
	ring := &signature.Keyring{}
	if err := ring.Add("the signing key", binary); err != nil {
		return nil, err
	}
	return &Signing{
		Signer: key, Verifier: ring, Fingerprint: strings.Join(ring.Fingerprints(), ","),
		Public: map[string][]byte{"key.asc": armored, "key.gpg": binary},
	}, nil
}
