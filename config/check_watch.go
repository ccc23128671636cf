package config

import (
	"net"
	"net/netip"
	"slices"
	"strconv"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

func (k checker) watch(w *Watch) {
	if k.mistyped["watch"] {
		return
	}
	if !k.broken["watch.listen"] && !isListenAddress(w.Listen) {
		k.at("watch.listen", "is no address to listen on (expected HOST:PORT, seen %q)", cut(w.Listen))
	}
	k.each("watch.allow", w.Allow, k.network)
	k.each("watch.trusted-proxies", w.TrustedProxies, k.network)
	for i := range w.Repositories {
		k.watched(&w.Repositories[i])
	}
	for i := range w.Plant {
		k.plant(w, &w.Plant[i], item("watch.plant", i))
	}
	first := make(map[string]int)
	for i, s := range w.Sites {
		key := item("watch.sites", i)
		k.each(key+".repositories", s.Repositories, func(key, name string) {
			if w.repository(name) == nil && !k.mistyped["watch.repositories"] {
				k.at(key, "unknown repository %q%s", cut(name), suggestion(name, w.repositoryNames()))
			}
		})
		k.each(key+".schemes", s.Schemes, func(key, scheme string) {
			if !slices.Contains([]string{"http", "https", "rsync"}, scheme) {
				k.at(key, "is %q (expected http, https or rsync)", cut(scheme))
			}
		})
		k.each(key+".networks", s.Networks, k.network)
		k.each(key+".directories", s.Directories, k.cleanPath)
		line := k.nodes[key].Line
		if first[s.URL] > 0 {
			k.at(key+".url", "is watched already, on line %d", first[s.URL])
		} else if s.URL != "" {
			first[s.URL] = line
		}
	}
}

func (k checker) watched(r *WatchedRepository) {
	key := join("watch.repositories", r.Name)
	if k.mistyped[key] {
		return
	}
	source, directories := k.has(key+".source"), k.has(key+".directories")
	switch {
	case source && directories:
		k.at(key+".directories", "stands beside source (expected one of them)")
	case !source && !directories:
		k.at(key, "is judged by nothing (expected source, or directories)")
	case !source && k.has(key+".path"):
		k.at(key+".path", "is for a source (expected to be left out beside directories)")
	case source && k.has(key+".url"):
		k.at(key+".url", "is for directories (expected to be left out beside source)")
	case source && k.has(key+".stamp"):
		k.at(key+".stamp", "is for directories (expected to be left out beside source)")
	}
	if r.Source != "" && k.sources[r.Source] == nil && !k.mistyped["sources"] {
		k.at(key+".source", "unknown source %q%s", cut(r.Source), suggestion(r.Source, k.sourceNames))
	}
	k.each(key+".directories", r.Directories, k.cleanPath)
	if r.Path != "" {
		k.cleanPath(key+".path", r.Path)
	}
	if clean, err := repo.CleanPath(r.Stamp); !k.broken[key+".stamp"] && (err != nil || clean != r.Stamp || parentDir(clean) != ".") {
		k.at(key+".stamp", "is no name of a file (expected such as .timestamp, seen %q)", cut(r.Stamp))
	}
}

func (k checker) network(key, text string) {
	if _, err := netip.ParsePrefix(text); err != nil {
		k.at(key, "is %q (expected a network such as 192.0.2.0/24)", cut(text))
	}
}

// isListenAddress reports whether the text is HOST:PORT; the host may be empty.
func isListenAddress(text string) bool {
	_, port, err := net.SplitHostPort(text)
	if err != nil {
		return false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && strconv.FormatUint(n, 10) == port
}

func (w *Watch) repository(name string) *WatchedRepository {
	for i := range w.Repositories {
		if w.Repositories[i].Name == name {
			return &w.Repositories[i]
		}
	}
	return nil
}

func (w *Watch) repositoryNames() (list []string) {
	for _, r := range w.Repositories {
		list = append(list, r.Name)
	}
	return list
}
