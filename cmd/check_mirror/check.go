package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// status is an exit code of the guidelines.
type status int

const (
	ok status = iota
	warning
	critical
	unknown
)

func (s status) String() string { return [...]string{"OK", "WARNING", "CRITICAL", "UNKNOWN"}[s] }

// worse is the graver of two: what is unknown hides nothing that is known to be bad.
func worse(a, b status) status {
	order := []status{ok, unknown, warning, critical}
	if slices.Index(order, a) > slices.Index(order, b) {
		return a
	}
	return b
}

// options are the command line.
type options struct {
	url          string
	site         string
	repositories []string
	warning      threshold // in hours
	critical     threshold
	timeout      time.Duration
	verbose      int
	// old is set where the command line and the answer are those of mirrorchecker's plugin.
	old bool
}

const usage = `check_mirror asks a watcher of mirrors how a mirror site is.

  check_mirror --url URL --w HOURS --c HOURS
      The address of one site at the watcher, such as
      http://watch.example.org:8080/mirrors/mirror1.example.net_pub, and the ages from
      which to warn: the options and the output of mirrorchecker's plugin.

  check_mirror --url URL --site SITE [--repository NAME]... -w RANGE -c RANGE
      URL is the watcher's own address, such as http://watch.example.org:8080, and SITE
      the address of the mirror site. The verdict counts; ranges are of the hours for
      which the site has been behind.

A RANGE is that of the Monitoring Plugins: 10 alerts above 10, 10: below 10, 10:20
outside of both, @10:20 inside. Exit codes: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.

`

// run checks and returns the exit code. All output, errors too, is for the monitoring
// system, which reads standard output.
func run(args []string, out io.Writer) int {
	o, done, err := parse(args, out)
	if done {
		return int(unknown)
	}
	if err != nil {
		fmt.Fprintf(out, "UNKNOWN: %s\n", oneLine(err.Error()))
		return int(unknown)
	}
	ctx, cancel := context.WithTimeout(context.Background(), o.timeout)
	defer cancel()
	check := o.checkVerdicts
	if o.old {
		check = o.checkAge
	}
	s, err := check(ctx, out)
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			err = fmt.Errorf("no answer within %s from %s", o.timeout, o.url)
		}
		fmt.Fprintf(out, "UNKNOWN: %s\n", oneLine(err.Error()))
		return int(unknown)
	}
	return int(s)
}

func parse(args []string, out io.Writer) (o options, done bool, err error) {
	f := pflag.NewFlagSet("check_mirror", pflag.ContinueOnError)
	f.SetOutput(out)
	f.SortFlags = false
	f.Usage = func() { fmt.Fprint(out, usage+f.FlagUsages()) }
	var oldWarning, oldCritical, host, newWarning, newCritical string
	var seconds int
	var showVersion bool
	f.StringVar(&o.url, "url", "", "`address` of the watcher, or of one site at it")
	f.StringVarP(&host, "hostname", "H", "", "`host` of the watcher, with its port, in the place of --url")
	f.StringVar(&o.site, "site", "", "`address` of the mirror site")
	f.StringArrayVar(&o.repositories, "repository", nil, "look at the repository of this `name` only (may be repeated)")
	f.StringVar(&oldWarning, "w", "", "warn of ages outside of this `range` of hours (old output)")
	f.StringVar(&oldCritical, "c", "", "critical are ages outside of this `range` of hours (old output)")
	f.StringVarP(&newWarning, "warning", "w", "", "warn of lags outside of this `range` of hours")
	f.StringVarP(&newCritical, "critical", "c", "", "critical are lags outside of this `range` of hours")
	f.IntVarP(&seconds, "timeout", "t", 10, "give up after this many `seconds`")
	f.CountVarP(&o.verbose, "verbose", "v", "print evidence, too")
	f.BoolVarP(&showVersion, "version", "V", false, "print the version")
	if err := f.Parse(args); err != nil {
		return o, errors.Is(err, pflag.ErrHelp), err
	}
	if showVersion {
		fmt.Fprintln(out, "check_mirror "+buildVersion())
		return o, true, nil
	}
	if f.NArg() > 0 {
		return o, false, fmt.Errorf("unexpected argument %q; see --help", f.Arg(0))
	}
	if host != "" {
		o.url = cmp.Or(o.url, "http://"+host)
	}
	if u, err := url.Parse(o.url); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return o, false, fmt.Errorf("--url is %q (expected the address of a watcher, such as http://watch.example.org:8080)", o.url)
	}
	if seconds < 1 {
		return o, false, fmt.Errorf("--timeout is %d (expected 1 or more seconds)", seconds)
	}
	o.timeout = time.Duration(seconds) * time.Second
	o.old = o.site == "" && len(o.repositories) == 0
	for _, x := range []struct {
		text string
		to   *threshold
	}{{cmp.Or(newWarning, oldWarning), &o.warning}, {cmp.Or(newCritical, oldCritical), &o.critical}} {
		if x.text == "" {
			continue
		}
		if *x.to, err = parseThreshold(x.text); err != nil {
			return o, false, err
		}
	}
	if !o.old && o.site == "" {
		return o, false, errors.New("--repository goes with --site, the address of the mirror site")
	}
	return o, false, nil
}

// version is set by the build of a release.
var version = ""

func buildVersion() string {
	if version != "" {
		return version
	}
	if info, known := debug.ReadBuildInfo(); known {
		return info.Main.Version
	}
	return "unknown"
}

// checkAge asks for the age of one site, as mirrorchecker answers it: {URL: seconds}, -1
// where no timestamp was seen.
func (o *options) checkAge(ctx context.Context, out io.Writer) (status, error) {
	var ages map[string]json.Number
	if err := get(ctx, o.url, &ages); err != nil {
		return unknown, err
	}
	if len(ages) != 1 {
		return unknown, fmt.Errorf("%s is not the address of one site: the answer has %d (expected such as .../mirrors/mirror1.example.net_pub)", o.url, len(ages))
	}
	for site, text := range ages {
		age, err := strconv.ParseFloat(text.String(), 64)
		if err != nil {
			return unknown, fmt.Errorf("the age of %s is %q", site, text)
		}
		if age < 0 {
			return unknown, fmt.Errorf("no timestamp of %s was seen yet", site)
		}
		hours := age / 3600
		s := o.status(hours)
		fmt.Fprintf(out, "%s - %.0f seconds since last sync, which are %.4f hours.|last_sync=%.0f\n", s, age, hours, age)
		return s, nil
	}
	return unknown, nil
}

func (o *options) status(hours float64) status {
	switch {
	case o.critical.alerts(hours):
		return critical
	case o.warning.alerts(hours):
		return warning
	}
	return ok
}

// answer is GET /api/v1/sites.
type answer struct {
	Sites []struct {
		URL          string    `json:"url"`
		Repositories []verdict `json:"repositories"`
	} `json:"sites"`
}

type verdict struct {
	Repository string   `json:"repository"`
	State      string   `json:"state"`
	Lag        float64  `json:"lag_seconds"` // -1 where it cannot be told
	Complete   *float64 `json:"complete"`
	Evidence   []struct {
		Text string `json:"text"`
	} `json:"evidence"`
}

// checkVerdicts asks for the verdicts on a site.
func (o *options) checkVerdicts(ctx context.Context, out io.Writer) (status, error) {
	var a answer
	site := strings.TrimRight(o.site, "/")
	if err := get(ctx, strings.TrimRight(o.url, "/")+"/api/v1/sites?url="+url.QueryEscape(site), &a); err != nil {
		return unknown, err
	}
	if len(a.Sites) != 1 || a.Sites[0].URL != site {
		return unknown, fmt.Errorf("the watcher does not know the site %s", site)
	}
	all := a.Sites[0].Repositories
	for _, name := range o.repositories {
		if !slices.ContainsFunc(all, func(v verdict) bool { return v.Repository == name }) {
			return unknown, fmt.Errorf("the site %s has no repository %q", site, name)
		}
	}
	if len(o.repositories) > 0 {
		all = slices.DeleteFunc(all, func(v verdict) bool { return !slices.Contains(o.repositories, v.Repository) })
	}
	if len(all) == 0 {
		return unknown, fmt.Errorf("the site %s has no repositories", site)
	}
	worst := ok
	var texts, numbers, long []string
	for _, v := range all {
		s := o.judge(v)
		worst = worse(worst, s)
		texts = append(texts, v.text())
		numbers = append(numbers, o.numbers(v)...)
		if s != ok || o.verbose > 0 {
			for _, e := range v.Evidence {
				long = append(long, v.Repository+": "+oneLine(e.Text))
			}
		}
	}
	fmt.Fprintf(out, "MIRROR %s: %s: %s|%s\n", worst, oneLine(site), strings.Join(texts, ", "), strings.Join(numbers, " "))
	const most = 20
	for i, line := range long {
		if i == most {
			fmt.Fprintf(out, "and %d more\n", len(long)-most)
			break
		}
		fmt.Fprintln(out, line)
	}
	return worst, nil
}

// judge turns a verdict into a status: where the site is only behind, the ranges say how
// bad this is.
func (o *options) judge(v verdict) status {
	switch v.State {
	case "IN_SYNC", "AHEAD":
		return ok
	case "BEHIND":
		if v.Lag < 0 || o.warning.text == "" && o.critical.text == "" {
			return warning
		}
		return o.status(v.Lag / 3600)
	case "HALF_SYNCED", "INCOHERENT":
		// Sites pass through these while they copy: for longer, they are broken.
		if v.Lag >= 0 {
			return worse(warning, o.status(v.Lag/3600))
		}
		return warning
	case "FOREIGN", "EXPIRED", "UNREACHABLE":
		return critical
	}
	return unknown
}

func (v verdict) text() string {
	text := oneLine(v.Repository) + " is " + oneLine(v.State)
	if v.Lag > 0 {
		text += " for " + (time.Duration(v.Lag) * time.Second).String()
	}
	return text
}

// numbers are the performance data of a verdict.
func (o *options) numbers(v verdict) []string {
	lag := "U"
	if v.Lag >= 0 {
		lag = strconv.FormatFloat(v.Lag, 'f', -1, 64) + "s"
	}
	all := []string{fmt.Sprintf("%s=%s;%s;%s;0", label(v.Repository+"_lag"), lag, o.warning.seconds(), o.critical.seconds())}
	if v.Complete != nil && *v.Complete >= 0 {
		all = append(all, fmt.Sprintf("%s=%s%%;;;0;100", label(v.Repository+"_complete"), strconv.FormatFloat(*v.Complete*100, 'f', 2, 64)))
	}
	return all
}

// label is the label of a number: it may hold neither = nor ', and is quoted.
func label(text string) string {
	return "'" + strings.NewReplacer("'", "_", "=", "_", "|", "_").Replace(oneLine(text)) + "'"
}

// oneLine is a text that stands within a line: | would begin the performance data.
func oneLine(text string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == '|':
			return '/'
		case c < ' ':
			return ' '
		}
		return c
	}, text)
}

// maxAnswer bounds an answer in bytes.
const maxAnswer = 16 << 20

func get(ctx context.Context, address string, into any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	r.Header.Set("User-Agent", "check_mirror/"+buildVersion())
	if token := os.Getenv("CHECK_MIRROR_TOKEN"); token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", address, answer.Status)
	}
	d := json.NewDecoder(io.LimitReader(answer.Body, maxAnswer))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("%s does not answer as a watcher does: %w", address, err)
	}
	return nil
}
