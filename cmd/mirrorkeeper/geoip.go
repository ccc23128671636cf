package main

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/oschwald/maxminddb-golang/v2"
)

// places tells where addresses are, by files in MaxMind's form (MMDB). It is safe for
// concurrent use.
type places struct {
	files []*placeFile
}

// placeFile is a file that is open, for all places that look things up in it.
type placeFile struct {
	name string
	info os.FileInfo

	mu   sync.RWMutex // held for reading while something is looked up: the file is mapped
	db   *maxminddb.Reader
	uses int
}

// openPlaces opens the files. Those that the places of before have open, and that were not
// replaced since, are shared with them.
func openPlaces(names []string, before *places) (*places, error) {
	p := &places{}
	for _, name := range names {
		f, err := openPlaceFile(name, before)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("geoip: %w", err), p.Close())
		}
		p.files = append(p.files, f)
	}
	return p, nil
}

func openPlaceFile(name string, before *places) (*placeFile, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if before != nil {
		for _, f := range before.files {
			if f.name == name && os.SameFile(f.info, info) && f.info.ModTime().Equal(info.ModTime()) && f.info.Size() == info.Size() && f.use() {
				return f, nil
			}
		}
	}
	db, err := maxminddb.Open(name)
	if err != nil {
		return nil, err
	}
	return &placeFile{name: name, info: info, db: db, uses: 1}, nil
}

func (f *placeFile) use() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.uses == 0 {
		return false
	}
	f.uses++
	return true
}

// Close closes the files that no other places use. It waits for what is being looked up;
// nothing is found afterwards.
func (p *places) Close() (err error) {
	for _, f := range p.files {
		f.mu.Lock()
		if f.uses--; f.uses == 0 {
			err = errors.Join(err, f.db.Close())
			f.db = nil
		}
		f.mu.Unlock()
	}
	p.files = nil
	return err
}

// place is what files say of an address: countries in the form of GeoLite2-Country and
// GeoLite2-City, systems in that of GeoLite2-ASN, and both in that of IPinfo's files.
type place struct {
	Country struct {
		Code string `maxminddb:"iso_code"`
	} `maxminddb:"country"`
	System uint32 `maxminddb:"autonomous_system_number"`
}

type flatPlace struct {
	Code   string `maxminddb:"country_code"`
	System string `maxminddb:"asn"` // "AS64496"
}

// Of tells the country of an address, two letters, and the number of its autonomous system,
// "" and 0 where no file says them.
func (p *places) Of(address netip.Addr) (country string, asn uint32) {
	if !address.IsValid() {
		return "", 0
	}
	for _, f := range p.files {
		c, n := f.of(address)
		if country == "" {
			country = c
		}
		if asn == 0 {
			asn = n
		}
	}
	return country, asn
}

func (f *placeFile) of(address netip.Addr) (country string, asn uint32) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if f.db == nil {
		return "", 0
	}
	found := f.db.Lookup(address)
	var p place
	if found.Decode(&p) == nil && (p.Country.Code != "" || p.System != 0) {
		return p.Country.Code, p.System
	}
	var flat flatPlace
	if found.Decode(&flat) != nil {
		return "", 0
	}
	n, _ := strconv.ParseUint(strings.TrimPrefix(flat.System, "AS"), 10, 32)
	return flat.Code, uint32(n)
}
