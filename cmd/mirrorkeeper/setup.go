package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/assembly"
	"github.com/mirrorkeeper/mirrorkeeper/config"
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

// setUp makes the jobs that the flags and arguments name. With publish it opens
// the store for publishing, else for looking only.
func (a *app) setUp(ctx context.Context, from *origin, args []string, publish bool) (*assembly.Set, error) {
	var c *config.Config
	var err error
	if from.fromSystem {
		c, err = a.systemConfig(from, args, publish)
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
	return assembly.Mirrors(ctx, c, assembly.Options{
		Console: &a.Console, Mirrors: args, Publish: publish, Offline: from.offline, Together: from.together, Root: from.root,
	})
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
		Code: exitUsage, Err: fmt.Errorf("there is no configuration: neither %s", strings.Join(configFiles, " nor ")),
		Hint: "name one with --config, or mirror from what this machine uses: mirrorkeeper sync --from-system --to DIR PACKAGE...",
	}
}

func (a *app) loadConfig() (*config.Config, error) {
	file, err := a.configFile()
	if err != nil {
		return nil, err
	}
	c, err := config.Load(file, a.Env)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil, &exit{Code: exitUsage, Err: err, Hint: "give the file with --config"}
	}
	if err != nil {
		return nil, &exit{Code: exitUsage, Err: err, Hint: "docs/configuration.md explains every key"}
	}
	return c, nil
}

// systemMirror is the name of the mirror that --from-system makes.
const systemMirror = "mirror"

// systemConfig is the configuration that --from-system stands for.
func (a *app) systemConfig(from *origin, args []string, publish bool) (*config.Config, error) {
	if a.config != "" {
		return nil, usage("--from-system and --config exclude each other; a source of the configuration can be {from: system}")
	}
	if publish && from.to == "" {
		return nil, usage("--from-system needs --to DIR")
	}
	if from.format != "" && assembly.FormatNamed(from.format) == nil {
		return nil, usage("there is no format %q; the formats are %s", from.format, assembly.FormatNames())
	}
	if len(args) == 0 && !from.mandatory && !from.everything {
		return nil, &exit{
			Code: exitUsage, Err: errors.New("name at least one package, or use --mandatory"),
			Hint: "full mirrors of whole archives are large: they need a configuration file",
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
