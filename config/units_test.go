package config

import (
	"testing"
	"time"
)

func TestParseDuration(t *testing.T) {
	const day = 24 * time.Hour
	for text, want := range map[string]time.Duration{
		"90s": 90 * time.Second, "14d": 14 * day, "72h": 72 * time.Hour, "1h30m": 90 * time.Minute,
		"2w": 14 * day, "1.5h": 90 * time.Minute, "250ms": 250 * time.Millisecond, "0s": 0, "1m1ms": time.Minute + time.Millisecond,
	} {
		if got, err := ParseDuration(text); err != nil || got != want {
			t.Errorf("ParseDuration(%q) = %v, %v; expected %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "90", "s", "90 s", "-1s", "1y", "1.s", "1s ", "99999999999w", "1e3s"} {
		if got, err := ParseDuration(text); err == nil {
			t.Errorf("ParseDuration(%q) = %v, expected an error", text, got)
		}
	}
}

func TestParseSize(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "500": 500, "500k": 500_000, "500K": 500_000, "10MB": 10_000_000, "10M": 10_000_000, "1GiB": 1 << 30, "2Ki": 2048,
		"1.5 MiB/s": 3 << 19, "1T": 1e12, "10B": 10, "10MB/s": 10_000_000,
	} {
		if got, err := ParseSize(text); err != nil || got != want {
			t.Errorf("ParseSize(%q) = %v, %v; expected %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "k", "-1", "1 000", "10Mbit", "10mb", "1E", "99999999TiB", "1..5k", "10/s/s"} {
		if got, err := ParseSize(text); err == nil {
			t.Errorf("ParseSize(%q) = %v, expected an error", text, got)
		}
	}
}
