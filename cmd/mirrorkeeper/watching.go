package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/console"
	"github.com/mirrorkeeper/mirrorkeeper/config"
	"github.com/mirrorkeeper/mirrorkeeper/switching"
	"github.com/mirrorkeeper/mirrorkeeper/watch"
	"github.com/mirrorkeeper/mirrorkeeper/watch/daemon"
	"github.com/mirrorkeeper/mirrorkeeper/watch/history"
	"github.com/mirrorkeeper/mirrorkeeper/watch/plant"
	"github.com/mirrorkeeper/mirrorkeeper/watch/plant/sshdial"
	"github.com/mirrorkeeper/mirrorkeeper/watch/probe"
	"github.com/mirrorkeeper/mirrorkeeper/watch/web"
)

// configuration reads the configuration, of either kind.
func (w *watcher) configuration(ctx context.Context) (*watching, error) {
	file := w.app.config
	if file == "" {
		if _, err := os.Stat("mirrors.yaml"); err == nil {
			file = "mirrors.yaml" // where mirrorchecker looked
		}
		if own, err := w.app.configFile(); err == nil {
			file = own
		}
	}
	if file != "" && isMirrorchecker(file) {
		c, err := switching.ReadMirrorchecker(file)
		if err != nil {
			return nil, &exit{Code: exitUsage, Err: err, Hint: "docs/switching.md tells how mirrors.yaml is read"}
		}
		return w.ofMirrorchecker(c)
	}
	c, err := w.app.loadConfig()
	if err != nil {
		return nil, err
	}
	if c.Watch == nil {
		return nil, &exit{Code: exitUsage, Err: errors.New("the configuration has no part watch"), Hint: "docs/configuration.md explains watch; mirrors.yaml of mirrorchecker is read, too"}
	}
	return w.ofConfig(ctx, c)
}

// isMirrorchecker reports whether a file is a configuration of mirrorchecker: it has
// backends, which mirrorkeeper's own has not.
func isMirrorchecker(file string) bool {
	f, err := os.Open(file)
	if err != nil {
		return false
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, 4<<20))
	var top map[string]yaml.Node
	return err == nil && yaml.Unmarshal(content, &top) == nil && top["backends"].Kind != 0
}

// ofConfig makes what is watched of mirrorkeeper's own configuration.
func (w *watcher) ofConfig(ctx context.Context, c *config.Config) (*watching, error) {
	allowed, err := w.allowed(c.Watch)
	if err != nil {
		return nil, err
	}
	b, fetcher, err := newReading(c, w.log)
	if err != nil {
		return nil, err
	}
	x := c.Watch
	out := &watching{
		listen: x.Listen, state: c.State, history: x.Store.Reveal(), vantage: x.Vantage,
		prober: probe.Options{UserAgent: x.UserAgent, Allowed: allowed, PerHost: x.Budget.PerHost, Vantage: x.Vantage},
		setup: &daemon.Setup{
			Settings: watch.Settings{Failures: x.Failures, Grace: x.Grace},
			Budget: watch.Budget{
				Period: x.Period, Indexes: x.Budget.Indexes, Sample: x.Budget.Sample, Sweep: x.Budget.Sweep, Samples: x.Budget.Samples, Bytes: x.Budget.Bytes,
			},
		},
		web: web.Options{Version: console.Version(), Ledgers: map[string]web.Ledgers{}, Lists: web.Lists{Policy: watch.Policy{MaxLag: x.MaxLag, Floor: x.Floor}, Alternates: x.Alternates}},
	}
	if out.prober.UserAgent == "" {
		out.prober.UserAgent = "mirrorkeeper/" + console.Version()
	}
	if out.history == "sqlite" {
		out.history = filepath.Join(c.State, history.File)
	}
	for _, text := range x.TrustedProxies {
		out.web.Lists.Trusted = append(out.web.Lists.Trusted, netip.MustParsePrefix(text)) // checked when it was read
	}
	for _, token := range x.Tokens {
		out.web.Tokens = append(out.web.Tokens, token.Reveal())
	}
	for _, r := range x.Repositories {
		made, err := newWatched(b, r, fetcher)
		if err != nil {
			return nil, err
		}
		for _, source := range made.sources {
			out.web.Ledgers[source.Name] = web.Ledgers{Ledger: source.Ledger, PackageName: source.Format.FileName}
		}
		one := daemon.Repository{Repository: made.Repository, Sources: made.sources, Origin: watch.Site{URL: made.base}, Client: made.client}
		out.setup.Repositories = append(out.setup.Repositories, one)
	}
	for _, site := range x.Sites {
		out.setup.Sites = append(out.setup.Sites, siteOf(site))
	}
	for _, p := range x.Plant {
		i := slices.IndexFunc(x.Repositories, func(r config.WatchedRepository) bool { return r.Name == p.Repository })
		job, err := w.app.plantJob(ctx, p, x.Repositories[i].Directories, x.Repositories[i].Stamp)
		if err != nil {
			return nil, fmt.Errorf("planting at %s: %w", p.To, err)
		}
		to, err := plant.ParseTarget(p.To)
		if err != nil {
			return nil, usage("watch.plant: %v", err)
		}
		out.setup.Plants = append(out.setup.Plants, daemon.Plant{Repository: p.Repository, Planter: job.Planter, To: to.String(), Every: p.Every})
	}
	var before *places
	if w.now != nil {
		before = w.now.places
	}
	if out.places, err = openPlaces(x.GeoIP, before); err != nil { // last, so that whoever fails has nothing open
		return nil, &exit{Code: exitUsage, Err: err, Hint: "watch.geoip are files such as GeoLite2-Country.mmdb and GeoLite2-ASN.mmdb"}
	}
	if len(x.GeoIP) > 0 {
		out.web.Lists.Place = out.places.Of
	}
	return out, nil
}

// allowed are the networks that sites may be in: those of the configuration, and addresses
// that stand in it for sites.
func (w *watcher) allowed(x *config.Watch) (out []netip.Prefix, err error) {
	if out, err = networks(x.Allow, ""); err != nil {
		return nil, err
	}
	for _, site := range x.Sites {
		u, err := url.Parse(site.URL)
		if err != nil {
			continue
		}
		one, err := networks(nil, u.Hostname())
		if err != nil {
			return nil, err
		}
		out = append(out, one...)
	}
	return out, nil
}

func siteOf(s config.Site) watch.Site {
	out := watch.Site{
		URL: strings.TrimRight(s.URL, "/"), Repositories: s.Repositories, Country: s.Country, Schemes: s.Schemes, EachAddress: s.EachAddress,
		Whitelisted: s.Whitelist, ASN: uint32(s.ASN), Weight: s.Weight, Paused: s.Paused, SlowStart: s.SlowStart, Period: s.Period, Directories: s.Directories, Admin: s.Admin,
	}
	for _, text := range s.Networks {
		out.Networks = append(out.Networks, netip.MustParsePrefix(text).Masked()) // checked when it was read
	}
	if len(s.Architectures)+len(s.Components) > 0 {
		out.Scope = &watch.Scope{Architectures: s.Architectures, Components: s.Components}
	}
	return out
}

// plantOld plants as mirrorchecker did: the timestamp alone.
func (w *watcher) plantOld(out *watching, r watch.Repository, target plant.Target, every time.Duration) error {
	machine, err := sshdial.ThisMachine(w.app.Env)
	if err != nil {
		return err
	}
	planter, err := plant.New(target, plant.Options{Stamp: r.Stamp, Bare: true, Machine: machine, Log: w.log})
	if err != nil {
		return usage("%v", err)
	}
	out.setup.Plants = append(out.setup.Plants, daemon.Plant{Repository: r.Name, Planter: planter, To: target.String(), Every: every})
	return nil
}

// ofMirrorchecker makes what is watched of a configuration of mirrorchecker. Its mirrors
// may be in any network, as they always might.
func (w *watcher) ofMirrorchecker(c *switching.Mirrorchecker) (*watching, error) {
	state, err := w.defaultState()
	if err != nil {
		return nil, err
	}
	out := &watching{
		listen: net.JoinHostPort(strings.Trim(c.Host, "[]"), strconv.Itoa(c.Port)), state: state, history: filepath.Join(state, history.File),
		setup:  &daemon.Setup{},
		prober: probe.Options{UserAgent: "mirrorkeeper/" + console.Version(), Allowed: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}},
		web:    web.Options{Version: console.Version()},
		places: &places{},
	}
	for _, note := range c.Notes {
		w.log.Warn(note)
	}
	for _, b := range c.Backends {
		r := watch.Repository{Name: b.Name, Directories: b.Directories, Stamp: b.Stamp, MaxAge: b.YumThreshold, NewestStamp: b.Newest}
		out.setup.Repositories = append(out.setup.Repositories, daemon.Repository{Repository: r})
		out.web.Old = append(out.web.Old, web.Old{
			Repository: b.Name, Prefix: b.Prefix, YumRequest: b.YumRequest, YumResponse: b.YumResponse, YumThreshold: b.YumThreshold, Metrics: b.Metrics,
		})
		for _, m := range b.Mirrors {
			i := slices.IndexFunc(out.setup.Sites, func(s watch.Site) bool { return s.URL == m.URL })
			if i < 0 {
				i = len(out.setup.Sites)
				out.setup.Sites = append(out.setup.Sites, watch.Site{URL: m.URL, Period: m.Interval, SlowStart: m.SlowStart, Whitelisted: m.Whitelist})
			}
			out.setup.Sites[i].Repositories = append(out.setup.Sites[i].Repositories, b.Name)
		}
		if b.SSH.Hostname == "" || b.StampInterval <= 0 {
			continue // somebody else plants
		}
		server := &sshdial.Server{
			Host: b.SSH.Hostname, Port: b.SSH.Port, User: b.SSH.Username, Password: b.SSH.Password, Passphrase: b.SSH.Passphrase,
			Identities: b.SSH.KeyFiles, Timeout: b.SSH.Timeout,
		}
		if b.SSH.ProxyCommand != "" {
			server.ProxyCommand = sshdial.ShellCommand(b.SSH.ProxyCommand)
		}
		if !b.SSH.Agent {
			server.Agent = "none"
		}
		if !b.SSH.LookForKeys && len(server.Identities) == 0 {
			server.Identities = []string{"none"}
		}
		if err := w.plantOld(out, r, plant.Target{Server: server, Path: b.RemotePath}, b.StampInterval); err != nil {
			return nil, fmt.Errorf("backend %s: %w", b.Name, err)
		}
	}
	return out, nil
}
