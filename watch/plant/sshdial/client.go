package sshdial

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// Client is a connection that is logged in.
type Client struct {
	ssh     *ssh.Client
	conn    net.Conn // that SSH is spoken over
	via     *Client  // the jump host, if any
	timeout time.Duration
	every   time.Duration // how often it is kept alive
	login   string

	once  sync.Once
	lost  chan struct{} // closed when the connection is
	cause error         // why, if it was us; set before lost is closed
	done  chan struct{} // closed when nothing is left running
}

// SSH returns the connection for package ssh. What is done over it should be done in
// [Client.Within], since it may wait for ever.
func (c *Client) SSH() *ssh.Client { return c.ssh }

// String returns USER@HOST, or USER@[HOST]:PORT.
func (c *Client) String() string { return c.login }

// Lost is closed when the connection was lost, or closed.
func (c *Client) Lost() <-chan struct{} { return c.lost }

// Within does something over the connection that waits for one answer. Where that
// takes longer than the server's timeout, or the context ends, the connection is
// closed, which ends the wait: channels of SSH, and so connections over jump hosts,
// have no deadlines.
func (c *Client) Within(ctx context.Context, do func() error) error {
	timer := time.AfterFunc(c.timeout, func() { c.end(fmt.Errorf("%s does not answer (waited %s)", c.login, c.timeout)) })
	defer timer.Stop()
	stop := context.AfterFunc(ctx, func() { c.end(ctx.Err()) })
	defer stop()
	err := do()
	if err == nil {
		return nil
	}
	select {
	case <-c.lost:
		if c.cause != nil {
			return c.cause
		}
	default:
	}
	return err
}

// Close closes the connection, and those to jump hosts.
func (c *Client) Close() {
	c.end(nil)
	<-c.done
	if c.via != nil {
		c.via.Close()
	}
}

// end closes the connection for a reason, once.
func (c *Client) end(cause error) {
	c.once.Do(func() {
		c.cause = cause
		close(c.lost)
		c.cut()
	})
}

// cut closes what the connection goes over, beginning with what all of it goes over:
// the others would first say farewell, and wait for that to be read.
func (c *Client) cut() {
	if c.via != nil {
		c.via.end(errors.New("the connection through it was closed"))
	}
	c.conn.Close()
}

// keepAlive asks for a sign of life from time to time, until the connection is lost.
func (c *Client) keepAlive() {
	defer close(c.done)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_ = c.ssh.Wait()
	}()
	ticker := time.NewTicker(c.every)
	defer ticker.Stop()
	for {
		select {
		case <-gone:
			c.end(nil)
			return
		case <-ticker.C:
			_ = c.Within(context.Background(), func() error {
				_, _, err := c.ssh.SendRequest("keepalive@openssh.com", true, nil)
				return err
			})
		}
	}
}
