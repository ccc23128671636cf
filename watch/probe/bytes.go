package probe

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/watch"
)

const (
	// smallFile is the size in bytes up to which files are read whole.
	smallFile = 64 << 10
	// span is how many bytes of a larger one are compared.
	span = 4 << 10
)

// bytes compares a range of a file, drawn by the task's seed, with the same one of the
// source; small files are read whole.
func (l *look) bytes(ctx context.Context, s *Source, t watch.Task, f repo.File) (*watch.FileSeen, answer) {
	if f.Size >= 0 && f.Size <= smallFile && !f.Digest.IsZero() || f.Size < 0 {
		return l.digest(ctx, s, t, f)
	}
	from := offset(t.Seed, f)
	ours, err := s.Range(ctx, f, from, span)
	if err != nil {
		return nil, answer{} // the source itself does not tell
	}
	a := l.client.ask(ctx, request{
		method: http.MethodGet, url: l.url(s, f.Path), most: span, cut: true,
		header: map[string]string{"Range": fmt.Sprintf("bytes=%d-%d", from, from+span-1)},
	})
	switch {
	case a.stopped:
		return nil, a
	case a.fault != watch.FaultNone:
		return l.bad(a.fault, f, a, "", ""), a
	case a.saysPage():
		return l.bad(watch.FaultMissing, f, a, "", ""), a
	case a.code != http.StatusPartialContent:
		return l.judgeSize(f, a), a // it knows no ranges
	case a.size != f.Size:
		return l.bad(watch.FaultSize, f, a, inBytes(f.Size), inBytes(a.size)), a
	case string(a.body) != string(ours):
		bad := l.bad(watch.FaultDigest, f, a, "the bytes of the source", "others")
		bad.Detail = fmt.Sprintf("bytes %d to %d differ; %s", from, from+span-1, bad.Detail)
		return bad, a
	}
	return nil, a
}

// offset draws where the range of a file begins.
func offset(seed uint64, f repo.File) int64 {
	return rand.New(rand.NewPCG(seed, hashOf(f.Path))).Int64N(f.Size - span + 1)
}
