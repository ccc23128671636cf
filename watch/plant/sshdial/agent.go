package sshdial

import (
	"context"
	"fmt"
	"net"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// agentConnection is a connection to an agent; nil is none.
type agentConnection struct{ net.Conn }

// dialAgent returns the keys of the agent at a socket. An agent that cannot be reached
// has none: ssh goes on without it, too.
func dialAgent(ctx context.Context, socket string, timeout time.Duration) (*agentConnection, []ssh.Signer, error) {
	if socket == "" {
		return nil, nil, nil
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", socket)
	if err != nil {
		return nil, nil, fmt.Errorf("the agent at %s cannot be reached: %w", socket, err)
	}
	_ = conn.SetDeadline(time.Now().Add(timeout / 4)) // there has to be time for other keys
	signers, err := agent.NewClient(conn).Signers()
	if err != nil {
		conn.Close()
		return nil, nil, fmt.Errorf("the agent at %s does not list its keys: %w", socket, err)
	}
	_ = conn.SetDeadline(time.Now().Add(timeout)) // for signatures, which may ask somebody
	return &agentConnection{conn}, signers, nil
}

func (a *agentConnection) close() {
	if a != nil {
		a.Close()
	}
}
