package signature

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"

	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

var (
	_ repo.Signer = GPG{}
	_ SigningKey  = GPG{}
)

// GPG signs by running gpg(1), for keys in gpg-agent and on hardware. A
// passphrase is the agent's business: it is never passed on the command line.
type GPG struct {
	// KeyID names the key as gpg does, best by fingerprint; "" is gpg's default key.
	KeyID string
	// Program is gpg's name or path, "" for "gpg".
	Program string
}

// Signer is gpg.
func (g GPG) Signer(context.Context) repo.Signer { return g }

// Inline returns the clear-signed content, as [Key.Inline] does.
func (g GPG) Inline(content []byte) ([]byte, error) {
	return g.sign(content, "--clear-sign")
}

// Detached returns an armoured signature over the content.
func (g GPG) Detached(content []byte) ([]byte, error) {
	return g.sign(content, "--armor", "--detach-sign")
}

// Public returns the public key for clients, armoured and binary.
func (g GPG) Public() (armored, binary []byte, err error) {
	args := []string{"--no-armor", "--export", "--"}
	if g.KeyID != "" {
		args = append(args, g.KeyID)
	}
	if binary, err = g.run(nil, args...); err != nil {
		return nil, nil, err
	}
	if len(binary) == 0 {
		return nil, nil, fmt.Errorf("%s has no public key %q", g.program(), g.KeyID)
	}
	armored, err = enarmor(binary, openpgp.PublicKeyType)
	return armored, binary, err
}

func (g GPG) sign(content []byte, command ...string) ([]byte, error) {
	args := []string{"--digest-algo", "SHA512"}
	if g.KeyID != "" {
		args = append(args, "--local-user", g.KeyID)
	}
	return g.run(content, append(args, command...)...)
}

func (g GPG) run(input []byte, args ...string) ([]byte, error) {
	var output, messages bytes.Buffer
	c := exec.Command(g.program(), append([]string{"--batch", "--no-tty", "--quiet"}, args...)...)
	c.Stdin, c.Stdout, c.Stderr = bytes.NewReader(input), &output, &messages
	if err := c.Run(); err != nil {
		return nil, fmt.Errorf("%s with key %q: %w: %s", g.program(), g.KeyID, err, bytes.TrimSpace(messages.Bytes()))
	}
	return output.Bytes(), nil
}

func (g GPG) program() string {
	if g.Program == "" {
		return "gpg"
	}
	return g.Program
}
