package nailgun_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/mirrorkeeper/mirrorkeeper/fuel/nailgun"
	"github.com/mirrorkeeper/mirrorkeeper/internal/nailguntest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

func newClient(t *testing.T, s *nailguntest.Server, change func(*nailgun.Options)) *nailgun.Client {
	t.Helper()
	o := nailgun.Options{URL: s.URL, Credentials: nailgun.Credentials{User: s.User, Password: s.Password}}
	if change != nil {
		change(&o)
	}
	c, err := nailgun.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// paths are what was asked, in order.
func paths(s *nailguntest.Server) (out []string) {
	for _, r := range s.Requests() {
		out = append(out, r.Method+" "+r.Path)
	}
	return out
}

// Every kind of server is logged in to in its way, and the version is asked for first.
func TestLogin(t *testing.T) {
	const version, releases = "GET /api/v1/version", "GET /api/v1/releases/"
	const v2, v3 = "POST /keystone/v2.0/tokens", "POST /keystone/v3/auth/tokens"
	for name, test := range map[string]struct {
		change func(*nailguntest.Server)
		want   []string
	}{
		"no login at all":               {func(s *nailguntest.Server) { s.Open = true }, []string{version, releases}},
		"a login for the version":       {func(*nailguntest.Server) {}, []string{version, v2, version, releases}},
		"the version says it":           {func(s *nailguntest.Server) { s.VersionIsOpen = true }, []string{version, v2, releases}},
		"version 3 of Keystone alone":   {func(s *nailguntest.Server) { s.NoV2 = true }, []string{version, v2, v3, version, releases}},
		"version 2 of Keystone alone":   {func(s *nailguntest.Server) { s.NoV3 = true }, []string{version, v2, version, releases}},
		"a token that runs out at once": {func(s *nailguntest.Server) { s.TokenUses = 1 }, []string{version, v2, version, releases, v2, releases}},
	} {
		t.Run(name, func(t *testing.T) {
			s := nailguntest.New(t)
			test.change(s)
			c := newClient(t, s, nil)
			all, err := c.Releases(t.Context())
			if err != nil || len(all) != 2 || all[0].OperatingSystem != "Ubuntu" || all[0].Version != "mitaka-9.0" {
				t.Fatalf("%v, %v", all, err)
			}
			if d := cmp.Diff(test.want, paths(s)); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
			if v, err := c.Version(t.Context()); err != nil || v.Release != "9.0" || v.OpenStack != "mitaka-9.0" {
				t.Errorf("%+v, %v", v, err)
			}
		})
	}
}

// A token is renewed once for a request, and no more.
func TestATokenThatIsNeverTaken(t *testing.T) {
	logins, asked := 0, 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/keystone"):
			logins++
			w.Write([]byte(`{"access": {"token": {"id": "t"}}}`))
		case r.URL.Path == "/api/v1/version":
			w.Write([]byte(`{"release": "9.0", "auth_required": true}`))
		default:
			asked++
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	defer server.Close()
	c, err := nailgun.New(nailgun.Options{URL: server.URL, Credentials: nailgun.Credentials{User: "a", Password: "b"}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Clusters(t.Context()); !errors.Is(err, nailgun.ErrLogin) || logins != 2 || asked != 2 {
		t.Errorf("%v; %d logins, %d requests", err, logins, asked)
	}
}

func hint(err error) string {
	if h, ok := errors.AsType[interface {
		error
		Hint() string
	}](err); ok {
		return h.Hint()
	}
	return ""
}

// Whatever goes wrong is said with the object and a hint, and without the password.
func TestErrors(t *testing.T) {
	read := func(c *nailgun.Client) error { _, err := c.Clusters(context.Background()); return err }
	prod := nailgun.Cluster{ID: 3, Name: "prod"}
	write := func(body string) func(c *nailgun.Client) error {
		return func(c *nailgun.Client) error {
			return c.SetClusterAttributes(context.Background(), prod, nailgun.Document(body))
		}
	}
	for name, test := range map[string]struct {
		change  func(*nailguntest.Server)
		options func(*nailgun.Options)
		do      func(*nailgun.Client) error
		is      error
		says    string
		hint    string
	}{
		"no password":     {nil, func(o *nailgun.Options) { o.Credentials.Password = "" }, read, nailgun.ErrLogin, "wants a user and a password", "FUEL_PASSWORD"},
		"wrong password":  {nil, func(o *nailgun.Options) { o.Credentials.Password = "hunter2" }, read, nailgun.ErrLogin, `refuses the user "admin"`, "FUEL_PASSWORD"},
		"wrong tenant":    {nil, func(o *nailgun.Options) { o.Credentials.Tenant = "other" }, read, nailgun.ErrLogin, `refuses the user "admin"`, "FUEL_PASSWORD"},
		"a broken server": {func(s *nailguntest.Server) { s.Broken = func(_, p string) bool { return p == "/api/v1/clusters/" } }, nil, read, nil, "read the environments: the Fuel server answered GET http://", "api.log"},
		"slow": {
			func(s *nailguntest.Server) { s.Delay = 10 * time.Second }, func(o *nailgun.Options) { o.Timeout = 20 * time.Millisecond }, read, nil,
			"it took longer than 20ms", "is it running",
		},
		"not its address": {nil, func(o *nailgun.Options) { o.URL += "/fuel" }, read, nailgun.ErrNotFound, "404 Not Found", "address of the Fuel server"},
		"nobody there":    {nil, func(o *nailgun.Options) { o.URL = "http://127.0.0.1:1" }, read, nil, "connection refused", "--fuel-url"},
		"may only look":   {func(s *nailguntest.Server) { s.ReadOnly = true }, nil, write(`{"editable": {}}`), nailgun.ErrForbidden, "write the attributes of environment 3 (prod)", "role admin"},
		"locked":          {nil, nil, write(`{"editable": {"common": {}}}`), nailgun.ErrForbidden, "can't be changed after or during deployment", "locked"},
		"generated":       {nil, nil, write(`{"editable": {}, "generated": {}}`), nil, "400 Bad Request: It is not allowed to update generated", ""},
		"no repositories": {nil, nil, write(`{"editable": {"repo_setup": {"repos": {"value": []}}}}`), nil, "[] is too short", ""},
		"a clash": {nil, nil, func(c *nailgun.Client) error {
			r := nailgun.Release{ID: 1}
			d, err := c.Release(context.Background(), r)
			if err != nil {
				return err
			}
			for key, value := range map[string]string{"name": `"Mitaka on CentOS 7"`} {
				if d, err = d.With(nailgun.Document(value), key); err != nil {
					return err
				}
			}
			return c.SetRelease(context.Background(), r, d)
		}, nailgun.ErrConflict, "409 Conflict", "rename"},
		"no such environment": {nil, nil, func(c *nailgun.Client) error {
			_, err := c.ClusterAttributes(context.Background(), nailgun.Cluster{ID: 9, Name: "gone"})
			return err
		}, nailgun.ErrNotFound, "environment 9 (gone)", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := nailguntest.New(t)
			s.AddCluster(3, "prod", 1, "deployment")
			if test.change != nil {
				test.change(s)
			}
			err := test.do(newClient(t, s, test.options))
			switch {
			case err == nil || test.is != nil && !errors.Is(err, test.is):
				t.Fatalf("error %v, expected %v", err, test.is)
			case !strings.Contains(err.Error(), test.says) || !strings.Contains(hint(err), test.hint):
				t.Errorf("error %q with hint %q, expected %q with %q", err, hint(err), test.says, test.hint)
			case strings.Contains(err.Error()+hint(err), s.Password) || strings.Contains(err.Error()+hint(err), "hunter2"):
				t.Errorf("the password stands in %v", err)
			case len(s.Writes()) > 0:
				t.Errorf("something was changed: %v", s.Writes())
			}
		})
	}
}

// An environment that is locked takes repositories all the same.
func TestLockedEnvironmentsTakeRepositories(t *testing.T) {
	s := nailguntest.New(t)
	s.AddCluster(3, "prod", 1, "deployment")
	c := newClient(t, s, nil)
	clusters, err := c.Clusters(t.Context())
	if err != nil || len(clusters) != 1 || !clusters[0].Locked || clusters[0].ReleaseID != 1 {
		t.Fatalf("%+v, %v", clusters, err)
	}
	body := `{"editable": {"repo_setup": {"repos": {"value": [{"type": "rpm", "name": "mos", "uri": "http://x/", "priority": null}]}}}}`
	if err := c.SetClusterAttributes(t.Context(), clusters[0], nailgun.Document(body)); err != nil {
		t.Fatal(err)
	}
	if r := s.Repositories(3); len(r) != 1 || r[0]["uri"] != "http://x/" {
		t.Errorf("the server has %v", r)
	}
}

// A release that is put back whole differs from what it was by what was meant alone.
func TestAReleaseIsPutBackWhole(t *testing.T) {
	s := nailguntest.New(t)
	s.Releases[1]["ratio"] = json.Number("1.50")
	s.Releases[1]["large"] = json.Number("12345678901234567890")
	c := newClient(t, s, nil)
	r := nailgun.Release{ID: 1}
	before, err := c.Release(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	after, err := before.With(nailgun.Document(`[]`), "attributes_metadata", "editable", "repo_setup", "repos", "value")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.SetRelease(t.Context(), r, after); err != nil {
		t.Fatal(err)
	}
	if got, err := c.Release(t.Context(), r); err != nil || string(got) != string(after) {
		t.Errorf("%v\n%s\nexpected\n%s", err, got, after)
	}
	if len(s.ReleaseRepositories(1)) != 0 {
		t.Error("the list was not replaced")
	}
}

// A server that answers without end does no harm.
func TestHostileAnswers(t *testing.T) {
	for name, answer := range map[string]string{
		"a page":          "<html>",
		"nothing":         "",
		"another type":    `{"release": 9}`,
		"a long message":  `{"message": "` + strings.Repeat("x\n", 10_000) + `"}`,
		"control signs":   "{\"message\": \"\x1b[2J\"}",
		"deep":            strings.Repeat("[", 100_000),
		"a list":          "[]",
		"a broken number": `{"release": "9.0", "auth_required": 7}`,
	} {
		t.Run(name, func(t *testing.T) {
			for _, status := range []int{http.StatusOK, http.StatusBadRequest} {
				server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					w.WriteHeader(status)
					w.Write([]byte(answer))
				}))
				defer server.Close()
				c, err := nailgun.New(nailgun.Options{URL: server.URL})
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				if _, err := c.Version(t.Context()); err == nil || len(err.Error()) > 1000 || strings.ContainsRune(err.Error(), '\x1b') {
					t.Errorf("status %d: %v", status, err)
				}
			}
		})
	}
}

func TestAddresses(t *testing.T) {
	for address, want := range map[string]string{
		"http://fuel.example.org:8000":         "http://fuel.example.org:8000",
		"http://fuel.example.org:8000/":        "http://fuel.example.org:8000",
		"http://fuel.example.org:8000/api/v1/": "http://fuel.example.org:8000",
		"https://fuel.example.org/api":         "https://fuel.example.org",
		"fuel.example.org":                     "",
		"ftp://fuel.example.org":               "",
		"http://":                              "",
		"http://admin:secret@fuel.example.org": "",
	} {
		c, err := nailgun.New(nailgun.Options{URL: address})
		switch {
		case want == "" && err == nil:
			t.Errorf("%s is taken", address)
		case want != "" && (err != nil || c.URL() != want):
			t.Errorf("%s: %v", address, err)
		case err != nil && strings.Contains(err.Error(), "secret"):
			t.Errorf("%v", err)
		}
	}
}
