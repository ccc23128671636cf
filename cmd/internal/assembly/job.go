package assembly

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/http"
	"slices"

	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/console"
	"github.com/mirrorkeeper/mirrorkeeper/config"
	"github.com/mirrorkeeper/mirrorkeeper/mirror"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/solver"
	"github.com/mirrorkeeper/mirrorkeeper/store"
)

// Builder turns parts of a configuration into sources and jobs, for a program that needs
// more of it than [Mirrors].
type Builder struct {
	Config *config.Config
	Store  *store.Store
	Log    *slog.Logger
	// Root, Offline and Together are as in [Options].
	Root              string
	Offline, Together bool

	clients *clients
}

// NewBuilder makes a builder for a configuration. Clients are made as sources need them.
func NewBuilder(c *config.Config, s *store.Store, log *slog.Logger) (*Builder, error) {
	clients, err := newClients(&c.Transfer)
	if err != nil {
		return nil, err
	}
	return &Builder{Config: c, Store: s, Log: log, clients: clients}, nil
}

// Client reaches the servers of all sources that were made, each in its own way.
func (b *Builder) Client() *http.Client { return b.clients.router.Client() }

// Job makes the job of one mirror, apart from what all jobs share.
func (b *Builder) Job(m config.Mirror) (*mirror.Job, error) { return b.job(choice{Mirror: m}) }

func (b *Builder) job(m choice) (*mirror.Job, error) {
	out := &mirror.Mirror{
		Name: m.Name, Dir: m.Path, Mandatory: m.Mandatory, Recommends: m.Recommends, Suggests: m.Suggests,
		SourcePackages: m.Sources, Strict: m.Strict, Independent: m.Independent,
		IgnoreErrors: b.Config.Transfer.IgnoreErrors, ValidFor: m.ValidFor, Groups: m.Groups,
		AssumeGroups: m.AssumeInstalled.Groups, Versions: m.Versions.Newest, Together: m.Together || b.Together,
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
		sources, foreign, err := b.Sources(*b.Config.Source(name), m.Mirror)
		if err != nil {
			return nil, fmt.Errorf("source %s: %w", name, err)
		}
		out.Sources, out.Foreign = append(out.Sources, sources...), append(out.Foreign, foreign...)
	}
	for _, name := range m.NeedsOf {
		sources, _, err := b.Sources(*b.Config.Source(name), m.Mirror)
		if err != nil {
			return nil, fmt.Errorf("source %s: %w", name, err)
		}
		for _, s := range sources {
			s.Aside = true
			out.Sources = append(out.Sources, s)
		}
		out.Packages = append(out.Packages, solver.Seed{Pattern: "*", Source: name, Label: "packages of " + name})
	}
	if m.ValidFor > 0 && slices.ContainsFunc(out.Sources, func(s mirror.Source) bool { return s.Type == "rpm" }) {
		return nil, console.Usage("valid-for is for mirrors of deb: the root of an rpm repository does not expire")
	}
	return &mirror.Job{Mirror: out, Only: m.only, Offline: b.Offline, AllowShrink: m.AllowShrink}, nil
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
				return nil, console.Usage("exclude: %q %v", f.text, err)
			}
		}
		out = append(out, y)
	}
	return out, nil
}

func (b *Builder) root() string { return cmp.Or(b.Root, "/") }
