package config

import (
	"fmt"
	"regexp"
	"strings"
)

var (
	// replaced are the forms that environment variables are replaced in.
	replaced = regexp.MustCompile(`\$\$|\$\{[A-Z_][A-Z0-9_]*\}`)
	// environment is one variable of the environment.
	environment = regexp.MustCompile(`\$\{[A-Z_][A-Z0-9_]*\}`)
	// bracedVariable is a variable that is not the environment's: yum's long form.
	bracedVariable = regexp.MustCompile(`\$\{([A-Za-z0-9_]+)\}`)
)

// expand replaces the variables of the environment in a text. Where escape is not
// nil, it is given each value and the offset in the text where it belongs. The
// error names the variables that are not set.
func expand(text string, env func(string) (string, bool), escape func(value string, at int) string) (string, error) {
	var b strings.Builder
	var unset []string
	end := 0
	for _, m := range replaced.FindAllStringIndex(text, -1) {
		b.WriteString(text[end:m[0]])
		end = m[1]
		if text[m[0]:end] == "$$" {
			b.WriteByte('$')
			continue
		}
		name := text[m[0]+2 : end-1]
		value, set := env(name)
		if !set {
			unset = append(unset, name)
		}
		if escape != nil {
			value = escape(value, m[0])
		}
		b.WriteString(value)
	}
	b.WriteString(text[end:])
	switch len(unset) {
	case 0:
		return b.String(), nil
	case 1:
		return "", fmt.Errorf("environment variable %s is not set", unset[0])
	}
	return "", fmt.Errorf("environment variables %s are not set", strings.Join(unset, ", "))
}
