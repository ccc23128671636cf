package history

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"
)

// What is written as JSON often says "now" in many places, and would be another one after
// every look. So a moment that is that of a look is written as a word: the number of the
// endpoint that was looked at, whose last look is kept anyway.

// word stands for a moment in JSON.
type word struct {
	number int64
	moment time.Time
}

// lastLook is the word for the moment of the look, or of the judging, itself.
const lastLook = 0

// wordBegin begins a word. The character in it is in no moment.
var wordBegin = []byte(`"\u0000`)

// encode is the JSON of a value, in which words stand for their moments.
func encode(value any, words ...word) ([]byte, error) {
	body, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	for _, w := range words {
		if w.moment.IsZero() {
			continue
		}
		moment, err := json.Marshal(w.moment)
		if err != nil {
			return nil, err
		}
		name := append(strconv.AppendInt(bytes.Clone(wordBegin), w.number, 10), '"')
		body = bytes.ReplaceAll(body, moment, name)
	}
	return body, nil
}

// decode reads what encode wrote. Lookup gives the moment that a word stands for now.
func decode(body []byte, lookup func(number int64) time.Time, into any) error {
	var b bytes.Buffer
	for {
		before, after, found := bytes.Cut(body, wordBegin)
		b.Write(before)
		if !found {
			return json.Unmarshal(b.Bytes(), into)
		}
		name, rest, _ := bytes.Cut(after, []byte(`"`))
		number, err := strconv.ParseInt(string(name), 10, 64)
		if err != nil { // words of others that begin alike
			b.Write(wordBegin)
			body = after
			continue
		}
		moment, err := json.Marshal(lookup(number))
		if err != nil {
			return err
		}
		b.Write(moment)
		body = rest
	}
}
