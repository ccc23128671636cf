package sshconfig

import (
	"errors"
	"fmt"
	"os/user"
	"path/filepath"
	"strings"
)

// Expand replaces the tokens of a text, such as %h, by their values; %% is a percent
// sign (ssh_config(5), TOKENS).
func Expand(text string, tokens map[byte]string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '%' {
			b.WriteByte(text[i])
			continue
		}
		if i++; i == len(text) {
			return "", fmt.Errorf("%q ends in %%; a percent sign is written %%%%", text)
		}
		value, known := tokens[text[i]]
		switch {
		case text[i] == '%':
			value = "%"
		case !known:
			return "", fmt.Errorf("%q holds the token %%%c, which is unknown here", text, text[i])
		}
		b.WriteString(value)
	}
	return b.String(), nil
}

// Path expands the name of a file: the tilde of a home directory, then variables of
// the environment in the form ${NAME}, then tokens.
func Path(text, home string, env func(string) (string, bool), tokens map[byte]string) (string, error) {
	text, err := tilde(text, home)
	if err != nil {
		return "", err
	}
	for {
		before, rest, found := strings.Cut(text, "${")
		name, after, closed := strings.Cut(rest, "}")
		if !found || !closed {
			return Expand(text, tokens)
		}
		value, set := env(name)
		if !set {
			return "", fmt.Errorf("environment variable %s is not set", name)
		}
		if strings.Contains(value, "${") {
			return "", errors.New("environment variable " + name + " holds another variable")
		}
		text = before + value + after
	}
}

func tilde(text, home string) (string, error) {
	if !strings.HasPrefix(text, "~") {
		return text, nil
	}
	name, rest, _ := strings.Cut(text[1:], "/")
	if name != "" {
		u, err := user.Lookup(name)
		if err != nil {
			return "", fmt.Errorf("%q: %w", text, err)
		}
		home = u.HomeDir
	}
	return filepath.Join(home, rest), nil
}
