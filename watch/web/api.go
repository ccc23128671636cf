package web

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/watch"
)

func (s *Server) routeAPI() {
	s.mux.HandleFunc("GET /api/v1/sites", s.sites)
	s.mux.HandleFunc("GET /api/v1/repositories", s.repositories)
	s.mux.HandleFunc("GET /api/v1/repositories/{repository}", s.repository)
	s.mux.HandleFunc("GET /api/v1/endpoints", s.endpoints)
}

// siteAnswer is a site with the verdicts on it.
type siteAnswer struct {
	URL          string           `json:"url"`
	Country      string           `json:"country,omitempty"`
	Paused       bool             `json:"paused,omitempty"`
	Whitelisted  bool             `json:"whitelisted,omitempty"`
	Repositories []*watch.Verdict `json:"repositories"`
}

// The bounds of a page of sites.
const (
	usualPage = 200
	mostPage  = 1000
)

// sites answers with sites in the order of the configuration. Parameters: url, repository,
// state and country select; limit and after page, after being the next of the page before.
func (s *Server) sites(w http.ResponseWriter, r *http.Request) {
	snapshot, q := s.Snapshot(), r.URL.Query()
	limit, err := pageSize(q.Get("limit"))
	if err != nil {
		s.fail(w, http.StatusBadRequest, err)
		return
	}
	answer := struct {
		Sites []siteAnswer `json:"sites"`
		Next  string       `json:"next,omitempty"`
	}{Sites: []siteAnswer{}}
	begun := q.Get("after") == ""
	for _, site := range snapshot.Sites {
		if !begun {
			begun = site.URL == q.Get("after")
			continue
		}
		if url := q.Get("url"); url != "" && strings.TrimRight(url, "/") != site.URL {
			continue
		}
		if country := q.Get("country"); country != "" && !strings.EqualFold(country, site.Country) {
			continue
		}
		one := siteAnswer{URL: site.URL, Country: site.Country, Paused: site.Paused, Whitelisted: site.Whitelisted, Repositories: []*watch.Verdict{}}
		for _, name := range site.Repositories {
			v := snapshot.Verdicts[watch.Key{Site: site.URL, Repository: name}]
			if v == nil || q.Has("repository") && !slices.Contains(q["repository"], name) || q.Has("state") && !slices.Contains(q["state"], string(v.State)) {
				continue
			}
			one.Repositories = append(one.Repositories, v)
		}
		if len(one.Repositories) == 0 && (q.Has("repository") || q.Has("state")) {
			continue
		}
		if len(answer.Sites) == limit {
			answer.Next = answer.Sites[limit-1].URL
			break
		}
		answer.Sites = append(answer.Sites, one)
	}
	if !begun {
		s.fail(w, http.StatusBadRequest, fmt.Errorf("after: there is no site %q", q.Get("after")))
		return
	}
	s.answer(w, r, answer)
}

func pageSize(text string) (int, error) {
	if text == "" {
		return usualPage, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > mostPage {
		return 0, fmt.Errorf("limit is %q (expected a number from 1 to %d)", text, mostPage)
	}
	return n, nil
}

// endpoints answers with all that is known of the endpoints of one site and repository.
func (s *Server) endpoints(w http.ResponseWriter, r *http.Request) {
	snapshot, q := s.Snapshot(), r.URL.Query()
	key := watch.Key{Site: strings.TrimRight(q.Get("site"), "/"), Repository: q.Get("repository")}
	if snapshot.Verdicts[key] == nil {
		s.fail(w, http.StatusNotFound, fmt.Errorf("there is no site %q with the repository %q", key.Site, key.Repository))
		return
	}
	known := snapshot.Known[key]
	if known == nil {
		known = []watch.Known{}
	}
	s.answer(w, r, map[string]any{"site": key.Site, "repository": key.Repository, "endpoints": known})
}

// repositoryAnswer is a watched repository.
type repositoryAnswer struct {
	Name string `json:"name"`
	// Source is its address, Broken why sites are not judged by it at the moment.
	Source  string    `json:"source,omitempty"`
	Broken  string    `json:"broken,omitempty"`
	Reached time.Time `json:"reached,omitzero"`
	Planted time.Time `json:"planted,omitzero"`
	// States counts the sites by their state.
	States map[watch.State]int `json:"states"`
	Roots  []rootAnswer        `json:"roots"`
	// Directories are those of the timestamps.
	Directories []string `json:"directories,omitempty"`
}

// rootAnswer is one repository (suite) of a watched one, its newest generation first.
type rootAnswer struct {
	Name        string             `json:"name"`
	Type        string             `json:"type"`
	Generations []watch.Generation `json:"generations"`
}

func (s *Server) repositoryAnswer(snapshot *watch.Snapshot, i, generations int) repositoryAnswer {
	r := &snapshot.Repositories[i]
	a := repositoryAnswer{Name: r.Name, Source: originOf(snapshot, r.Name), States: map[watch.State]int{}, Roots: []rootAnswer{}, Directories: r.Directories}
	for _, site := range snapshot.Sites {
		if v := snapshot.Verdicts[watch.Key{Site: site.URL, Repository: r.Name}]; v != nil {
			a.States[v.State]++
		}
	}
	source := snapshot.Sources[r.Name]
	if source == nil {
		return a
	}
	a.Broken, a.Reached, a.Planted = source.Broken, source.Reached, source.Planted
	for _, root := range r.Roots {
		one := rootAnswer{Name: root.Name, Type: root.Type, Generations: []watch.Generation{}}
		for _, l := range source.Ledgers {
			if l.Name == root.Name {
				newest := slices.Clone(l.Generations[max(0, len(l.Generations)-generations):])
				slices.Reverse(newest)
				one.Generations = newest
			}
		}
		a.Roots = append(a.Roots, one)
	}
	return a
}

// repositories answers with all watched repositories and their newest generations.
func (s *Server) repositories(w http.ResponseWriter, r *http.Request) {
	snapshot := s.Snapshot()
	all := []repositoryAnswer{}
	for i := range snapshot.Repositories {
		all = append(all, s.repositoryAnswer(snapshot, i, 1))
	}
	s.answer(w, r, map[string]any{"repositories": all, "blind": snapshot.Blind.All})
}

var errNoRepository = errors.New("there is no such repository")

// repository answers with a watched repository and its generations, newest first.
func (s *Server) repository(w http.ResponseWriter, r *http.Request) {
	snapshot := s.Snapshot()
	i := slices.IndexFunc(snapshot.Repositories, func(x watch.Repository) bool { return x.Name == r.PathValue("repository") })
	if i < 0 {
		s.fail(w, http.StatusNotFound, errNoRepository)
		return
	}
	limit, err := pageSize(r.URL.Query().Get("limit"))
	if err != nil {
		s.fail(w, http.StatusBadRequest, err)
		return
	}
	s.answer(w, r, s.repositoryAnswer(snapshot, i, limit))
}
