package assembly

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

// ReleaseKey is the secret key in the state directory that signs where nothing else is
// configured.
const ReleaseKey = "release-key.asc"

// Signing is the keys that sign what is ours, partial mirrors and repositories that are
// created: the configured ones, or one that is made once.
func Signing(ctx context.Context, s *store.Store, configured []config.Sign) (*signature.Signing, error) {
	if len(configured) == 0 {
		key, err := ownKey(s)
		if err != nil {
			return nil, err
		}
		return signature.NewSigning(ctx, key)
	}
	var keys []signature.SigningKey
	for _, c := range configured {
		key, err := SigningKey(ctx, c)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return signature.NewSigning(ctx, keys...)
}

// SigningKey is a configured key.
func SigningKey(ctx context.Context, c config.Sign) (signature.SigningKey, error) {
	secret := []byte(c.Passphrase.Reveal())
	if c.PassphraseFile != "" {
		var err error
		if secret, err = FirstLine(c.PassphraseFile); err != nil {
			return nil, err
		}
	}
	switch {
	case c.GPG != "":
		return GPGKey(c, secret), nil
	case len(c.Command) > 0:
		public, err := os.ReadFile(c.Public)
		if err != nil {
			return nil, fmt.Errorf("read the public key of %s: %w", c.Command[0], err)
		}
		return signature.NewCommand(c.Command, c.Public, public, c.Timeout)
	}
	key, err := signature.ReadKey(c.Key, secret)
	if len(secret) > 0 || !errors.Is(err, signature.ErrPassphrase) {
		return key, err
	}
	terminal, absent := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if absent != nil {
		return nil, err
	}
	defer terminal.Close()
	return askForKey(ctx, terminal, c.Key)
}

// GPGKey is a configured key that gpg has.
func GPGKey(c config.Sign, passphrase []byte) signature.GPG {
	key := signature.GPG{KeyID: c.GPG, Command: c.Command, Timeout: c.Timeout}
	if len(passphrase) > 0 {
		key.Passphrase = passphrase
	}
	return key
}

// FirstLine reads a passphrase from a file.
func FirstLine(file string) ([]byte, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the passphrase of the signing key: %w", err)
	}
	line, _, _ := bytes.Cut(content, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r")), nil
}

// ownKey is the key in the state directory, which is made where there is none.
func ownKey(s *store.Store) (*signature.Key, error) {
	key, err := signature.ReadKey(s.PrivateFile(ReleaseKey), nil)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if key, err = signature.Generate(DefaultKeyName()); err != nil {
		return nil, err
	}
	var secret bytes.Buffer
	if err := key.WritePrivate(&secret, nil); err != nil {
		return nil, err
	}
	return key, s.WritePrivate(ReleaseKey, secret.Bytes())
}

// DefaultKeyName is what a key is called that nobody gave a name.
func DefaultKeyName() string {
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "localhost"
	}
	return "mirrorkeeper on " + host
}

// rememberKeys keeps the keys that verify the mirror in the store.
func rememberKeys(s *store.Store, m *mirror.Mirror) error {
	var keys [][]byte
	if m.Sign != nil {
		keys = append(keys, m.Sign.Public["key.asc"])
	}
	if m.Full() {
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
