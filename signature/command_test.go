package signature_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/signature"
)

// script writes a shell script and returns the command that runs it.
func script(t testing.TB, lines ...string) []string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sign")
	write(t, path, []byte(strings.Join(lines, "\n")+"\n"))
	return []string{"/bin/sh", path}
}

// command is a signing key of a script, whose public key is the generated one.
func command(t testing.TB, timeout time.Duration, lines ...string) *signature.Command {
	t.Helper()
	c, err := signature.NewCommand(script(t, lines...), "key.asc", public(t, generatedKey(t)), timeout)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A wrapper of a token gets how to sign behind its own arguments, and what to sign.
func TestCommand(t *testing.T) {
	g := withGnuPG(t)
	argv := append(script(t, `case $2 in`,
		`inline) exec gpg --homedir "$1" --batch --quiet --local-user "rsa <rsa@example.org>" --clear-sign;;`,
		`detached) exec gpg --homedir "$1" --batch --quiet --local-user "rsa <rsa@example.org>" --armor --detach-sign;;`,
		`esac`, `exit 9`), gnupgHome)
	c, err := signature.NewCommand(argv, "key.asc", g.export(t, "rsa"), 0)
	if err != nil {
		t.Fatal(err)
	}
	checkSigner(t, c)
}

func TestNewCommandErrors(t *testing.T) {
	g := withGnuPG(t)
	for name, test := range map[string]struct {
		argv   []string
		public []byte
		want   string
	}{
		"no program": {nil, g.export(t, "rsa"), "no command"},
		"two keys":   {[]string{"sign"}, g.export(t, "rsa", "ed25519"), "release.asc: there are 2 keys"},
		"no key":     {[]string{"sign"}, []byte("nonsense"), "release.asc: no keys"},
	} {
		if _, err := signature.NewCommand(test.argv, "release.asc", test.public, 0); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", name, err, test.want)
		}
	}
}

func TestCommandErrors(t *testing.T) {
	for name, test := range map[string]struct {
		key  *signature.Command
		want string
	}{
		"it fails":             {command(t, 0, `echo "the token is locked" >&2`, "exit 3"), "exit status 3: the token is locked"},
		"it says nothing":      {command(t, 0, "cat >/dev/null"), "wrote nothing"},
		"it says too much":     {command(t, 0, "yes"), "wrote more than"},
		"it does not read":     {command(t, 0, "exit 0"), "wrote nothing"},
		"it complains at ease": {command(t, 0, "yes complaint | head -c 1000000 >&2", "exit 1"), "complaint"},
	} {
		t.Run(name, func(t *testing.T) {
			content := []byte(strings.Repeat("Package: a\n", 20000)) // more than a pipe takes up
			_, inline := test.key.Signer(t.Context()).Inline(content)
			_, detached := test.key.Signer(t.Context()).Detached(content)
			for how, err := range map[string]error{"inline": inline, "detached": detached} {
				if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), how) || len(err.Error()) > 20_000 {
					t.Errorf("%s: error %.300v, want %q", how, err, test.want)
				}
			}
		})
	}
	missing, err := signature.NewCommand([]string{"/nonexistent/sign"}, "key.asc", public(t, generatedKey(t)), 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := missing.Signer(t.Context()).Inline(release); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a program that is not there: %v", err)
	}
}

// held is a script that says when it runs, by a line to its file descriptor 9: a named
// pipe, which it and all that it starts hold open to their ends.
func held(t *testing.T, lines ...string) (argv []string, running func(), ended func()) {
	t.Helper()
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	open, hold := make(chan *os.File, 1), append([]string{"exec 9>" + fifo}, lines...)
	go func() {
		f, err := os.Open(fifo)
		if err != nil {
			t.Error(err)
		}
		open <- f
	}()
	var f *os.File
	running = func() {
		f = <-open
		if _, err := io.ReadFull(f, make([]byte, 1)); err != nil {
			t.Error(err)
		}
	}
	return script(t, hold...), running, func() {
		t.Helper()
		defer f.Close()
		if err := f.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Error(err)
		}
		if _, err := io.ReadAll(f); err != nil {
			t.Errorf("something still runs: %v", err)
		}
	}
}

// Nothing goes on running: not the command, and not what it started.
func TestCommandLeavesNothingRunning(t *testing.T) {
	for name, test := range map[string]struct {
		lines   []string
		timeout time.Duration
		cancel  bool
		want    error
		says    string
	}{
		"cancelled":    {[]string{"sleep 1000 &", "echo >&9", "sleep 1000"}, 0, true, context.Canceled, ""},
		"too slow":     {[]string{"sleep 1000 &", "echo >&9", "sleep 1000"}, 300 * time.Millisecond, false, signature.ErrTimeout, "300ms"},
		"stubborn":     {[]string{"trap '' TERM", "sleep 1000 &", "echo >&9", "sleep 1000"}, 0, true, context.Canceled, ""},
		"leaves a job": {[]string{"sleep 1000 &", "echo >&9", "echo signed"}, 0, false, nil, "left others running"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			argv, running, ended := held(t, test.lines...)
			c, err := signature.NewCommand(argv, "key.asc", public(t, generatedKey(t)), test.timeout)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			result := make(chan error, 1)
			go func() {
				_, err := c.Signer(ctx).Inline(release)
				result <- err
			}()
			running()
			if test.cancel {
				cancel()
			}
			err = <-result
			if err == nil || test.want != nil && !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("error %v, want %v %s", err, test.want, test.says)
			}
			ended()
		})
	}
}

// A command cannot hang on a question that nobody sees.
func TestCommandHasNoTerminal(t *testing.T) {
	if _, err := command(t, 0, "exec 3</dev/tty", "sleep 1000").Signer(t.Context()).Inline(release); err == nil || !strings.Contains(err.Error(), "/dev/tty") {
		t.Errorf("error %v", err)
	}
}
