package system

import (
	"slices"
	"strings"
)

// maxFallbackLanguages is how many languages of the variable LANGUAGE apt takes.
const maxFallbackLanguages = 3

// languages are the languages whose translations apt fetches by
// Acquire::Languages (apt.conf(5)): "environment" stands for those of the
// environment; "none" parts those that are shown from those that are only
// fetched, or alone means that there are none.
func languages(configured []string, environment func(string) string) []string {
	if len(configured) == 0 {
		configured = []string{"environment", "en"}
	}
	result := []string{}
	for _, l := range configured {
		expanded := []string{l}
		if l == "environment" {
			expanded = environmentLanguages(environment)
		}
		for _, l := range expanded {
			if l != "" && l != "none" && !slices.Contains(result, l) {
				result = append(result, l)
			}
		}
	}
	return result
}

// environmentLanguages are the languages of messages: the long and the short
// code of the locale, then fallbacks from LANGUAGE.
func environmentLanguages(environment func(string) string) (codes []string) {
	locale := ""
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if locale = environment(name); locale != "" {
			break
		}
	}
	locale, _, _ = strings.Cut(locale, ".")
	locale, _, _ = strings.Cut(locale, "@")
	if locale == "" || locale == "C" || locale == "POSIX" {
		return []string{"en"}
	}
	short, _, _ := strings.Cut(locale, "_")
	if short != locale {
		codes = append(codes, locale)
	}
	codes = append(codes, short)
	fallbacks := 0
	for _, l := range strings.Split(environment("LANGUAGE"), ":") {
		if l != "" && l != "en" && fallbacks < maxFallbackLanguages && !slices.Contains(codes, l) {
			codes = append(codes, l)
			fallbacks++
		}
	}
	return codes
}
