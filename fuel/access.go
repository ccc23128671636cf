package fuel

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"

	"go.yaml.in/yaml/v4"

	"github.com/mirrorkeeper/mirrorkeeper/fuel/nailgun"
)

// AstuteFile is where a Fuel master node keeps what it was set up with.
const AstuteFile = "/etc/fuel/astute.yaml"

// Access is how Fuel's server is reached, and where it serves mirrors.
type Access struct {
	Server string // http://HOST:8000
	Who    nailgun.Credentials
	// BaseURL is the address of the destination for the machines of environments.
	BaseURL string
}

// FindAccess puts together what is known: options go before the environment, that before
// the configuration, and that before the master node's own file, which may be missing.
func FindAccess(options, configured Access, env func(string) (string, bool), astute string) (Access, error) {
	node, err := readAstute(astute)
	if err != nil {
		return Access{}, err
	}
	variable := func(names ...string) string {
		for _, name := range names {
			if value, set := env(name); set && value != "" {
				return value
			}
		}
		return ""
	}
	a := Access{
		Server: cmp.Or(options.Server, variable("FUEL_URL"), configured.Server),
		Who: nailgun.Credentials{
			User:     cmp.Or(options.Who.User, variable("FUEL_USER", "OS_USERNAME", "KEYSTONE_USER"), configured.Who.User, node.Access.User),
			Password: cmp.Or(options.Who.Password, variable("FUEL_PASSWORD", "OS_PASSWORD", "KEYSTONE_PASS"), configured.Who.Password, node.Access.Password),
			Tenant:   cmp.Or(options.Who.Tenant, variable("FUEL_TENANT", "OS_TENANT_NAME"), configured.Who.Tenant),
		},
		BaseURL: cmp.Or(options.BaseURL, configured.BaseURL),
	}
	if a.Server == "" {
		a.Server = "http://" + net.JoinHostPort(cmp.Or(node.Network.Address, "localhost"), "8000")
	}
	if a.BaseURL == "" {
		a.BaseURL = baseURL(cmp.Or(node.Network.Address, hostOf(a.Server)))
	}
	return a, nil
}

// ErrBaseURL says that nothing tells at which address machines find the mirrors.
var ErrBaseURL = errors.New("the address at which machines find the mirrors is not known")

// CheckBaseURL refuses an address at which no machine finds anything.
func (a Access) CheckBaseURL() error {
	if a.BaseURL == "" {
		return fmt.Errorf("%w: the Fuel server is this machine itself", ErrBaseURL)
	}
	return CheckURL(a.BaseURL)
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// baseURL is what a master node serves its files at, "" where only itself is known as
// such.
func baseURL(host string) string {
	ip := net.ParseIP(host)
	if host == "" || host == "localhost" || ip != nil && ip.IsLoopback() {
		return ""
	}
	return "http://" + net.JoinHostPort(host, "8080") + "/"
}

// astute is what is of interest in the master node's file.
type astute struct {
	Network struct {
		Address string `yaml:"ipaddress"`
	} `yaml:"ADMIN_NETWORK"`
	Access struct {
		User     string `yaml:"user"`
		Password string `yaml:"password"`
	} `yaml:"FUEL_ACCESS"`
}

func readAstute(name string) (a astute, err error) {
	content, err := readFile(name)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return a, nil
	}
	if err != nil {
		return a, fmt.Errorf("read what this Fuel master node was set up with: %w", err)
	}
	if err := yaml.Unmarshal(content, &a); err != nil {
		return astute{}, fmt.Errorf("%s is not valid YAML (its content is not shown, since it holds passwords)", name)
	}
	return a, nil
}
