package repodata

// cut is a part of a text that is left out, from start to before end.
type cut struct{ start, end int }

// cutLine leaves out an element, and the line break and the blanks before it where
// it begins a line.
func cutLine(text []byte, start, end int) cut {
	i := start
	for i > 0 && (text[i-1] == ' ' || text[i-1] == '\t') {
		i--
	}
	if i == 0 || text[i-1] != '\n' {
		return cut{start, end}
	}
	i--
	if i > 0 && text[i-1] == '\r' {
		i--
	}
	return cut{i, end}
}

// without returns the text without the cuts, which are in order. Where one begins
// within another it counts no more.
func without(text []byte, cuts []cut) []byte {
	out := make([]byte, 0, len(text))
	from := 0
	for _, c := range cuts {
		if c.start >= from {
			out = append(out, text[from:c.start]...)
			from = c.end
		}
	}
	return append(out, text[from:]...)
}
