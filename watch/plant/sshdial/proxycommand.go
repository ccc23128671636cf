package sshdial

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// commandConn is a connection over a program's input and output.
type commandConn struct {
	net.Conn
	cmd    *exec.Cmd
	ended  chan struct{} // closed when the program is gone
	said   *lastWords
	closed sync.Once
}

// runProxy starts the program of a ProxyCommand. A pair of sockets is its input and
// output, so that reads and writes end when the connection is closed.
func runProxy(args []string) (*commandConn, error) {
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("ProxyCommand: %w", err)
	}
	ours, theirs := os.NewFile(uintptr(pair[0]), "proxy"), os.NewFile(uintptr(pair[1]), "proxy")
	defer theirs.Close()
	conn, err := net.FileConn(ours)
	ours.Close()
	if err != nil {
		return nil, fmt.Errorf("ProxyCommand: %w", err)
	}
	c := &commandConn{Conn: conn, cmd: exec.Command(args[0], args[1:]...), ended: make(chan struct{}), said: &lastWords{}}
	c.cmd.Stdin, c.cmd.Stdout, c.cmd.Stderr = theirs, theirs, c.said
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.cmd.WaitDelay = time.Second // for what it may leave behind
	if err := c.cmd.Start(); err != nil {
		conn.Close()
		return nil, fmt.Errorf("ProxyCommand: %w", err)
	}
	go func() {
		defer close(c.ended)
		_ = c.cmd.Wait()
	}()
	return c, nil
}

// Close ends the program with all that it started.
func (c *commandConn) Close() error {
	err := net.ErrClosed
	c.closed.Do(func() {
		err = c.Conn.Close()
		select {
		case <-c.ended: // its number may be another process's by now
		default:
			if e := syscall.Kill(-c.cmd.Process.Pid, syscall.SIGKILL); e != nil && !errors.Is(e, syscall.ESRCH) {
				err = errors.Join(err, e)
			}
			<-c.ended
		}
	})
	return err
}

// lastWords keeps the beginning of what a program says of its troubles.
type lastWords struct {
	mu   sync.Mutex
	text bytes.Buffer
}

const maxWords = 2000 // bytes

func (w *lastWords) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text.Write(p[:min(len(p), maxWords-w.text.Len())])
	return len(p), nil
}

func (w *lastWords) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Join(strings.Fields(w.text.String()), " ")
}
