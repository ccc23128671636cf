package config

import (
	"strconv"
	"strings"
)

// join returns the key of an entry within the one of the given key. Names that
// could be taken for several are quoted.
func join(key, name string) string {
	for _, c := range name {
		if !isWord(c) && c != '-' {
			name = strconv.Quote(name)
			break
		}
	}
	if key == "" || name == "" {
		return key + name
	}
	return key + "." + name
}

// item returns the key of an item of a list.
func item(key string, i int) string { return key + "[" + strconv.Itoa(i) + "]" }

// parent returns the key that holds the given one, "" for the whole file.
func parent(key string) string {
	end := "."
	switch {
	case strings.HasSuffix(key, "]"):
		end = "["
	case strings.HasSuffix(key, `"`):
		key, end = key[:len(key)-1], `."`
	}
	return key[:max(0, strings.LastIndex(key, end))]
}
