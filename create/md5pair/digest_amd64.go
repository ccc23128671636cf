package md5pair

import (
	"encoding/binary"
	"sync"
)

//go:generate go run gen.go

// blocks digests n blocks, at least one, of two messages.
//
//go:noescape
func blocks(first, second *[4]uint32, one, other *byte, n int)

// Group brings together hashes that are written to at the same time by different
// goroutines. Its zero value is ready for use.
//
// Blocks that come while others do not have any wait for theirs, until no other hash
// is open.
type Group struct {
	mu      sync.Mutex
	open    int
	waiting *digest // has given its blocks to whoever comes next
}

const (
	size      = 16
	blockSize = 64
)

// digest is one message.
type digest struct {
	group  *Group
	state  [4]uint32
	length uint64
	rest   [blockSize]byte
	n      int // bytes in rest
	closed bool

	blocks []byte // still to be digested, by this goroutine or by another one
	done   chan struct{}
}

func (d *digest) Size() int      { return size }
func (d *digest) BlockSize() int { return blockSize }

// Reset makes it the digest of the empty message (RFC 1321, 3.3).
func (d *digest) Reset() {
	d.state = [4]uint32{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476}
	d.length, d.n = 0, 0
}

// Write returns when all of p is digested.
func (d *digest) Write(p []byte) (int, error) {
	n := len(p)
	d.length += uint64(n)
	if d.n > 0 {
		k := copy(d.rest[d.n:], p)
		d.n += k
		p = p[k:]
		if d.n < blockSize {
			return n, nil
		}
		d.alone(d.rest[:])
		d.n = 0
	}
	whole := len(p) &^ (blockSize - 1)
	d.n = copy(d.rest[:], p[whole:])
	d.blocks = p[:whole]
	d.digest()
	return n, nil
}

// digest digests d.blocks together with those of another message, where there is one.
func (d *digest) digest() {
	g := d.group
	for len(d.blocks) > 0 {
		g.mu.Lock()
		other := g.waiting
		switch {
		case other != nil:
			g.waiting = nil
			g.mu.Unlock()
			d.with(other)
			g.passOn(other)
		case g.open > 1:
			g.waiting = d
			g.mu.Unlock()
			<-d.done
		default:
			g.mu.Unlock()
			d.alone(d.blocks)
			d.blocks = nil
		}
	}
}

// passOn lets a message wait on whose blocks were digested in part, or wakes its
// goroutine, which sees to the others.
func (g *Group) passOn(d *digest) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(d.blocks) > 0 && g.waiting == nil && g.open > 1 {
		g.waiting = d
		return
	}
	d.done <- struct{}{}
}

// with digests as many blocks of both messages as the shorter one has.
func (d *digest) with(other *digest) {
	n := min(len(d.blocks), len(other.blocks))
	blocks(&d.state, &other.state, &d.blocks[0], &other.blocks[0], n/blockSize)
	d.blocks, other.blocks = d.blocks[n:], other.blocks[n:]
}

// alone digests whole blocks.
func (d *digest) alone(p []byte) {
	if len(p) == 0 {
		return
	}
	nobody := d.state
	blocks(&d.state, &nobody, &p[0], &p[0], len(p)/blockSize)
}

// Sum ends the message in a copy (RFC 1321, 3.1 and 3.2).
func (d *digest) Sum(in []byte) []byte {
	c := digest{state: d.state}
	end := append(make([]byte, 0, 2*blockSize), d.rest[:d.n]...)
	end = append(end, 0x80)
	for len(end)%blockSize != blockSize-8 {
		end = append(end, 0)
	}
	c.alone(binary.LittleEndian.AppendUint64(end, 8*d.length))
	for _, s := range c.state {
		in = binary.LittleEndian.AppendUint32(in, s)
	}
	return in
}

// Close says that no more is written. Sum can still be asked for.
func (d *digest) Close() {
	if d.closed {
		return
	}
	d.closed = true
	g := d.group
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open--
	if g.open == 1 && g.waiting != nil { // nobody will come
		g.waiting.done <- struct{}{}
		g.waiting = nil
	}
}

// New is the hash of an empty message. A goroutine has one open hash of a group at a time.
func (g *Group) New() Hash {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open++
	d := &digest{group: g, done: make(chan struct{}, 1)}
	d.Reset()
	return d
}
