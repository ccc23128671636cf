package main

import (
	"bytes"
	"context"
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

// signing is the keys that sign what is ours, partial mirrors and repositories that are
// created: the configured ones, or one that is made once.
func signing(ctx context.Context, s *store.Store, c *config.Sign) (*signature.Signing, error) {
	switch {
	case c != nil && c.GPG != "":
		gpg := signature.GPG{KeyID: c.GPG}
		if len(c.Command) > 0 {
			gpg.Program = c.Command[0]
		}
		return signature.NewSigning(gpg)
	case c != nil:
		key, err := signature.ReadKey(c.Key, []byte(c.Passphrase.Reveal()))
		if err != nil {
			return nil, err
		}
		return signature.NewSigning(key)
	}
	key, err := signature.ReadKey(s.PrivateFile(releaseKey), nil)
	if err == nil {
		return signature.NewSigning(key)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "localhost"
	}
	if key, err = signature.Generate("mirrorkeeper on " + host); err != nil {
		return nil, err
	}
	var secret bytes.Buffer
	if err := key.WritePrivate(&secret); err != nil {
		return nil, err
	}
	if err := s.WritePrivate(releaseKey, secret.Bytes()); err != nil {
		return nil, err
	}
	return signature.NewSigning(key)
}

// rememberKeys keeps the keys that verify the mirror in the store.
func rememberKeys(s *store.Store, m *mirror.Mirror) error {
	var keys [][]byte
	if !m.Full() {
		keys = append(keys, m.Sign.Public["key.asc"])
	} else {
		for _, source := range m.Sources {
			ring, ok := source.Keys.(*signature.Keyring)
			if !ok || source.Trusted {
				continue // nothing is known to sign its roots
			}
			public, err := ring.Armored()
			if err != nil {
				return fmt.Errorf("keys of %s: %w", source.Name, err)
			}
			keys = append(keys, public)
		}
	}
	return s.SetKeys(m.Name, keys)
}
