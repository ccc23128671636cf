package nailgun

import (
	"encoding/json"
	"reflect"
	"testing"
)

func TestDocumentChangesNothingElse(t *testing.T) {
	const d = "{ \"b\": 1.50,\n\t\"a\":{\"x\" : [1, 2 ],\"y\":{}}, \"z\": 1e400, \"é\": \"\\u00e9\" }"
	for _, test := range []struct {
		keys  []string
		value string
		want  string
	}{
		{[]string{"a", "x"}, `[]`, "{ \"b\": 1.50,\n\t\"a\":{\"x\" : [],\"y\":{}}, \"z\": 1e400, \"é\": \"\\u00e9\" }"},
		{[]string{"b"}, `"c"`, "{ \"b\": \"c\",\n\t\"a\":{\"x\" : [1, 2 ],\"y\":{}}, \"z\": 1e400, \"é\": \"\\u00e9\" }"},
		{[]string{"a", "y", "new"}, `1`, "{ \"b\": 1.50,\n\t\"a\":{\"x\" : [1, 2 ],\"y\":{\"new\": 1}}, \"z\": 1e400, \"é\": \"\\u00e9\" }"},
		{[]string{"new"}, `1`, "{ \"b\": 1.50,\n\t\"a\":{\"x\" : [1, 2 ],\"y\":{}}, \"z\": 1e400, \"é\": \"\\u00e9\", \"new\": 1 }"},
	} {
		got, err := Document(d).With(Document(test.value), test.keys...)
		if err != nil || string(got) != test.want {
			t.Errorf("%v: %v\n%s\nexpected\n%s", test.keys, err, got, test.want)
		}
		if v, ok := got.Get(test.keys...); !ok || string(v) != test.value {
			t.Errorf("%v: %s", test.keys, v)
		}
	}
	if _, err := Document(d).With(Document(`1`), "c", "d"); err == nil {
		t.Error("a path that is not there is taken")
	}
	if _, ok := Document(d).Get("a", "x", "0"); ok {
		t.Error("a list has fields")
	}
	if v, ok := Document(`{"a": 1, "a": 2}`).Get("a"); !ok || string(v) != "2" {
		t.Errorf("of two fields of one name the last one counts, seen %s", v)
	}
}

// Whatever the document is: what With changes is what Get gets, and all else is as before.
func FuzzDocument(f *testing.F) {
	f.Add([]byte(`{"a": {"b": [1]}, "c": null}`), "a", "b")
	f.Add([]byte(`{}`), "", "x")
	f.Add([]byte(`[{"a": 1}]`), "a", "a")
	f.Fuzz(func(t *testing.T, data []byte, a, b string) {
		d := Document(data)
		got, err := d.With(Document(`"new"`), a, b)
		if err != nil {
			return
		}
		var before, after map[string]any
		if json.Unmarshal(d, &before) != nil {
			return
		}
		if err := json.Unmarshal(got, &after); err != nil {
			t.Fatalf("%q: %v", got, err)
		}
		if v, ok := got.Get(a, b); !ok || string(v) != `"new"` {
			t.Fatalf("%q", v)
		}
		delete(before, a)
		delete(after, a)
		if !reflect.DeepEqual(before, after) {
			t.Errorf("%q became %q", d, got)
		}
	})
}
