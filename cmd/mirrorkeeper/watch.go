package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"reflect"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/mirrorkeeper/mirrorkeeper/watch"
	"github.com/mirrorkeeper/mirrorkeeper/watch/daemon"
	"github.com/mirrorkeeper/mirrorkeeper/watch/history"
	"github.com/mirrorkeeper/mirrorkeeper/watch/probe"
	"github.com/mirrorkeeper/mirrorkeeper/watch/web"
)

func (a *app) watchCommand() *cobra.Command {
	w := watcher{app: a}
	c := &cobra.Command{
		Use:   "watch",
		Short: "Watch mirror sites, and answer which are in sync",
		Long: `Watches the sites of the configuration until it is ended: plants timestamps at the
source, looks at the sources and at every site, judges, keeps the history, and serves the
API, lists of mirrors and metrics.

The configuration is mirrorkeeper's own, with a part watch, or mirrorchecker's
mirrors.yaml, which is served under its old paths. It is read again on SIGHUP; what is
wrong then leaves the old one in force.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			lastingGC(a.Env)
			return w.run(c.Context())
		},
	}
	c.Flags().StringVar(&w.state, "state", "", "`directory` of the history and the ledgers, where the configuration names none (default: $STATE_DIRECTORY, or one of the user's)")
	return c
}

// watcher is a run of the command watch.
type watcher struct {
	app   *app
	state string
	log   *slog.Logger

	now *watching // what is in force, nil before there is
}

// watching is what a configuration makes of the command.
type watching struct {
	setup   *daemon.Setup
	listen  string
	state   string // directory
	history string // file, or address of a database
	vantage string
	prober  probe.Options
	web     web.Options
	places  *places
}

// close gives up what a configuration opened.
func (c *watching) close() error {
	for _, p := range c.setup.Plants {
		p.Planter.Close()
	}
	return c.places.Close()
}

func (w *watcher) run(ctx context.Context) error {
	w.log = w.app.Log(w.app.Err)
	c, err := w.configuration(ctx)
	if err != nil {
		return err
	}
	w.now = c
	defer func() { _ = w.now.close() }() // nothing is written to what it opened
	if err := os.MkdirAll(c.state, 0o700); err != nil {
		return fmt.Errorf("state: %w", err)
	}
	kept, err := history.Open(ctx, c.history, history.Settings{Vantage: c.vantage})
	if err != nil {
		return err
	}
	defer kept.Close()
	listener, err := net.Listen("tcp", c.listen)
	if err != nil {
		return &exit{Code: exitFailed, Err: fmt.Errorf("cannot serve on %s: %w", c.listen, err), Hint: "watch.listen of the configuration names another address"}
	}
	var server *web.Server
	c.setup.Prober = probe.New(c.prober)
	d, err := daemon.New(ctx, c.setup, daemon.Options{History: kept, Log: w.log, Looked: func(o *watch.Observation) { server.Looked(o) }})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	c.web.Snapshot, c.web.History, c.web.Edit = d.Snapshot, kept, d.Edit
	if server, err = web.New(c.web); err != nil {
		return errors.Join(&exit{Code: exitUsage, Err: err}, listener.Close())
	}
	return w.serve(ctx, c, d, server, listener)
}

// serve watches and answers until the context ends, then lets what is under way end.
func (w *watcher) serve(ctx context.Context, c *watching, d *daemon.Daemon, server *web.Server, listener net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	h := &http.Server{
		Handler: server, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 2 * time.Minute, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(w.log.Handler(), slog.LevelDebug),
	}
	ended := make(chan error, 2)
	go func() { ended <- h.Serve(listener) }()
	go func() { ended <- d.Run(ctx) }()
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	w.log.Info("watching", "listen", listener.Addr().String(), "sites", len(c.setup.Sites), "repositories", len(c.setup.Repositories))
	notify := newNotifier(w.app.Env)
	notify.say("READY=1")
	alive := time.NewTicker(notify.interval())
	defer alive.Stop()
	left := 2
	var failed error
	for {
		select {
		case <-ctx.Done():
			notify.say("STOPPING=1")
			limit, stop := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
			defer stop()
			failed = errors.Join(failed, h.Shutdown(limit))
			for ; left > 0; left-- {
				if err := <-ended; err != nil && !errors.Is(err, http.ErrServerClosed) {
					failed = errors.Join(failed, err)
				}
			}
			return failed
		case err := <-ended:
			left--
			failed = errors.Join(failed, err)
			cancel()
		case <-hangups:
			notify.say(notify.reloading())
			w.reload(ctx, d, server)
			notify.say("READY=1")
		case <-alive.C:
			if d.Alive() {
				notify.say("WATCHDOG=1")
			}
		}
	}
}

// reload reads the configuration again and watches by it, by all of it or by nothing.
func (w *watcher) reload(ctx context.Context, d *daemon.Daemon, server *web.Server) {
	if err := w.replace(ctx, d, server); err != nil {
		w.log.Error("the configuration was not taken over; the one before stays in force", "error", err)
		return
	}
	w.log.Info("another configuration is in force", "sites", len(w.now.setup.Sites), "repositories", len(w.now.setup.Repositories))
}

// replace takes over what the configuration says now. All that can fail comes first, and
// the daemon takes its setup or refuses it.
func (w *watcher) replace(ctx context.Context, d *daemon.Daemon, server *web.Server) error {
	c, err := w.configuration(ctx)
	if err != nil {
		return err
	}
	if err := w.now.fixed(c); err != nil {
		return errors.Join(err, c.close())
	}
	c.web.Snapshot, c.web.History, c.web.Edit = server.Snapshot, server.History, server.Edit
	answer, err := server.Prepare(c.web)
	if err != nil {
		return errors.Join(err, c.close())
	}
	if c.setup.Prober = w.now.setup.Prober; !reflect.DeepEqual(c.prober, w.now.prober) {
		c.setup.Prober = probe.New(c.prober)
	}
	if err := d.Replace(ctx, c.setup); err != nil {
		return errors.Join(err, c.close())
	}
	answer()
	before := w.now
	w.now = c
	return before.places.Close() // the daemon closes what it planted by
}

// fixed reports as an error what another configuration says of things that stay as they are
// while the program runs.
func (c *watching) fixed(other *watching) error {
	for _, x := range []struct{ name, now, then string }{
		{"watch.listen", c.listen, other.listen},
		{"state", c.state, other.state},
		{"watch.vantage", c.vantage, other.vantage},
	} {
		if x.now != x.then {
			return fmt.Errorf("%s has become %q, and was %q: that takes a restart", x.name, x.then, x.now)
		}
	}
	if c.history != other.history { // it may have a password
		return errors.New("watch.store has become another one: that takes a restart")
	}
	return nil
}

// defaultState is where state is kept that no configuration gives a place.
func (w *watcher) defaultState() (string, error) {
	if w.state != "" {
		return filepath.Abs(w.state)
	}
	if dir, set := w.app.Env("STATE_DIRECTORY"); set && dir != "" {
		return dir, nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", &exit{Code: exitUsage, Err: errors.New("there is no directory to keep the history in"), Hint: "name one with --state"}
	}
	return filepath.Join(dir, "mirrorkeeper", "watch"), nil
}
