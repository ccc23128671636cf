package config

import "time"

// Transfer says how files are fetched.
type Transfer struct {
	// Files fetched at once, from all hosts together. Default 32.
	Connections int `yaml:"connections" jsonschema:"default=32,minimum=1,maximum=1024"`
	// Files fetched at once from one host. Default 24.
	PerHost int `yaml:"per-host" jsonschema:"default=24,minimum=1,maximum=1024"`
	// How often all addresses of a file are tried again after a failure that may
	// pass. Default 5.
	Retries int `yaml:"retries" jsonschema:"default=5,minimum=0,maximum=100"`
	// Packages that a partial mirror may leave out because they cannot be fetched.
	// Default 0.
	IgnoreErrors int `yaml:"ignore-errors" jsonschema:"default=0,minimum=0"`
	// Bytes a second, of all connections together; 0 is no limit. Default 0.
	Rate int64 `yaml:"rate,bytes" jsonschema:"default=0"`
	// Time without a byte after which an attempt is given up. Default 15s.
	Timeout time.Duration `yaml:"timeout" jsonschema:"default=15s"`
	// Address of the proxy to use, or direct for none. Default: what the variables
	// http_proxy, https_proxy and no_proxy of the environment say.
	Proxy Secret `yaml:"proxy,url" schemes:"http,https,socks5,socks5h" or:"direct"`
	// Hosts that are reached without the proxy: names with all below them
	// (example.org), only what is below (.example.org), addresses and networks
	// (10.0.0.0/8). Default: none.
	NoProxy []string `yaml:"no-proxy"`
	// File of certificate authorities (PEM) to trust beside this machine's. Default:
	// none.
	CA string `yaml:"ca,path"`
	// File in the form of netrc(5) to look users and passwords up in. Default: none.
	Netrc string `yaml:"netrc,path"`
	// What we call ourselves. Default mirrorkeeper and its version.
	UserAgent string `yaml:"user-agent"`
	// True uses HTTP/2 where the server speaks it. Default false: several connections
	// of HTTP/1.1 are faster.
	HTTP2 bool `yaml:"http2" jsonschema:"default=false"`
}
