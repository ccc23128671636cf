package config

import "testing"

func TestSuggestion(t *testing.T) {
	keys := []string{"type", "url", "suites", "components", "architectures", "check-valid-until"}
	for word, want := range map[string]string{
		"architecture":      "architectures",
		"arch":              "architectures",
		"componets":         "components",
		"URL":               "url",
		"check_valid_until": "check-valid-until",
		"tpye":              "type",
		"uri":               "url",
		"colour":            "",
		"x":                 "",
		"":                  "",
	} {
		if got := nearest(word, keys); got != want {
			t.Errorf("%q suggests %q, expected %q", word, got, want)
		}
	}
	if got := suggestion("x", []string{"deb", "rpm"}); got != " (expected deb or rpm)" {
		t.Errorf("few known words are not told: %q", got)
	}
}

func TestKeys(t *testing.T) {
	key := join(join(item(join("", "watch"), 3), "el9.4"), "url")
	if key != `watch[3]."el9.4".url` {
		t.Errorf("the key is %s", key)
	}
	for _, want := range []string{`watch[3]."el9.4"`, "watch[3]", "watch", ""} {
		if key = parent(key); key != want {
			t.Errorf("the key above is %q, expected %q", key, want)
		}
	}
	if got := parent(join("sources", `a."b.`)); got != "sources" {
		t.Errorf("the key above a quoted one is %q", got)
	}
}
