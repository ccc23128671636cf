package serve

import (
	"crypto/tls"
	"fmt"
	"os"
	"sync"
	"time"
)

// certificate is a certificate of files that others renew.
type certificate struct {
	file, key string

	mu       sync.Mutex
	modified time.Time
	loaded   *tls.Certificate
}

func newCertificate(file, key string) (*certificate, error) {
	c := &certificate{file: file, key: key}
	_, err := c.get(nil)
	return c, err
}

// get is the certificate as the files have it; the one before where they are in the middle
// of a change.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	info, err := os.Stat(c.file)
	if err == nil && c.loaded != nil && info.ModTime().Equal(c.modified) {
		return c.loaded, nil
	}
	var loaded tls.Certificate
	if err == nil {
		loaded, err = tls.LoadX509KeyPair(c.file, c.key)
	}
	switch {
	case err == nil:
		c.loaded, c.modified = &loaded, info.ModTime()
	case c.loaded == nil:
		return nil, fmt.Errorf("certificate %s with key %s: %w", c.file, c.key, err)
	}
	return c.loaded, nil
}
