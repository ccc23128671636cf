package rpm

import "strings"

// arenaSize is how many values an arena allocates at once, textSize how many bytes of
// text.
const (
	arenaSize = 512
	textSize  = 32 << 10
)

// keep copies some values into an arena.
func keep[T any](arena *[]T, some []T) []T {
	if len(some) > cap(*arena)-len(*arena) {
		*arena = make([]T, 0, max(arenaSize, len(some)))
	}
	n := len(*arena)
	*arena = append(*arena, some...)
	return (*arena)[n:len(*arena):len(*arena)]
}

// one returns a place in an arena for one more value.
func one[T any](arena *[]T) *T {
	var zero [1]T
	return &keep(arena, zero[:])[0]
}

// texts makes strings out of few allocations. Each of them holds the memory of its
// block.
type texts struct{ block strings.Builder }

// keep returns the parts, joined, as a string.
func (t *texts) keep(parts ...[]byte) string {
	size := 0
	for _, part := range parts {
		size += len(part)
	}
	if size > t.block.Cap()-t.block.Len() {
		t.block.Reset()
		t.block.Grow(max(textSize, size))
	}
	start := t.block.Len()
	for _, part := range parts {
		t.block.Write(part)
	}
	return t.block.String()[start:]
}
