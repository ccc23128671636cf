package signature

import (
	"bytes"
	"fmt"
	"slices"

	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
)

// Fingerprints identify what the keyring believes: the fingerprints that it is
// restricted to, else those of its primary keys.
func (k *Keyring) Fingerprints() []string {
	if k.pins == nil {
		return k.fingerprints()
	}
	var all []string
	for _, p := range k.pins {
		all = append(all, p.String())
	}
	return all
}

// Armored returns the keys that the keyring believes as one armoured block, whole
// keys also where it is restricted to subkeys of theirs.
func (k *Keyring) Armored() ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var b bytes.Buffer
	for _, e := range k.keys {
		if !k.pinned(e) {
			continue
		}
		if err := e.Serialize(&b); err != nil {
			return nil, fmt.Errorf("key %s: %w", fingerprint(e.PrimaryKey), err)
		}
	}
	return enarmor(b.Bytes(), openpgp.PublicKeyType)
}

// pinned reports whether a key or one of its subkeys is believed.
func (k *Keyring) pinned(e *openpgp.Entity) bool {
	if k.pins == nil {
		return true
	}
	return slices.ContainsFunc(keysOf(e), func(key key) bool {
		return slices.ContainsFunc(k.pins, func(p pin) bool { return p.fingerprint == key.fingerprint() })
	})
}
