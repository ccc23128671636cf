package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/assembly"
	"github.com/mirrorkeeper/mirrorkeeper/config"
	"github.com/mirrorkeeper/mirrorkeeper/create"
	"github.com/mirrorkeeper/mirrorkeeper/incoming"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/rpm"
	"github.com/mirrorkeeper/mirrorkeeper/signature"
	"github.com/mirrorkeeper/mirrorkeeper/store"
)

func (a *app) incomingCommand() *cobra.Command {
	var (
		from string
		keys []string
		once bool
	)
	c := &cobra.Command{
		Use:   "incoming [NAME] [--from DIR] [--keys FILE...] [--once]",
		Short: "Take signed uploads into repositories",
		Long: `Watches the directories that uploads for repositories come to, those of all
repositories of the configuration that have one, or that of the named one, and adds
what is signed by an uploader to the repository: for deb a .changes with all of its
files, as one unit, for rpm a package that carries its signature.

What is not signed by an uploader, not what its .changes lists, not among the packages
that its uploader may upload, or another one than the repository has under the same
name, version and architecture, is moved to the directory "refused", with a text that
says why. What is not complete yet waits.

It runs until it is interrupted; with --once it handles what is there and ends, with
exit code 3 when something was refused.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage("incoming takes one name at most: mirrorkeeper incoming [NAME]")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			configuration, err := a.loadConfig()
			if err != nil {
				return err
			}
			repositories, err := doorsOf(configuration, args, from, keys)
			if err != nil {
				return err
			}
			d, err := a.openDoors(c.Context(), configuration, repositories)
			if err != nil {
				return err
			}
			defer d.close()
			if once {
				return d.once(c.Context())
			}
			return d.watch(c.Context())
		},
	}
	c.Flags().StringVar(&from, "from", "", "`directory` that uploads come to (default: that of the configuration)")
	c.Flags().StringArrayVar(&keys, "keys", nil, "`file` of the keys of uploaders; can be repeated (default: those of the configuration)")
	c.Flags().BoolVar(&once, "once", false, "handle what is there, and end")
	return c
}

// doorsOf are the repositories to take uploads for.
func doorsOf(c *config.Config, args []string, from string, keys []string) (out []config.Repository, err error) {
	for _, r := range c.Repositories {
		if len(args) == 0 && r.Incoming != nil || len(args) == 1 && r.Name == args[0] {
			out = append(out, r)
		}
	}
	switch {
	case len(args) == 0 && (from != "" || keys != nil):
		return nil, usage("name the repository that --from and --keys are for")
	case len(args) == 0 && len(out) == 0:
		return nil, &exit{Code: exitUsage, Err: errors.New("no repository of the configuration has incoming")}
	case len(out) == 0:
		return nil, usage("there is no repository %q; the configuration has %s", args[0], repositoryNames(c))
	}
	r := &out[0]
	if from == "" && keys == nil && r.Incoming != nil {
		return out, nil
	}
	door := config.NewIncoming()
	if r.Incoming != nil {
		*door = *r.Incoming
	}
	if from != "" {
		if door.From, err = filepath.Abs(from); err != nil {
			return nil, err
		}
	}
	if keys != nil {
		door.Uploaders = []config.Uploader{{Keys: keys}}
	}
	if door.From == "" || door.Uploaders == nil {
		return nil, usage("repository %s has no incoming in the configuration: --from and --keys are needed", r.Name)
	}
	r.Incoming = door
	return out, nil
}

// doors are the doors of repositories that are open.
type doors struct {
	app    *app
	config *config.Config
	store  *store.Store
	all    []*door
	mu     sync.Mutex // one repository is published at a time, and told of
}

type door struct {
	*incoming.Door
	repository config.Repository
	timing     incoming.Timing
}

func (a *app) openDoors(ctx context.Context, c *config.Config, repositories []config.Repository) (_ *doors, err error) {
	d := &doors{app: a, config: c}
	defer func() {
		if err != nil {
			d.close()
		}
	}()
	if d.store, err = store.Open(c.Destination, c.State); err != nil {
		return nil, err
	}
	for _, r := range repositories {
		opened, err := d.open(ctx, r)
		if errors.Is(err, incoming.ErrLocked) {
			return nil, &exit{Code: exitLocked, Err: err}
		}
		if err != nil {
			return nil, fmt.Errorf("repository %s: %w", r.Name, err)
		}
		d.all = append(d.all, opened)
	}
	return d, nil
}

func (d *doors) open(ctx context.Context, r config.Repository) (*door, error) {
	r.Packages = nil // those come by create
	x := creation{add: true}
	j, err := x.job(ctx, d.store, r)
	if err != nil {
		return nil, err
	}
	j.KeepGoing, j.Log, j.Grace = false, d.app.Log(d.app.Err), d.config.Keep.Grace
	j.Generations = assembly.Retention(d.config)
	in := incoming.Job{
		Dir: r.Incoming.From, Creator: j.Creator,
		Publish: func(ctx context.Context, files []string) (map[string]string, error) {
			return d.publish(ctx, r, j, files)
		},
	}
	switch r.Type {
	case "deb":
		in.List = ".changes"
	case "rpm":
		in.CheckPackage = rpm.Format{}.CheckPackage
	}
	if in.Staging, err = d.store.CacheDir("incoming", r.Name); err != nil {
		return nil, err
	}
	for _, u := range r.Incoming.Uploaders {
		ring, err := signature.Load(u.Keys, nil)
		if err != nil {
			return nil, &exit{Code: exitUsage, Err: err}
		}
		uploader := incoming.Uploader{Keys: ring}
		for _, text := range u.Packages {
			p, err := repo.ParsePattern(text)
			if err != nil {
				return nil, err
			}
			uploader.Packages = append(uploader.Packages, p)
		}
		in.Uploaders = append(in.Uploaders, uploader)
	}
	opened, err := incoming.Open(in)
	return &door{opened, r, incoming.Timing{Settle: r.Incoming.Settle, Period: r.Incoming.Period}}, err
}

// publish adds files to a repository.
func (d *doors) publish(ctx context.Context, r config.Repository, base *create.Job, files []string) (map[string]string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	unlock, err := d.store.Lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	j := *base
	for _, f := range files {
		j.Inputs = append(j.Inputs, create.Input{Path: f})
	}
	begun := time.Now()
	report, err := create.Run(ctx, &j)
	var refused *create.RefusedError
	if errors.As(err, &refused) { // the uploads failed, not the repository
		reasons := map[string]string{}
		for _, f := range refused.Files {
			reasons[f.File] = f.Reason
		}
		return reasons, nil
	}
	err = d.app.afterCreating(ctx, d.config, r, &j, begun, report, err)
	if report != nil && err != nil { // it is published, and something after that failed
		fmt.Fprintf(d.app.Err, "warning: %s: %v\n", r.Name, err)
		return nil, nil
	}
	return nil, err
}

func (d *doors) close() {
	for _, x := range d.all {
		x.Close()
	}
}

// arrivals are the uploads of a repository, for JSON.
type arrivals struct {
	Repository string             `json:"repository"`
	Uploads    []incoming.Outcome `json:"uploads"`
	Error      string             `json:"error,omitempty"`
}

// once handles what is there.
func (d *doors) once(ctx context.Context) error {
	all := []arrivals{}
	var failures []error
	refused := false
	for _, x := range d.all {
		outcomes, err := x.Once(ctx, x.timing)
		if err != nil {
			failures = append(failures, fmt.Errorf("%s: %w", x.repository.Name, err))
		}
		if outcomes == nil {
			outcomes = []incoming.Outcome{}
		}
		for _, o := range outcomes {
			refused = refused || o.State == incoming.Refused
		}
		all = append(all, arrivals{Repository: x.repository.Name, Uploads: outcomes})
	}
	if d.app.JSON() {
		if err := d.app.PrintJSON(map[string]any{"repositories": all}); err != nil {
			return err
		}
	} else {
		for _, x := range all {
			d.app.printArrivals(x)
		}
	}
	switch err := errors.Join(failures...); {
	case errors.Is(err, store.ErrLocked):
		return &exit{Code: exitLocked, Err: err}
	case err != nil:
		return err
	case refused:
		return &exit{Code: exitIncomplete}
	}
	return nil
}

// watch handles what comes, until the context ends.
func (d *doors) watch(ctx context.Context) error {
	var all sync.WaitGroup
	for _, x := range d.all {
		all.Go(func() {
			x.Watch(ctx, x.timing, func(outcomes []incoming.Outcome, err error) { d.tell(x.repository.Name, outcomes, err) })
		})
	}
	all.Wait()
	return nil
}

func (d *doors) tell(name string, outcomes []incoming.Outcome, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	x := arrivals{Repository: name, Uploads: outcomes}
	if err != nil {
		x.Error = err.Error()
	}
	if d.app.JSON() {
		_ = json.NewEncoder(d.app.Out).Encode(x)
		return
	}
	d.app.printArrivals(x)
	if err != nil {
		fmt.Fprintf(d.app.Err, "error: %s: %v\n", name, err)
	}
}

func (a *app) printArrivals(x arrivals) {
	for _, o := range x.Uploads {
		switch {
		case o.State == incoming.Refused:
			fmt.Fprintf(a.Err, "warning: %s: refused %s, now in %s: %s\n", x.Repository, o.Name, o.Moved, strings.Join(o.Reasons, "; "))
		case a.Quiet:
		case o.State == incoming.Admitted:
			fmt.Fprintf(a.Out, "%s: admitted %s: %s (signed by %s)\n", x.Repository, o.Name, strings.Join(o.Packages, ", "), strings.Join(o.Signers, ", "))
		default:
			fmt.Fprintf(a.Out, "%s: waiting for %s: %s\n", x.Repository, o.Name, strings.Join(o.Reasons, "; "))
		}
	}
}
