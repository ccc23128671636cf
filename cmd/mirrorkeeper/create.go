package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/assembly"
	"github.com/mirrorkeeper/mirrorkeeper/config"
	"github.com/mirrorkeeper/mirrorkeeper/create"
	"github.com/mirrorkeeper/mirrorkeeper/fetch"
	"github.com/mirrorkeeper/mirrorkeeper/generations"
	"github.com/mirrorkeeper/mirrorkeeper/mirror"
	"github.com/mirrorkeeper/mirrorkeeper/store"
)

// creation is what the command line says of the repositories to create.
type creation struct {
	destination string
	repository  config.Repository // by flags
	changelog   int
	unsigned    bool
	key         string
	from        []string // sources
	fromSystem  bool
	root        string // directory that stands for the machine's
	closure     bool
	noWeak      bool
	passphrase  string // file of that of the key

	add        bool
	remove     []string
	keep       int
	keepGoing  bool
	allowEmpty bool
	check      bool
	copies     bool
	detailed   bool
}

func (a *app) createCommand() *cobra.Command {
	x := creation{repository: config.NewRepository("")}
	c := &cobra.Command{
		Use: `create NAME --type deb|rpm --destination DIR FILE|DIR|GLOB|URL|-...
  mirrorkeeper create NAME --type deb|rpm --destination DIR --from SOURCE [--closure] PACKAGE...
  mirrorkeeper create [NAME [FILE...]]`,
		Short: "Make or update a repository of package files",
		Long: `Makes or updates a repository of package files, and publishes it in DIR/NAME: of
files, of directories and those below them, of globs and URLs, and with - of paths
and URLs that standard input has one a line. Without --type and --destination, the
repositories are those of the configuration: all, or the named one, with the given
files in the place of the configured ones. With --from or --from-system, packages are
taken from other repositories by name and version, and with --closure all that they
need.

The given packages are all that the repository holds (for deb: that the component of
the suite holds). With --add, what is there already stays, and --remove takes out.
Files that are broken or do not fit are refused, and nothing is published then; with
--keep-going they are left out, and the exit code is 3.

Files that a run before has read are known again by size, time and inode, so that an
update costs what has changed. The files are not copied where they need not be:
where the file system cannot clone, they are hard links.`,
		RunE: func(c *cobra.Command, args []string) error {
			files, err := inputs(c.InOrStdin(), args)
			if err != nil {
				return err
			}
			jobs, err := a.creations(&x, c.Flags(), files)
			if err != nil {
				return err
			}
			return a.create(c.Context(), &x, jobs)
		},
	}
	x.flags(c)
	return c
}

func (x *creation) flags(c *cobra.Command) {
	f, r := c.Flags(), &x.repository
	f.StringVar(&r.Type, "type", "", "`format` of the repository, deb or rpm")
	f.StringVar(&x.destination, "destination", "", "`directory` that the repository is published in, below its name")
	f.BoolVar(&x.add, "add", false, "keep what the repository holds already")
	f.StringArrayVar(&x.remove, "remove", nil, "take out the packages of this `name` or glob, with architecture and version if wanted: \"foo (<< 2.0)\"; can be repeated; the others stay")
	f.IntVar(&x.keep, "keep", 0, "keep the `number` of versions of each package for an architecture, the newest ones (default: all)")
	f.BoolVar(&x.keepGoing, "keep-going", false, "leave out files that are refused, and exit with 3")
	f.BoolVar(&x.allowEmpty, "allow-empty", false, "accept that no package is left")
	f.BoolVar(&x.check, "check", false, "read all files again, and check all that is published")
	f.BoolVar(&x.copies, "copy", false, "copy files where hard links would do")
	f.BoolVar(&x.detailed, "detailed-exit-codes", false, "exit with 10 when a new generation was published")
	f.BoolVar(&x.unsigned, "no-sign", false, "leave the repository unsigned")
	f.StringVar(&x.key, "key", "", "`file` of the secret key that signs (default: one that is made once)")
	f.StringVar(&x.passphrase, "passphrase-file", "", "`file` whose first line is the passphrase of the key (default: a terminal is asked for one that is needed)")
	f.BoolVar(&r.AnyName, "any-name", false, "accept files that do not have the name that their package ought to have")
	f.StringSliceVar(&r.Compress, "compress", nil, "`compressions` of the indexes: gz, xz, zst (default gz)")
	f.StringSliceVar(&r.Digests, "digests", nil, "`digests` that the indexes list: md5, sha1, sha256, sha512 (default sha256, for deb md5 too)")

	f.StringArrayVar(&x.from, "from", nil, "take packages from this `source` of the configuration: the arguments then name packages; can be repeated")
	f.BoolVar(&x.fromSystem, "from-system", false, "take packages from what this machine's package manager uses: the arguments then name packages")
	f.StringVar(&x.root, "root", "/", "read the machine's configuration below this `directory`")
	_ = f.MarkHidden("root")
	f.BoolVar(&x.closure, "closure", false, "with --from or --from-system: take all that the packages need, too")
	f.BoolVar(&x.noWeak, "no-recommends", false, "with --closure: leave out what packages only recommend")

	f.StringVar(&r.Suite, "suite", "", "deb: `name` of the suite (default stable)")
	f.StringVar(&r.Codename, "codename", "", "deb: other `name` of the suite")
	f.StringVar(&r.Component, "component", "", "deb: `name` of the component that the packages are (default main)")
	f.StringSliceVar(&r.Architectures, "architectures", nil, "deb: `architectures` of the suite (default: those of the packages)")
	f.StringVar(&r.Origin, "origin", "", "deb: `text` of the field Origin")
	f.StringVar(&r.Label, "label", "", "deb: `text` of the field Label")
	f.StringVar(&r.Version, "version", "", "deb: `text` of the field Version")
	f.StringVar(&r.Description, "description", "", "deb: `text` of the field Description")
	f.BoolVar(&r.NotAutomatic, "not-automatic", false, "deb: apt installs nothing of it by itself")
	f.BoolVar(&r.ButAutomaticUpgrades, "but-automatic-upgrades", false, "deb: but upgrades what was installed of it")
	f.Var(durationFlag{&r.ValidFor}, "valid-for", "deb: `time` for which it is valid, such as 14d (default: for ever)")
	f.BoolVar(&r.Flat, "flat", false, "deb: make a flat repository, without suites and components")
	f.BoolVar(&r.Contents, "contents", false, "deb: write indexes of the paths in packages")
	f.StringVar(&r.Override, "override", "", "deb: `file` of priorities and sections, as apt-ftparchive reads it")
	f.StringVar(&r.SourceOverride, "source-override", "", "deb: such a `file` for source packages")
	f.StringVar(&r.ExtraOverride, "extra-override", "", "deb: `file` of further fields, as apt-ftparchive reads it")

	f.StringVar(&r.Layout, "layout", "", "rpm: `places` of the packages: as-found, or packages (default as-found)")
	f.StringVar(&r.Comps, "comps", "", "rpm: `file` of groups, comps.xml")
	f.StringVar(&r.Updateinfo, "updateinfo", "", "rpm: `file` of advisories, updateinfo.xml")
	f.StringArrayVar(&r.Modules, "modules", nil, "rpm: `file` of modules, modules.yaml; can be repeated")
	f.StringArrayVar(&r.DistroTags, "distro-tag", nil, "rpm: `tag` of the platform, NAME or CPE,NAME; can be repeated")
	f.StringArrayVar(&r.ContentTags, "content-tag", nil, "rpm: `tag` of what it holds; can be repeated")
	f.StringArrayVar(&r.RepoTags, "repo-tag", nil, "rpm: `tag` of what it is; can be repeated")
	f.StringVar(&r.Revision, "revision", "", "rpm: `text` that the state is called by (default: the time)")
	f.IntVar(&x.changelog, "changelog-limit", 10, "rpm: `number` of changes of each package to list, -1 for all")
}

// durationFlag is a flag for a duration as configurations write them.
type durationFlag struct{ to *time.Duration }

func (f durationFlag) String() string { return "" }
func (f durationFlag) Type() string   { return "duration" }
func (f durationFlag) Set(text string) (err error) {
	*f.to, err = config.ParseDuration(text)
	return err
}

// inputs replaces - by what standard input has, a path or URL a line.
func inputs(in io.Reader, args []string) (out []string, err error) {
	for i, arg := range args {
		if arg != "-" || i == 0 {
			out = append(out, arg)
			continue
		}
		lines := bufio.NewScanner(in)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			if line := strings.TrimSuffix(lines.Text(), "\r"); line != "" {
				out = append(out, line)
			}
		}
		if err := lines.Err(); err != nil {
			return nil, fmt.Errorf("standard input: %w", err)
		}
	}
	return out, nil
}

// creations are the repositories that flags, configuration and arguments name.
func (a *app) creations(x *creation, flags *pflag.FlagSet, args []string) (*creations, error) {
	if x.destination != "" || flags.Changed("type") {
		c, err := a.flagsConfig(x, flags, args)
		if err != nil {
			return nil, err
		}
		return &creations{config: c, repositories: c.Repositories}, nil
	}
	for _, name := range describing(flags) {
		return nil, usage("--%s goes with --type and --destination; a repository of the configuration has keys for that", name)
	}
	c, err := a.loadConfig()
	if err != nil {
		return nil, err
	}
	out := &creations{config: c}
	if len(args) == 0 {
		out.repositories = c.Repositories
		if len(out.repositories) == 0 {
			return nil, &exit{Code: exitUsage, Err: errors.New("the configuration has no repositories"), Hint: "name one with --type, --destination and files"}
		}
		if x.changes() {
			return nil, usage("name the repository that --add, --remove, --keep or --allow-empty are for")
		}
		return out, nil
	}
	for _, r := range c.Repositories {
		if r.Name == args[0] || r.Archive == args[0] && len(args) == 1 {
			out.repositories = append(out.repositories, r)
		}
	}
	switch {
	case len(out.repositories) == 0:
		return nil, usage("there is no repository %q; the configuration has %s", args[0], repositoryNames(c))
	case len(out.repositories) > 1 && x.changes():
		return nil, usage("%s has several parts; name one of %s", args[0], repositoryNames(c))
	}
	if r := &out.repositories[0]; len(args) > 1 || x.takes() {
		r.Packages, r.From = args[1:], nil
	}
	return out, nil
}

// takes reports whether the command line takes away from what a repository holds; it
// then needs no packages.
func (x *creation) takes() bool { return len(x.remove) > 0 || x.keep > 0 }

// changes reports whether the command line is about what one repository holds.
func (x *creation) changes() bool { return x.add || x.allowEmpty || x.takes() }

// creations are repositories to create, with the configuration that they are of.
type creations struct {
	config       *config.Config
	repositories []config.Repository
}

func repositoryNames(c *config.Config) string {
	var names []string
	for _, r := range c.Repositories {
		names = append(names, r.Name)
	}
	return strings.Join(names, ", ")
}

// running are the flags that say how a run goes about it; the others describe the
// repository.
var running = []string{
	"destination", "add", "remove", "keep", "keep-going", "allow-empty", "check", "copy", "detailed-exit-codes", "config", "output", "quiet", "verbose",
}

// describing are the flags given that describe the repository.
func describing(flags *pflag.FlagSet) (names []string) {
	flags.Visit(func(f *pflag.Flag) {
		if !slices.Contains(running, f.Name) {
			names = append(names, f.Name)
		}
	})
	return names
}

// flagsConfig is the configuration that flags stand for.
func (a *app) flagsConfig(x *creation, flags *pflag.FlagSet, args []string) (*config.Config, error) {
	r := x.repository
	switch {
	case a.config != "" && len(x.from) == 0:
		return nil, usage("--config and --type with --destination exclude each other, but for --from; a repository of the configuration has keys for that")
	case len(x.from) > 0 && x.fromSystem:
		return nil, usage("--from and --from-system exclude each other")
	case (x.closure || x.noWeak) && len(x.from) == 0 && !x.fromSystem:
		return nil, usage("--closure and --no-recommends go with --from or --from-system")
	case len(args) == 0:
		return nil, usage("name the repository: create NAME --type deb|rpm --destination DIR FILE...")
	case x.destination == "":
		return nil, usage("--type needs --destination DIR")
	case assembly.FormatNamed(r.Type) == nil:
		return nil, usage("--type is %q; it is one of %s", r.Type, assembly.FormatNames())
	case !config.ValidName(args[0]):
		return nil, usage("%q cannot be the name of a repository (expected letters, digits, . _ + and -, a letter or digit first)", args[0])
	case len(args) == 1 && !x.add && !x.takes():
		return nil, &exit{Code: exitUsage, Err: errors.New("name at least one file or directory of packages"), Hint: "--add without files keeps what the repository holds"}
	case x.unsigned && x.key != "":
		return nil, usage("--no-sign and --key exclude each other")
	case x.passphrase != "" && x.key == "":
		return nil, usage("--passphrase-file goes with --key")
	}
	for _, name := range describing(flags) {
		if f := config.FormatOf(name); f != "" && f != r.Type {
			return nil, usage("--%s is for repositories of %s", name, f)
		}
	}
	r.Name, r.Archive, r.Path, r.Packages = args[0], args[0], args[0], args[1:]
	if r.Type == "deb" && !r.Flat && r.Suite == "" {
		r.Suite = "stable"
	}
	if flags.Changed("changelog-limit") {
		r.ChangelogLimit = &x.changelog
	}
	r.Unsigned = x.unsigned
	if x.key != "" {
		r.Sign = []config.Sign{{Key: x.key, PassphraseFile: x.passphrase}}
	}
	dir, err := filepath.Abs(x.destination)
	if err != nil {
		return nil, err
	}
	c := config.New()
	if len(x.from) > 0 {
		if c, err = a.loadConfig(); err != nil {
			return nil, err
		}
	}
	if err := x.selection(c, &r); err != nil {
		return nil, err
	}
	c.Destination, c.State = dir, filepath.Join(dir, ".mirrorkeeper")
	c.Repositories = []config.Repository{r}
	return c, nil
}

// create runs over the repositories, one after another. One that fails does not stop
// the others.
func (a *app) create(ctx context.Context, x *creation, all *creations) error {
	defer frugalGC(a.Env)()
	c := all.config
	s, err := store.Open(c.Destination, c.State)
	if err != nil {
		return err
	}
	unlock, err := assembly.Lock(s)
	if err != nil {
		return err
	}
	defer unlock()
	tracker, above, stop := a.Progress()
	defer stop()
	log := a.Log(above)
	b, err := assembly.NewBuilder(c, s, log)
	if err != nil {
		return err
	}
	b.Root = x.root
	client := b.Client()
	defer client.CloseIdleConnections()
	options := fetch.Options{Client: client, Connections: c.Transfer.Connections, PerHost: c.Transfer.PerHost, Retries: c.Transfer.Retries, Log: log}
	reading := fetch.New(options)
	options.IgnoreErrors = math.MaxInt // all that cannot be had is told, not only the first
	fetching := fetch.New(options)

	var jobs []*create.Job
	for _, r := range all.repositories {
		j, err := x.job(ctx, s, r)
		if err != nil {
			return err
		}
		j.Fetcher, j.Progress, j.Log, j.Grace = fetching, tracker, log, c.Keep.Grace
		j.Generations = assembly.Retention(c)
		jobs = append(jobs, j)
	}
	var reports []*create.Report
	var failures []error
	var unresolved []mirror.Unresolved
	incomplete, changed := false, false
	for i, r := range all.repositories {
		missing, err := selectPackages(ctx, b, r, jobs[i], reading)
		var report *create.Report
		if err == nil {
			report, err = a.createOne(ctx, c, r, jobs[i])
		}
		if err != nil {
			failures = append(failures, fmt.Errorf("%s: %w", r.Name, err))
			if ctx.Err() != nil {
				break
			}
			continue
		}
		reports = append(reports, report)
		unresolved = append(unresolved, missing...)
		incomplete = incomplete || len(report.Refused)+len(missing) > 0
		changed = changed || report.Changed
	}
	stop()
	if err := a.printCreated(reports); err != nil {
		return err
	}
	assembly.PrintFindings(&a.Console, unresolved, nil)
	switch {
	case len(failures) > 0:
		return &exit{Code: exitFailed, Err: errors.Join(failures...)}
	case incomplete:
		return &exit{Code: exitIncomplete}
	case changed && x.detailed:
		return &exit{Code: exitChanged}
	}
	return nil
}

// createOne runs over one repository, and does what is to be done after it.
func (a *app) createOne(ctx context.Context, c *config.Config, r config.Repository, j *create.Job) (*create.Report, error) {
	begun := time.Now()
	report, err := create.Run(ctx, j)
	return report, a.afterCreating(ctx, c, r, j, begun, report, err)
}

// afterCreating does what is to be done after a run over a repository, and returns its
// error, and those of what it does.
func (a *app) afterCreating(ctx context.Context, c *config.Config, r config.Repository, j *create.Job, begun time.Time, report *create.Report, err error) error {
	o := mirror.Outcome{Mirror: r.Name, Begun: begun, Took: time.Since(begun), Err: err}
	if err == nil {
		o.Report = &mirror.Report{
			Mirror: r.Name, Changed: report.Changed, Generation: report.Generation, Time: report.Time, Dir: report.Dir, Bytes: report.Bytes,
			Packages: report.Packages, TotalBytes: report.TotalBytes, Incomplete: len(report.Refused),
		}
	}
	problems := []error{err}
	if err == nil {
		var keys [][]byte
		if j.Sign != nil {
			keys = append(keys, j.Sign.Public["key.asc"])
		}
		problems = append(problems, j.Store.SetKeys(j.Name, keys))
		if r.Snapshots {
			over := &generations.Mirror{Name: j.Name, Store: j.Store, Formats: assembly.Formats(), Sign: j.Sign, ValidFor: j.ValidFor}
			problems = append(problems, over.SnapshotAll(ctx))
		}
	}
	if c.Metrics.Textfile != "" {
		problems = append(problems, mirror.WriteMetrics(c.Metrics.Textfile, []mirror.Outcome{o}))
	}
	if len(r.RunAfter) > 0 {
		problems = append(problems, mirror.RunCommand(context.WithoutCancel(ctx), r.RunAfter, o))
	}
	return errors.Join(problems...)
}

// job makes the job of a repository, apart from what all jobs share.
func (x *creation) job(ctx context.Context, s *store.Store, r config.Repository) (*create.Job, error) {
	creator, err := assembly.NewCreator(r, s.State())
	if err != nil {
		return nil, fmt.Errorf("repository %s: %w", r.Name, err)
	}
	j := &create.Job{
		Name: r.Archive, Dir: r.Path, Creator: creator, Format: assembly.FormatNamed(r.Type), Add: x.add || r.Add || r.Incoming != nil, Keep: max(x.keep, r.Keep),
		KeepGoing: x.keepGoing || r.KeepGoing, AllowEmpty: x.allowEmpty, Check: x.check, Copy: x.copies || r.Copy,
		ValidFor: r.ValidFor, Store: s,
	}
	if x.keep > 0 {
		j.Keep = x.keep
	}
	for _, text := range x.remove {
		seed, err := config.ParseSeed(text)
		if err != nil {
			return nil, usage("--remove: %v", err)
		}
		j.Remove = append(j.Remove, create.Removal{Pattern: seed.Pattern, Architecture: seed.Architecture, Op: seed.Op, Version: seed.Version})
	}
	for _, text := range r.Packages {
		j.Inputs = append(j.Inputs, create.ParseInput(text))
	}
	if !r.Unsigned {
		if j.Sign, err = assembly.Signing(ctx, s, r.Sign); err != nil {
			return nil, fmt.Errorf("repository %s: %w", r.Name, err)
		}
	}
	return j, nil
}

func (a *app) printCreated(reports []*create.Report) error {
	if a.JSON() {
		if reports == nil {
			reports = []*create.Report{}
		}
		return a.PrintJSON(map[string]any{"repositories": reports})
	}
	for _, r := range reports {
		if !a.Quiet {
			printCreated(a.Out, r)
		}
		for _, x := range r.Refused {
			fmt.Fprintf(a.Err, "warning: left out: %s: %s\n", x.File, x.Reason)
		}
	}
	return nil
}

func printCreated(w io.Writer, r *create.Report) {
	state := "unchanged, " + r.Generation
	if r.Changed {
		state = "published " + r.Generation
	}
	fmt.Fprintf(w, "%s: %s: %d package files, %s", r.Repository, state, r.Packages, humanize.IBytes(uint64(r.TotalBytes)))
	if r.Changed {
		fmt.Fprintf(w, " (%d added, %d removed)", r.Added, r.Removed)
	}
	fmt.Fprintf(w, "; %d of %d files read\n", r.Read, r.Files)
	for _, x := range r.Repositories {
		fmt.Fprintf(w, "  %s: %d package files in %s\n", x.Name, x.Packages, x.Dir)
	}
}
