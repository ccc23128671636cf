package probe

import (
	"fmt"
	"net/netip"
	"slices"
	"syscall"
)

// addressError is an address that is not connected to.
type addressError struct{ addr netip.Addr }

func (e *addressError) Error() string {
	return fmt.Sprintf("it leads to %s, which is no public address", e.addr)
}

// control refuses connections to addresses that are neither public nor allowed. It sees
// the address that is really connected to, whatever names and redirects led to it.
func (o *Options) control(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("address %q: %w", address, err)
	}
	if !o.mayConnect(at.Addr()) {
		return &addressError{at.Addr()}
	}
	return nil
}

func (o *Options) mayConnect(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	return isPublic(a) || slices.ContainsFunc(o.Allowed, func(p netip.Prefix) bool { return p.Contains(a) })
}

// notPublic are the networks that are not on the internet, beside those that netip
// knows: "this network" and shared address space (RFC 6890), benchmarking (RFC 2544),
// reserved (RFC 1112), documentation (RFC 5737, RFC 3849), discard-only (RFC 6666).
var notPublic = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"),
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("100::/64"),
	netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("fec0::/10"),
}

var (
	nat64     = netip.MustParsePrefix("64:ff9b::/96") // RFC 6052: the last four bytes are IPv4
	sixToFour = netip.MustParsePrefix("2002::/16")    // RFC 3056: bytes 2 to 5 are
)

func isPublic(a netip.Addr) bool {
	if !a.IsValid() || a.IsUnspecified() || a.IsLoopback() || a.IsPrivate() || a.IsMulticast() || a.IsLinkLocalUnicast() {
		return false
	}
	if slices.ContainsFunc(notPublic, func(p netip.Prefix) bool { return p.Contains(a) }) {
		return false
	}
	b := a.As16()
	switch {
	case nat64.Contains(a):
		return isPublic(netip.AddrFrom4([4]byte(b[12:16])))
	case sixToFour.Contains(a):
		return isPublic(netip.AddrFrom4([4]byte(b[2:6])))
	}
	return true
}
