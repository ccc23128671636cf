package plant

import (
	"encoding/json"
	"errors"
	"time"
)

// Report is how one planting ended.
type Report struct {
	Repository string    // as the options name it
	To         string    // address of the target
	Time       time.Time // what was planted
	Sequence   int64     // 0 where none was needed, or found out
	// Directories are the outcomes, in the order of the directories.
	Directories []Outcome
	// Warnings are about what is not as it should be, though stamps are planted.
	Warnings []string
	// Unsigned is why the statement was planted without a signature that it should have.
	Unsigned error
	// Err is why directories could not be planted, where that is no single directory's
	// matter.
	Err error
}

// Outcome is how one directory fared; it is planted where Err is nil.
type Outcome struct {
	Directory string
	Err       error
}

// Planted returns how many of the directories are planted.
func (r Report) Planted() (n int) {
	for _, o := range r.Directories {
		if o.Err == nil {
			n++
		}
	}
	return n
}

// Failed returns how many of the directories are not planted.
func (r Report) Failed() int { return len(r.Directories) - r.Planted() }

// hinter is an error that says what to do about it.
type hinter interface {
	error
	Hint() string
}

// MarshalJSON writes errors as texts, with their hints.
func (r Report) MarshalJSON() ([]byte, error) {
	type trouble struct {
		Error string `json:"error,omitempty"`
		Hint  string `json:"hint,omitempty"`
	}
	of := func(err error) (t trouble) {
		if err == nil {
			return t
		}
		t.Error = err.Error()
		if h, ok := errors.AsType[hinter](err); ok {
			t.Hint = h.Hint()
		}
		return t
	}
	type outcome struct {
		Directory string `json:"directory"`
		Planted   bool   `json:"planted"`
		trouble
	}
	directories := make([]outcome, len(r.Directories))
	for i, o := range r.Directories {
		directories[i] = outcome{Directory: o.Directory, Planted: o.Err == nil}
		if o.Err != nil && o.Err != r.Err { // one that is all directories' is told once
			directories[i].trouble = of(o.Err)
		}
	}
	return json.Marshal(struct {
		Repository  string    `json:"repository,omitempty"`
		To          string    `json:"to"`
		Time        time.Time `json:"time"`
		Epoch       int64     `json:"epoch"`
		Sequence    int64     `json:"sequence,omitempty"`
		Directories []outcome `json:"directories"`
		Unsigned    string    `json:"unsigned,omitempty"`
		Warnings    []string  `json:"warnings,omitempty"`
		trouble
	}{r.Repository, r.To, r.Time.UTC().Truncate(time.Second), r.Time.Unix(), r.Sequence, directories, of(r.Unsigned).Error, r.Warnings, of(r.Err)})
}
