package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/assembly"
	"github.com/mirrorkeeper/mirrorkeeper/config"
	"github.com/mirrorkeeper/mirrorkeeper/signature"
	"github.com/mirrorkeeper/mirrorkeeper/watch/plant"
	"github.com/mirrorkeeper/mirrorkeeper/watch/plant/sshdial"
)

// plantFlags are a place to plant at that no configuration names.
type plantFlags struct {
	to          string
	directories []string
	stamp       string
	noMarks     bool
	key         string
	ssh         config.Plant
}

func (a *app) plantCommand() *cobra.Command {
	var f plantFlags
	c := &cobra.Command{
		Use:   "plant [REPOSITORY...] | plant --to ADDRESS --directories DIR,...",
		Short: "Write timestamps at the source site, once",
		Long: `Writes the time into the directories of the source site that mirrors copy from: at
all places of watch.plant in the configuration, or those of the named repositories;
with --to at that one. The daemon does so again and again (mirrorkeeper watch).

ADDRESS is sftp://[USER@]HOST[:PORT]/PATH or file:///PATH; ${NAME} in it is replaced
by the variable of the environment, so that a password stands on no command line.
Host keys have to be known, and ~/.ssh/config is followed.

Exit code 0: all directories are planted; 3: some are not, or what was to be signed
is not; 1: none is.`,
		RunE: func(c *cobra.Command, args []string) error {
			jobs, err := a.plantJobs(c, &f, args)
			if err != nil {
				return err
			}
			return a.printPlanted(plantAll(c.Context(), jobs, time.Now()))
		},
	}
	flags := c.Flags()
	flags.StringVar(&f.to, "to", "", "`address` to plant at, in place of a configuration")
	flags.StringSliceVar(&f.directories, "directories", nil, "with --to: `directories` to plant in, below the address; . is the address itself")
	flags.StringVar(&f.stamp, "stamp", plant.DefaultStamp, "with --to: `name` of the timestamps")
	flags.BoolVar(&f.noMarks, "no-marks", false, "with --to: plant the timestamps alone")
	flags.StringVar(&f.key, "key", "", "with --to: `file` of the OpenPGP key that signs the statement")
	flags.StringArrayVar(&f.ssh.Identity, "identity", nil, "with --to: `file` of a private key of SSH; can be repeated")
	flags.StringArrayVar(&f.ssh.KnownHosts, "known-hosts", nil, "with --to: `file` of known host keys; can be repeated")
	flags.StringArrayVar(&f.ssh.HostKeys, "host-key", nil, "with --to: `key` that the host may have, TYPE BASE64; can be repeated")
	flags.StringSliceVar(&f.ssh.Jump, "jump", nil, "with --to: `hosts` to go through, [USER@]HOST[:PORT],...")
	flags.StringVar(&f.ssh.SSHConfig, "ssh-config", "", "with --to: `file` to read as ssh_config")
	flags.DurationVar(&f.ssh.Timeout, "timeout", 0, "with --to: `time` that the server may take for each answer")
	return c
}

// plantJob is one place with what is planted there.
type plantJob struct {
	*plant.Planter
	directories []string
}

// plantJobs are the jobs of the configuration, or the one of the flags.
func (a *app) plantJobs(c *cobra.Command, f *plantFlags, repositories []string) ([]plantJob, error) {
	if f.to != "" {
		if a.config != "" || len(repositories) > 0 {
			return nil, usage("--to goes without a configuration and its repositories")
		}
		return a.plantFlagged(c.Context(), f)
	}
	var stray error
	c.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
		if f.Changed {
			stray = usage("--%s goes with --to", f.Name)
		}
	})
	if stray != nil {
		return nil, stray
	}
	loaded, err := a.loadConfig()
	if err != nil {
		return nil, err
	}
	return a.plantConfigured(c.Context(), loaded, repositories)
}

// plantFlagged makes the job of the flags.
func (a *app) plantFlagged(ctx context.Context, f *plantFlags) ([]plantJob, error) {
	if len(f.directories) == 0 {
		return nil, usage("--to needs --directories: those to plant in, . for the address itself")
	}
	p, err := config.NewPlant(f.to, a.Env)
	if err != nil {
		return nil, usage("--to: %v", err)
	}
	p.Marks = !f.noMarks
	p.Identity, p.KnownHosts, p.HostKeys = f.ssh.Identity, f.ssh.KnownHosts, f.ssh.HostKeys
	p.Jump, p.SSHConfig, p.Timeout = f.ssh.Jump, f.ssh.SSHConfig, f.ssh.Timeout
	if f.key != "" {
		p.Sign = []config.Sign{{Key: f.key}}
	}
	job, err := a.plantJob(ctx, p, f.directories, f.stamp)
	if err != nil {
		return nil, err
	}
	return []plantJob{job}, nil
}

// plantConfigured makes the jobs of the configuration, for the repositories or all.
func (a *app) plantConfigured(ctx context.Context, c *config.Config, repositories []string) (jobs []plantJob, err error) {
	if c.Watch == nil || len(c.Watch.Plant) == 0 {
		return nil, &exit{
			Code: exitUsage, Err: errors.New("the configuration plants nothing"),
			Hint: "name places in watch.plant, or one with --to",
		}
	}
	left := slices.Clone(repositories)
	for _, p := range c.Watch.Plant {
		if len(repositories) > 0 && !slices.Contains(repositories, p.Repository) {
			continue
		}
		left = slices.DeleteFunc(left, func(name string) bool { return name == p.Repository })
		i := slices.IndexFunc(c.Watch.Repositories, func(r config.WatchedRepository) bool { return r.Name == p.Repository })
		r := c.Watch.Repositories[i]
		job, err := a.plantJob(ctx, p, r.Directories, r.Stamp)
		if err != nil {
			return nil, fmt.Errorf("planting at %s: %w", p.To, err)
		}
		jobs = append(jobs, job)
	}
	if len(left) > 0 {
		return nil, usage("watch.plant has no place for %s", strings.Join(left, ", "))
	}
	return jobs, nil
}

// plantJob makes a job of a configured place.
func (a *app) plantJob(ctx context.Context, p config.Plant, directories []string, stamp string) (plantJob, error) {
	target, err := plantTarget(p)
	if err != nil {
		return plantJob{}, err
	}
	o := plant.Options{Repository: p.Repository, Stamp: stamp, Bare: !p.Marks, Log: a.Log(a.Err)}
	if o.Machine, err = sshdial.ThisMachine(a.Env); err != nil {
		return plantJob{}, err
	}
	if len(p.Sign) > 0 {
		var keys []signature.SigningKey
		for _, s := range p.Sign {
			key, err := assembly.SigningKey(ctx, s)
			if err != nil {
				return plantJob{}, err
			}
			keys = append(keys, key)
		}
		if o.Key, err = signature.NewSigning(ctx, keys...); err != nil {
			return plantJob{}, err
		}
	}
	planter, err := plant.New(target, o)
	if err != nil {
		return plantJob{}, usage("%v", err)
	}
	return plantJob{planter, directories}, nil
}

// plantTarget is the target of a configured place.
func plantTarget(p config.Plant) (plant.Target, error) {
	t, err := plant.ParseTarget(p.To)
	if err != nil || t.Server == nil {
		return t, err
	}
	s := t.Server
	s.Password, s.Passphrase = cmp.Or(s.Password, p.Password.Reveal()), p.Passphrase.Reveal()
	s.Identities, s.HostKeys, s.KnownHosts = p.Identity, p.HostKeys, p.KnownHosts
	s.Jump, s.ProxyCommand, s.Timeout = strings.Join(p.Jump, ","), p.ProxyCommand, p.Timeout
	if p.SSHConfig != "" {
		s.ConfigFiles = []string{p.SSHConfig}
	}
	return t, nil
}

// plantAll does the jobs, none of which waits for another one.
func plantAll(ctx context.Context, jobs []plantJob, now time.Time) []plant.Report {
	reports := make([]plant.Report, len(jobs))
	var running sync.WaitGroup
	for i, j := range jobs {
		running.Go(func() {
			defer j.Close()
			reports[i] = j.Plant(ctx, j.directories, now)
		})
	}
	running.Wait()
	return reports
}

func (a *app) printPlanted(reports []plant.Report) error {
	planted, wrong := 0, 0
	for _, r := range reports {
		planted += r.Planted()
		wrong += r.Failed()
		if r.Unsigned != nil {
			wrong++
		}
		if !a.JSON() {
			a.printPlanting(r)
		}
	}
	if a.JSON() {
		if err := a.PrintJSON(map[string]any{"plant": reports}); err != nil {
			return err
		}
	}
	switch {
	case planted == 0:
		return &exit{Code: exitFailed}
	case wrong > 0:
		return &exit{Code: exitIncomplete}
	}
	return nil
}

func (a *app) printPlanting(r plant.Report) {
	if r.Err != nil {
		a.Report(fmt.Errorf("%s: %w", r.To, r.Err))
	}
	for _, o := range r.Directories {
		if o.Err != nil && o.Err != r.Err { // one that is all directories' is told once
			fmt.Fprintf(a.Out, "%s: %s: %v\n", r.To, o.Directory, o.Err)
		}
	}
	for _, w := range r.Warnings {
		fmt.Fprintf(a.Err, "warning: %s: %s\n", r.To, w)
	}
	if r.Unsigned != nil {
		fmt.Fprintf(a.Err, "warning: %s: %v\n", r.To, r.Unsigned)
	}
	if !a.Quiet {
		fmt.Fprintf(a.Out, "%s: %d planted in %d of %d directories\n", r.To, r.Time.Unix(), r.Planted(), len(r.Directories))
	}
}
