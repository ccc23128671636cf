package plant_test

import (
	"net"
	"sync"
	"testing"
)

// relay passes connections on to an address, until a number of bytes of one direction
// have passed.
type relay struct {
	net.Listener
	to   string
	done sync.WaitGroup

	mu          sync.Mutex
	up, down    int64 // how many bytes may pass to and from the server; negative: all
	passed      [2]int64
	gate        chan struct{} // what is beyond the limits waits for it, where there is one
	connections []net.Conn
}

func newRelay(t testing.TB, to string) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{Listener: l, to: to, up: -1, down: -1}
	r.done.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			r.done.Go(func() { r.serve(c) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		r.cut()
		r.done.Wait()
	})
	return r
}

func (r *relay) port() int { return r.Addr().(*net.TCPAddr).Port }

// limit bounds what further connections may pass.
func (r *relay) limit(up, down int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.up, r.down, r.passed = up, down, [2]int64{}
}

// hold lets the next connection pass a number of bytes from the server, and the rest
// when the gate is closed.
func (r *relay) hold(down int64) (gate chan struct{}) {
	r.limit(-1, down)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gate = make(chan struct{})
	return r.gate
}

// counts are how many bytes passed to and from the server since limit.
func (r *relay) counts() (up, down int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.passed[0], r.passed[1]
}

// cut ends all connections.
func (r *relay) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.connections {
		c.Close()
	}
	r.connections = nil
}

func (r *relay) serve(client net.Conn) {
	server, err := net.Dial("tcp", r.to)
	if err != nil {
		client.Close()
		return
	}
	r.mu.Lock()
	r.connections = append(r.connections, client, server)
	limits, gate := [2]int64{r.up, r.down}, r.gate
	r.up, r.down, r.gate = -1, -1, nil // the next connection is a good one
	r.mu.Unlock()
	var both sync.WaitGroup
	pass := func(direction int, to, from net.Conn) {
		defer client.Close()
		defer server.Close()
		buffer := make([]byte, 32<<10)
		left := limits[direction]
		for left != 0 || gate != nil {
			if left == 0 {
				<-gate
				left = -1
			}
			most := buffer
			if left > 0 {
				most = buffer[:min(left, int64(len(buffer)))]
			}
			n, err := from.Read(most)
			if left > 0 {
				left -= int64(n)
			}
			r.mu.Lock()
			r.passed[direction] += int64(n)
			r.mu.Unlock()
			if _, e := to.Write(buffer[:n]); err != nil || e != nil {
				return
			}
		}
	}
	both.Go(func() { pass(0, server, client) })
	both.Go(func() { pass(1, client, server) })
	both.Wait()
}
