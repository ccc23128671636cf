package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/config"
	"github.com/mirrorkeeper/mirrorkeeper/fetch"
	"github.com/mirrorkeeper/mirrorkeeper/mirror"
	"github.com/mirrorkeeper/mirrorkeeper/progress"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/solver"
	"github.com/mirrorkeeper/mirrorkeeper/store"
	"github.com/spf13/cobra"
)

// origin says where a command takes its mirrors from: a configuration file, or this
// machine's own sources.
type origin struct {
	fromSystem   bool
	format       string // of the machine's sources, "" for the one that it has
	root         string // directory that stands for the machine's
	to           string
	mirror       string
	offline      bool
	together     bool
	everything   bool // of the repositories: no seeds are needed
	mandatory    bool
	noRecommends bool
	suggests     bool
	sources      bool
	strict       bool
}

func (o *origin) flags(c *cobra.Command) {
	f := c.Flags()
	f.BoolVar(&o.fromSystem, "from-system", false, "take sources, keys, pins and proxies from this machine's package manager")
	f.StringVar(&o.format, "type", "", "with --from-system: `format` of the sources, deb or rpm, where the machine has both")
	f.StringVar(&o.root, "root", "/", "read the machine's configuration below this `directory`")
	_ = f.MarkHidden("root")
	f.StringVar(&o.to, "to", "", "`directory` of the mirror, with --from-system")
	f.BoolVar(&o.mandatory, "mandatory", false, "with --from-system: add the packages that every system has")
	f.BoolVar(&o.noRecommends, "no-recommends", false, "with --from-system: leave out what packages only recommend")
	f.BoolVar(&o.suggests, "suggests", false, "with --from-system: add what packages suggest")
	f.BoolVar(&o.sources, "sources", false, "with --from-system: add the source packages")
	f.BoolVar(&o.strict, "strict", false, "with --from-system: fail when a relation cannot be satisfied")
}

func (o *origin) mirrorFlag(c *cobra.Command) {
	c.Flags().StringVar(&o.mirror, "mirror", "", "`name` of the mirror (default: all of the configuration)")
}

func (o *origin) togetherFlag(c *cobra.Command) {
	c.Flags().BoolVar(&o.together, "together", false, "ask for one set of packages from which all that is selected can be installed side by side")
}

func (o *origin) offlineFlag(c *cobra.Command) {
	c.Flags().BoolVar(&o.offline, "offline", false, "ask no server; use the cached indexes as they are")
}

// setup is what a command needs for its jobs.
type setup struct {
	store  *store.Store
	client *http.Client
	jobs   []*mirror.Job
	after  func(context.Context, mirror.Outcome) error
	stop   func() // ends the display of progress
}

func (s *setup) stopProgress() {
	if s.stop != nil {
		s.stop()
		s.stop = nil
	}
}

func (s *setup) close() {
	s.stopProgress()
	s.client.CloseIdleConnections()
}

// setUp makes the jobs that the flags and arguments name. With write it opens the
// store for publishing, else for looking only.
func (a *app) setUp(ctx context.Context, from *origin, args []string, write bool) (*setup, error) {
	var c *config.Config
	var err error
	if from.fromSystem {
		c, err = a.systemConfig(from, args, write)
		args = nil
	} else {
		switch {
		case from.to != "":
			return nil, usage("--to goes with --from-system; a configuration file has its own destination")
		case from.format != "":
			return nil, usage("--type goes with --from-system; a source of a configuration file has a type")
		}
		c, err = a.loadConfig()
	}
	if err != nil {
		return nil, err
	}
	if from.mirror != "" {
		args = append(args, from.mirror)
	}
	chosen, err := chooseMirrors(c, args)
	if err != nil {
		return nil, err
	}
	return a.assemble(ctx, c, basesFirst(chosen), from, write)
}

// configFiles are looked for in this order.
var configFiles = []string{"mirrorkeeper.yaml", "/etc/mirrorkeeper/mirrorkeeper.yaml"}

// configFile is the one that is named, or else the first one that there is.
func (a *app) configFile() (string, error) {
	if a.config != "" {
		return a.config, nil
	}
	for _, f := range configFiles {
		if _, err := os.Stat(f); err == nil {
			return f, nil
		}
	}
	return "", &exit{
		code: exitUsage, err: fmt.Errorf("there is no configuration: neither %s", strings.Join(configFiles, " nor ")),
		hint: "name one with --config, or mirror from what this machine uses: mirrorkeeper sync --from-system --to DIR PACKAGE...",
	}
}

func (a *app) loadConfig() (*config.Config, error) {
	file, err := a.configFile()
	if err != nil {
		return nil, err
	}
	c, err := config.Load(file, a.env)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil, &exit{code: exitUsage, err: err, hint: "give the file with --config"}
	}
	if err != nil {
		return nil, &exit{code: exitUsage, err: err, hint: "docs/configuration.md explains every key"}
	}
	return c, nil
}

// systemMirror is the name of the mirror that --from-system makes.
const systemMirror = "mirror"

// systemConfig is the configuration that --from-system stands for.
func (a *app) systemConfig(from *origin, args []string, write bool) (*config.Config, error) {
	if a.config != "" {
		return nil, usage("--from-system and --config exclude each other; a source of the configuration can be {from: system}")
	}
	if write && from.to == "" {
		return nil, usage("--from-system needs --to DIR")
	}
	if from.format != "" && formatNamed(from.format) == nil {
		return nil, usage("there is no format %q; the formats are %s", from.format, formatNames())
	}
	if len(args) == 0 && !from.mandatory && !from.everything {
		return nil, &exit{
			code: exitUsage, err: errors.New("name at least one package, or use --mandatory"),
			hint: "full mirrors of whole archives are large: they need a configuration file",
		}
	}
	dir := from.to
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return nil, fmt.Errorf("no directory for a cache: %w", err)
		}
		dir = filepath.Join(cache, "mirrorkeeper")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	c := config.New()
	c.Destination, c.State = dir, filepath.Join(dir, ".mirrorkeeper")
	source := config.NewSource("system")
	source.From, source.Type = "system", from.format
	c.Sources = []config.Source{source}
	m := config.NewMirror(systemMirror)
	m.From, m.Path = []string{"system"}, "."
	m.Mandatory, m.Suggests, m.Sources, m.Strict = from.mandatory, from.suggests, from.sources, from.strict
	m.Recommends = !from.noRecommends
	for _, arg := range args {
		if group, ok := strings.CutPrefix(arg, "@"); ok {
			m.Groups = append(m.Groups, group)
			continue
		}
		seed, err := config.ParseSeed(arg)
		if err != nil {
			return nil, usage("%v", err)
		}
		m.Packages = append(m.Packages, seed)
	}
	c.Mirrors = []config.Mirror{m}
	return c, nil
}

// chosenMirror is a mirror to work on, and which of its repositories.
type chosenMirror struct {
	config.Mirror
	only []string
}

// chooseMirrors reads arguments of the form MIRROR, MIRROR/SOURCE, MIRROR/SOURCE/REPOSITORY.
func chooseMirrors(c *config.Config, args []string) (out []chosenMirror, err error) {
	if len(args) == 0 {
		for _, m := range c.Mirrors {
			out = append(out, chosenMirror{Mirror: m})
		}
		if len(out) == 0 {
			return nil, &exit{code: exitUsage, err: errors.New("the configuration has no mirrors")}
		}
		return out, nil
	}
	for _, arg := range args {
		name, only, partly := strings.Cut(arg, "/")
		m := c.Mirror(name)
		if m == nil {
			return nil, usage("there is no mirror %q; the configuration has %s", name, mirrorNames(c))
		}
		i := slices.IndexFunc(out, func(x chosenMirror) bool { return x.Name == name })
		if i < 0 {
			i = len(out)
			out = append(out, chosenMirror{Mirror: *m})
		}
		if partly {
			out[i].only = append(out[i].only, only)
		}
	}
	return out, nil
}

// basesFirst puts mirrors before those that assume what they hold to be installed.
func basesFirst(chosen []chosenMirror) (out []chosenMirror) {
	taken := map[string]bool{}
	var take func(m chosenMirror)
	take = func(m chosenMirror) {
		if taken[m.Name] {
			return
		}
		taken[m.Name] = true
		for _, other := range chosen {
			if other.Name == m.AssumeInstalled.From {
				take(other)
			}
		}
		out = append(out, m)
	}
	for _, m := range chosen {
		take(m)
	}
	return out
}

func mirrorNames(c *config.Config) string {
	var names []string
	for _, m := range c.Mirrors {
		names = append(names, m.Name)
	}
	return strings.Join(names, ", ")
}

// assemble makes a job of each mirror.
func (a *app) assemble(ctx context.Context, c *config.Config, chosen []chosenMirror, from *origin, write bool) (_ *setup, err error) {
	s := &setup{}
	open := store.OpenState
	if write {
		open = store.Open
	}
	if s.store, err = open(c.Destination, c.State); err != nil {
		return nil, err
	}
	tracker, above := &progress.Tracker{}, a.err
	if write {
		tracker, above, s.stop = a.progress()
	}
	defer func() {
		if err != nil {
			s.stopProgress()
		}
	}()
	log := a.log(above)
	b := &builder{config: c, store: s.store, log: log, root: from.root}
	if b.clients, err = newClients(&c.Transfer); err != nil {
		return nil, err
	}
	var jobs []*mirror.Job
	for _, m := range chosen {
		j, err := b.job(m, from)
		if err != nil {
			return nil, fmt.Errorf("mirror %s: %w", m.Name, err)
		}
		jobs = append(jobs, j)
	}
	s.client = b.clients.router.Client()
	fetcher := fetch.New(fetch.Options{
		Client: s.client, Connections: c.Transfer.Connections, PerHost: c.Transfer.PerHost,
		Retries: c.Transfer.Retries, IgnoreErrors: c.Transfer.IgnoreErrors, Log: log,
	})
	for i, j := range jobs {
		j.Store, j.Fetcher, j.Progress, j.Log, j.Grace = s.store, fetcher, tracker, log, c.Keep.Grace
		if !j.Mirror.Full() && write {
			if j.Mirror.Sign, err = signing(ctx, s.store, chosen[i].Sign); err != nil {
				return nil, fmt.Errorf("mirror %s: %w", j.Mirror.Name, err)
			}
		}
	}
	s.jobs = jobs
	s.after = func(ctx context.Context, o mirror.Outcome) error { return s.finish(ctx, c, chosen, o) }
	return s, nil
}

// finish does what is to be done after each run over a mirror.
func (s *setup) finish(ctx context.Context, c *config.Config, chosen []chosenMirror, o mirror.Outcome) error {
	var problems []error
	for _, j := range s.jobs {
		if j.Mirror.Name == o.Mirror && o.Err == nil {
			problems = append(problems, rememberKeys(s.store, j.Mirror))
		}
	}
	if c.Metrics.Textfile != "" {
		if err := mirror.WriteMetrics(c.Metrics.Textfile, []mirror.Outcome{o}); err != nil {
			problems = append(problems, fmt.Errorf("metrics: %w", err))
		}
	}
	for _, m := range chosen {
		if m.Name == o.Mirror && len(m.RunAfter) > 0 {
			problems = append(problems, mirror.RunCommand(context.WithoutCancel(ctx), m.RunAfter, o))
		}
	}
	return errors.Join(problems...)
}

// builder turns a configuration into jobs.
type builder struct {
	config  *config.Config
	store   *store.Store
	log     *slog.Logger
	clients *clients
	root    string // directory of the machine whose sources are meant by from: system
}

// job makes the job of one mirror, apart from what all jobs share.
func (b *builder) job(m chosenMirror, from *origin) (*mirror.Job, error) {
	out := &mirror.Mirror{
		Name: m.Name, Dir: m.Path, Mandatory: m.Mandatory, Recommends: m.Recommends, Suggests: m.Suggests,
		SourcePackages: m.Sources, Strict: m.Strict, Independent: m.Independent,
		IgnoreErrors: b.config.Transfer.IgnoreErrors, ValidFor: m.ValidFor, Groups: m.Groups,
		AssumeGroups: m.AssumeInstalled.Groups, Versions: m.Versions.Newest, Together: m.Together || from.together,
	}
	if m.Alternatives == "all" {
		out.Alternatives = solver.AlternativesAll
	}
	if m.Versions.All {
		out.Versions = -1
	}
	for _, s := range m.Packages {
		out.Packages = append(out.Packages, solver.Seed{Pattern: s.Pattern, Architecture: s.Architecture, Op: s.Op, Version: s.Version, Label: s.String()})
	}
	var err error
	if out.Installed, err = b.installed(m.Mirror); err != nil {
		return nil, err
	}
	for _, s := range m.AssumeInstalled.Packages {
		out.Assume = append(out.Assume, solver.Seed{Pattern: s.Pattern, Op: s.Op, Version: s.Version, Label: s.String()})
	}
	for _, s := range m.Prefer {
		out.Prefer = append(out.Prefer, s.Pattern)
	}
	if out.Exclude, err = exclusions(m.Exclude); err != nil {
		return nil, err
	}
	for _, name := range m.From {
		sources, foreign, err := b.sources(*b.config.Source(name), m.Mirror)
		if err != nil {
			return nil, fmt.Errorf("source %s: %w", name, err)
		}
		out.Sources, out.Foreign = append(out.Sources, sources...), append(out.Foreign, foreign...)
	}
	if m.ValidFor > 0 && slices.ContainsFunc(out.Sources, func(s mirror.Source) bool { return s.Type == "rpm" }) {
		return nil, usage("valid-for is for mirrors of deb: the root of an rpm repository does not expire")
	}
	return &mirror.Job{Mirror: out, Only: m.only, Offline: from.offline, AllowShrink: m.AllowShrink}, nil
}

// exclusions reads what the configuration leaves out.
func exclusions(all []config.Exclusion) (out []mirror.Exclusion, err error) {
	for _, x := range all {
		var y mirror.Exclusion
		for _, f := range []struct {
			to   *repo.Pattern
			text string
		}{
			{&y.Package, x.Package},
			{&y.Name, x.Name},
			{&y.Version, x.Version},
			{&y.Architecture, x.Architecture},
			{&y.Section, x.Section},
			{&y.Source, x.Source},
			{&y.Repository, x.Repository},
		} {
			if *f.to, err = repo.ParsePattern(f.text); err != nil {
				return nil, usage("exclude: %q %v", f.text, err)
			}
		}
		out = append(out, y)
	}
	return out, nil
}
