package system

import (
	"net/url"
	"strings"
)

// Proxy returns the URL of the proxy that the source is read through at a URL of
// scheme http or https, with its credentials; "" for none. Where the source's
// configuration does not say it, curl's variables of the environment do. A host
// of no_proxy has none in any case.
func (s *Source) Proxy(u *url.URL) string {
	switch {
	case u.Scheme != "http" && u.Scheme != "https" || s.excluded(u.Hostname()):
		return ""
	case s.proxy != nil:
		return *s.proxy
	}
	names := []string{"http_proxy"} // not in capitals, which servers set for CGI
	if u.Scheme == "https" {
		names = []string{"https_proxy", "HTTPS_PROXY"}
	}
	for _, name := range append(names, "all_proxy", "ALL_PROXY") {
		if proxy := s.environment(name); proxy != "" {
			return proxyURL(proxy, "", "")
		}
	}
	return ""
}

// excluded reports whether no_proxy lists the host, or a domain that it is in.
func (s *Source) excluded(host string) bool {
	list := s.environment("no_proxy")
	if list == "" {
		list = s.environment("NO_PROXY")
	}
	if list == "*" {
		return true
	}
	host = strings.ToLower(host)
	for _, name := range items(list) {
		name = strings.Trim(strings.ToLower(name), ".")
		if name != "" && (host == name || strings.HasSuffix(host, "."+name)) {
			return true
		}
	}
	return false
}

// proxyURL is the URL of a proxy, "" for none. Without a scheme it is an http one.
func proxyURL(address, login, password string) string {
	if address == "" || address == "_none_" {
		return ""
	}
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	if login != "" {
		u.User = url.UserPassword(login, password)
	}
	return u.String()
}
