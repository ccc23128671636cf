package web

import (
	"bytes"
	"cmp"
	"fmt"
	"hash/fnv"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/mirrorkeeper/mirrorkeeper/mirrorlist"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/watch"
)

// Lists says how lists of mirrors are made.
type Lists struct {
	// Policy says who may stand in them. Its Source is filled in.
	Policy watch.Policy
	// Alternates is how many sites have to serve an older generation completely before
	// metalinks accept it. Default 1.
	Alternates int
	// Place tells the country of an address, two letters, "" if unknown, and the number of
	// its autonomous system, 0 if unknown; nil knows none.
	Place func(netip.Addr) (country string, asn uint32)
	// Trusted are the proxies whose X-Forwarded-For is believed.
	Trusted []netip.Prefix
}

// listKind is a form of a list.
type listKind int

const (
	plainList listKind = iota
	metalink3
	metalink4
	aptList
)

// listKey is all that a list depends on beside the snapshot.
type listKey struct {
	kind             listKind
	repository, root string
	client           watch.Client // but for its seed
	protocol         string
	architecture     string
	bucket           uint8 // of clients
}

// list is a list as it is sent.
type list struct {
	status      int
	contentType string
	body        []byte
	length      string
}

// lists are those made of one snapshot.
type lists struct {
	of     *watch.Snapshot
	places places
	all    sync.Map // of listKey to *list
	kept   atomic.Int32
}

// mostLists is how many lists are kept: clients may ask for any protocol and architecture.
const mostLists = 50_000

// buckets is how many orders of equally good sites there are: more spread the load better,
// fewer are made less often.
const buckets = 16

func (s *Server) routeLists() {
	s.mux.HandleFunc("GET /mirrorlist/{repository}", s.serveList(plainList))
	s.mux.HandleFunc("GET /metalink/{repository}", s.serveList(metalink3))
	s.mux.HandleFunc("GET /metalink4/{repository}", s.serveList(metalink4))
	s.mux.HandleFunc("GET /apt/{repository}", s.serveList(aptList))
	s.mux.HandleFunc("GET /go/{repository}/{path...}", s.redirect)
	s.mux.HandleFunc("GET /api/v1/why/{repository}", s.why)
}

// serveList answers with a list. Its parameters are root (one repository of the watched
// one, by its name or its path), country, protocol and arch.
func (s *Server) serveList(kind listKind) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		snapshot := s.Snapshot()
		key := listKey{kind: kind, repository: r.PathValue("repository")}
		if r.URL.RawQuery != "" {
			q := r.URL.Query()
			key.root, key.protocol, key.architecture = q.Get("root"), q.Get("protocol"), q.Get("arch")
			key.client.Country = strings.ToUpper(q.Get("country"))
		}
		made := s.lists(snapshot)
		s.client(made, clientAddress(r, s.Lists.Trusted), &key)
		l := s.list(made, key)
		h := w.Header()
		h["Content-Type"] = []string{l.contentType}
		h["Content-Length"] = []string{l.length}
		w.WriteHeader(l.status)
		if r.Method != http.MethodHead {
			_, _ = w.Write(l.body) // who asked is gone
		}
	}
}

// client fills in what the list depends on of who asks. A country that the client names
// itself counts.
func (s *Server) client(made *lists, address netip.Addr, key *listKey) {
	country, asn := "", uint32(0)
	if s.Lists.Place != nil {
		country, asn = s.Lists.Place(address)
	}
	key.client = made.places.client(address, cmp.Or(key.client.Country, country), asn)
	h := fnv.New32a()
	_, _ = h.Write(address.AsSlice())
	key.bucket = uint8(h.Sum32() % buckets)
}

// clientAddress is the address of who asks. What a proxy says of it is believed where the
// proxy is trusted, from the last one on.
func clientAddress(r *http.Request, trusted []netip.Prefix) netip.Addr {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	address := from.Addr().Unmap()
	for _, said := range slices.Backward(strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")) {
		if !slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(address) }) {
			break
		}
		next, err := netip.ParseAddr(strings.TrimSpace(said))
		if err != nil {
			break
		}
		address = next.Unmap()
	}
	return address
}

// lists are those of a snapshot.
func (s *Server) lists(snapshot *watch.Snapshot) *lists {
	made := s.made.Load()
	if made == nil || made.of != snapshot {
		made = &lists{of: snapshot, places: placesOf(snapshot.Sites)}
		s.made.Store(made) // two at once make it twice
	}
	return made
}

// list returns a list, which is made once.
func (s *Server) list(made *lists, key listKey) *list {
	if l, ok := made.all.Load(key); ok {
		return l.(*list)
	}
	l := s.makeList(made.of, key)
	if l.status == http.StatusOK && made.kept.Add(1) <= mostLists { // what does not exist is not remembered: there is no end of it
		made.all.Store(key, l)
	}
	return l
}

func newList(status int, contentType string, body []byte) *list {
	return &list{status, contentType, body, strconv.Itoa(len(body))}
}

const plainText = "text/plain; charset=utf-8"

// asked is what a list is made of.
type asked struct {
	repository *watch.Repository
	root       *watch.Root // nil for a tree without repositories
	ledger     watch.Ledger
	listed     watch.List
	candidates map[string]watch.Candidate
	advertised repo.Digest
}

// ask finds out who stands in a list.
func (s *Server) ask(snapshot *watch.Snapshot, key listKey) (*asked, error) {
	i := slices.IndexFunc(snapshot.Repositories, func(r watch.Repository) bool { return r.Name == key.repository })
	if i < 0 {
		return nil, fmt.Errorf("there is no repository %q", key.repository)
	}
	a := &asked{repository: &snapshot.Repositories[i], candidates: map[string]watch.Candidate{}}
	if key.root == "" && len(a.repository.Roots) > 0 {
		a.root = &a.repository.Roots[0]
	}
	for k := range a.repository.Roots {
		if r := &a.repository.Roots[k]; key.root != "" && (r.Name == key.root || r.Path == strings.Trim(key.root, "/")) {
			a.root = r
		}
	}
	if key.root != "" && a.root == nil {
		return nil, fmt.Errorf("the repository %q has no part %q", key.repository, key.root)
	}
	var candidates []watch.Candidate
	for _, site := range snapshot.Sites {
		v := snapshot.Verdicts[watch.Key{Site: site.URL, Repository: key.repository}]
		if v == nil || !serves(site, key.repository) || !offers(site, key) {
			continue
		}
		c := watch.Candidate{Site: site, Verdict: *v}
		if key.root != "" {
			c.Verdict = v.Of(a.root.Name)
		}
		candidates = append(candidates, c)
		a.candidates[site.URL] = c
	}
	policy := s.Lists.Policy
	policy.Source = originOf(snapshot, key.repository)
	key.client.Seed = uint64(key.bucket)
	a.listed = watch.Listed(candidates, policy, key.client, s.now())
	if source := snapshot.Sources[key.repository]; source != nil && a.root != nil {
		for _, l := range source.Ledgers {
			if l.Name == a.root.Name {
				a.ledger = l
			}
		}
		a.advertised = s.advertise(a.ledger)
	}
	return a, nil
}

// offers reports whether a site serves what is asked for.
func offers(site watch.Site, key listKey) bool {
	if key.protocol != "" && !strings.HasPrefix(site.URL, key.protocol+"://") && !slices.Contains(site.Schemes, key.protocol) {
		return false
	}
	return key.architecture == "" || site.Scope == nil || len(site.Scope.Architectures) == 0 || slices.Contains(site.Scope.Architectures, key.architecture)
}

// advertise is the generation that lists tell of, which never goes back.
func (s *Server) advertise(l watch.Ledger) repo.Digest {
	s.advertised.Lock()
	defer s.advertised.Unlock()
	d := watch.Advertised(l, s.advertised.roots[l.Name])
	s.advertised.roots[l.Name] = d
	return d
}

// address is where a site has the repository, by the protocol that is asked for.
func (a *asked) address(site, protocol string) string {
	if protocol != "" {
		if _, rest, ok := strings.Cut(site, "://"); ok {
			site = protocol + "://" + rest
		}
	}
	if a.root != nil && a.root.Path != "" {
		return site + "/" + a.root.Path
	}
	return site
}

// makeList makes a list.
func (s *Server) makeList(snapshot *watch.Snapshot, key listKey) *list {
	a, err := s.ask(snapshot, key)
	if err == nil && (key.kind == metalink3 || key.kind == metalink4) && a.advertised.IsZero() {
		err = fmt.Errorf("no generation of %q is known to be complete", key.repository)
	}
	var b bytes.Buffer
	if err != nil {
		if key.kind == metalink3 || key.kind == metalink4 {
			_ = mirrorlist.WriteError(&b, snapshot.At, generator, err.Error())
			return newList(http.StatusNotFound, "application/metalink+xml", b.Bytes())
		}
		return newList(http.StatusNotFound, plainText, []byte("# "+err.Error()+"\n"))
	}
	var mirrors []mirrorlist.Mirror
	for _, e := range a.listed.Entries {
		c := a.candidates[e.URL]
		m := mirrorlist.Mirror{URL: a.address(e.URL, key.protocol), Country: c.Site.Country, Behind: e.Rank > 0 && e.Rank < 100}
		if c.Site.Scope != nil {
			m.Architectures = c.Site.Scope.Architectures
		}
		mirrors = append(mirrors, m)
	}
	contentType := plainText
	switch key.kind {
	case plainList:
		err = mirrorlist.WritePlain(&b, "", mirrors)
	case aptList:
		if !slices.ContainsFunc(mirrors, func(m mirrorlist.Mirror) bool { return !m.Behind }) && len(mirrors) > 0 {
			mirrors[0].Behind = false // somebody has to serve the indexes
		}
		err = mirrorlist.WriteAPT(&b, mirrors)
	case metalink3, metalink4:
		l := mirrorlist.Metalink{RootPath: a.main(), Versions: a.versions(s.Lists.Alternates), Mirrors: mirrors, Date: snapshot.At, Generator: generator}
		if contentType, err = "application/metalink+xml", l.Write(&b); key.kind == metalink4 {
			b.Reset()
			contentType, err = "application/metalink4+xml", l.Write4(&b)
		}
	}
	if err != nil { // none can come from a buffer
		return newList(http.StatusInternalServerError, plainText, []byte(err.Error()+"\n"))
	}
	return newList(http.StatusOK, contentType, b.Bytes())
}

// generator is the name of the program in the lists.
const generator = "mirrorkeeper"

// main is the path of the root file in the advertised generation.
func (a *asked) main() string {
	if i := a.ledger.Find(a.advertised); i >= 0 {
		return cmp.Or(a.ledger.Generations[i].Main, "repodata/repomd.xml")
	}
	return ""
}

// versions are what the root file may be: the advertised generation, and those before
// which enough of the listed sites serve under the same path.
func (a *asked) versions(enough int) []mirrorlist.Version {
	var verdicts []watch.Verdict
	for _, e := range a.listed.Entries {
		verdicts = append(verdicts, a.candidates[e.URL].Verdict)
	}
	var all []mirrorlist.Version
	for _, root := range append([]repo.Digest{a.advertised}, watch.Alternates(a.ledger, a.advertised, verdicts, cmp.Or(enough, 1))...) {
		if i := a.ledger.Find(root); i >= 0 && cmp.Or(a.ledger.Generations[i].Main, a.main()) == a.main() {
			g := a.ledger.Generations[i]
			at := g.Date
			if at.IsZero() {
				at = g.Published
			}
			all = append(all, mirrorlist.Version{Time: at, Size: g.Size, Digests: []repo.Digest{root}})
		}
	}
	return all
}

// redirect leads to a site that has the file: one of the best that are listed, the same
// for the same client.
func (s *Server) redirect(w http.ResponseWriter, r *http.Request) {
	key := listKey{kind: plainList, repository: r.PathValue("repository")}
	q := r.URL.Query()
	key.root, key.protocol, key.client.Country = q.Get("root"), q.Get("protocol"), strings.ToUpper(q.Get("country"))
	made := s.lists(s.Snapshot())
	s.client(made, clientAddress(r, s.Lists.Trusted), &key)
	path, err := repo.CleanPath(r.PathValue("path"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	l := s.list(made, key)
	first, _, _ := strings.Cut(string(l.body), "\n")
	if l.status != http.StatusOK || first == "" {
		http.Error(w, "no site is known for it\n", http.StatusNotFound)
		return
	}
	w.Header().Set("Cache-Control", "private, max-age=60")
	http.Redirect(w, r, first+"/"+(&url.URL{Path: path}).EscapedPath(), http.StatusFound)
}

// why answers who stands in the list of a repository, and why the others do not. The
// parameter client is the address that it is the list of, instead of who asks.
func (s *Server) why(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	address := clientAddress(r, s.Lists.Trusted)
	if text := q.Get("client"); text != "" {
		var err error
		if address, err = netip.ParseAddr(text); err != nil {
			s.fail(w, http.StatusBadRequest, fmt.Errorf("client is %q (expected an address of IPv4 or IPv6)", text))
			return
		}
	}
	key := listKey{repository: r.PathValue("repository"), root: q.Get("root"), protocol: q.Get("protocol"), architecture: q.Get("arch")}
	key.client.Country = strings.ToUpper(q.Get("country"))
	made := s.lists(s.Snapshot())
	s.client(made, address.Unmap(), &key)
	a, err := s.ask(made.of, key)
	if err != nil {
		s.fail(w, http.StatusNotFound, err)
		return
	}
	s.answer(w, r, struct {
		Repository string `json:"repository"`
		watch.List
		Advertised repo.Digest `json:"advertised,omitzero"`
	}{a.repository.Name, a.listed, a.advertised})
}
