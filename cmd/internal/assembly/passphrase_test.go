package assembly

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mirrorkeeper/mirrorkeeper/signature"
)

// newTerminal makes a terminal, and the other side of it, where somebody sits.
func newTerminal(t *testing.T) (terminal, person *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		lacking(t, err)
	}
	t.Cleanup(func() { person.Close() })
	control, err := person.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	number := 0
	if failed := control.Control(func(fd uintptr) {
		if err = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); err == nil {
			number, err = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
		}
	}); failed != nil || err != nil {
		t.Fatal(failed, err)
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		lacking(t, err)
	}
	t.Cleanup(func() { terminal.Close() })
	return terminal, person
}

// protectedKey is the file of a key with the passphrase "open sesame".
func protectedKey(t *testing.T) string {
	t.Helper()
	key, err := signature.Generate("test")
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(t.TempDir(), "release.asc"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(key.WritePrivate(f, []byte("open sesame")), f.Close()); err != nil {
		t.Fatal(err)
	}
	return f.Name()
}

// A passphrase is asked for again when it is wrong, and never shown.
func TestPassphraseIsAskedFor(t *testing.T) {
	file := protectedKey(t)
	for name, test := range map[string]struct {
		answers []string
		opened  bool
	}{
		"at once":     {[]string{"open sesame"}, true},
		"the third":   {[]string{"close sesame", "", "open sesame"}, true},
		"three wrong": {[]string{"a", "b", "c"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			terminal, person := newTerminal(t)
			shown := make(chan string, 1)
			go func() {
				var seen strings.Builder
				for r, left := bufio.NewReader(person), test.answers; len(left) > 0; {
					c, err := r.ReadByte()
					if err != nil {
						break
					}
					seen.WriteByte(c)
					if strings.HasSuffix(seen.String(), file+": ") {
						fmt.Fprintln(person, left[0])
						left = left[1:]
					}
				}
				shown <- seen.String()
			}()
			key, err := askForKey(t.Context(), terminal, file)
			if test.opened != (err == nil) || err != nil && !errors.Is(err, signature.ErrPassphrase) {
				t.Errorf("%v, %v", key, err)
			}
			seen := <-shown
			if n := strings.Count(seen, "Passphrase of the signing key"); n != len(test.answers) || strings.Contains(seen, "sesame") {
				t.Errorf("the terminal shows %q", seen)
			}
		})
	}
}

// A run that is interrupted does not wait for an answer, and leaves the terminal as it
// was.
func TestAskingEndsWithTheRun(t *testing.T) {
	terminal, person := newTerminal(t)
	state := func() unix.Termios {
		control, err := terminal.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		var s *unix.Termios
		if failed := control.Control(func(fd uintptr) { s, err = unix.IoctlGetTermios(int(fd), unix.TCGETS) }); failed != nil || err != nil {
			t.Fatal(failed, err)
		}
		return *s
	}
	before := state()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer cancel()
		person.SetReadDeadline(time.Now().Add(time.Minute))
		bufio.NewReader(person).ReadString('?')
		if state().Lflag&unix.ECHO != 0 {
			t.Error("the terminal shows what is typed")
		}
	}()
	if _, err := askSecretly(ctx, terminal, "Well?"); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if state() != before {
		t.Error("the terminal is not as it was")
	}
}

func lacking(t *testing.T, err error) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(err)
	}
	t.Skip(err)
}
