package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mirrorkeeper/mirrorkeeper/serve"
)

func (a *app) serveCommand() *cobra.Command {
	var listen, certificate, key string
	c := &cobra.Command{
		Use:   "serve [DIR]",
		Short: "Serve published trees by HTTP",
		Long: `Serves the destination of the configuration, or a directory, by HTTP until it is ended:
files in whole and in parts, and pages of directories. The state directory is not served,
and no link leads out of the tree. Requests are logged on standard output in the combined
format of web servers, unless there is --quiet.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if (certificate == "") != (key == "") {
				return usage("--tls-cert and --tls-key go together")
			}
			dir, hidden, err := a.served(args)
			if err != nil {
				return err
			}
			root, err := os.OpenRoot(dir)
			if err != nil {
				return &exit{Code: exitUsage, Err: err, Hint: "give the directory that mirrors are published in"}
			}
			defer root.Close()
			var log io.Writer
			if !a.Quiet {
				log = a.Out
			}
			listener, err := net.Listen("tcp", listen)
			if err != nil {
				return &exit{Code: exitFailed, Err: fmt.Errorf("cannot serve on %s: %w", listen, err), Hint: "--listen names another address"}
			}
			s := &serve.Server{
				Handler: serve.Handler(serve.Options{Root: root, Hidden: hidden, Log: log}), Certificate: certificate, Key: key, Log: a.Log(a.Err),
			}
			fmt.Fprintf(a.Err, "serving %s on %s\n", dir, listener.Addr())
			return a.notified(c.Context(), func(ctx context.Context) error { return s.Run(ctx, listener) })
		},
	}
	c.Flags().StringVar(&listen, "listen", "127.0.0.1:8000", "`address` to listen on, HOST:PORT or :PORT")
	c.Flags().StringVar(&certificate, "tls-cert", "", "`file` of the certificate, with those between it and its root; it is read anew when it is renewed")
	c.Flags().StringVar(&key, "tls-key", "", "`file` of the certificate's key")
	return c
}

// served is the directory to serve, and what of it is not.
func (a *app) served(args []string) (dir string, hidden []string, err error) {
	if len(args) == 1 {
		dir, err = filepath.Abs(args[0])
		return dir, nil, err
	}
	c, err := a.loadConfig()
	if err != nil {
		return "", nil, err
	}
	inside, err := filepath.Rel(c.Destination, c.State)
	if err == nil && inside != ".." && !strings.HasPrefix(inside, "../") {
		hidden = append(hidden, filepath.ToSlash(inside))
	}
	return c.Destination, hidden, nil
}

// notified tells systemd how the program is, while it runs.
func (a *app) notified(ctx context.Context, run func(context.Context) error) error {
	notify := newNotifier(a.Env)
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	notify.say("READY=1")
	alive := time.NewTicker(notify.interval())
	defer alive.Stop()
	stopping := ctx.Done()
	for {
		select {
		case err := <-ended:
			return err
		case <-stopping:
			notify.say("STOPPING=1")
			stopping = nil
		case <-alive.C:
			notify.say("WATCHDOG=1")
		}
	}
}
