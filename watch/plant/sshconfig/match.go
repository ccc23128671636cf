package sshconfig

import (
	"fmt"
	"strings"
)

// match decides the criteria of a Match line. With never they are only looked at for
// whether a second pass is wanted.
func (l *lookup) match(rest string, never bool) (bool, error) {
	words, err := splitArguments(strings.ReplaceAll(rest, "=", " "))
	if err != nil {
		return false, err
	}
	if len(words) == 0 {
		return false, fmt.Errorf("match without criteria")
	}
	matches, undecided := true, ""
	for i := 0; i < len(words); i++ {
		criterion, negated := strings.CutPrefix(strings.ToLower(words[i]), "!")
		var holds bool
		switch criterion {
		case "all":
			holds = true
		case "final", "canonical":
			l.wantsFinal = l.wantsFinal || criterion == "final"
			holds = l.final
		default:
			if i++; i == len(words) {
				return false, fmt.Errorf("match %s lacks an argument", criterion)
			}
			value, known := l.compared(criterion)
			if !known {
				undecided = criterion
				continue
			}
			holds = matchesList(words[i], value)
		}
		matches = matches && holds != negated
	}
	if matches && undecided != "" && !never {
		return false, fmt.Errorf("match %s is not supported, and whether the block is for %s depends on it", undecided, l.name)
	}
	return matches && undecided == "", nil
}

// compared is what the patterns of a criterion are compared with.
func (l *lookup) compared(criterion string) (value string, known bool) {
	switch criterion {
	case "host":
		return l.hostName(), true
	case "originalhost":
		return l.name, true
	case "user":
		if user := l.values.First("user"); user != "" {
			return user, true
		}
		return l.User, true
	case "localuser":
		return l.User, true
	}
	return "", false
}

// matchesHost decides the patterns of a Host line: one must match, and none that is
// negated may.
func matchesHost(patterns []string, host string) bool {
	found := false
	for _, p := range patterns {
		p, negated := strings.CutPrefix(p, "!")
		if !Matches(p, host) {
			continue
		}
		if negated {
			return false
		}
		found = true
	}
	return found
}

// matchesList does so for a list with commas.
func matchesList(list, value string) bool {
	return matchesHost(strings.Split(list, ","), value)
}

// Matches reports whether a pattern with the wildcards * and ? matches all of the
// text (ssh_config(5), PATTERNS).
func Matches(pattern, text string) bool {
	star, resume := -1, 0 // the last * of the pattern, and where its match ends
	p, t := 0, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, resume = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			resume++
			p, t = star+1, resume
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
