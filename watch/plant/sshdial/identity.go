package sshdial

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// maxKeyFile bounds a file of a private key, in bytes.
const maxKeyFile = 1 << 20

// credentials are what a server is shown, in this order.
type credentials struct {
	signers []ssh.Signer
	// missed says of keys why they are not among the signers.
	missed []string
}

// readCredentials collects the keys: the named ones first, each from the agent where
// it has it, then the others of the agent. A server counts what it is shown, so that
// an agent of many keys must not come first.
func (s *settings) readCredentials(agent []ssh.Signer) (*credentials, error) {
	c := &credentials{}
	certificates, err := readCertificates(s.certificates)
	if err != nil {
		return nil, err
	}
	for _, id := range s.identities {
		if err := c.read(id, s.passphrase, agent, certificates); err != nil {
			return nil, err
		}
	}
	for _, signer := range agent {
		if !s.identitiesOnly {
			c.add(signer)
		}
	}
	return c, nil
}

// add adds a key, once.
func (c *credentials) add(s ssh.Signer) {
	if !slices.ContainsFunc(c.signers, func(x ssh.Signer) bool { return sameKey(x.PublicKey(), s.PublicKey()) }) {
		c.signers = append(c.signers, s)
	}
}

func sameKey(a, b ssh.PublicKey) bool { return bytes.Equal(a.Marshal(), b.Marshal()) }

// read adds the key of a file, and its certificates before it.
func (c *credentials) read(id identity, passphrase string, agent []ssh.Signer, certificates []*ssh.Certificate) error {
	content, err := readKeyFile(id.file)
	if errors.Is(err, fs.ErrNotExist) && !id.required {
		// The private key may be the agent's alone.
		if content, err = readKeyFile(id.file + ".pub"); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
	}
	if err != nil {
		return fmt.Errorf("cannot read the identity: %w", err)
	}
	signer, err := c.signer(id, content, passphrase, agent)
	if signer == nil || err != nil {
		return err
	}
	beside, err := readCertificates([]string{id.file + "-cert.pub"})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, certificate := range append(beside, certificates...) {
		if sameKey(certificate.Key, signer.PublicKey()) {
			if s, err := ssh.NewCertSigner(certificate, signer); err == nil {
				c.add(s)
			}
		}
	}
	c.add(signer)
	return nil
}

// signer returns the key of a file: the agent's, where it has the same, else the
// file's. It is nil where the key cannot be used.
func (c *credentials) signer(id identity, content []byte, passphrase string, agent []ssh.Signer) (ssh.Signer, error) {
	held := func(public ssh.PublicKey) ssh.Signer {
		for _, s := range agent {
			if sameKey(s.PublicKey(), public) {
				return s
			}
		}
		return nil
	}
	if public, _, _, _, err := ssh.ParseAuthorizedKey(content); err == nil {
		if s := held(public); s != nil {
			return s, nil
		}
		c.missed = append(c.missed, id.file+" is a public key, whose private key no agent has")
		return nil, nil
	}
	signer, err := ssh.ParsePrivateKey(content)
	protected := (*ssh.PassphraseMissingError)(nil)
	switch {
	case err == nil:
		return signer, nil
	case errors.As(err, &protected) && passphrase != "":
		if signer, err = ssh.ParsePrivateKeyWithPassphrase(content, []byte(passphrase)); err == nil {
			return signer, nil
		}
		if id.required {
			return nil, fmt.Errorf("identity %s: the passphrase does not open it: %w", id.file, err)
		}
	case errors.As(err, &protected):
		if public := publicOf(id.file, protected); public != nil {
			if s := held(public); s != nil {
				return s, nil
			}
		}
		c.missed = append(c.missed, id.file+" is protected by a passphrase, and none is given and no agent has it")
		return nil, nil
	case id.required:
		return nil, fmt.Errorf("identity %s: %w", id.file, err)
	}
	c.missed = append(c.missed, fmt.Sprintf("%s cannot be used: %v", id.file, err))
	return nil, nil
}

// publicOf returns the public half of a protected key, where it can be read.
func publicOf(file string, protected *ssh.PassphraseMissingError) ssh.PublicKey {
	if protected.PublicKey != nil {
		return protected.PublicKey
	}
	content, err := readKeyFile(file + ".pub")
	if err != nil {
		return nil
	}
	public, _, _, _, err := ssh.ParseAuthorizedKey(content)
	if err != nil {
		return nil
	}
	return public
}

func readCertificates(files []string) (certificates []*ssh.Certificate, err error) {
	for _, file := range files {
		content, err := readKeyFile(file)
		if err != nil {
			return nil, fmt.Errorf("cannot read the certificate: %w", err)
		}
		key, _, _, _, err := ssh.ParseAuthorizedKey(content)
		if err != nil {
			return nil, fmt.Errorf("certificate %s: %w", file, err)
		}
		certificate, ok := key.(*ssh.Certificate)
		if !ok {
			return nil, fmt.Errorf("%s is a key of type %s, not a certificate", file, key.Type())
		}
		certificates = append(certificates, certificate)
	}
	return certificates, nil
}

func readKeyFile(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxKeyFile+1))
	if err == nil && len(content) > maxKeyFile {
		err = fmt.Errorf("%s is too large for a key (at most %d bytes)", name, maxKeyFile)
	}
	return content, err
}

// methods are the ways to log in, the most secure first.
func (s *settings) methods(c *credentials) (methods []ssh.AuthMethod) {
	if len(c.signers) > 0 {
		methods = append(methods, ssh.PublicKeys(c.signers...))
	}
	if s.password != "" {
		methods = append(methods, ssh.Password(s.password), ssh.KeyboardInteractive(s.answers()))
	}
	return methods
}

// answers answers with the password the one question that is asked without showing
// what is typed.
func (s *settings) answers() ssh.KeyboardInteractiveChallenge {
	asked := false
	return func(_, _ string, questions []string, echos []bool) ([]string, error) {
		answers := make([]string, len(questions))
		for i := range questions {
			if asked || echos[i] {
				return nil, fmt.Errorf("the host asks %q, which nobody can answer", questions[i])
			}
			answers[i], asked = s.password, true
		}
		return answers, nil
	}
}

// tried says what a server was shown, for an error.
func (s *settings) tried(c *credentials) string {
	var shown []string
	for _, signer := range c.signers {
		shown = append(shown, "key "+ssh.FingerprintSHA256(signer.PublicKey()))
	}
	if s.password != "" {
		shown = append(shown, "the password")
	}
	if len(shown) == 0 {
		shown = []string{"nothing: there is no key, no agent with keys and no password"}
	}
	return strings.Join(append(shown, c.missed...), "; ")
}
