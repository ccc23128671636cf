package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/assembly"
	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/console"
	"github.com/mirrorkeeper/mirrorkeeper/config"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/watch"
	"github.com/mirrorkeeper/mirrorkeeper/watch/probe"
)

// probeQuestion says what probe looks at, and compares it with.
type probeQuestion struct {
	app           *app
	repository    string
	source        config.Source // where it is named by flags
	level         string
	schemes       []string
	eachAddress   bool
	allow         []string
	samples       int
	scope         watch.Scope
	url           string
	architectures []string
}

func (a *app) probeCommand() *cobra.Command {
	q := probeQuestion{app: a, source: config.NewSource("source")}
	c := &cobra.Command{
		Use:   "probe SITE [--repository NAME] | probe SITE --source URL --key FILE",
		Short: "Tell whether a mirror is in sync with its source",
		Long: `Looks at a mirror that others run, compares it with its source, and says whether it is
in sync, what is wrong, and what most likely happened. SITE is the URL of the mirror; it
need not be in the configuration. Every scheme and address family is looked at apart.

What the mirror is compared with is a repository of watch.repositories, or is named by
flags:

  mirrorkeeper probe https://mirror.example.net/debian \
      --source https://archive.example.org/debian --suite bookworm \
      --architecture amd64 --key /usr/share/keyrings/debian-archive-keyring.gpg

At level sample, the default, it compares the root files and the files that these name,
looks for what the newest generation changed, and for a random sample of packages; at level
sweep for every package.

Exit codes: 0 in sync; 3 any other state; 1 it could not be looked at; 2 wrong usage.`,
		Args: exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			v, err := q.ask(c.Context(), c.Flags().Changed("source"), strings.TrimRight(args[0], "/"))
			if err != nil {
				return err
			}
			return a.printVerdict(v)
		},
	}
	f := c.Flags()
	f.StringVar(&q.repository, "repository", "", "`name` of the watched repository (default: the only one that the site has)")
	f.StringVar(&q.level, "level", "sample", "how `deep` to look: sample or sweep")
	f.IntVar(&q.samples, "samples", 299, "`number` of packages of the random sample")
	f.StringArrayVar(&q.schemes, "scheme", nil, "further `scheme` to look at: http, https or rsync; can be repeated")
	f.BoolVar(&q.eachAddress, "each-address", false, "look at each address of the site's name apart")
	f.StringArrayVar(&q.allow, "allow", nil, "`network` to connect to although it is not public, such as 10.0.0.0/8; can be repeated")
	f.StringArrayVar(&q.scope.Architectures, "only-architecture", nil, "`architecture` that the site holds, where it does not hold all; can be repeated")
	f.StringArrayVar(&q.scope.Components, "only-component", nil, "`component` that the site holds, where it does not hold all; can be repeated")
	f.StringVar(&q.url, "source", "", "`URL` of the source, where no configuration has it")
	f.StringVar(&q.source.Type, "type", "", "with --source: `format`, deb or rpm (default: deb with --suite, else rpm)")
	f.StringArrayVar(&q.source.Suites, "suite", nil, "with --source: `suite` of a deb archive; can be repeated")
	f.StringArrayVar(&q.source.Components, "component", nil, "with --source: `component` of the suites; can be repeated (default: all)")
	f.StringArrayVar(&q.architectures, "architecture", nil, "with --source: `architecture` to compare; can be repeated")
	f.StringArrayVar(&q.source.Keys, "key", nil, "with --source: `file` of a key that may sign; can be repeated")
	f.BoolVar(&q.source.Trusted, "trusted", false, "with --source: do not check its signature")
	return c
}

// probeLevels are the levels of looking that a word stands for.
var probeLevels = map[string][]watch.Level{
	"sample": {watch.LevelIndexes, watch.LevelDelta, watch.LevelRemoved, watch.LevelSample, watch.LevelBytes},
	"sweep":  {watch.LevelIndexes, watch.LevelDelta, watch.LevelRemoved, watch.LevelSample, watch.LevelBytes, watch.LevelSweep},
}

// ask puts the question together and asks it.
func (q *probeQuestion) ask(ctx context.Context, byFlags bool, site string) (watch.Verdict, error) {
	none := watch.Verdict{}
	u, err := url.Parse(site)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "rsync" {
		return none, usage("%q is no URL of a site: http://, https:// or rsync://", site)
	}
	levels, ok := probeLevels[q.level]
	if !ok {
		return none, usage("--level is %q; it is sample or sweep", q.level)
	}
	for _, s := range q.schemes {
		if s != "http" && s != "https" && s != "rsync" {
			return none, usage("--scheme is %q; it is http, https or rsync", s)
		}
	}
	w, c, done, err := q.watched(byFlags, site)
	if err != nil {
		return none, err
	}
	defer done()
	settings := config.Watch{}
	if c.Watch != nil {
		settings = *c.Watch
	}
	allowed, err := networks(append(settings.Allow, q.allow...), u.Hostname())
	if err != nil {
		return none, err
	}
	prober := probe.New(probe.Options{UserAgent: cmp.Or(settings.UserAgent, "mirrorkeeper/"+console.Version()), Allowed: allowed, Vantage: settings.Vantage})
	question := probe.Question{
		Site: q.site(site, settings.Sites), Repository: &w.Repository, Sources: w.sources, Base: w.base, Client: w.client,
		Levels: levels, Budget: watch.Budget{Samples: q.samples, Files: 1 << 30, Bytes: 1 << 50}, Settings: watch.Settings{Grace: settings.Grace},
	}
	log := q.app.Log(q.app.Err)
	question.Seen = func(o watch.Observation) {
		log.Debug("looked", "endpoint", o.Endpoint.String(), "requests", o.Requests, "bytes", o.Bytes, "took", o.Took.Round(time.Millisecond), "fault", o.Fault, "detail", o.Detail)
	}
	return prober.Judge(ctx, question)
}

// site is the one to look at, as far as the configuration knows it, with what the flags
// add. There is no history to wait for.
func (q *probeQuestion) site(url string, configured []config.Site) watch.Site {
	site := watch.Site{URL: url}
	for _, s := range configured {
		if s := siteOf(s); s.URL == url {
			site = s
		}
	}
	site.Paused, site.SlowStart = false, 0
	site.Schemes = append(slices.Clone(site.Schemes), q.schemes...)
	site.EachAddress = site.EachAddress || q.eachAddress
	if len(q.scope.Architectures)+len(q.scope.Components) > 0 {
		site.Scope = &q.scope
	}
	return site
}

// networks reads the networks that may be connected to. An address that is the host of the
// site itself is one of them: who wrote it meant it.
func networks(texts []string, host string) (out []netip.Prefix, err error) {
	for _, text := range texts {
		p, err := netip.ParsePrefix(text)
		if a, err2 := netip.ParseAddr(text); err2 == nil {
			p, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		if err != nil {
			return nil, usage("--allow is %q, which is no network such as 10.0.0.0/8", text)
		}
		out = append(out, p.Masked())
	}
	if a, err := netip.ParseAddr(host); err == nil {
		a = a.Unmap().WithZone("")
		out = append(out, netip.PrefixFrom(a, a.BitLen()))
	}
	return out, nil
}

// watched is the repository that the site is compared with.
func (q *probeQuestion) watched(byFlags bool, site string) (w *watched, c *config.Config, done func(), err error) {
	var r config.WatchedRepository
	if byFlags {
		c, r, err = q.configByFlags()
	} else {
		if c, err = q.app.loadConfig(); err == nil {
			r, err = watchedRepository(c.Watch, site, q.repository)
		}
	}
	if err != nil {
		return nil, nil, nil, err
	}
	b, fetcher, err := newReading(c, q.app.Log(q.app.Err))
	if err != nil {
		return nil, nil, nil, err
	}
	if w, err = newWatched(b, r, fetcher); err != nil {
		return nil, nil, nil, err
	}
	return w, c, w.client.CloseIdleConnections, nil
}

// configByFlags is the configuration that the flags stand for. What is read of the source
// is kept among the user's cached files, so that the next question costs less, and knows
// what the source had before.
func (q *probeQuestion) configByFlags() (*config.Config, config.WatchedRepository, error) {
	none := config.WatchedRepository{}
	switch {
	case q.app.config != "":
		return nil, none, usage("--source and --config exclude each other; watch.repositories of the configuration name a source")
	case q.source.Type == "" && len(q.source.Suites) > 0:
		q.source.Type = "deb"
	case q.source.Type == "":
		q.source.Type = "rpm"
	}
	switch {
	case assembly.FormatNamed(q.source.Type) == nil:
		return nil, none, usage("there is no format %q; the formats are %s", q.source.Type, assembly.FormatNames())
	case q.source.Type == "deb" && len(q.source.Suites) == 0:
		return nil, none, usage("name the suites of a deb archive with --suite")
	case q.source.Type != "deb" && len(q.source.Suites)+len(q.source.Components) > 0:
		return nil, none, usage("--suite and --component are for deb archives; --type is %s", q.source.Type)
	case len(q.source.Keys) == 0 && !q.source.Trusted:
		return nil, none, &exit{
			Code: exitUsage, Err: errors.New("no key is known that may sign the source"),
			Hint: "name its key with --key FILE; --trusted compares without checking the source's signature",
		}
	}
	q.source.URLs, q.source.Architectures = []string{q.url}, q.architectures
	dir, err := os.UserCacheDir()
	if err != nil {
		return nil, none, fmt.Errorf("no directory for a cache: %w", err)
	}
	c := config.New()
	c.Destination = filepath.Join(dir, "mirrorkeeper")
	c.State = filepath.Join(c.Destination, ".mirrorkeeper")
	c.Sources = []config.Source{q.source}
	name := q.repository
	if name == "" {
		name = q.url
	}
	return c, config.WatchedRepository{Name: name, Source: q.source.Name}, nil
}

// probeResult is what probe prints as JSON.
type probeResult struct {
	Site       string                  `json:"site"`
	Repository string                  `json:"repository"`
	State      watch.State             `json:"state"`
	Lag        int64                   `json:"lag_seconds"` // -1 where it cannot be told
	Generation repo.Digest             `json:"generation"`
	Complete   float64                 `json:"complete"`
	Endpoints  []watch.EndpointVerdict `json:"endpoints"`
	Evidence   []watch.Evidence        `json:"evidence"`
}

func (a *app) printVerdict(v watch.Verdict) error {
	lag := int64(-1)
	if v.Lag >= 0 {
		lag = int64(v.Lag / time.Second)
	}
	if a.JSON() {
		r := probeResult{v.Site, v.Repository, v.State, lag, v.Generation, v.Complete, v.Endpoints, v.Evidence}
		if err := a.PrintJSON(r); err != nil {
			return err
		}
	} else {
		writeVerdict(a.Out, v)
	}
	if v.State != watch.InSync {
		return &exit{Code: exitIncomplete}
	}
	return nil
}

// writeVerdict writes a verdict for people: each fact in a line, and what most likely
// happened.
func writeVerdict(w io.Writer, v watch.Verdict) {
	state := string(v.State)
	if v.Reason != "" {
		state += " (" + string(v.Reason) + ")"
	}
	if v.Lag >= time.Second {
		state += ", stale for " + span(v.Lag)
	}
	fmt.Fprintf(w, "%s, %s: %s\n", v.Site, v.Repository, state)
	for _, e := range v.Endpoints {
		line := fmt.Sprintf("  %s: %s", e.Endpoint, e.State)
		if e.Reason != "" {
			line += " (" + string(e.Reason) + ")"
		}
		fmt.Fprintln(w, line)
		writeFacts(w, "    ", v.Evidence, func(x watch.Evidence) bool { return x.Endpoint == e.Endpoint })
	}
	writeFacts(w, "  ", v.Evidence, func(x watch.Evidence) bool {
		return !slices.ContainsFunc(v.Endpoints, func(e watch.EndpointVerdict) bool { return e.Endpoint == x.Endpoint })
	})
	for i, cause := range v.Causes() {
		if i == 0 {
			fmt.Fprintln(w, "  most likely:")
		}
		fmt.Fprintln(w, "    "+cause)
	}
}

// writeFacts writes the facts that are picked, each once: several levels may find one.
func writeFacts(w io.Writer, indent string, all []watch.Evidence, pick func(watch.Evidence) bool) {
	written := map[string]bool{}
	for _, e := range all {
		line := e.Text
		if e.Detail != "" && !strings.Contains(e.Text, e.Detail) {
			line += " (" + e.Detail + ")"
		}
		if pick(e) && !written[line] {
			written[line] = true
			fmt.Fprintln(w, indent+line)
		}
	}
}

// span is a time for people: "3h5m0s", and from two days on "12 days".
func span(d time.Duration) string {
	if d < 48*time.Hour {
		return d.Round(time.Second).String()
	}
	return fmt.Sprintf("%d days", d/(24*time.Hour))
}
