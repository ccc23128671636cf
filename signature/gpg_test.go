package signature_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/signature"
)

func TestGPG(t *testing.T) {
	g := withGnuPG(t)
	t.Setenv("GNUPGHOME", gnupgHome)
	for _, name := range []string{"rsa", "ed25519", "subkey"} {
		t.Run(name, func(t *testing.T) { checkSigner(t, signature.GPG{KeyID: g.fingerprints[name]}) })
	}
	path, err := exec.LookPath("gpg")
	if err != nil {
		t.Fatal(err)
	}
	checkSigner(t, signature.GPG{KeyID: g.fingerprints["ed25519"], Command: []string{path, "--no-greeting"}})
}

// Clients get the key that signs, and no other of a similar name.
func TestGPGNamesOneKey(t *testing.T) {
	withGnuPG(t)
	t.Setenv("GNUPGHOME", gnupgHome)
	if _, _, err := (signature.GPG{KeyID: "@example.org"}).Public(t.Context()); err == nil || !strings.Contains(err.Error(), "name it by its fingerprint") {
		t.Errorf("error %v", err)
	}
}

func TestGPGErrors(t *testing.T) {
	withGnuPG(t)
	t.Setenv("GNUPGHOME", gnupgHome)
	for name, g := range map[string]signature.GPG{
		"unknown key": {KeyID: "nobody@example.org"},
		"an option":   {KeyID: "--version"},
		"no program":  {KeyID: "nobody@example.org", Command: []string{"/nonexistent/gpg"}},
	} {
		_, inline := g.Signer(t.Context()).Inline(release)
		_, detached := g.Signer(t.Context()).Detached(release)
		_, _, public := g.Public(t.Context())
		for _, err := range []error{inline, detached, public} {
			if err == nil || !strings.Contains(err.Error(), g.KeyID) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// cheaply has an agent spend no seconds on making passphrases hard to guess.
const cheaply = "s2k-count 65536\n"

// lockedGPG is gpg with one key of its own that has the passphrase "open sesame". Its
// agent asks for it by a script of these lines.
func lockedGPG(t *testing.T, pinentry ...string) []string {
	t.Helper()
	withGnuPG(t)
	command := []string{"gpg", "--homedir", lockedHome}
	program := filepath.Join(lockedHome, "pinentry")
	if lockedHome == "" {
		home, err := os.MkdirTemp("", "gnupg") // short enough for a socket
		if err != nil {
			t.Fatal(err)
		}
		lockedHome, command[2], program = home, home, filepath.Join(home, "pinentry")
		write(t, filepath.Join(home, "gpg-agent.conf"), []byte(cheaply))
		c := exec.Command("gpg", "--homedir", home, "--batch", "--quiet", "--pinentry-mode", "loopback",
			"--passphrase", "open sesame", "--quick-gen-key", "locked", "ed25519", "sign", "never")
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("gpg: %v\n%s", err, out)
		}
	}
	write(t, program, []byte("#!/bin/sh\n"+strings.Join(pinentry, "\n")+"\n"))
	if err := os.Chmod(program, 0o700); err != nil {
		t.Fatal(err)
	}
	if pinentry == nil {
		program = "/nonexistent"
	}
	write(t, filepath.Join(lockedHome, "gpg-agent.conf"), []byte(cheaply+"pinentry-program "+program+"\n"))
	// An agent remembers passphrases, and its configuration.
	if out, err := exec.Command("gpgconf", "--homedir", lockedHome, "--kill", "gpg-agent").CombinedOutput(); err != nil {
		t.Fatalf("gpgconf: %v\n%s", err, out)
	}
	return command
}

func TestGPGWithPassphrase(t *testing.T) {
	gpg := lockedGPG(t)
	checkSigner(t, signature.GPG{KeyID: "locked", Command: gpg, Passphrase: []byte("open sesame")})
}

// What an agent asks for is its own affair.
func TestGPGWithPinentry(t *testing.T) {
	gpg := lockedGPG(t, "echo OK", "while read command rest; do",
		`case $command in GETPIN) echo "D open sesame"; echo OK;; BYE) echo OK; exit;; *) echo OK;; esac`, "done")
	checkSigner(t, signature.GPG{KeyID: "locked", Command: gpg})
}

// pinentryThat answers the question for the passphrase so.
func pinentryThat(answer string) []string {
	return []string{"echo OK", "while read command rest; do", "case $command in GETPIN) " + answer + ";; BYE) echo OK; exit;; *) echo OK;; esac", "done"}
}

func TestGPGPassphraseErrors(t *testing.T) {
	for name, test := range map[string]struct {
		pinentry []string
		options  []string
		key      signature.GPG
		is       error
		says     string
	}{
		"a wrong passphrase":   {nil, nil, signature.GPG{Passphrase: []byte("close sesame")}, signature.ErrPassphrase, "passphrase is wrong"},
		"no pinentry":          {nil, nil, signature.GPG{}, signature.ErrAgent, "cannot ask for the passphrase"},
		"no agent":             {nil, []string{"--no-autostart"}, signature.GPG{}, signature.ErrAgent, "cannot be reached"},
		"nobody there":         {pinentryThat("read nothing"), nil, signature.GPG{Timeout: 300 * time.Millisecond}, signature.ErrTimeout, "300ms"},
		"one who declines":     {pinentryThat(`echo "ERR 83886179 declined"`), nil, signature.GPG{}, nil, "declined"},
		"one who is mistaken":  {pinentryThat(`echo "D close sesame"; echo OK`), nil, signature.GPG{}, signature.ErrPassphrase, "passphrase is wrong"},
		"one who had no time":  {pinentryThat(`echo "ERR 83886142 timeout"`), nil, signature.GPG{}, signature.ErrTimeout, "in time"},
		"a passphrase of a MB": {nil, nil, signature.GPG{Passphrase: make([]byte, 1<<20)}, nil, "more than 4096"},
	} {
		t.Run(name, func(t *testing.T) {
			key := test.key
			key.KeyID, key.Command = "locked", append(lockedGPG(t, test.pinentry...), test.options...)
			_, inline := key.Signer(t.Context()).Inline(release)
			_, detached := key.Signer(t.Context()).Detached(release)
			for _, err := range []error{inline, detached} {
				if err == nil || test.is != nil && !errors.Is(err, test.is) || !strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), `"locked"`) {
					t.Errorf("error %v, want %q, %v", err, test.says, test.is)
				}
				if err != nil && strings.Contains(err.Error(), "GNUPG:") {
					t.Errorf("lines for programs are shown: %v", err)
				}
			}
		})
	}
}
