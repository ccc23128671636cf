package config

import "time"

// Watch says which mirror sites are watched, and how.
type Watch struct {
	// Host and port that the results are served on. Default 127.0.0.1:8080.
	Listen string `yaml:"listen" jsonschema:"default=127.0.0.1:8080"`
	// Where the history is kept: sqlite for a file in the state directory, or the
	// address of a PostgreSQL database. Default sqlite.
	Store Secret `yaml:"store,url" jsonschema:"default=sqlite" schemes:"postgres,postgresql" or:"sqlite"`
	// Time between two looks at a site. Default 90s.
	Period time.Duration `yaml:"period" jsonschema:"default=90s"`
	// Time for which a site may be stale and still stand in lists of mirrors. Default 12h.
	MaxLag time.Duration `yaml:"max-lag" jsonschema:"default=12h"`
	// Number of sites that lists have at least. Default 1.
	Floor int `yaml:"floor" jsonschema:"default=1,minimum=1"`
	// Number of listed sites that have to hold all of an older generation before metalinks
	// accept it. Default 1.
	Alternates int `yaml:"alternates" jsonschema:"default=1,minimum=1"`
	// Time after a publication in which sites that show the generation before still count
	// as in sync. Default: none.
	Grace time.Duration `yaml:"grace"`
	// Number of looks in a row without an answer before a site is unreachable. Default 3.
	Failures int `yaml:"failures" jsonschema:"default=3,minimum=1"`
	// How much looking sites have to bear.
	Budget Budget `yaml:"budget"`
	// Name of the place that is watched from, where several watchers share a database.
	Vantage string `yaml:"vantage"`
	// What sites are told of who asks. Default mirrorkeeper/VERSION.
	UserAgent string `yaml:"user-agent"`
	// Networks that sites may be in although they are not public, such as 10.0.0.0/8.
	Allow []string `yaml:"allow" means:"a network"`
	// Files of countries, or of autonomous systems, by address in MaxMind's form: clients get
	// the sites of their system and country first.
	GeoIP []string `yaml:"geoip,path"`
	// Networks of proxies in front of the watcher, which may say who asks.
	TrustedProxies []string `yaml:"trusted-proxies" means:"a network"`
	// Tokens that allow changes by the API. Default: it changes nothing.
	Tokens []Secret `yaml:"tokens"`
	// Repositories that sites are judged by, by name.
	Repositories []WatchedRepository `yaml:"repositories,named" jsonschema:"required"`
	// Timestamps to plant at the origin.
	Plant []Plant `yaml:"plant"`
	// Sites to watch.
	Sites []Site `yaml:"sites"`
}

// Budget says how much looking one endpoint of a site has to bear, in one day and for
// one repository.
type Budget struct {
	// Time between two looks at the indexes where nothing changes. Default 1h.
	Indexes time.Duration `yaml:"indexes" jsonschema:"default=1h"`
	// Time between two looks at a random sample of files. Default 24h.
	Sample time.Duration `yaml:"sample" jsonschema:"default=24h"`
	// Number of files of a sample. Default 299, which find with 95 % probability that one
	// in a hundred is missing.
	Samples int `yaml:"samples" jsonschema:"default=299,minimum=1"`
	// Time between two looks at all files. Default 168h.
	Sweep time.Duration `yaml:"sweep" jsonschema:"default=168h"`
	// Bytes of a day, looks at roots and timestamps not counted; 0 stands for 64M. Default 0.
	Bytes int64 `yaml:"bytes,bytes" jsonschema:"default=0,minimum=0"`
	// Requests to one host at once. Default 2.
	PerHost int `yaml:"per-host" jsonschema:"default=2,minimum=1"`
}

// WatchedRepository is what sites are judged by: the generations of a source, or
// timestamps in directories.
type WatchedRepository struct {
	Name string `yaml:"-"`
	// Name of the source that tells which generations there are.
	Source string `yaml:"source"`
	// Path of the source's repository below the URLs of sites, which the source's own URL
	// ends in, too. Default: sites have it at their URLs.
	Path string `yaml:"path"`
	// Directories that hold a timestamp each.
	Directories []string `yaml:"directories" jsonschema:"minItems=1"`
	// Name of the file of the timestamp. Default .timestamp.
	Stamp string `yaml:"stamp" jsonschema:"default=.timestamp"`
	// Address that the directories are served at by the source itself, which is judged
	// before its mirrors.
	URL string `yaml:"url,url" schemes:"http,https"`
	// Age of a timestamp from which a site counts as behind. Default 12h.
	MaxAge time.Duration `yaml:"max-age" jsonschema:"default=12h"`
	// Which timestamp a site is judged by: the oldest of its directories, or the newest.
	// Default oldest.
	Age string `yaml:"age" jsonschema:"enum=oldest,enum=newest,default=oldest"`
}

// Site is a mirror that others run.
type Site struct {
	// Address of the site.
	URL string `yaml:"url,url" jsonschema:"required" schemes:"http,https"`
	// Names of the repositories that the site serves.
	Repositories []string `yaml:"repositories" jsonschema:"required,minItems=1" means:"the name of a repository"`
	// Country of the site, two letters of ISO 3166-1.
	Country string `yaml:"country" jsonschema:"pattern=^[A-Z]{2}$"`
	// Networks whose clients the site is there for first.
	Networks []string `yaml:"networks" means:"a network"`
	// Number of the autonomous system that the site stands in.
	ASN int `yaml:"asn" jsonschema:"minimum=1,maximum=4294967295"`
	// Further schemes by which the site is looked at: http, https, rsync.
	Schemes []string `yaml:"schemes" means:"http, https or rsync"`
	// True looks at each address of the site's name. Default false.
	EachAddress bool `yaml:"each-address" jsonschema:"default=false"`
	// Architectures that the site holds, where it does not hold all.
	Architectures []string `yaml:"architectures" jsonschema:"minItems=1"`
	// Components that the site holds, where it does not hold all.
	Components []string `yaml:"components" jsonschema:"minItems=1"`
	// Directories of timestamps that the site has to hold. Default: those that it ever
	// served.
	Directories []string `yaml:"directories" jsonschema:"minItems=1"`
	// True lists the site whatever its state. Default false.
	Whitelist bool `yaml:"whitelist" jsonschema:"default=false"`
	// Share of the load among sites that are equally good. Default 100.
	Weight int `yaml:"weight" jsonschema:"default=100,minimum=1"`
	// True neither looks at the site nor lists it. Default false.
	Paused bool `yaml:"paused" jsonschema:"default=false"`
	// Number of times that the timestamp has to change before the site counts. Default 0.
	SlowStart int `yaml:"slow-start" jsonschema:"default=0,minimum=0"`
	// Time between two looks at the site. Default: that of all.
	Period time.Duration `yaml:"period"`
	// Address of the site's admin.
	Admin string `yaml:"admin"`
}

// NewWatch returns a watch with the defaults and nothing else.
func NewWatch() *Watch {
	w := &Watch{}
	shapes{}.setDefaults(w)
	return w
}

// NewWatchedRepository returns a repository with the defaults and nothing else.
func NewWatchedRepository(name string) WatchedRepository {
	r := WatchedRepository{Name: name}
	shapes{}.setDefaults(&r)
	return r
}

// NewSite returns a site with the defaults and nothing else.
func NewSite(url string) Site {
	s := Site{URL: url}
	shapes{}.setDefaults(&s)
	return s
}
