package sshdial_test

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mirrorkeeper/mirrorkeeper/watch/plant/sshdial"
	"github.com/mirrorkeeper/mirrorkeeper/watch/plant/sshdtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// dial logs in at the server, as its user.
func dial(t *testing.T, s *sshdtest.Server, more func(*sshdial.Server)) *sshdial.Client {
	t.Helper()
	server := sshdial.Server{
		Host: "127.0.0.1", Port: s.Port, User: sshdtest.User, Identities: []string{s.Key}, KnownHosts: []string{s.KnownHosts}, ConfigFiles: []string{},
	}
	more(&server)
	c, err := sshdial.Dial(t.Context(), server, sshdial.Machine{Home: t.TempDir(), Env: func(string) (string, bool) { return "", false }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// A connection that nobody uses is noticed to be lost, also where the server hangs.
func TestIdleConnection(t *testing.T) {
	s := sshdtest.Start(t, sshdtest.Options{})
	for _, signal := range []syscall.Signal{syscall.SIGSTOP, syscall.SIGKILL} {
		c := dial(t, s, func(s *sshdial.Server) { s.Timeout, s.KeepAlive = 3*time.Second, 10*time.Millisecond })
		s.Signal(t, signal)
		select {
		case <-c.Lost():
		case <-t.Context().Done():
			t.Fatalf("%v is not noticed", signal)
		}
		if err := c.Within(t.Context(), func() error { return net.ErrClosed }); err == nil {
			t.Errorf("after %v something can be done", signal)
		}
		s.Signal(t, syscall.SIGCONT)
	}
}

// What is waited for ends with the context, and the connection with it.
func TestWithin(t *testing.T) {
	s := sshdtest.Start(t, sshdtest.Options{})
	c := dial(t, s, func(*sshdial.Server) {})
	if err := c.Within(t.Context(), func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err := c.Within(ctx, func() error {
		cancel()
		<-c.Lost()
		return net.ErrClosed
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Within: %v", err)
	}
}

// An agent that does not answer keeps nobody from logging in with a file.
func TestSilentAgent(t *testing.T) {
	s := sshdtest.Start(t, sshdtest.Options{})
	socket := filepath.Join(t.TempDir(), "agent")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dial(t, s, func(s *sshdial.Server) { s.Agent, s.Timeout = socket, 8*time.Second })
}
