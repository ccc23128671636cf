package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/assembly"
	"github.com/mirrorkeeper/mirrorkeeper/config"
	"github.com/mirrorkeeper/mirrorkeeper/fetch"
	"github.com/mirrorkeeper/mirrorkeeper/mirror"
	"github.com/mirrorkeeper/mirrorkeeper/store"
	"github.com/mirrorkeeper/mirrorkeeper/watch"
	"github.com/mirrorkeeper/mirrorkeeper/watch/probe"
)

// watched is a repository that sites are judged by, with what it takes to read its source.
type watched struct {
	watch.Repository
	sources []*probe.Source // of its roots
	base    string          // URL of the source, "" where it has none
	client  *http.Client    // that reaches the source
}

// newReading is what reads the sources of watched repositories.
func newReading(c *config.Config, log *slog.Logger) (*assembly.Builder, *fetch.Fetcher, error) {
	s, err := store.OpenState(c.Destination, c.State)
	if err != nil {
		return nil, nil, err
	}
	b, err := assembly.NewBuilder(c, s, log)
	if err != nil {
		return nil, nil, err
	}
	return b, fetch.New(fetch.Options{
		Client: b.Client(), Connections: c.Transfer.Connections, PerHost: c.Transfer.PerHost, Retries: c.Transfer.Retries, Log: log,
	}), nil
}

// newWatched makes a watched repository of the configuration's.
func newWatched(b *assembly.Builder, r config.WatchedRepository, fetcher *fetch.Fetcher) (*watched, error) {
	out := &watched{
		Repository: watch.Repository{Name: r.Name, Directories: r.Directories, Stamp: r.Stamp, MaxAge: r.MaxAge, NewestStamp: r.Age == "newest"},
		client:     b.Client(),
	}
	if r.Source == "" {
		out.base = strings.TrimRight(r.URL, "/")
		return out, nil
	}
	source := b.Config.Source(r.Source)
	if source.System() {
		return nil, &exit{Code: exitUsage, Err: fmt.Errorf("watched repository %s: source %s is this machine's own sources", r.Name, r.Source), Hint: "name the repository that sites mirror as a source with its url"}
	}
	made, _, err := b.Sources(*source, config.Mirror{})
	if err != nil {
		return nil, fmt.Errorf("source %s: %w", r.Source, err)
	}
	if err := out.addRoots(b, made[0], fetcher); err != nil {
		return nil, err
	}
	return out, out.below(r.Path)
}

// below has sites hold the repository at a path below their URLs, as the source does.
func (w *watched) below(path string) error {
	if path == "" {
		return nil
	}
	base, ok := strings.CutSuffix(w.base, "/"+path)
	if !ok && w.base != "" {
		return &exit{
			Code: exitUsage, Err: fmt.Errorf("watched repository %s: the source's URL %s does not end in its path %s", w.Name, w.base, path),
			Hint: "leave path out, and name sites by the URL at which they have the repository",
		}
	}
	w.base = base
	for i := range w.Roots {
		w.Roots[i].Path = strings.TrimSuffix(path+"/"+w.Roots[i].Path, "/")
		w.sources[i].Path = w.Roots[i].Path
	}
	return nil
}

// addRoots adds the repositories of a source.
func (w *watched) addRoots(b *assembly.Builder, source mirror.Source, fetcher *fetch.Fetcher) error {
	repositories, err := source.Format.Repositories(source.Source)
	if err != nil {
		return &exit{Code: exitUsage, Err: err}
	}
	var paths []string
	w.base, paths = probe.Below(repositories)
	for i, x := range repositories {
		root := watch.Root{Name: x.String(), Type: source.Format.Name(), Path: paths[i], Repository: x}
		w.Roots = append(w.Roots, root)
		w.sources = append(w.sources, &probe.Source{
			Root: root, Format: source.Format, Keys: source.Keys, Listed: source.Listed, Log: b.Log,
			Ledger: b.Store.Ledger(x), Cache: b.Store.Cache(), Fetcher: fetcher, Client: w.client,
		})
	}
	return nil
}

// watchedRepository is the repository of the configuration that a site is judged by: the
// named one, or the only one that the site has, or that there is.
func watchedRepository(w *config.Watch, site, name string) (config.WatchedRepository, error) {
	if w == nil {
		w = &config.Watch{}
	}
	candidates := names(w.Repositories)
	for _, s := range w.Sites {
		if strings.TrimRight(s.URL, "/") == site {
			candidates = s.Repositories
		}
	}
	if name == "" && len(candidates) == 1 {
		name = candidates[0]
	}
	for _, r := range w.Repositories {
		if r.Name == name {
			return r, nil
		}
	}
	switch {
	case len(w.Repositories) == 0:
		return config.WatchedRepository{}, &exit{Code: exitUsage, Err: errors.New("the configuration has no watch.repositories to judge sites by"), Hint: "add one, or name what the site mirrors: --source URL"}
	case name == "":
		return config.WatchedRepository{}, &exit{Code: exitUsage, Err: errors.New("there are several repositories that the site may have"), Hint: "name one with --repository: " + strings.Join(candidates, ", ")}
	}
	return config.WatchedRepository{}, usage("there is no watched repository %q; the configuration has %s", name, strings.Join(names(w.Repositories), ", "))
}

func names(all []config.WatchedRepository) (out []string) {
	for _, r := range all {
		out = append(out, r.Name)
	}
	return out
}
