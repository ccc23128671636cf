package sshdial

import (
	"cmp"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/watch/plant/sshconfig"
)

// settings are all that is needed to reach a server: what it says itself, else
// ssh_config, else the defaults.
type settings struct {
	host, user     string // as the host is called on the way there
	port           int
	network        string   // tcp, tcp4 or tcp6
	jump           []string // hosts to go through
	proxyCommand   []string
	timeout        time.Duration
	keepAlive      time.Duration
	password       string
	passphrase     string
	identities     []identity
	certificates   []string // files
	identitiesOnly bool
	agent          string   // socket of the agent, "" for none
	hostKeys       []string // that are pinned
	knownAs        string   // the name that the host's key is known by, HOST or [HOST]:PORT
	certifiedAs    string   // the name that certificates of it have
	knownHosts     []string // files
}

// identity is a file of a private key.
type identity struct {
	file     string
	required bool // it is an error when it is not there
}

// address is where to connect to.
func (s *settings) address() string { return net.JoinHostPort(s.host, strconv.Itoa(s.port)) }

// login is who logs in where, for people.
func (s *settings) login() string { return s.user + "@" + hostPort(s.host, s.port) }

// hostPort is the form of known_hosts and of messages.
func hostPort(host string, port int) string {
	if port == 22 {
		return host
	}
	return "[" + host + "]:" + strconv.Itoa(port)
}

// settle finds the settings of a server.
func settle(server Server, m Machine) (*settings, error) {
	if server.Host == "" {
		return nil, errors.New("no host is named")
	}
	reader := sshconfig.Reader{Home: m.Home, User: m.User}
	files := server.ConfigFiles
	if files == nil {
		files = reader.Files()
	}
	config, err := reader.Lookup(files, server.Host, server.User)
	if err != nil {
		return nil, err
	}
	s := &settings{
		host: server.Host, user: cmp.Or(server.User, config.First("user"), m.User), network: "tcp", timeout: server.Timeout, keepAlive: server.KeepAlive,
		password: server.Password, passphrase: server.Passphrase, hostKeys: server.HostKeys,
	}
	if name := config.First("hostname"); name != "" {
		if s.host, err = sshconfig.Expand(name, map[byte]string{'h': server.Host}); err != nil {
			return nil, fmt.Errorf("HostName: %w", err)
		}
	}
	if s.port, err = port(server.Port, config.First("port")); err != nil {
		return nil, err
	}
	if err := cmp.Or(harmless("host", s.host), harmless("user", s.user)); err != nil {
		return nil, err
	}
	s.knownAs, s.certifiedAs = hostPort(s.host, s.port), s.host
	if alias := config.First("hostkeyalias"); alias != "" {
		s.knownAs, s.certifiedAs = alias, alias
	}
	switch config.First("addressfamily") {
	case "inet":
		s.network = "tcp4"
	case "inet6":
		s.network = "tcp6"
	}
	if s.timeout == 0 {
		s.timeout = seconds(config.First("connecttimeout"), DefaultTimeout)
	}
	if s.keepAlive == 0 {
		s.keepAlive = seconds(config.First("serveraliveinterval"), DefaultKeepAlive)
	}
	x := expansion{Machine: m, tokens: s.tokens(server.Host, config.First("proxyjump"), m)}
	if err := s.proxies(server, config, x); err != nil {
		return nil, err
	}
	if err := s.credentials(server, config, x); err != nil {
		return nil, err
	}
	return s, s.known(server, config, x)
}

func port(set int, configured string) (int, error) {
	if set != 0 {
		configured = strconv.Itoa(set)
	}
	n, err := strconv.ParseUint(cmp.Or(configured, "22"), 10, 16)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("%q is no port (expected a number from 1 to 65535)", configured)
	}
	return int(n), nil
}

// harmless refuses names that a shell would take for more than a name: they go into
// proxy commands.
func harmless(what, name string) error {
	bad := func(c rune) bool {
		return c <= ' ' || c == 0x7f || strings.ContainsRune("'`\"$\\;&<>|(){}", c)
	}
	if name == "" || name[0] == '-' || strings.ContainsFunc(name, bad) {
		return fmt.Errorf("%q cannot be the name of a %s", name, what)
	}
	return nil
}

// seconds reads a number of seconds.
func seconds(text string, otherwise time.Duration) time.Duration {
	if n, err := strconv.ParseUint(text, 10, 31); err == nil && n > 0 {
		return time.Duration(n) * time.Second
	}
	return otherwise
}

// tokens are what stands for the tokens of ssh_config(5).
func (s *settings) tokens(name, jump string, m Machine) map[byte]string {
	port := strconv.Itoa(s.port)
	short, _, _ := strings.Cut(m.Name, ".")
	digest := sha1.Sum([]byte(m.Name + s.host + port + s.user + jump))
	return map[byte]string{
		'C': hex.EncodeToString(digest[:]), 'd': m.Home, 'h': s.host, 'j': jump, 'k': s.knownAs,
		'L': short, 'l': m.Name, 'n': name, 'p': port, 'r': s.user, 'u': m.User,
	}
}

// expansion replaces what stands for something else in ssh_config.
type expansion struct {
	Machine
	tokens map[byte]string
}

func (x expansion) path(text string) (string, error) {
	return sshconfig.Path(text, x.Home, x.Env, x.tokens)
}

func (x expansion) paths(keyword string, texts []string) (out []string, err error) {
	for _, text := range texts {
		if text == "none" {
			return nil, nil
		}
		file, err := x.path(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", keyword, err)
		}
		out = append(out, file)
	}
	return out, nil
}

// proxies says how the server is reached.
func (s *settings) proxies(server Server, config sshconfig.Values, x expansion) error {
	jump, command := server.Jump, server.ProxyCommand
	if jump == "" && command == nil {
		var err error
		if jump, err = sshconfig.Expand(config.First("proxyjump"), x.tokens); err != nil {
			return fmt.Errorf("ProxyJump: %w", err)
		}
		if line := config.First("proxycommand"); line != "" && line != "none" {
			command = ShellCommand(line)
		}
	}
	if jump != "" && jump != "none" {
		s.jump = strings.Split(jump, ",")
		return nil
	}
	for _, arg := range command {
		arg, err := sshconfig.Expand(arg, x.tokens)
		if err != nil {
			return fmt.Errorf("ProxyCommand: %w", err)
		}
		s.proxyCommand = append(s.proxyCommand, arg)
	}
	return nil
}

// defaultIdentities are looked for where none is named, as ssh does.
var defaultIdentities = []string{"id_rsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk"}

// credentials says who logs in.
func (s *settings) credentials(server Server, config sshconfig.Values, x expansion) error {
	for _, file := range server.Identities {
		if file != "none" {
			s.identities = append(s.identities, identity{file, true})
		}
	}
	s.identitiesOnly = len(s.identities) > 0 || slices.Contains([]string{"yes", "true"}, config.First("identitiesonly"))
	if len(server.Identities) == 0 {
		files, err := x.paths("IdentityFile", config["identityfile"])
		if err != nil {
			return err
		}
		if config["identityfile"] == nil {
			for _, name := range defaultIdentities {
				files = append(files, filepath.Join(x.Home, ".ssh", name))
			}
		}
		for _, file := range files {
			s.identities = append(s.identities, identity{file, false})
		}
	}
	var err error
	if s.certificates, err = x.paths("CertificateFile", config["certificatefile"]); err != nil {
		return err
	}
	s.agent, err = x.agent(cmp.Or(server.Agent, config.First("identityagent")))
	return err
}

// agent returns the socket that a setting such as IdentityAgent names.
func (x expansion) agent(text string) (string, error) {
	variable, isVariable := strings.CutPrefix(text, "$")
	switch {
	case text == "none":
		return "", nil
	case text == "" || text == "SSH_AUTH_SOCK":
		socket, _ := x.Env("SSH_AUTH_SOCK")
		return socket, nil
	case isVariable && !strings.HasPrefix(variable, "{"):
		socket, _ := x.Env(variable)
		return socket, nil
	}
	socket, err := x.path(text)
	if err != nil {
		return "", fmt.Errorf("IdentityAgent: %w", err)
	}
	return socket, nil
}

// known says where the host's key is known from.
func (s *settings) known(server Server, config sshconfig.Values, x expansion) error {
	if s.knownHosts = server.KnownHosts; len(s.knownHosts) > 0 || len(s.hostKeys) > 0 {
		return nil
	}
	for _, place := range []struct {
		keyword  string
		defaults []string
	}{
		{"UserKnownHostsFile", []string{"~/.ssh/known_hosts", "~/.ssh/known_hosts2"}},
		{"GlobalKnownHostsFile", []string{"/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"}},
	} {
		names := config[strings.ToLower(place.keyword)]
		if names == nil {
			names = place.defaults
		}
		files, err := x.paths(place.keyword, names)
		if err != nil {
			return err
		}
		s.knownHosts = append(s.knownHosts, files...)
	}
	return nil
}
