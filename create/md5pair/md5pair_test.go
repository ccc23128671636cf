package md5pair_test

import (
	"bytes"
	"crypto/md5"
	"math/rand/v2"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/mirrorkeeper/mirrorkeeper/create/md5pair"
)

// TestAsMD5 digests messages of many lengths in many pieces, several at once.
func TestAsMD5(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var group md5pair.Group
		var wait sync.WaitGroup
		for range rapid.IntRange(1, 5).Draw(t, "goroutines") {
			seed := rapid.Uint64().Draw(t, "seed")
			messages := rapid.IntRange(0, 4).Draw(t, "messages")
			wait.Go(func() {
				r := rand.New(rand.NewPCG(seed, 0))
				for range messages {
					if !sameDigest(&group, r) {
						t.Errorf("another digest than crypto/md5's with seed %d", seed)
					}
				}
			})
		}
		wait.Wait()
	})
}

func sameDigest(group *md5pair.Group, r *rand.Rand) bool {
	message := make([]byte, r.IntN(3)*r.IntN(2000)+r.IntN(70))
	for i := range message {
		message[i] = byte(r.Uint32())
	}
	h := group.New()
	defer h.Close()
	for rest := message; len(rest) > 0; {
		n := min(1+r.IntN(400), len(rest))
		if k, err := h.Write(rest[:n]); k != n || err != nil {
			return false
		}
		rest = rest[n:]
	}
	if r.IntN(2) == 0 {
		h.Close()
	}
	want := md5.Sum(message)
	return bytes.Equal(h.Sum(nil), want[:]) && bytes.Equal(h.Sum([]byte("x"))[1:], want[:])
}

// BenchmarkPair and BenchmarkAlone tell what two at once are good for.
func BenchmarkPair(b *testing.B) {
	var group md5pair.Group
	p := make([]byte, 1<<20)
	b.SetBytes(2 * int64(len(p)))
	for b.Loop() {
		var wait sync.WaitGroup
		for range 2 {
			h := group.New()
			wait.Go(func() {
				defer h.Close()
				_, _ = h.Write(p)
			})
		}
		wait.Wait()
	}
}

func BenchmarkAlone(b *testing.B) {
	p := make([]byte, 1<<20)
	b.SetBytes(int64(len(p)))
	for b.Loop() {
		md5.Sum(p)
	}
}
