package transport

import (
	"context"
	"io"
	"net/http"

	"golang.org/x/time/rate"
)

// NewLimiter returns a limit of bytes per second for [Options], nil for 0.
func NewLimiter(bytesPerSecond int64) *rate.Limiter {
	if bytesPerSecond <= 0 {
		return nil
	}
	const least, most = 4 << 10, 256 << 10
	return rate.NewLimiter(rate.Limit(bytesPerSecond), int(min(max(bytesPerSecond/4, least), most)))
}

// limited reads bodies no faster than its limiter allows.
type limited struct {
	next    http.RoundTripper
	limiter *rate.Limiter
}

func (l *limited) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := l.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	resp.Body = &limitedBody{resp.Body, req.Context(), l.limiter}
	return resp, nil
}

func (l *limited) CloseIdleConnections() { closeIdle(l.next) }

type limitedBody struct {
	io.ReadCloser
	ctx     context.Context
	limiter *rate.Limiter
}

func (b *limitedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p[:min(len(p), b.limiter.Burst())])
	if n > 0 {
		if stopped := b.limiter.WaitN(b.ctx, n); stopped != nil {
			return n, stopped
		}
	}
	return n, err
}
