package sshdial

import (
	"cmp"
	"os"
	"os/user"
	"strconv"
	"time"
)

// Server is a host to log in to. What is zero comes from ssh_config, else from the
// defaults of ssh.
type Server struct {
	// Host is an alias of ssh_config, a name or an address.
	Host string
	Port int
	User string
	// Password answers the host's question for one, also where it is asked by
	// keyboard-interactive (RFC 4256). It is sent to no other host.
	Password string
	// Identities are files of private keys. Where there are any, the agent is asked for
	// these keys only. The word none is for no file at all, not even the default ones.
	Identities []string
	// Agent is the socket of the agent to ask for keys, none for no agent. Empty:
	// IdentityAgent of ssh_config, else SSH_AUTH_SOCK of the environment.
	Agent string
	// Passphrase opens the identities that are protected.
	Passphrase string
	// HostKeys are the keys that the host may have, in the form "TYPE BASE64", in place
	// of known hosts.
	HostKeys []string
	// KnownHosts are files of known host keys (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT).
	KnownHosts []string
	// Jump are hosts to go through, in the form of ProxyJump: [USER@]HOST[:PORT],...
	// The word none goes straight there, whatever ssh_config says.
	Jump string
	// ProxyCommand is a program with its arguments, whose input and output are the
	// connection. The tokens %h, %n, %p and %r in it are replaced.
	ProxyCommand []string
	// ConfigFiles are read as ssh_config. Nil: the user's and the system's; empty: none.
	ConfigFiles []string
	// Timeout bounds the making of the connection and each answer that is waited for.
	// Zero: ConnectTimeout of ssh_config, else [DefaultTimeout].
	Timeout time.Duration
	// KeepAlive is how often a connection is asked for a sign of life, so that routers on
	// the way keep it and its loss is noticed. Zero: ServerAliveInterval of ssh_config,
	// else [DefaultKeepAlive].
	KeepAlive time.Duration
}

// ShellCommand returns a command line for the shell as a program with arguments, with
// which ssh runs proxy commands.
func ShellCommand(line string) []string { return []string{"/bin/sh", "-c", "exec " + line} }

// What counts where nothing else is set.
const (
	DefaultTimeout   = 15 * time.Second
	DefaultKeepAlive = 30 * time.Second
)

// Machine is what a connection uses of the machine it begins at.
type Machine struct {
	Name string // the host's name
	User string // the user's name
	Home string // the user's directory
	// Env looks a variable of the environment up, as [os.LookupEnv] does.
	Env func(string) (string, bool)
}

// ThisMachine returns the machine and user that the program runs as. HOME counts
// where it is set. A user that the machine does not know, as in many containers, is
// named by its number.
func ThisMachine(env func(string) (string, bool)) (Machine, error) {
	name, err := os.Hostname()
	if err != nil {
		return Machine{}, err
	}
	m := Machine{Name: name, User: strconv.Itoa(os.Getuid()), Env: env}
	if u, err := user.Current(); err == nil {
		m.User, m.Home = u.Username, u.HomeDir
	}
	home, _ := env("HOME")
	m.Home = cmp.Or(home, m.Home, "/")
	return m, nil
}
