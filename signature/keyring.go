package signature

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

var _ repo.Verifier = (*Keyring)(nil)

// Keyring is the keys whose signatures are believed. The zero Keyring believes
// none. Checks may run concurrently, once all keys are in.
type Keyring struct {
	keys []*openpgp.Entity
	pins []pin      // nil: all keys are believed
	mu   sync.Mutex // for keys, which remember what was found out about them
}

// pin is the fingerprint of a key or subkey that is believed.
type pin struct {
	fingerprint string // upper-case hexadecimal
	exact       bool   // not the subkeys of it
}

func (p pin) String() string {
	if p.exact {
		return p.fingerprint + "!"
	}
	return p.fingerprint
}

// Load reads key files, each binary or armoured, and restricts the keyring to the
// fingerprints if there are any (see [Keyring.Restrict]).
func Load(paths, fingerprints []string) (*Keyring, error) {
	if len(paths) == 0 {
		return nil, fmt.Errorf("no key file is given")
	}
	k := &Keyring{}
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read keys: %w", err)
		}
		if err := k.Add(path, content); err != nil {
			return nil, err
		}
	}
	if err := k.Restrict(fingerprints...); err != nil {
		return nil, fmt.Errorf("%s: %w", strings.Join(paths, ", "), err)
	}
	return k, nil
}

// Add takes up the keys of a file's content, binary or armoured, several of them
// in one or more blocks. The name stands in errors. Keys of kinds that cannot be
// read are left out; it is an error when there is no other.
func (k *Keyring) Add(name string, content []byte) error {
	keys, err := readKeys(content)
	if err != nil {
		return fmt.Errorf("%s: no keys can be read: %w", name, err)
	}
	k.keys = append(k.keys, keys...)
	return nil
}

func readKeys(content []byte) (openpgp.EntityList, error) {
	packets, err := dearmor(content, openpgp.PublicKeyType, openpgp.PrivateKeyType)
	if err != nil {
		return nil, err
	}
	keys, err := openpgp.ReadKeyRing(bytes.NewReader(packets))
	if err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("it holds none")
	}
	return keys, nil
}

// Restrict believes only the keys with the given fingerprints from now on, as
// Signed-By of apt does (sources.list(5)): a fingerprint of a primary key stands
// for its subkeys too, one with a "!" behind it for exactly this key, and several
// may be separated by commas. It is an error when no key has any of them.
func (k *Keyring) Restrict(fingerprints ...string) error {
	var pins []pin
	for _, list := range fingerprints {
		for f := range strings.SplitSeq(list, ",") {
			p, err := parsePin(f)
			if err != nil {
				return err
			}
			pins = append(pins, p)
		}
	}
	if pins == nil {
		return nil
	}
	held := func(p pin) bool {
		return slices.ContainsFunc(k.keys, func(e *openpgp.Entity) bool {
			return slices.ContainsFunc(keysOf(e), func(key key) bool { return key.fingerprint() == p.fingerprint })
		})
	}
	if !slices.ContainsFunc(pins, held) {
		return fmt.Errorf("no key has the fingerprint %s; there are %s", list(pins), list(k.fingerprints()))
	}
	k.pins = pins
	return nil
}

// parsePin reads a fingerprint: 40 digits, or 64 of keys of version 6. Key IDs
// are shorter and can be forged.
func parsePin(s string) (pin, error) {
	digits, exact := strings.CutSuffix(strings.TrimSpace(s), "!")
	digits = strings.TrimPrefix(strings.ToUpper(strings.ReplaceAll(digits, " ", "")), "0X")
	if _, err := hex.DecodeString(digits); err != nil || len(digits) != 40 && len(digits) != 64 {
		return pin{}, fmt.Errorf("%q is not the fingerprint of a key (40 hexadecimal digits)", s)
	}
	return pin{digits, exact}, nil
}

// fingerprints returns those of all primary keys.
func (k *Keyring) fingerprints() []string {
	var all []string
	for _, e := range k.keys {
		all = append(all, fingerprint(e.PrimaryKey))
	}
	return all
}

// list writes what it is given for an error, shortened when it is long.
func list[T any](items []T) string {
	const most = 10
	if len(items) == 0 {
		return "(none)"
	}
	var words []string
	for _, item := range items[:min(len(items), most)] {
		words = append(words, fmt.Sprint(item))
	}
	if more := len(items) - most; more > 0 {
		words = append(words, fmt.Sprintf("%d more", more))
	}
	return strings.Join(words, ", ")
}
