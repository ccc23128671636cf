// Package transport makes the HTTP clients that reach upstream: through proxies,
// with credentials and certificates, at a limited rate, and to files of this
// machine under file:// URLs.
//
// [New] puts a client together from [Options]; client.go names its layers, each
// of which is an http.RoundTripper in a file of its own. [URL] and [Redacted]
// write URLs for requests and for people.
package transport
