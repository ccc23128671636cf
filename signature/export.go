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

// Armored returns the public keys that the keyring believes as one armoured block,
// whole keys also where it is restricted to subkeys of theirs.
func (k *Keyring) Armored() ([]byte, error) {
	packets, err := k.Binary()
	if err != nil {
		return nil, err
	}
	return enarmor(packets, openpgp.PublicKeyType)
}

// ArmoredEach is [Keyring.Armored] with a block for each key.
func (k *Keyring) ArmoredEach() ([]byte, error) {
	keys, err := k.export()
	if err != nil {
		return nil, err
	}
	var all []byte
	for _, packets := range keys {
		block, err := enarmor(packets, openpgp.PublicKeyType)
		if err != nil {
			return nil, err
		}
		all = append(all, block...)
	}
	return all, nil
}

// Binary is [Keyring.Armored] without the armour: a keyring as gpgv and apt read it.
func (k *Keyring) Binary() ([]byte, error) {
	keys, err := k.export()
	return bytes.Join(keys, nil), err
}

// export returns the packets of each public key that is believed.
func (k *Keyring) export() (all [][]byte, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, e := range k.keys {
		if !k.pinned(e) {
			continue
		}
		var packets bytes.Buffer
		if err := e.Serialize(&packets); err != nil {
			return nil, fmt.Errorf("key %s: %w", fingerprint(e.PrimaryKey), err)
		}
		all = append(all, packets.Bytes())
	}
	return all, nil
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
