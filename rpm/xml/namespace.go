package xml

import "bytes"

// binding is a namespace that an element declares for a prefix, "" for names without.
type binding struct {
	prefix, space string
	depth         int // of the element
}

// xmlNamespace is that of the prefix xml, which needs no declaration.
const xmlNamespace = "http://www.w3.org/XML/1998/namespace"

const declaration = "xmlns"

// isNamespace reports whether the attribute declares a namespace.
func (a Attr) isNamespace() bool {
	return len(a.Name) >= len(declaration) && string(a.Name[:len(declaration)]) == declaration &&
		(len(a.Name) == len(declaration) || a.Name[len(declaration)] == ':')
}

// isQualified reports whether a prefix and what follows its colon are names.
func isQualified(prefix, local []byte) bool {
	end, colon := scanName(local, 0)
	return len(prefix) > 0 && end == len(local) && end > 0 && colon < 0
}

// declare binds what the attributes of the element that begins declare.
func (r *Reader) declare(pos int) error {
	for _, a := range r.attrs {
		if !a.isNamespace() {
			continue
		}
		b := binding{prefix: string(bytes.TrimPrefix(a.Name[len(declaration):], []byte{':'})), space: string(a.Value), depth: r.depth + 1}
		if b.prefix == declaration || (b.prefix == "xml") != (b.space == xmlNamespace) || b.prefix != "" && b.space == "" {
			r.unbind()
			return r.syntax(pos, "%s cannot be %q", a.Name, b.space)
		}
		r.bindings = append(r.bindings, b)
	}
	return nil
}

// unbind forgets the bindings of elements that are not open any more.
func (r *Reader) unbind() {
	for n := len(r.bindings) - 1; n >= 0 && r.bindings[n].depth > r.depth; n-- {
		r.bindings = r.bindings[:n]
	}
}

// resolve sets the namespace of the element that begins.
func (r *Reader) resolve(pos int, prefix []byte) error {
	if prefix != nil && !isQualified(prefix, r.local) {
		return r.syntax(pos, "name %s has more than one prefix, or half of one", quote(append(append(prefix[:len(prefix):len(prefix)], ':'), r.local...)))
	}
	for i := len(r.bindings) - 1; i >= 0; i-- {
		if b := &r.bindings[i]; b.prefix == string(prefix) {
			r.space = b.space
			return nil
		}
	}
	switch string(prefix) {
	case "":
		r.space = ""
	case "xml":
		r.space = xmlNamespace
	default:
		return r.syntax(pos, "prefix %s is declared nowhere", quote(prefix))
	}
	return nil
}
