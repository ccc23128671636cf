package signature

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

var _ SigningKey = (*Command)(nil)

// Command signs by running a program, for keys in hardware modules and behind services
// of all kinds. The program gets one more argument:
//
//	inline    it writes the clear-signed document to standard output
//	detached  it writes an armoured detached signature there
//
// and reads what to sign from standard input. It has no terminal. When it ends with
// another exit code than 0, what it wrote to standard error is the reason.
type Command struct {
	argv    []string
	timeout time.Duration
	public  *Keyring
}

// NewCommand makes a signing key of a program with its arguments, and of the content
// of the file that holds its public key. The timeout is for each signature, 0 for two
// minutes.
func NewCommand(argv []string, name string, public []byte, timeout time.Duration) (*Command, error) {
	if len(argv) == 0 {
		return nil, errors.New("no command to sign with")
	}
	ring := &Keyring{}
	if err := ring.Add(name, public); err != nil {
		return nil, err
	}
	if len(ring.keys) != 1 {
		return nil, fmt.Errorf("%s: there are %d keys in it, expected the one that %s signs with", name, len(ring.keys), argv[0])
	}
	return &Command{argv, timeout, ring}, nil
}

// Public returns the public key for clients, armoured and binary.
func (c *Command) Public(context.Context) (armored, binary []byte, err error) {
	if binary, err = c.public.Binary(); err != nil {
		return nil, nil, err
	}
	armored, err = enarmor(binary, openpgp.PublicKeyType)
	return armored, binary, err
}

// Signer runs the program until the context ends.
func (c *Command) Signer(ctx context.Context) repo.Signer { return commandSigner{ctx, c} }

type commandSigner struct {
	ctx context.Context
	*Command
}

func (s commandSigner) Inline(content []byte) ([]byte, error) { return s.run("inline", content) }

func (s commandSigner) Detached(content []byte) ([]byte, error) { return s.run("detached", content) }

func (s commandSigner) run(how string, content []byte) ([]byte, error) {
	argv := append(s.argv[:len(s.argv):len(s.argv)], how)
	p := program{argv: argv, timeout: s.timeout, most: maxSigned(content)}
	signed, messages, err := p.run(s.ctx, content)
	if err != nil {
		return nil, fmt.Errorf("sign with %s: %w%s", strings.Join(argv, " "), err, said(messages))
	}
	if len(bytes.TrimSpace(signed)) == 0 {
		return nil, fmt.Errorf("sign with %s: it wrote nothing to its standard output%s", strings.Join(argv, " "), said(messages))
	}
	return signed, nil
}

// said is what a program said, for the end of an error.
func said(messages []byte) string {
	messages = bytes.TrimSpace(messages)
	if len(messages) == 0 {
		return ""
	}
	return ": " + strings.ToValidUTF8(string(messages), "?")
}
