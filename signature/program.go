package signature

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"
)

const (
	// defaultTimeout is how long a program may take for one signature, where nothing
	// else is said: somebody may have to be asked, or to touch a token.
	defaultTimeout = 2 * time.Minute
	// windDown is how long a program has for ending by itself when its time is up.
	windDown = 2 * time.Second
	// maxMessages is how much is kept of what a program says.
	maxMessages = 16 << 10
)

// ErrTimeout means that a program that signs took longer than it may.
var ErrTimeout = errors.New("timed out")

// program is another program that is run for a signature or a key.
type program struct {
	argv    []string
	timeout time.Duration // 0 for the default
	secret  []byte        // what it can read from its file descriptor 3, nil for nothing
	most    int           // most bytes of output
}

// run runs the program over the input and returns what it wrote to its standard output
// and error. It has a session of its own, and so no terminal to ask on; when its time
// is up or the context ends it is ended with all that it started in that session.
func (p program) run(ctx context.Context, input []byte) (output, messages []byte, err error) {
	timeout := p.timeout
	if timeout == 0 {
		timeout = defaultTimeout
	}
	limited, cancel := context.WithTimeoutCause(ctx, timeout, ErrTimeout)
	defer cancel()
	c := exec.CommandContext(limited, p.argv[0], p.argv[1:]...)
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGTERM) }
	c.WaitDelay = windDown
	said, heard := &capped{most: p.most, strict: true}, &capped{most: maxMessages}
	c.Stdin, c.Stdout, c.Stderr = bytes.NewReader(input), said, heard
	if p.secret != nil {
		secret, err := pipe(p.secret)
		if err != nil {
			return nil, nil, err
		}
		defer secret.Close()
		c.ExtraFiles = []*os.File{secret}
	}
	err = c.Run()
	if err != nil && c.Process != nil {
		// Whatever is left of the session; where nothing is, this fails and does no harm.
		_ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL)
	}
	switch {
	case err == nil && !said.over:
		return said.content, heard.content, nil
	case said.over:
		err = fmt.Errorf("it wrote more than %d bytes", p.most)
	case ctx.Err() != nil:
		err = ctx.Err()
	case errors.Is(context.Cause(limited), ErrTimeout):
		err = refuse(ErrTimeout, "it took longer than %s and was ended", timeout)
	case errors.Is(err, exec.ErrWaitDelay):
		err = errors.New("it ended, but left others running that hold its output; they were ended")
	}
	return nil, heard.content, err
}

// pipe returns the reading end of a pipe that holds the content and nothing more.
func pipe(content []byte) (*os.File, error) {
	const most = 4 << 10 // less than a pipe takes up at once
	if len(content) > most {
		return nil, fmt.Errorf("the passphrase has %d bytes, more than %d", len(content), most)
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	_, err = w.Write(content)
	if err = errors.Join(err, w.Close()); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// capped keeps the beginning of what is written to it. More is dropped, or an error
// where it is strict.
type capped struct {
	content []byte
	most    int
	strict  bool
	over    bool // whether there was more
}

func (c *capped) Write(p []byte) (int, error) {
	left := min(len(p), c.most-len(c.content))
	c.content = append(c.content, p[:left]...)
	if left == len(p) {
		return left, nil
	}
	c.over = true
	if c.strict {
		return left, io.ErrShortWrite
	}
	return len(p), nil
}

// maxSigned bounds what a clear-signed document of so much content may be: each line
// may be escaped, and the signature follows.
func maxSigned(content []byte) int { return 3*len(content) + 1<<20 }
