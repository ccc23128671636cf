package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/store"
	"github.com/mirrorkeeper/mirrorkeeper/watch"
	"github.com/mirrorkeeper/mirrorkeeper/watch/history"
)

func (s *Server) routeEdits() {
	s.mux.HandleFunc("POST /api/v1/sites", s.authorised(s.addSite))
	for _, kind := range []history.EditKind{history.Remove, history.Pause, history.Resume} {
		s.mux.HandleFunc("POST /api/v1/sites/"+string(kind), s.authorised(s.editSite(kind)))
	}
	s.mux.HandleFunc("POST /api/v1/repositories/{repository}/expire", s.authorised(s.expire))
}

// authorised lets those through who have one of the tokens. Tokens are compared in a time
// that says nothing of them.
func (s *Server) authorised(then http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if len(s.Tokens) == 0 {
			s.fail(w, http.StatusForbidden, errors.New("this watcher takes no changes: its configuration has no tokens"))
			return
		}
		given, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		sum, found := sha256.Sum256([]byte(given)), 0
		for _, token := range s.Tokens {
			other := sha256.Sum256([]byte(token))
			found |= subtle.ConstantTimeCompare(sum[:], other[:])
		}
		if !bearer || found != 1 {
			w.Header().Set("WWW-Authenticate", `Bearer realm="mirrorkeeper"`)
			s.fail(w, http.StatusUnauthorized, errors.New("a token of the configuration is needed: Authorization: Bearer TOKEN"))
			return
		}
		then(w, r)
	}
}

// siteInput is a site as it is added.
type siteInput struct {
	URL           string   `json:"url"`
	Repositories  []string `json:"repositories"`
	Country       string   `json:"country"`
	Networks      []string `json:"networks"`
	ASN           uint32   `json:"asn"`
	Schemes       []string `json:"schemes"`
	EachAddress   bool     `json:"each_address"`
	Architectures []string `json:"architectures"`
	Components    []string `json:"components"`
	Whitelisted   bool     `json:"whitelisted"`
	Weight        int      `json:"weight"`
	Admin         string   `json:"admin"`
}

// maxInput bounds what is sent, in bytes.
const maxInput = 64 << 10

func readInput(r *http.Request, into any) error {
	d := json.NewDecoder(io.LimitReader(r.Body, maxInput))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("the body is not what is expected: %w", err)
	}
	return nil
}

func (s *Server) addSite(w http.ResponseWriter, r *http.Request) {
	var in siteInput
	err := readInput(r, &in)
	site := watch.Site{
		URL: strings.TrimRight(in.URL, "/"), Repositories: in.Repositories, Country: strings.ToUpper(in.Country), Schemes: in.Schemes,
		EachAddress: in.EachAddress, Whitelisted: in.Whitelisted, Weight: in.Weight, Admin: in.Admin, ASN: in.ASN,
	}
	if len(in.Architectures)+len(in.Components) > 0 {
		site.Scope = &watch.Scope{Architectures: in.Architectures, Components: in.Components}
	}
	for _, text := range in.Networks {
		n, bad := netip.ParsePrefix(text)
		if bad != nil && err == nil {
			err = fmt.Errorf("networks: %q is no network (expected such as 192.0.2.0/24)", text)
		}
		site.Networks = append(site.Networks, n.Masked())
	}
	u, bad := url.Parse(site.URL)
	switch {
	case err != nil:
	case bad != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https":
		err = fmt.Errorf("url is %q (expected an address of http or https)", in.URL)
	case len(site.Repositories) == 0:
		err = errors.New("repositories is empty (expected the names of those that the site has)")
	case site.Country != "" && (len(site.Country) != 2 || strings.Trim(site.Country, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != ""):
		err = fmt.Errorf("country is %q (expected two letters)", in.Country)
	case slices.ContainsFunc(site.Schemes, func(x string) bool { return x != "http" && x != "https" && x != "rsync" }):
		err = errors.New("schemes are http, https and rsync")
	}
	if err != nil {
		s.fail(w, http.StatusBadRequest, err)
		return
	}
	s.edit(w, r, history.Edit{Kind: history.Add, Site: site})
}

func (s *Server) editSite(kind history.EditKind) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			URL string `json:"url"`
		}
		if err := readInput(r, &in); err != nil {
			s.fail(w, http.StatusBadRequest, err)
			return
		}
		in.URL = strings.TrimRight(in.URL, "/")
		i := slices.IndexFunc(s.Snapshot().Sites, func(x watch.Site) bool { return x.URL == in.URL })
		if i < 0 {
			s.fail(w, http.StatusNotFound, fmt.Errorf("there is no site %q", in.URL))
			return
		}
		s.edit(w, r, history.Edit{Kind: kind, Site: watch.Site{URL: in.URL}})
	}
}

func (s *Server) edit(w http.ResponseWriter, r *http.Request, e history.Edit) {
	e.At, e.Author = s.now(), clientAddress(r, s.Lists.Trusted).String()
	if err := s.Edit(r.Context(), e); err != nil {
		s.fail(w, http.StatusConflict, err)
		return
	}
	s.answer(w, r, map[string]any{"site": e.Site.URL, "done": e.Kind})
}

// expire has a generation advertised no more: lists and metalinks tell of older ones at
// most until a newer one comes.
func (s *Server) expire(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Root       string      `json:"root"`
		Generation repo.Digest `json:"generation"`
	}
	if err := readInput(r, &in); err != nil {
		s.fail(w, http.StatusBadRequest, err)
		return
	}
	l, ok := s.Ledgers[in.Root]
	if !ok {
		s.fail(w, http.StatusNotFound, fmt.Errorf("there is no root %q", in.Root))
		return
	}
	if err := l.Update(in.Generation, func(g *store.Generation) { g.Expired = true }); err != nil {
		s.fail(w, http.StatusNotFound, err)
		return
	}
	s.answer(w, r, map[string]any{"root": in.Root, "expired": in.Generation})
}
