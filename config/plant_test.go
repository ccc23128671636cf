package config

import "testing"

// A password in the address is taken out of it, so that the address can be shown.
func TestPlantPassword(t *testing.T) {
	const text = `
state: /s
watch:
  repositories: {pub: {directories: a}}
  plant: [{to: "sftp://me:${PASSWORD}@origin:2222/~/a%20b", repository: pub}, {to: "sftp://me@origin/", repository: pub, password: "${PASSWORD}"}]
`
	c, err := Parse("c.yaml", []byte(text), func(string) (string, bool) { return "p@ss/word", true })
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"sftp://me@origin:2222/~/a%20b", "sftp://me@origin/"} {
		if p := c.Watch.Plant[i]; p.To != want || p.Password.Reveal() != "p@ss/word" {
			t.Errorf("%s with the password %q, expected %s", p.To, p.Password.Reveal(), want)
		}
	}
}
