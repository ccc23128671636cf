package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/mirrorkeeper/mirrorkeeper/config"
	"github.com/mirrorkeeper/mirrorkeeper/mirror"
	"github.com/mirrorkeeper/mirrorkeeper/signature"
	"github.com/mirrorkeeper/mirrorkeeper/store"
)

// releaseKey is the secret key in the state directory that signs partial mirrors
// where the configuration names none.
const releaseKey = "release-key.asc"

// signing is the key that signs a partial mirror: the configured one, or one that
// is made once.
func signing(s *store.Store, c *config.Sign) (*mirror.Signing, error) {
	switch {
	case c != nil && c.GPG != "":
		return signingOf(signature.NewGPG(c.GPG, c.Command))
	case c != nil:
		return signingOf(signature.ReadKey(c.Key, c.Passphrase.Reveal()))
	}
	key, err := signature.ReadKey(s.PrivateFile(releaseKey), "")
	if !errors.Is(err, fs.ErrNotExist) {
		return signingOf(key, err)
	}
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "localhost"
	}
	if key, err = signature.Generate("mirrorkeeper on " + host); err != nil {
		return nil, err
	}
	secret, err := key.Private()
	if err != nil {
		return nil, err
	}
	if err := s.WritePrivate(releaseKey, secret); err != nil {
		return nil, err
	}
	return signingOf(key, nil)
}

// signer is a key that signs, in a file or with gpg.
type signer interface {
	Inline(content []byte) ([]byte, error)
	Detached(content []byte) ([]byte, error)
	Fingerprint() string
	Public() (armoured, binary []byte, err error)
}

func signingOf[S signer](key S, err error) (*mirror.Signing, error) {
	if err != nil {
		return nil, err
	}
	armoured, binary, err := key.Public()
	if err != nil {
		return nil, err
	}
	ring, err := signature.Read("the signing key", armoured, nil)
	if err != nil {
		return nil, err
	}
	return &mirror.Signing{
		Signer: key, Verifier: ring, Fingerprint: key.Fingerprint(),
		Public: map[string][]byte{"key.asc": armoured, "key.gpg": binary},
	}, nil
}

// rememberKeys keeps the keys that verify the mirror in the store.
func rememberKeys(s *store.Store, m *mirror.Mirror) error {
	var keys [][]byte
	if !m.Full() {
		keys = append(keys, m.Sign.Public["key.asc"])
	} else {
		for _, source := range m.Sources {
			ring, ok := source.Keys.(*signature.Keyring)
			if !ok {
				continue // a trusted source has none
			}
			public, err := ring.Armoured()
			if err != nil {
				return fmt.Errorf("keys of %s: %w", source.Name, err)
			}
			keys = append(keys, public)
		}
	}
	return s.SetKeys(m.Name, keys)
}
