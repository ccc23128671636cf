package system

import (
	"net/url"
	"strings"
)

// direct is what apt.conf(5) says for no proxy.
const direct = "DIRECT"

// Proxy returns the URL of the proxy that apt takes for a URL of scheme http or
// https, with credentials where the machine has them for the proxy; "" for none.
// A proxy for the host goes before one for all, and for https its own goes before
// that of http; then come the environment's https_proxy and http_proxy. A host
// of no_proxy has none in any case (apt-transport-http(1)).
func (s *System) Proxy(u *url.URL) string {
	if u.Scheme != "http" && u.Scheme != "https" || s.excluded(u.Hostname()) {
		return ""
	}
	proxy := s.setting(u, "Proxy")
	if proxy == "" && u.Scheme == "https" {
		proxy = s.environment("https_proxy")
	}
	if proxy == "" {
		proxy = s.environment("http_proxy")
	}
	if proxy == direct {
		return ""
	}
	p, err := url.Parse(proxy)
	if err != nil || p.Host == "" {
		// Some write "false" for none; apt takes whatever names no host as that.
		return ""
	}
	if login, password, ok := s.Credential(p); ok {
		p.User = url.UserPassword(login, password)
	}
	return p.String()
}

// excluded reports whether the host's name ends in one that no_proxy lists.
func (s *System) excluded(host string) bool {
	for suffix := range strings.SplitSeq(s.environment("no_proxy"), ",") {
		if suffix != "" && len(host) >= len(suffix) && strings.EqualFold(host[len(host)-len(suffix):], suffix) {
			return true
		}
	}
	return false
}
