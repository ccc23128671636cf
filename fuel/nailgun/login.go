package nailgun

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// Credentials are who asks. Their fields never stand in errors or logs.
type Credentials struct {
	User     string
	Password string
	Tenant   string // "" stands for admin
}

// String hides the password.
func (c Credentials) String() string { return c.User }

// Version is what the server says of itself.
type Version struct {
	// Release is Fuel's version, such as 9.0.
	Release string `json:"release"`
	// OpenStack is the version of the default release, such as mitaka-9.0.
	OpenStack string `json:"openstack_version"`
	// AuthRequired says that all but the version needs a login.
	AuthRequired bool `json:"auth_required"`
}

// Version tells what the server is.
func (c *Client) Version(ctx context.Context) (Version, error) {
	err := c.start(ctx)
	return c.version, err
}

// start asks what the server is, first of all, and logs in where it wants that: a server
// that wants to know who asks even for this answers 401, else it says so.
func (c *Client) start(ctx context.Context) error {
	if c.started {
		return nil
	}
	const doing = "read the version"
	answer, err := c.send(ctx, doing, http.MethodGet, "/api/v1/version", nil)
	if errors.Is(err, ErrLogin) {
		if err := c.login(ctx); err != nil {
			return err
		}
		answer, err = c.send(ctx, doing, http.MethodGet, "/api/v1/version", nil)
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(answer.body, &c.version); err != nil {
		return fmt.Errorf("%s: what answers at %s is no Fuel server: %w", doing, c.base, err)
	}
	if c.version.AuthRequired && c.token == "" {
		if err := c.login(ctx); err != nil {
			return err
		}
	}
	c.started = true
	return nil
}

// login asks for a token: by version 2 of Keystone's interface, which all versions of
// Fuel have, or else by version 3.
func (c *Client) login(ctx context.Context) error {
	c.token = ""
	if c.who.User == "" || c.who.Password == "" {
		return &loginError{fmt.Errorf("%w: %s wants a user and a password", ErrLogin, c.base)}
	}
	token, err := c.loginV2(ctx)
	if errors.Is(err, ErrNotFound) {
		token, err = c.loginV3(ctx)
	}
	if errors.Is(err, ErrLogin) {
		return &loginError{fmt.Errorf("%w: %s refuses the user %q with the password given", ErrLogin, c.base, c.who.User)}
	}
	if err == nil && token == "" {
		err = fmt.Errorf("log in as %s: the Fuel server %s gave no token", c.who.User, c.base)
	}
	c.token = token
	return err
}

type loginError struct{ error }

func (e *loginError) Unwrap() error { return e.error }

// Hint says what to do.
func (e *loginError) Hint() string { return loginHint }

func (c *Client) tenant() string {
	if c.who.Tenant != "" {
		return c.who.Tenant
	}
	return "admin"
}

func (c *Client) loginV2(ctx context.Context) (string, error) {
	type credentials struct {
		Username string `json:"username"`
		Password string `json:"password"`
	}
	var q struct {
		Auth struct {
			Tenant   string      `json:"tenantName"`
			Password credentials `json:"passwordCredentials"`
		} `json:"auth"`
	}
	q.Auth.Tenant, q.Auth.Password = c.tenant(), credentials{c.who.User, c.who.Password}
	a, err := c.ask(ctx, "/keystone/v2.0/tokens", q)
	if err != nil {
		return "", err
	}
	return a.body.Text("access", "token", "id"), nil
}

func (c *Client) loginV3(ctx context.Context) (string, error) {
	type object = map[string]any
	domain := object{"id": "default"}
	q := object{"auth": object{
		"identity": object{
			"methods":  []string{"password"},
			"password": object{"user": object{"name": c.who.User, "password": c.who.Password, "domain": domain}},
		},
		"scope": object{"project": object{"name": c.tenant(), "domain": domain}},
	}}
	a, err := c.ask(ctx, "/keystone/v3/auth/tokens", q)
	if err != nil {
		return "", err
	}
	return a.header.Get("X-Subject-Token"), nil
}

func (c *Client) ask(ctx context.Context, path string, q any) (*answer, error) {
	body, err := json.Marshal(q)
	if err != nil {
		return nil, err
	}
	return c.send(ctx, "log in as "+c.who.User, http.MethodPost, path, body)
}
