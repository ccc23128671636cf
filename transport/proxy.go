package transport

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// proxyFunc returns the choice of proxy for http.Transport.
func proxyFunc(proxy string, except []string) (func(*http.Request) (*url.URL, error), error) {
	switch strings.ToLower(proxy) {
	case "none", "direct":
		return nil, nil
	case "":
		return http.ProxyFromEnvironment, nil
	}
	u, err := parseProxy(proxy)
	if err != nil {
		return nil, err
	}
	return func(r *http.Request) (*url.URL, error) {
		for _, pattern := range except {
			if excepts(pattern, r.URL) {
				return nil, nil
			}
		}
		return u, nil
	}, nil
}

// parseProxy reads the address of a proxy; "host:port" is an http proxy. Its errors
// hold no credentials.
func parseProxy(proxy string) (*url.URL, error) {
	if !strings.Contains(proxy, "://") {
		proxy = "http://" + proxy
	}
	u, err := url.Parse(proxy)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("proxy %q is not a URL", Redacted(proxy))
	}
	if !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme) {
		return nil, fmt.Errorf("proxy %q: scheme %q is not known (http, https, socks5 and socks5h are)", Redacted(proxy), u.Scheme)
	}
	return u, nil
}

// excepts reports whether a pattern of [Options.NoProxy] covers the host of u.
func excepts(pattern string, u *url.URL) bool {
	pattern = strings.ToLower(strings.TrimSpace(pattern))
	if pattern == "*" {
		return true
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	address, err := netip.ParseAddr(host)
	if block, e := netip.ParsePrefix(pattern); e == nil {
		return err == nil && block.Contains(address.Unmap())
	}
	if h, p, e := net.SplitHostPort(pattern); e == nil {
		if p != port(u) {
			return false
		}
		pattern = h
	}
	if wanted, e := netip.ParseAddr(strings.Trim(pattern, "[]")); e == nil {
		return err == nil && wanted == address
	}
	pattern = strings.TrimPrefix(pattern, "*")
	if strings.HasPrefix(pattern, ".") {
		return strings.HasSuffix(host, pattern)
	}
	return pattern != "" && (host == pattern || strings.HasSuffix(host, "."+pattern))
}
