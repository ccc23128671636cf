package config

import (
	"net/url"
	"reflect"
	"time"
)

// Plant is a place that timestamps are written to.
type Plant struct {
	// Address of the directory that holds the repository's directories. With sftp, the
	// path is one of the server; /~/ begins at the user's directory.
	To string `yaml:"to,url" jsonschema:"required" schemes:"sftp,file"`
	// Name of the repository, one with directories.
	Repository string `yaml:"repository" jsonschema:"required" means:"the name of a repository"`
	// Time between two timestamps. Default 60s.
	Every time.Duration `yaml:"every" jsonschema:"default=60s"`
	// False plants the timestamp alone, without the marks of begin and end and without a
	// statement. Default true.
	Marks bool `yaml:"marks" jsonschema:"default=true"`
	// Keys that sign the statement. Default: it is not signed.
	Sign []Sign `yaml:"sign,single" jsonschema:"minItems=1"`

	// Password of the user.
	Password Secret `yaml:"password"`
	// Files of private keys of SSH. Default: IdentityFile of ssh_config, else those that
	// ssh looks for; and the keys of an agent.
	Identity []string `yaml:"identity,path" jsonschema:"minItems=1"`
	// Passphrase of the private keys that are protected.
	Passphrase Secret `yaml:"passphrase"`
	// Keys that the host may have, each as TYPE BASE64; hosts of jump are known by
	// known-hosts all the same. Default: those of known-hosts.
	HostKeys []string `yaml:"host-keys" jsonschema:"minItems=1"`
	// Files of known host keys. Default: UserKnownHostsFile and GlobalKnownHostsFile of
	// ssh_config.
	KnownHosts []string `yaml:"known-hosts,path" jsonschema:"minItems=1"`
	// Hosts to go through, each as [USER@]HOST[:PORT]; none for no host. Default:
	// ProxyJump of ssh_config.
	Jump []string `yaml:"jump" jsonschema:"minItems=1"`
	// Program and arguments whose input and output are the connection; %h is the host, %p
	// the port, %r the user. Default: ProxyCommand of ssh_config.
	ProxyCommand []string `yaml:"proxy-command,command" jsonschema:"minItems=1"`
	// File to read as ssh_config. Default: ~/.ssh/config and /etc/ssh/ssh_config.
	SSHConfig string `yaml:"ssh-config,path"`
	// Time that the server may take to connect, and for each answer. Default: ConnectTimeout
	// of ssh_config, else 15s.
	Timeout time.Duration `yaml:"timeout"`
}

// complete moves the password out of the address, so that it can be shown.
func (p *Plant) complete() {
	u, err := url.Parse(p.To)
	if err != nil || u.User == nil {
		return
	}
	if password, ok := u.User.Password(); ok {
		p.Password = Secret(password)
		u.User = url.User(u.User.Username())
		p.To = u.String()
	}
}

// NewPlant returns a place to plant at, with the defaults and nothing else. In the
// address, variables of the environment are replaced as in the configuration's.
func NewPlant(to string, env func(string) (string, bool)) (p Plant, err error) {
	s := shapes{}
	s.setDefaults(&p)
	for _, f := range s.fields(reflect.TypeFor[Plant]()) {
		if f.name == "to" {
			p.To, err = newReader("", "", env).address(to, f)
		}
	}
	p.complete()
	return p, err
}
