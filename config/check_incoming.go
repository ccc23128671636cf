package config

// incoming checks the directory that uploads for a repository come to.
func (k checker) incoming(r *Repository, key string) {
	key += ".incoming.from"
	if r.Incoming == nil || r.Incoming.From == "" || k.broken[key] {
		return
	}
	from := r.Incoming.From
	if k.Destination != "" && !k.bucket() && inside(from, k.Destination) {
		k.at(key, "lies in the destination, which is served (expected a directory elsewhere, seen %q)", cut(from))
	}
	for i := range k.Repositories {
		other := &k.Repositories[i]
		if other == r {
			return
		}
		if other.Incoming != nil && other.Incoming.From == from {
			k.at(key, "is that of %q too (expected a directory for each repository, seen %q)", other.Name, cut(from))
		}
	}
}
