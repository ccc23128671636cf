package nailguntest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// Server is the double.
type Server struct {
	URL string
	// User, Password and Tenant are who is let in; with Open everybody is.
	User, Password, Tenant string
	Open                   bool
	// VersionIsOpen lets everybody ask for the version, which says that a login is needed.
	VersionIsOpen bool
	// NoV2 and NoV3 leave out a version of Keystone's interface.
	NoV2, NoV3 bool
	// ReadOnly is the role of a user that may only look.
	ReadOnly bool
	// Old leaves out the address of releases' attributes.
	Old bool
	// TokenUses is how many requests a token is good for; 0 is no limit.
	TokenUses int
	// Delay is how long each answer takes.
	Delay time.Duration
	// Broken answers 500 to requests that it is true of.
	Broken func(method, path string) bool

	Version  map[string]any
	Releases map[int]Object
	Clusters map[int]Object
	// Attributes are those of clusters.
	Attributes map[int]Object

	t        testing.TB
	mu       sync.Mutex
	tokens   map[string]int // uses
	count    int
	requests []Request
}

// Object is a JSON object.
type Object = map[string]any

// Request is one that came.
type Request struct {
	Method, Path string
	Status       int
	Body         []byte
}

// New starts a server with one release of each system and no environment.
func New(t testing.TB) *Server {
	s := &Server{
		User: "admin", Password: "secret of the admin", Tenant: "admin", t: t, tokens: map[string]int{},
		Version: Object{"release": "9.0", "openstack_version": "mitaka-9.0", "api": "1.0", "build_id": "492", "feature_groups": []any{"experimental"}},
		Releases: map[int]Object{
			1: release(1, "Mitaka on Ubuntu 14.04", "mitaka-9.0", "Ubuntu", ubuntu()),
			2: release(2, "Mitaka on CentOS 7", "mitaka-9.0", "CentOS", centos()),
		},
		Clusters: map[int]Object{}, Attributes: map[int]Object{},
	}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// AddCluster adds an environment of a release, with the release's attributes.
func (s *Server) AddCluster(id int, name string, releaseID int, status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Clusters[id] = Object{
		"id": id, "name": name, "status": status, "release_id": releaseID, "is_locked": isLocked(status),
		"fuel_version": "9.0", "mode": "ha_compact", "net_provider": "neutron",
	}
	editable := s.Releases[releaseID]["attributes_metadata"].(Object)["editable"]
	s.Attributes[id] = Object{"editable": clone(editable)}
}

// isLocked is how the real one says it (db/sqlalchemy/models/cluster.py).
func isLocked(status string) bool {
	switch status {
	case "new", "operational", "stopped", "error", "partially_deployed":
		return false
	}
	return true
}

// Repositories are those of an environment.
func (s *Server) Repositories(cluster int) []Object {
	s.mu.Lock()
	defer s.mu.Unlock()
	return repositories(s.Attributes[cluster])
}

// ReleaseRepositories are those that environments of a release get.
func (s *Server) ReleaseRepositories(id int) []Object {
	s.mu.Lock()
	defer s.mu.Unlock()
	return repositories(s.Releases[id]["attributes_metadata"].(Object))
}

func repositories(attributes Object) (out []Object) {
	list, _ := at(attributes, "editable", "repo_setup", "repos", "value").([]any)
	for _, x := range list {
		out = append(out, x.(Object))
	}
	return out
}

// Requests are all that came so far.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.requests...)
}

// Writes are the requests that changed something, as "PUT /api/v1/...".
func (s *Server) Writes() (out []string) {
	for _, r := range s.Requests() {
		if r.Method != http.MethodGet && !strings.HasPrefix(r.Path, "/keystone/") && r.Status < 300 {
			out = append(out, r.Method+" "+r.Path)
		}
	}
	return out
}

// refusal is an answer that is none of success.
type refusal struct {
	status  int
	message string
	errors  any
}

func (r *refusal) Error() string { return r.message }

func refuse(status int, format string, args ...any) *refusal {
	return &refusal{status, fmt.Sprintf(format, args...), []any{}}
}

// maxBody bounds a request's body in bytes.
const maxBody = 16 << 20

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.Delay > 0 {
		select {
		case <-time.After(s.Delay):
		case <-r.Context().Done():
			return
		}
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return // the client went away
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.checkHeaders(r)
	status := http.StatusOK
	result, err := s.answer(w, r, body)
	if err != nil {
		no := err.(*refusal)
		status, result = no.status, Object{"message": no.message, "errors": no.errors}
	}
	if r.URL.Path == "/keystone/v3/auth/tokens" && err == nil {
		status = http.StatusCreated
	}
	s.requests = append(s.requests, Request{r.Method, r.URL.Path, status, body})
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(result)
}

// checkHeaders fails the test for what the real server's clients always send.
func (s *Server) checkHeaders(r *http.Request) {
	for _, name := range []string{"Accept", "Content-Type"} {
		if got := r.Header.Get(name); got != "application/json" {
			s.t.Errorf("%s %s has %s: %q, expected application/json", r.Method, r.URL, name, got)
		}
	}
	if r.URL.RawQuery != "" && r.URL.RawQuery != "force=1" {
		s.t.Errorf("%s %s has a query that the server does not know", r.Method, r.URL)
	}
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request, body []byte) (any, error) {
	path := strings.TrimSuffix(r.URL.Path, "/")
	if s.Broken != nil && s.Broken(r.Method, r.URL.Path) {
		return nil, refuse(http.StatusInternalServerError, "Internal Server Error")
	}
	switch path {
	case "/keystone/v2.0/tokens":
		return s.loginV2(r, body)
	case "/keystone/v3/auth/tokens":
		return s.loginV3(w, r, body)
	}
	path, ok := strings.CutPrefix(path, "/api")
	if !ok {
		return nil, refuse(http.StatusNotFound, "Not Found")
	}
	path = strings.TrimPrefix(path, "/v1")
	if path == "/version" && s.VersionIsOpen {
		return s.version(), nil
	}
	if err := s.checkToken(r); err != nil {
		return nil, err
	}
	method := r.Method
	if override := r.Header.Get("X-HTTP-Method-Override"); override != "" && method == http.MethodPost {
		method = override
	}
	if s.ReadOnly && method != http.MethodGet {
		return nil, refuse(http.StatusForbidden, "You are not authorized to perform this action")
	}
	if path == "/version" && method == http.MethodGet {
		return s.version(), nil
	}
	return s.object(method, strings.Split(strings.Trim(path, "/"), "/"), body, r.URL.Query().Get("force") == "1")
}

func (s *Server) version() Object {
	v := clone(s.Version).(Object)
	v["auth_required"] = !s.Open
	return v
}

// decode reads a body as the real server does: numbers keep their form.
func decode(body []byte) (any, *refusal) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, refuse(http.StatusBadRequest, "Invalid json received")
	}
	return v, nil
}

func clone(v any) any {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	out, _ := decode(b)
	return out
}

// at is the value below the keys, nil where there is none.
func at(v any, keys ...string) any {
	for _, key := range keys {
		o, ok := v.(Object)
		if !ok {
			return nil
		}
		v = o[key]
	}
	return v
}
