package probe

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os/exec"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/watch"
)

// Endpoints are the ways to a site: each of its schemes by each address family that its
// name has addresses of, or by each address. A family that this machine has no route to is
// left out, unless there is no other: what the watcher cannot see is no fault of the site.
func (p *Prober) Endpoints(ctx context.Context, site watch.Site) ([]watch.Endpoint, error) {
	u, err := url.Parse(site.URL)
	if err != nil || u.Hostname() == "" {
		return nil, fmt.Errorf("%s is not a URL of a site", site.URL)
	}
	addresses, err := resolve(ctx, u.Hostname())
	if err != nil {
		return nil, err
	}
	var out []watch.Endpoint
	for _, scheme := range p.schemes(site, u.Scheme) {
		for _, a := range reachable(addresses) {
			e := watch.Endpoint{Scheme: scheme, Family: 6}
			if a.Is4() {
				e.Family = 4
			}
			if site.EachAddress {
				e.Addr = a
			}
			if !slices.Contains(out, e) {
				out = append(out, e)
			}
		}
	}
	return out, nil
}

// schemes are those of the site that this machine can use, that of the URL first.
func (p *Prober) schemes(site watch.Site, first string) []string {
	out := []string{first}
	for _, s := range site.Schemes {
		if s == "rsync" {
			if _, err := exec.LookPath(p.Rsync); err != nil {
				continue
			}
		}
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// resolve returns the addresses of a name, in order.
func resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a.Unmap()}, nil
	}
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, fmt.Errorf("the name %s cannot be resolved: %s", host, strings.TrimPrefix(err.Error(), "lookup "+host+": "))
	}
	for i := range found {
		found[i] = found[i].Unmap()
	}
	slices.SortFunc(found, netip.Addr.Compare)
	return slices.Compact(found), nil
}

// reachable leaves out the addresses that this machine has no route to.
func reachable(all []netip.Addr) []netip.Addr {
	out := slices.DeleteFunc(slices.Clone(all), func(a netip.Addr) bool { return !routed(a) })
	if len(out) == 0 {
		return all
	}
	return out
}

// routed reports whether there is a route to an address: to connect a UDP socket sends
// nothing.
func routed(a netip.Addr) bool {
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(a, 9)))
	if err != nil {
		return false
	}
	conn.Close()
	return true
}
