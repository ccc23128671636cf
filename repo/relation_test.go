package repo

import "testing"

func TestRelationString(t *testing.T) {
	r := Relation{Kind: Requires, Alternatives: []Dependency{{Name: "libc6", Op: GreaterEqual, Version: "2.36"}, {Name: "python3", Architecture: "any"}}}
	if got, want := r.String(), "libc6 (>= 2.36) | python3:any"; got != want {
		t.Errorf("relation is written %q, expected %q", got, want)
	}
}

func TestOpHolds(t *testing.T) {
	for _, test := range []struct {
		op                  Op
		older, equal, newer bool
	}{
		{Any, true, true, true},
		{Less, true, false, false},
		{LessEqual, true, true, false},
		{Equal, false, true, false},
		{GreaterEqual, false, true, true},
		{Greater, false, false, true},
		{NotEqual, true, false, true},
	} {
		if test.op.Holds(-1) != test.older || test.op.Holds(0) != test.equal || test.op.Holds(1) != test.newer {
			t.Errorf("%q holds wrongly", test.op)
		}
	}
}
