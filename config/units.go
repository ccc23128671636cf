package config

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The forms of durations and sizes, for the published schema too.
const (
	durationForm = `^([0-9]+(\.[0-9]+)?(ms|s|m|h|d|w))+$`
	sizeForm     = `^[0-9]+(\.[0-9]+)?[ ]?([kKMGT]i?)?B?(/s)?$`
)

var (
	durations    = regexp.MustCompile(durationForm)
	durationPart = regexp.MustCompile(`([0-9.]+)(ms|s|m|h|d|w)`)
	sizes        = regexp.MustCompile(sizeForm)
)

var timeUnits = map[string]time.Duration{
	"ms": time.Millisecond,
	"s":  time.Second,
	"m":  time.Minute,
	"h":  time.Hour,
	"d":  24 * time.Hour,
	"w":  7 * 24 * time.Hour,
}

// ParseDuration reads a duration such as "90s", "1h30m" or "14d". The units are
// ms, s, m, h, d of 24 hours, and w of 7 days.
func ParseDuration(text string) (time.Duration, error) {
	if !durations.MatchString(text) {
		return 0, fmt.Errorf("%q is not a duration (expected such as 90s, 12h or 14d)", text)
	}
	sum := 0.0
	for _, part := range durationPart.FindAllStringSubmatch(text, -1) {
		n, err := strconv.ParseFloat(part[1], 64)
		if err != nil {
			return 0, fmt.Errorf("%q is not a duration: %w", text, err)
		}
		sum += n * float64(timeUnits[part[2]])
	}
	if sum >= math.MaxInt64 {
		return 0, fmt.Errorf("%q is too long a duration (at most 292 years)", text)
	}
	return time.Duration(sum), nil
}

var sizeUnits = map[byte]int{'k': 1, 'K': 1, 'M': 2, 'G': 3, 'T': 4}

// ParseSize reads a number of bytes, or of bytes a second, such as "500k", "10MB"
// or "1.5 GiB/s". The units k, M, G and T are powers of 1000, Ki, Mi, Gi and Ti of
// 1024.
func ParseSize(text string) (int64, error) {
	if !sizes.MatchString(text) {
		return 0, fmt.Errorf("%q is not a number of bytes (expected such as 500k, 10MB or 1GiB)", text)
	}
	digits := len(text) - len(strings.TrimLeft(text, "0123456789."))
	n, err := strconv.ParseFloat(text[:digits], 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a number of bytes: %w", text, err)
	}
	if unit := strings.TrimSpace(text[digits:]); unit != "" {
		base := 1000.0
		if strings.Contains(unit, "i") {
			base = 1024
		}
		n *= math.Pow(base, float64(sizeUnits[unit[0]]))
	}
	if n >= math.MaxInt64 {
		return 0, fmt.Errorf("%q is too many bytes (at most 8 EiB)", text)
	}
	return int64(n), nil
}
