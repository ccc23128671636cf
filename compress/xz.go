package compress

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

const xzProgram = "xz"

// xzWriter compresses by xz(1), since the encoders in Go compress far less.
type xzWriter struct {
	command  *exec.Cmd
	input    io.WriteCloser
	output   destination
	messages bytes.Buffer
	done     bool
	err      error
}

func newXZWriter(w io.Writer) (*xzWriter, error) {
	// With two threads the data is split into blocks of a fixed size, whatever the
	// number of processors; with as many threads as there are processors, the
	// result would differ from machine to machine.
	x := &xzWriter{
		command: exec.Command(xzProgram, "--compress", "--stdout", "--format=xz", "-6", "--threads=2"),
		output:  destination{w: w},
	}
	// Options in the environment would change the bytes.
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "XZ_OPT=") && !strings.HasPrefix(v, "XZ_DEFAULTS=") {
			x.command.Env = append(x.command.Env, v)
		}
	}
	x.command.Stdout, x.command.Stderr = &x.output, &x.messages
	var err error
	if x.input, err = x.command.StdinPipe(); err != nil {
		return nil, fmt.Errorf("start %s: %w", xzProgram, err)
	}
	if err := x.command.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", xzProgram, err)
	}
	return x, nil
}

func (x *xzWriter) Write(p []byte) (int, error) {
	n, err := x.input.Write(p)
	if err != nil {
		// The reason is that of the program's end.
		return n, errors.Join(x.Close(), err)
	}
	return n, nil
}

func (x *xzWriter) Close() error {
	if x.done {
		return x.err
	}
	x.done = true
	x.input.Close()
	err := x.command.Wait()
	switch {
	case x.output.err != nil:
		x.err = x.output.err
	case err != nil:
		x.err = fmt.Errorf("%s: %w: %s", xzProgram, err, bytes.TrimSpace(x.messages.Bytes()))
	}
	return x.err
}

// destination remembers its error: when it fails, xz only sees a broken pipe.
type destination struct {
	w   io.Writer
	err error
}

func (d *destination) Write(p []byte) (int, error) {
	n, err := d.w.Write(p)
	if err != nil {
		d.err = err
	}
	return n, err
}
