package config

import "go.yaml.in/yaml/v4"

// maxAliased bounds the number of values that the aliases of a file stand for.
const maxAliased = 10_000

// resolve follows an alias, within bounds; nil is beyond them.
func (r *reader) resolve(n *yaml.Node, key string) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		if r.aliased > maxAliased {
			return nil
		}
		r.aliased += size(n.Alias, maxAliased+1-r.aliased)
		if r.aliased > maxAliased {
			r.problem(n.Line, key, "the aliases up to here stand for more than %d values", maxAliased)
			return nil
		}
		n = n.Alias
	}
	return n
}

// size is the number of values in a node, its aliases followed; it stops counting
// at the limit.
func size(n *yaml.Node, limit int) int {
	count := 1
	children := n.Content
	if n.Kind == yaml.AliasNode {
		children = []*yaml.Node{n.Alias}
	}
	for _, child := range children {
		if count >= limit {
			break
		}
		count += size(child, limit-count)
	}
	return count
}
