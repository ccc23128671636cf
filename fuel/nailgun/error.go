package nailgun

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Errors that callers tell apart.
var (
	// ErrLogin says that the server wants to know who asks, and was not told, or refuses who
	// it was told.
	ErrLogin = errors.New("the Fuel server does not let us in")
	// ErrNotFound says that the server does not have the object, or does not know of such.
	ErrNotFound = errors.New("not found")
	// ErrForbidden says that who asks may not, or that the object is locked.
	ErrForbidden = errors.New("not allowed")
	// ErrConflict says that another object is in the way.
	ErrConflict = errors.New("conflict")
)

// Error is what the server refused.
type Error struct {
	Doing  string // "read the releases"
	Method string
	URL    string
	Status int
	// Message is what the server says about it, on one line.
	Message string
}

func (e *Error) Error() string {
	text := fmt.Sprintf("%s: the Fuel server answered %s %s with %d %s", e.Doing, e.Method, e.URL, e.Status, http.StatusText(e.Status))
	if e.Message != "" {
		text += ": " + e.Message
	}
	return text
}

// Is compares with the errors above.
func (e *Error) Is(target error) bool {
	switch target {
	case ErrLogin:
		return e.Status == http.StatusUnauthorized
	case ErrNotFound:
		return e.Status == http.StatusNotFound || e.Status == http.StatusMethodNotAllowed
	case ErrForbidden:
		return e.Status == http.StatusForbidden
	case ErrConflict:
		return e.Status == http.StatusConflict
	}
	return false
}

// Hint says what to do.
func (e *Error) Hint() string {
	switch {
	case e.Status == http.StatusUnauthorized:
		return loginHint
	case e.Status == http.StatusForbidden && e.Method != http.MethodGet:
		return "the user needs the role admin, and an environment that is being deployed is locked until that has ended"
	case e.Status == http.StatusForbidden:
		return "the user needs the role admin"
	case e.Status == http.StatusNotFound:
		return "is this the address of the Fuel server? It is given as http://HOST:8000, without a path"
	case e.Status == http.StatusConflict:
		return "another object of the server has the same name and version; rename one of them"
	case e.Status >= 500:
		return "look into the server's log, /var/log/nailgun/api.log, and run again"
	case e.Status >= 300 && e.Status < 400:
		return "give the address that the server redirects to"
	}
	return ""
}

const loginHint = "give the user by --fuel-user and the password by the variable FUEL_PASSWORD, in the configuration, or in /etc/fuel/astute.yaml"

// messageOf is what the body of an answer says, on one line.
func messageOf(body []byte) string {
	var said struct {
		Message any `json:"message"`
		Errors  any `json:"errors"`
		Error   any `json:"error"` // of Keystone
	}
	if json.Unmarshal(body, &said) != nil {
		return "" // a page for browsers
	}
	var parts []string
	for _, part := range []any{said.Message, said.Errors, said.Error} {
		switch part := part.(type) {
		case nil:
		case string:
			parts = append(parts, part)
		case map[string]any:
			if text, ok := part["message"].(string); ok {
				parts = append(parts, text)
				continue
			}
			parts = append(parts, compact(part))
		default:
			parts = append(parts, compact(part))
		}
	}
	return cut(strings.Join(strings.Fields(strings.Join(parts, "; ")), " "))
}

func compact(v any) string {
	if list, ok := v.([]any); ok && len(list) == 0 {
		return ""
	}
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(b)
}

// cut keeps what a stranger says at a readable length.
func cut(text string) string {
	const most = 400
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	text = strings.TrimSuffix(strings.TrimSpace(text), ";")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "..."
	}
	return text
}
