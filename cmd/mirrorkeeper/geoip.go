package main

import (
	"fmt"
	"net/netip"

	"github.com/oschwald/maxminddb-golang/v2"
)

// countries opens a file of countries by address in MaxMind's form (MMDB) and returns what
// tells the country of an address, "" where the file does not say it. The file stays open
// as long as the program runs.
func countries(file string) (func(netip.Addr) string, error) {
	db, err := maxminddb.Open(file)
	if err != nil {
		return nil, fmt.Errorf("geoip: %w", err)
	}
	return func(address netip.Addr) string {
		var record struct {
			Country struct {
				Code string `maxminddb:"iso_code"`
			} `maxminddb:"country"`
		}
		if !address.IsValid() || db.Lookup(address).Decode(&record) != nil {
			return ""
		}
		return record.Country.Code
	}, nil
}
