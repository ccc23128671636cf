package serve

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Server answers on a listener until the context ends, then lets what is under way end
// for half a minute.
type Server struct {
	Handler http.Handler
	// Certificate and Key are files for TLS; "" for none. They are read anew for a
	// connection when they were renewed.
	Certificate, Key string
	Log              *slog.Logger
}

// Times that connections may take. A file may be large and a client slow, so that an
// answer may take long; a request may not.
const (
	headerTime = 10 * time.Second
	idleTime   = 2 * time.Minute
	answerTime = 12 * time.Hour
	stopTime   = 30 * time.Second
)

// Run serves.
func (s *Server) Run(ctx context.Context, listener net.Listener) error {
	h := &http.Server{
		Handler: s.Handler, ReadHeaderTimeout: headerTime, ReadTimeout: time.Minute, WriteTimeout: answerTime, IdleTimeout: idleTime,
		MaxHeaderBytes: 32 << 10, ErrorLog: slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug),
	}
	serve := func() error { return h.Serve(listener) }
	if s.Certificate != "" {
		c, err := newCertificate(s.Certificate, s.Key)
		if err != nil {
			return errors.Join(err, listener.Close())
		}
		h.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get}
		serve = func() error { return h.ServeTLS(listener, "", "") }
	}
	ended := make(chan error, 1)
	go func() { ended <- serve() }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	limit, stop := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer stop()
	err := h.Shutdown(limit)
	if err != nil {
		err = h.Close()
	}
	if e := <-ended; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	return err
}
