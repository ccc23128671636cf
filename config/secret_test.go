package config

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestSecretsAreNotShown(t *testing.T) {
	const text = "tr0ub4dor"
	holder := struct{ Password Secret }{text}
	encoded, err := json.Marshal(holder)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("a secret", "password", holder.Password, "holder", holder)
	for _, shown := range []string{
		fmt.Sprint(holder), fmt.Sprintf("%+v %#v %s %q", holder, holder, holder.Password, holder.Password),
		string(encoded), log.String(),
	} {
		if strings.Contains(shown, text) {
			t.Errorf("the secret is shown: %s", shown)
		}
	}
	if holder.Password.Reveal() != text {
		t.Error("the secret is lost")
	}
}

// Whatever the variables of the environment hold, no error shows it.
func TestErrorsDoNotShowTheEnvironment(t *testing.T) {
	const config = `
destination: /srv/mirror
sources:
  a:
    type: rpm
    url: ["https://${U}:${V}@${W}/${X}", "${Y}", "${Z}"]
    architectures: x86_64
    trusted: true
    auth: {username: "${U}", password: "${V}"}
    proxy: ${Y}
    headers: {X: "${X}"}
mirrors: {m: {from: a, packages: x, sign: {key: k, passphrase: "${Z}"}}}
watch: {store: "${Y}", repositories: {p: {directories: d}}, sites: [{url: "${W}", repositories: p}], plant: [{to: "${X}", repository: p}]}
`
	rapid.Check(t, func(t *rapid.T) {
		const mark = "qQqQ"
		env := map[string]string{}
		for _, name := range []string{"U", "V", "W", "X", "Y", "Z"} {
			env[name] = rapid.StringMatching(`([a-z]{0,5}:(//)?)?[ -~]{0,4}`+mark+`[ -~\n]{0,4}`).Draw(t, name)
		}
		_, err := Parse("c.yaml", []byte(config), func(name string) (string, bool) { v, ok := env[name]; return v, ok })
		if err != nil && strings.Contains(strings.ToLower(err.Error()), strings.ToLower(mark)) {
			t.Fatalf("an error shows a value of the environment: %v", err)
		}
	})
}
