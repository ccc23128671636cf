package assembly

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mirrorkeeper/mirrorkeeper/signature"
)

// askForKey reads a key that is protected, with passphrases that the terminal is asked
// for: three times at most.
func askForKey(ctx context.Context, terminal *os.File, path string) (key *signature.Key, err error) {
	for range 3 {
		secret, failed := askSecretly(ctx, terminal, fmt.Sprintf("Passphrase of the signing key %s: ", path))
		if failed != nil {
			return nil, failed
		}
		if key, err = signature.ReadKey(path, secret); !errors.Is(err, signature.ErrPassphrase) {
			return key, err
		}
	}
	return nil, err
}

// askSecretly asks for a line on a terminal that does not show it, until the context
// ends.
func askSecretly(ctx context.Context, terminal *os.File, question string) ([]byte, error) {
	show, err := hideInput(terminal)
	if err != nil {
		return nil, err
	}
	defer show()
	stop := context.AfterFunc(ctx, func() { terminal.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	fmt.Fprint(terminal, question)
	line, err := bufio.NewReader(terminal).ReadBytes('\n')
	fmt.Fprintln(terminal)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return bytes.TrimRight(line, "\r\n"), err
}

// hideInput keeps a terminal from showing what is typed, until show is called.
func hideInput(terminal *os.File) (show func(), err error) {
	control, err := terminal.SyscallConn() // unlike Fd, this leaves reading interruptible
	if err != nil {
		return nil, err
	}
	var shown *unix.Termios
	failed := control.Control(func(fd uintptr) {
		if shown, err = unix.IoctlGetTermios(int(fd), unix.TCGETS); err != nil {
			return
		}
		hidden := *shown
		hidden.Lflag &^= unix.ECHO
		err = unix.IoctlSetTermios(int(fd), unix.TCSETS, &hidden)
	})
	if err = errors.Join(failed, err); err != nil {
		return nil, fmt.Errorf("ask on the terminal: %w", err)
	}
	return func() {
		_ = control.Control(func(fd uintptr) { _ = unix.IoctlSetTermios(int(fd), unix.TCSETS, shown) })
	}, nil
}
