package switching

import "strings"

// argument is an option of a command line, with its value.
type argument struct {
	place // "arguments", and which of them
	name  string
	value string
}

// options are those of a program by their names, long ones with two dashes: whether a
// value follows. Short ones stand beside the long ones that they stand for.
type options map[string]option

type option struct {
	name  string // without dashes
	value bool
}

// parseArguments parts options from operands. Values are joined to options by "=", or
// follow them; the beginning of an option's name is enough where it is the only such one.
func parseArguments(args []string, known options) (all []argument, operands []argument, err error) {
	for i := 0; i < len(args); i++ {
		at := place{"arguments", i + 1}
		text := args[i]
		if text == "--" {
			for j, rest := range args[i+1:] {
				operands = append(operands, argument{place{"arguments", i + 2 + j}, "", rest})
			}
			break
		}
		if len(text) < 2 || text[0] != '-' {
			operands = append(operands, argument{at, "", text})
			continue
		}
		name, value, joined := strings.Cut(text, "=")
		o, ok := known.find(name)
		if !ok && text[1] != '-' { // a short option with its value: -pDIR
			name, value, joined = text[:2], text[2:], true
			o, ok = known.find(name)
		}
		switch {
		case !ok:
			return nil, nil, at.fail("the option %s is unknown", cut(name))
		case o.value && !joined && i+1 == len(args):
			return nil, nil, at.fail("the option %s has no value", name)
		case o.value && !joined:
			i++
			value = args[i]
		case !o.value && joined:
			return nil, nil, at.fail("the option %s takes no value", name)
		}
		all = append(all, argument{at, o.name, value})
	}
	return all, operands, nil
}

func (known options) find(name string) (option, bool) {
	if o, ok := known[name]; ok {
		return o, true
	}
	var found []option
	if strings.HasPrefix(name, "--") && len(name) > 2 {
		for full, o := range known {
			if strings.HasPrefix(full, name) {
				found = append(found, o)
			}
		}
	}
	if len(found) != 1 {
		return option{}, false
	}
	return found[0], true
}
