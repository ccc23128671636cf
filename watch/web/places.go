package web

import (
	"net/netip"
	"slices"

	"github.com/mirrorkeeper/mirrorkeeper/watch"
)

// places are the networks, systems and countries that sites name. What no site names makes
// no difference to a list, so that there are only so many lists.
type places struct {
	networks  map[netip.Prefix]bool
	bits      []int // of the networks, the smallest networks first
	systems   map[uint32]bool
	countries map[string]bool
}

func placesOf(sites []watch.Site) places {
	p := places{networks: map[netip.Prefix]bool{}, systems: map[uint32]bool{}, countries: map[string]bool{}}
	for _, s := range sites {
		for _, n := range s.Networks {
			p.networks[n.Masked()] = true
			if !slices.Contains(p.bits, n.Bits()) {
				p.bits = append(p.bits, n.Bits())
			}
		}
		p.systems[s.ASN], p.countries[s.Country] = true, true
	}
	slices.Sort(p.bits)
	slices.Reverse(p.bits)
	return p
}

// client is what lists depend on of one.
func (p places) client(address netip.Addr, country string, asn uint32) (c watch.Client) {
	for _, bits := range p.bits {
		if n, err := address.Prefix(bits); err == nil && p.networks[n] { // an address of IPv4 has no more than 32
			c.Network = n
			break
		}
	}
	if p.systems[asn] {
		c.ASN = asn
	}
	if p.countries[country] {
		c.Country = country
	}
	return c
}
