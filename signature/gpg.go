package signature

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

var _ SigningKey = GPG{}

// ErrAgent means that gpg's agent cannot be reached, or cannot ask for the passphrase.
var ErrAgent = errors.New("gpg-agent")

// GPG signs by running gpg(1), for keys in gpg-agent and on hardware. A passphrase is
// the agent's business, unless one is given. It is never on a command line.
type GPG struct {
	// KeyID names the key as gpg does, best by fingerprint; "" is gpg's default key.
	KeyID string
	// Command is gpg with options of its own, nil for "gpg".
	Command []string
	// Passphrase is what the key is protected with, nil to have the agent ask.
	Passphrase []byte
	// Timeout is for each signature, 0 for two minutes.
	Timeout time.Duration
}

// Signer runs gpg until the context ends.
func (g GPG) Signer(ctx context.Context) repo.Signer { return gpgSigner{ctx, g} }

type gpgSigner struct {
	ctx context.Context
	GPG
}

// Inline returns the clear-signed content, as [Key.Inline] does.
func (s gpgSigner) Inline(content []byte) ([]byte, error) {
	return s.sign(s.ctx, content, "--clear-sign")
}

// Detached returns an armoured signature over the content.
func (s gpgSigner) Detached(content []byte) ([]byte, error) {
	return s.sign(s.ctx, content, "--armor", "--detach-sign")
}

// Public returns the public key for clients, armoured and binary.
func (g GPG) Public(ctx context.Context) (armored, binary []byte, err error) {
	args := []string{"--no-armor", "--export", "--"}
	if g.KeyID != "" {
		args = append(args, g.KeyID)
	}
	const most = 16 << 20 // a key that many have certified
	if binary, err = g.run(ctx, program{timeout: g.Timeout, most: most}, nil, args...); err != nil {
		return nil, nil, err
	}
	if len(binary) == 0 {
		return nil, nil, fmt.Errorf("%s has no public key %q", g.program(), g.KeyID)
	}
	if keys, err := readKeys(binary); err == nil && len(keys) > 1 {
		return nil, nil, fmt.Errorf("%s has %d public keys %q, expected the one that signs: name it by its fingerprint", g.program(), len(keys), g.KeyID)
	}
	armored, err = enarmor(binary, openpgp.PublicKeyType)
	return armored, binary, err
}

func (g GPG) sign(ctx context.Context, content []byte, command ...string) ([]byte, error) {
	args := []string{"--digest-algo", "SHA512"}
	if g.KeyID != "" {
		args = append(args, "--local-user", g.KeyID)
	}
	if g.Passphrase != nil {
		args = append(args, "--pinentry-mode", "loopback", "--passphrase-fd", "3")
	}
	p := program{timeout: g.Timeout, secret: g.Passphrase, most: maxSigned(content)}
	return g.run(ctx, p, content, append(args, command...)...)
}

func (g GPG) run(ctx context.Context, p program, input []byte, args ...string) ([]byte, error) {
	command := g.Command
	if len(command) == 0 {
		command = []string{"gpg"}
	}
	p.argv = append(command[:len(command):len(command)], "--batch", "--no-tty", "--quiet", "--status-fd", "2")
	p.argv = append(p.argv, args...)
	output, messages, err := p.run(ctx, input)
	if err != nil {
		return nil, fmt.Errorf("%s with key %q: %w", g.program(), g.KeyID, explainGPG(err, messages))
	}
	return output, nil
}

func (g GPG) program() string {
	if len(g.Command) == 0 {
		return "gpg"
	}
	return g.Command[0]
}

// explainGPG turns what gpg said into a reason. Its lines of status (doc/DETAILS of
// GnuPG) have numbers of libgpg-error, which do not depend on the language.
func explainGPG(err error, messages []byte) error {
	var words []string
	code := 0
	for line := range strings.Lines(string(messages)) {
		status, ok := strings.CutPrefix(line, "[GNUPG:] ")
		if !ok {
			words = append(words, strings.ToValidUTF8(strings.TrimSpace(line), "?"))
			continue
		}
		if fields := strings.Fields(status); len(fields) == 3 && fields[0] == "FAILURE" {
			number, _ := strconv.Atoi(fields[2])
			code = number & 0xffff // what is above says which part of GnuPG failed
		}
	}
	detail := strings.Join(words, "; ")
	switch code {
	case 11, 31, 87: // bad passphrase, invalid passphrase, bad PIN
		return refuse(ErrPassphrase, "the passphrase is wrong (%s)", detail)
	case 177: // no passphrase
		return refuse(ErrPassphrase, "it is protected by a passphrase, and none is given (%s)", detail)
	case 17: // no secret key
		return fmt.Errorf("it has no secret key of that name: %s", detail)
	case 77, 78: // no agent, error of the agent
		return refuse(ErrAgent, "gpg-agent cannot be reached (%s)", detail)
	case 85, 86, 32768 + enotty: // no pinentry, error of it, and what it says without a terminal
		return refuse(ErrAgent, "gpg-agent cannot ask for the passphrase here (%s)", detail)
	case 99, 198: // cancelled
		return fmt.Errorf("whoever was asked for the passphrase declined: %s", detail)
	case 62: // timeout
		return refuse(ErrTimeout, "nobody gave the passphrase in time (%s)", detail)
	}
	if detail == "" {
		return err
	}
	return fmt.Errorf("%w: %s", err, detail)
}

// enotty is the number of libgpg-error for an inappropriate ioctl.
const enotty = 102
