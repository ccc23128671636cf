package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// key is an OpenPGP key in a GNUPGHOME of its own.
type key struct{ home string }

// newKey makes a fresh key; the home is made for it.
func newKey(home string) (*key, error) {
	if err := os.MkdirAll(home, 0o700); err != nil {
		return nil, err
	}
	k := &key{home}
	_, err := k.gpg(nil, "--passphrase", "", "--quick-generate-key", "Benchmark <benchmark@example.org>", "ed25519", "sign", "never")
	return k, err
}

// export writes the public key in its binary and its armoured form.
func (k *key) export(dir string) error {
	for name, options := range map[string][]string{"key.gpg": nil, "key.asc": {"--armor"}} {
		public, err := k.gpg(nil, append(options, "--export")...)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), public, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// inline is the clear-signed document.
func (k *key) inline(document []byte) ([]byte, error) { return k.gpg(document, "--clear-sign") }

// detached is an armoured signature.
func (k *key) detached(document []byte) ([]byte, error) {
	return k.gpg(document, "--armor", "--detach-sign")
}

// close ends the agent that gpg started for the home.
func (k *key) close() { _ = exec.Command("gpgconf", "--homedir", k.home, "--kill", "gpg-agent").Run() }

func (k *key) gpg(input []byte, args ...string) ([]byte, error) {
	c := exec.Command("gpg", append([]string{"--homedir", k.home, "--batch", "--quiet", "--pinentry-mode", "loopback"}, args...)...)
	c.Stdin = bytes.NewReader(input)
	var messages bytes.Buffer
	c.Stderr = &messages
	out, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("gpg: %w: %s", err, bytes.TrimSpace(messages.Bytes()))
	}
	return out, nil
}
