package main

import (
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
)

// writePlaces writes a file of places by network, in MaxMind's form.
func writePlaces(t *testing.T, file string, places map[string]mmdbtype.Map) {
	t.Helper()
	tree, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: "GeoLite2-Country", IncludeReservedNetworks: true})
	if err != nil {
		t.Fatal(err)
	}
	for network, place := range places {
		_, n, _ := net.ParseCIDR(network)
		if err := tree.Insert(n, place); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.Create(file + ".new")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tree.WriteTo(f); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
}

func inCountry(code string) mmdbtype.Map {
	return mmdbtype.Map{"country": mmdbtype.Map{"iso_code": mmdbtype.String(code)}}
}

func TestPlaces(t *testing.T) {
	dir := t.TempDir()
	countries, systems, flat := filepath.Join(dir, "country.mmdb"), filepath.Join(dir, "asn.mmdb"), filepath.Join(dir, "lite.mmdb")
	writePlaces(t, countries, map[string]mmdbtype.Map{"192.0.2.0/24": inCountry("DE"), "2001:db8::/32": inCountry("US")})
	writePlaces(t, systems, map[string]mmdbtype.Map{"192.0.2.0/25": {"autonomous_system_number": mmdbtype.Uint32(64496)}})
	writePlaces(t, flat, map[string]mmdbtype.Map{"203.0.113.0/24": {"country_code": mmdbtype.String("SE"), "asn": mmdbtype.String("AS64511")}})
	p, err := openPlaces([]string{countries, systems, flat}, nil)
	if err != nil {
		t.Fatal(err)
	}
	type place struct {
		country string
		asn     uint32
	}
	for address, want := range map[string]place{
		"192.0.2.9": {"DE", 64496}, "192.0.2.200": {"DE", 0}, "2001:db8::1": {"US", 0}, "203.0.113.1": {"SE", 64511}, "198.51.100.1": {},
	} {
		var got place
		if got.country, got.asn = p.Of(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s is in %+v, expected %+v", address, got, want)
		}
	}
	if country, asn := p.Of(netip.Addr{}); country != "" || asn != 0 {
		t.Errorf("nobody is in %q", country)
	}
	broken := write(t, filepath.Join(dir, "x.mmdb"), "no database")
	if _, err := openPlaces([]string{countries, broken}, p); err == nil || !strings.Contains(err.Error(), "geoip") {
		t.Errorf("a broken file: %v", err)
	}
	if p.files[0].uses != 1 {
		t.Errorf("who failed still uses a file: %d", p.files[0].uses)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

// A file that stays is opened once, one that is replaced is closed when nobody looks things
// up in it any more.
func TestPlacesThatAreReplaced(t *testing.T) {
	stays, changes := filepath.Join(t.TempDir(), "a.mmdb"), filepath.Join(t.TempDir(), "b.mmdb")
	writePlaces(t, stays, map[string]mmdbtype.Map{"192.0.2.0/24": inCountry("DE")})
	writePlaces(t, changes, map[string]mmdbtype.Map{"198.51.100.0/24": inCountry("SE")})
	before, err := openPlaces([]string{stays, changes}, nil)
	if err != nil {
		t.Fatal(err)
	}
	address, other := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("198.51.100.1")
	stop := make(chan struct{})
	var asking sync.WaitGroup
	for range 4 {
		asking.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					before.Of(other) // whatever happens meanwhile
				}
			}
		})
	}
	writePlaces(t, changes, map[string]mmdbtype.Map{"198.51.100.0/24": inCountry("NO")})
	if err := os.Chtimes(changes, time.Time{}, time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	now, err := openPlaces([]string{stays, changes}, before)
	if err != nil {
		t.Fatal(err)
	}
	old := before.files
	if now.files[0] != old[0] || now.files[1] == old[1] {
		t.Error("a file that stays is opened again, or one that was replaced is not")
	}
	close(stop)
	asking.Wait()
	if err := before.Close(); err != nil {
		t.Fatal(err)
	}
	if old[0].db == nil || old[1].db != nil {
		t.Error("a file that is in use is closed, or one that is not is open")
	}
	for a, want := range map[netip.Addr]string{address: "DE", other: "NO"} {
		if got, _ := now.Of(a); got != want {
			t.Errorf("%s is in %q", a, got)
		}
	}
	if err := now.Close(); err != nil || old[0].db != nil {
		t.Error("the last user leaves it open", err)
	}
	if got, _ := now.Of(address); got != "" {
		t.Errorf("it is closed, and knows %q", got)
	}
}
