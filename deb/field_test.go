package deb

import (
	"strings"
	"testing"
)

func TestIdentify(t *testing.T) {
	for id := fieldOther + 1; int(id) < len(fieldNames); id++ {
		name := id.String()
		for _, spelled := range []string{name, strings.ToLower(name), strings.ToUpper(name)} {
			if got := identify([]byte(spelled)); got != id {
				t.Errorf("%s is taken for %q", spelled, got)
			}
		}
		for _, other := range []string{name + "s", "X" + name, name[:len(name)-1] + "~"} {
			if got := identify([]byte(other)); got != fieldOther {
				t.Errorf("%s is taken for %s", other, got)
			}
		}
	}
}
