package sshdial

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"golang.org/x/crypto/ssh"
)

// maxJumps bounds the hosts on the way, whose configurations may send us in circles.
const maxJumps = 8

// Dial connects to a server and logs in. The connection does not end with the context.
func Dial(ctx context.Context, server Server, m Machine) (*Client, error) {
	return dial(ctx, server, m, 0)
}

func dial(ctx context.Context, server Server, m Machine, jumps int) (*Client, error) {
	if jumps > maxJumps {
		return nil, fmt.Errorf("%s: there are more than %d hosts to jump through", server.Host, maxJumps)
	}
	s, err := settle(server, m)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", server.Host, err)
	}
	var via *Client
	if n := len(s.jump) - 1; n >= 0 {
		last, err := jumpServer(s.jump[n], server)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", server.Host, err)
		}
		last.Jump = strings.Join(s.jump[:n], ",")
		if via, err = dial(ctx, last, m, jumps+1); err != nil {
			return nil, fmt.Errorf("jump host %w", err)
		}
	}
	c, err := connect(ctx, s, via)
	if err != nil {
		if via != nil {
			via.Close()
		}
		return nil, fmt.Errorf("%s: %w", server.Host, err)
	}
	return c, nil
}

// jumpServer reads one host of ProxyJump, [USER@]HOST[:PORT] or ssh://.... It is
// reached as the server that it leads to, but for what is meant for that one only.
func jumpServer(text string, to Server) (Server, error) {
	s := Server{
		Identities: to.Identities, Passphrase: to.Passphrase, Agent: to.Agent, KnownHosts: to.KnownHosts,
		ConfigFiles: to.ConfigFiles, Timeout: to.Timeout,
	}
	rest := strings.TrimPrefix(strings.TrimSpace(text), "ssh://")
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		s.User, rest = rest[:at], rest[at+1:]
	}
	s.Host = rest
	switch host, number, err := net.SplitHostPort(rest); {
	case err == nil:
		n, err := strconv.ParseUint(number, 10, 16)
		if err != nil || n == 0 {
			return Server{}, fmt.Errorf("%q is no host to jump through (expected [USER@]HOST[:PORT])", text)
		}
		s.Host, s.Port = host, int(n)
	case strings.HasPrefix(rest, "[") && strings.HasSuffix(rest, "]"):
		s.Host = rest[1 : len(rest)-1]
	}
	if s.Host == "" || s.User == "" && strings.Contains(text, "@") {
		return Server{}, fmt.Errorf("%q is no host to jump through (expected [USER@]HOST[:PORT])", text)
	}
	return s, nil
}

// connect makes the connection over the way there, and logs in.
func connect(ctx context.Context, s *settings, via *Client) (*Client, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.timeout, fmt.Errorf("no answer within %s", s.timeout))
	defer cancel()
	keys, err := s.readHostKeys()
	if err != nil {
		return nil, err
	}
	agent, held, agentErr := dialAgent(ctx, s.agent, s.timeout)
	defer agent.close()
	shown, err := s.readCredentials(held)
	if err != nil {
		return nil, err
	}
	if agentErr != nil {
		shown.missed = append(shown.missed, agentErr.Error())
	}
	conn, err := s.reach(ctx, via)
	if err != nil {
		return nil, s.because(ctx, fmt.Errorf("cannot connect to %s: %w", s.address(), err))
	}
	c := &Client{via: via, conn: conn, timeout: s.timeout, every: s.keepAlive, login: s.login(), lost: make(chan struct{}), done: make(chan struct{})}
	stop := context.AfterFunc(ctx, func() {
		c.cut()
		agent.close()
	})
	err = c.logIn(s, keys, shown)
	if !stop() {
		err = errors.Join(err, ctx.Err())
	}
	if err != nil {
		c.cut()
		return nil, s.because(ctx, err)
	}
	go c.keepAlive()
	return c, nil
}

// because returns why the context ended, where it did, in the place of what that led to.
func (s *settings) because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return fmt.Errorf("%s: %w", s.address(), cause)
	}
	return err
}

// reach opens the connection that SSH is spoken over.
func (s *settings) reach(ctx context.Context, via *Client) (net.Conn, error) {
	switch {
	case via != nil:
		return via.ssh.DialContext(ctx, "tcp", s.address())
	case s.proxyCommand != nil:
		return runProxy(s.proxyCommand)
	}
	var dialer net.Dialer
	return dialer.DialContext(ctx, s.network, s.address())
}

// logIn checks the host's key, and shows the server who we are.
func (c *Client) logIn(s *settings, keys *hostKeys, shown *credentials) error {
	var refused error
	known := false
	check := keys.callback()
	config := &ssh.ClientConfig{
		User: s.user, Auth: s.methods(shown), HostKeyAlgorithms: keys.algorithms(), ClientVersion: "SSH-2.0-mirrorkeeper",
		HostKeyCallback: func(address string, remote net.Addr, key ssh.PublicKey) error {
			refused = check(address, remote, key)
			known = refused == nil
			return refused
		},
	}
	conn, channels, requests, err := ssh.NewClientConn(c.conn, s.address(), config)
	if refused != nil {
		return refused
	}
	if err != nil {
		if p, ok := c.conn.(*commandConn); ok && p.said.String() != "" {
			return fmt.Errorf("cannot connect by ProxyCommand: %w (it said: %s)", err, p.said)
		}
		if known {
			return fmt.Errorf("%s is not let in: %w (shown were %s)", s.login(), err, s.tried(shown))
		}
		return fmt.Errorf("%s: %w", s.address(), err)
	}
	c.ssh = ssh.NewClient(conn, channels, requests)
	return nil
}
