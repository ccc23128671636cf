package main

import (
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
)

func TestCountries(t *testing.T) {
	tree, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: "GeoLite2-Country", IncludeReservedNetworks: true})
	if err != nil {
		t.Fatal(err)
	}
	for network, code := range map[string]string{"192.0.2.0/24": "DE", "2001:db8::/32": "US"} {
		_, n, _ := net.ParseCIDR(network)
		if err := tree.Insert(n, mmdbtype.Map{"country": mmdbtype.Map{"iso_code": mmdbtype.String(code)}}); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(t.TempDir(), "countries.mmdb")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tree.WriteTo(f); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	country, err := countries(file)
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{"192.0.2.9": "DE", "2001:db8::1": "US", "198.51.100.1": ""} {
		if got := country(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s is in %q, expected %q", address, got, want)
		}
	}
	if got := country(netip.Addr{}); got != "" {
		t.Errorf("nobody is in %q", got)
	}
	broken := write(t, filepath.Join(t.TempDir(), "x.mmdb"), "no database")
	if _, err := countries(broken); err == nil || !strings.Contains(err.Error(), "geoip") {
		t.Errorf("a broken file: %v", err)
	}
}
