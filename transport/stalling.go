package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// ErrStalled is wrapped by the error of a body in which no byte came for too long.
var ErrStalled = errors.New("the transfer stalled")

// Stalling ends a transfer when no byte of its body comes for that long, with an
// [ErrStalled]. Only the time spent reading counts, not what the reader takes.
func Stalling(next http.RoundTripper, after time.Duration) http.RoundTripper {
	return &stalling{next, after}
}

type stalling struct {
	next  http.RoundTripper
	after time.Duration
}

func (s *stalling) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(req.Context())
	resp, err := s.next.RoundTrip(req.WithContext(ctx))
	if err != nil {
		cancel(nil)
		return nil, err
	}
	timer := time.AfterFunc(s.after, func() { cancel(ErrStalled) })
	timer.Stop()
	resp.Body = &watchedBody{resp.Body, ctx, cancel, timer, s.after}
	return resp, nil
}

func (s *stalling) CloseIdleConnections() { closeIdle(s.next) }

type watchedBody struct {
	body   io.ReadCloser
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer
	after  time.Duration
}

func (b *watchedBody) Read(p []byte) (int, error) {
	b.timer.Reset(b.after)
	n, err := b.body.Read(p)
	b.timer.Stop()
	if err != nil && err != io.EOF && context.Cause(b.ctx) == ErrStalled {
		err = fmt.Errorf("%w: no byte for %s", ErrStalled, b.after)
	}
	return n, err
}

func (b *watchedBody) Close() error {
	b.timer.Stop()
	err := b.body.Close()
	b.cancel(nil)
	return err
}
