package header

import "fmt"

// Change is an entry of the package's changelog.
type Change struct {
	Author, Text []byte
	Time         int64 // Unix time
}

// Changelog returns the first entries of the changelog, all where limit is negative, in
// the header's order, by custom the newest first. It fails where the header's lists do
// not agree.
func (h *Header) Changelog(limit int) ([]Change, error) {
	times, authors, texts := h.find(ChangelogTime), h.find(ChangelogName), h.find(ChangelogText)
	if !times.isInts() || !authors.isStrings() || !texts.isStrings() {
		return nil, nil
	}
	if times.count != authors.count || times.count != texts.count {
		return nil, fmt.Errorf("its changelog has %d times, %d authors and %d texts", times.count, authors.count, texts.count)
	}
	if err := checkList("changes", times.count); err != nil {
		return nil, err
	}
	if limit < 0 || limit > times.count {
		limit = times.count
	}
	all := make([]Change, limit)
	for i := range all {
		all[i].Time = int64(times.int(i))
	}
	n := 0
	for author := range h.texts(ChangelogName) {
		if n == limit {
			break
		}
		all[n].Author = author
		n++
	}
	n = 0
	for text := range h.texts(ChangelogText) {
		if n == limit {
			break
		}
		all[n].Text = text
		n++
	}
	return all, nil
}
