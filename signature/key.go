package signature

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

var (
	_ repo.Signer = (*Key)(nil)
	_ SigningKey  = (*Key)(nil)
)

// ErrPassphrase means that a private key needs a passphrase, or another one.
var ErrPassphrase = errors.New("wrong passphrase")

// generatedBits is the size of generated RSA keys: good beyond 2030, and read by
// every apt and rpm that is still in use, which newer algorithms are not.
const generatedBits = 3072

// Key is a private key that signs with SHA-512. It may be used concurrently.
type Key struct {
	entity  *openpgp.Entity
	signing *packet.PrivateKey // the primary key or a subkey
	mu      sync.Mutex         // for entity, which remembers what was found out
}

// Generate makes a key for signing that does not expire: RSA with 3072 bits. Its user
// ID is the name, with an address behind it if wanted: "Packages <packages@example.org>".
func Generate(userID string) (*Key, error) {
	name, address := userID, ""
	if before, ok := strings.CutSuffix(userID, ">"); ok {
		name, address, _ = strings.Cut(before, " <")
	}
	if name == "" || packet.NewUserId(name, "", address) == nil {
		return nil, fmt.Errorf("generate a key: %q is not the name of one (expected such as %q)", userID, "Example packages <packages@example.org>")
	}
	private, err := rsa.GenerateKey(rand.Reader, generatedBits)
	if err != nil {
		return nil, fmt.Errorf("generate a key: %w", err)
	}
	k := packet.NewRSAPrivateKey(time.Now(), private)
	e := &openpgp.Entity{PrimaryKey: &k.PublicKey, PrivateKey: k, Identities: map[string]*openpgp.Identity{}}
	if err := e.AddUserId(name, "", address, signingConfig()); err != nil {
		return nil, fmt.Errorf("generate a key: %w", err)
	}
	return &Key{entity: e, signing: k}, nil
}

// ReadKey reads the only private key of a file, binary or armoured. The
// passphrase may be empty when the key has none. Errors about it wrap
// [ErrPassphrase].
func ReadKey(path string, passphrase []byte) (*Key, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the signing key: %w", err)
	}
	k, err := parseKey(content, passphrase)
	if err != nil {
		return nil, fmt.Errorf("signing key %s: %w", path, err)
	}
	return k, nil
}

func parseKey(content, passphrase []byte) (*Key, error) {
	packets, err := dearmor(content, openpgp.PrivateKeyType)
	if err != nil {
		return nil, err
	}
	entities, err := openpgp.ReadKeyRing(bytes.NewReader(packets))
	if err != nil {
		return nil, err
	}
	if len(entities) != 1 {
		return nil, fmt.Errorf("there are %d keys in it, expected one", len(entities))
	}
	e := entities[0]
	signing, err := signingKey(e)
	if err != nil {
		return nil, err
	}
	if signing.Encrypted {
		if len(passphrase) == 0 {
			return nil, refuse(ErrPassphrase, "it is protected by a passphrase, and none is given")
		}
		if err := e.DecryptPrivateKeys(passphrase); err != nil {
			return nil, refuse(ErrPassphrase, "the passphrase does not open it: %v", err)
		}
	}
	return &Key{entity: e, signing: signing}, nil
}

// signingKey returns the private key to sign with: the newest valid subkey for
// signing, else the primary key.
func signingKey(e *openpgp.Entity) (*packet.PrivateKey, error) {
	now := time.Now()
	k, ok := e.SigningKey(now, signingConfig())
	if !ok {
		err := key{entity: e, public: e.PrimaryKey}.check(now)
		if err == nil {
			err = refuse(ErrUnusableKey, "no key in it is meant for signing")
		}
		return nil, err
	}
	if k.PrivateKey == nil || k.PrivateKey.Dummy() {
		return nil, refuse(ErrUnusableKey, "the private half of key %s is not in it", fingerprint(k.PublicKey))
	}
	return k.PrivateKey, nil
}

// signingConfig chooses the algorithms of signatures.
func signingConfig() *packet.Config { return &packet.Config{DefaultHash: crypto.SHA512} }

// Signer is the key itself, which needs no time to speak of.
func (k *Key) Signer(context.Context) repo.Signer { return k }

// Inline returns the clear-signed content. White space at the ends of its lines is
// not signed and lost to readers, as in every clear-signed text; where the last
// line has no line end, readers see one.
func (k *Key) Inline(content []byte) ([]byte, error) {
	var document bytes.Buffer
	w, err := clearsign.Encode(&document, k.signing, signingConfig())
	if err != nil {
		return nil, k.failed(err)
	}
	// The last line end belongs to the signature that follows.
	if _, err := w.Write(bytes.TrimSuffix(content, []byte("\n"))); err != nil {
		return nil, k.failed(err)
	}
	if err := w.Close(); err != nil {
		return nil, k.failed(err)
	}
	document.WriteByte('\n')
	return document.Bytes(), nil
}

// Detached returns an armoured signature over the content.
func (k *Key) Detached(content []byte) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	config := signingConfig()
	config.SigningKeyId = k.signing.KeyId
	var packets bytes.Buffer
	if err := openpgp.DetachSign(&packets, []*openpgp.Entity{k.entity}, bytes.NewReader(content), config); err != nil {
		return nil, k.failed(err)
	}
	return enarmor(packets.Bytes(), openpgp.SignatureType)
}

func (k *Key) failed(err error) error {
	return fmt.Errorf("sign with key %s: %w", k.Fingerprint(), err)
}

// Fingerprint returns the fingerprint of the primary key in upper-case
// hexadecimal.
func (k *Key) Fingerprint() string { return fingerprint(k.entity.PrimaryKey) }

// Public returns the public key for clients, armoured and binary.
func (k *Key) Public(context.Context) (armored, binary []byte, err error) {
	var packets bytes.Buffer
	if err := k.entity.Serialize(&packets); err != nil {
		return nil, nil, fmt.Errorf("write public key %s: %w", k.Fingerprint(), err)
	}
	armored, err = enarmor(packets.Bytes(), openpgp.PublicKeyType)
	return armored, packets.Bytes(), err
}

// WritePrivate writes the private key, armoured, and protected by the passphrase where
// that is not empty. Without one its readers can sign: a file of it is for its owner
// alone.
func (k *Key) WritePrivate(w io.Writer, passphrase []byte) error {
	packets, err := k.privatePackets(passphrase)
	if err != nil {
		return fmt.Errorf("write private key %s: %w", k.Fingerprint(), err)
	}
	armored, err := enarmor(packets, openpgp.PrivateKeyType)
	if err != nil {
		return fmt.Errorf("write private key %s: %w", k.Fingerprint(), err)
	}
	_, err = w.Write(armored)
	return err
}

func (k *Key) privatePackets(passphrase []byte) ([]byte, error) {
	var open bytes.Buffer
	if err := k.entity.SerializePrivateWithoutSigning(&open, nil); err != nil {
		return nil, err
	}
	if len(passphrase) == 0 {
		return open.Bytes(), nil
	}
	copies, err := openpgp.ReadKeyRing(&open) // the key itself is to stay open
	if err != nil {
		return nil, err
	}
	if err := copies[0].EncryptPrivateKeys(passphrase, &packet.Config{DefaultCipher: packet.CipherAES256}); err != nil {
		return nil, err
	}
	var closed bytes.Buffer
	err = copies[0].SerializePrivateWithoutSigning(&closed, nil)
	return closed.Bytes(), err
}
