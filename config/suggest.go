package config

import (
	"strconv"
	"strings"
)

// suggestion returns what follows an unknown word in an error: the known word
// that was probably meant, or else all of them if they are few.
func suggestion(word string, known []string) string {
	if near := nearest(word, known); near != "" {
		return "; did you mean " + strconv.Quote(near) + "?"
	}
	if len(known) == 0 || len(known) > 12 {
		return ""
	}
	return " (expected " + oneOf(known) + ")"
}

// maxSuggested bounds the words that suggestions are looked for among: more than
// that nobody writes by hand.
const maxSuggested = 200

// nearest returns the known word that is nearest to the given one, "" if none is
// near.
func nearest(word string, known []string) (near string) {
	word = strings.ReplaceAll(strings.ToLower(word), "_", "-")
	if len(word) > 64 || len(known) > maxSuggested {
		return ""
	}
	best := 1 + max(1, len(word)/3)
	for _, k := range known {
		if d := distance(word, strings.ToLower(k)); d < best && d < len(k) {
			best, near = d, k
		}
	}
	if near == "" && len(word) >= 3 {
		for _, k := range known {
			if strings.HasPrefix(strings.ToLower(k), word) {
				return k
			}
		}
	}
	return near
}

// distance is the number of characters to insert, remove, replace or exchange
// with their neighbour that leads from a to b (optimal string alignment).
func distance(a, b string) int {
	var before, row []int
	next := make([]int, len(b)+1)
	for j := range next {
		next[j] = j
	}
	for i := range len(a) {
		before, row, next = row, next, make([]int, len(b)+1)
		next[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			next[j+1] = min(row[j+1]+1, next[j]+1, row[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
	}
	return next[len(b)]
}

// oneOf returns "a", "a or b" or "a, b or c".
func oneOf(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
