package fuel

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mirrorkeeper/mirrorkeeper/fuel/nailgun"
)

// Options go before the environment, that before the configuration, that before what the
// master node knows of itself.
func TestFindAccess(t *testing.T) {
	dir := t.TempDir()
	node := filepath.Join(dir, "astute.yaml")
	if err := os.WriteFile(node, []byte("ADMIN_NETWORK: {ipaddress: 10.20.0.2, netmask: 255.0.0.0}\nFUEL_ACCESS: {user: node, password: of-the-node}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	option := Access{Server: "http://option:8000", Who: nailgun.Credentials{User: "option"}, BaseURL: "http://option/"}
	configured := Access{Server: "http://configured:8000", Who: nailgun.Credentials{User: "configured", Password: "configured"}, BaseURL: "http://configured/"}
	variables := map[string]string{"FUEL_URL": "http://variable:8000", "OS_USERNAME": "variable", "OS_PASSWORD": "variable"}
	for name, test := range map[string]struct {
		options, configured Access
		env                 map[string]string
		astute              string
		want                Access
	}{
		"nothing":           {Access{}, Access{}, nil, "absent", Access{Server: "http://localhost:8000"}},
		"the node":          {Access{}, Access{}, nil, node, Access{Server: "http://10.20.0.2:8000", Who: nailgun.Credentials{User: "node", Password: "of-the-node"}, BaseURL: "http://10.20.0.2:8080/"}},
		"the configuration": {Access{}, configured, nil, node, configured},
		"the environment": {Access{}, configured, variables, node, Access{
			Server: "http://variable:8000", Who: nailgun.Credentials{User: "variable", Password: "variable"}, BaseURL: "http://configured/",
		}},
		"options": {option, configured, variables, node, Access{
			Server: "http://option:8000", Who: nailgun.Credentials{User: "option", Password: "variable"}, BaseURL: "http://option/",
		}},
		"a server elsewhere": {Access{}, Access{Server: "https://[2001:db8::1]/"}, nil, "absent", Access{Server: "https://[2001:db8::1]/", BaseURL: "http://[2001:db8::1]:8080/"}},
	} {
		got, err := FindAccess(test.options, test.configured, func(name string) (string, bool) { v, ok := test.env[name]; return v, ok }, test.astute)
		if err != nil || got != test.want {
			t.Errorf("%s: %v, %+v\nexpected %+v", name, err, got, test.want)
		}
	}
	if err := os.WriteFile(node, []byte("FUEL_ACCESS: [password: of-the-node"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := FindAccess(Access{}, Access{}, os.LookupEnv, node); err == nil || strings.Contains(err.Error(), "of-the-node") {
		t.Errorf("error %v", err)
	}
}

func FuzzParseGroupFile(f *testing.F) {
	f.Add([]byte("repos:\n- &a {name: a, uri: 'http://x/$mos_version', suite: s, section: main}\ngroups: {a: [*a], b: [a]}\ninheritance: {a: b}\nrequirements: {a: [x]}\nosname: Ubuntu"))
	f.Add([]byte("groups: &g {a: *g}"))
	f.Add([]byte("fuel_release_match: {version: $openstack_version}\nrepos: [{name: a, uri: 'http://x', type: rpm, priority: 5}]"))
	f.Fuzz(func(t *testing.T, content []byte) {
		g, err := ParseGroupFile("g.yaml", content)
		if err != nil {
			return
		}
		all, _, err := g.Resolve(Versions{}.With(mos9), Common{})
		if err != nil {
			return
		}
		if _, err := NewPlan(all, all, PlanOptions{Destination: "/srv", BaseURL: "http://x/", Partial: true}); err != nil {
			t.Log(err)
		}
	})
}
