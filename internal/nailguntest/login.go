package nailguntest

import (
	"fmt"
	"net/http"
)

// loginV2 is version 2 of Keystone's interface (fake_keystone/v2_handlers.py).
func (s *Server) loginV2(r *http.Request, body []byte) (any, error) {
	if s.NoV2 {
		return nil, refuse(http.StatusNotFound, "Not Found")
	}
	if r.Method != http.MethodPost {
		return nil, refuse(http.StatusMethodNotAllowed, "Method Not Allowed")
	}
	q, no := decode(body)
	if no != nil {
		return nil, no
	}
	tenant, _ := at(q, "auth", "tenantName").(string)
	user, isUser := at(q, "auth", "passwordCredentials", "username").(string)
	password, isPassword := at(q, "auth", "passwordCredentials", "password").(string)
	if !isUser || !isPassword || tenant == "" {
		s.t.Errorf("a login of version 2 has a body of %d bytes that lacks what belongs there", len(body))
		return nil, refuse(http.StatusBadRequest, "Expecting to find passwordCredentials in auth")
	}
	if user != s.User || password != s.Password || tenant != s.Tenant {
		return nil, refuse(http.StatusUnauthorized, "The request you have made requires authentication.")
	}
	return Object{"access": Object{"token": Object{"id": s.newToken(), "expires": "2099-01-01T00:00:00Z", "tenant": Object{"name": tenant}}}}, nil
}

// loginV3 is version 3: the token stands in a header (fake_keystone/v3_handlers.py).
func (s *Server) loginV3(w http.ResponseWriter, r *http.Request, body []byte) (any, error) {
	if s.NoV3 {
		return nil, refuse(http.StatusNotFound, "Not Found")
	}
	if r.Method != http.MethodPost {
		return nil, refuse(http.StatusMethodNotAllowed, "Method Not Allowed")
	}
	q, no := decode(body)
	if no != nil {
		return nil, no
	}
	methods, _ := at(q, "auth", "identity", "methods").([]any)
	user, isUser := at(q, "auth", "identity", "password", "user", "name").(string)
	password, isPassword := at(q, "auth", "identity", "password", "user", "password").(string)
	if !isUser || !isPassword || len(methods) != 1 || methods[0] != "password" {
		s.t.Errorf("a login of version 3 has a body of %d bytes that lacks what belongs there", len(body))
		return nil, refuse(http.StatusBadRequest, "Expecting to find identity in auth")
	}
	if user != s.User || password != s.Password {
		return nil, refuse(http.StatusUnauthorized, "The request you have made requires authentication.")
	}
	w.Header().Set("X-Subject-Token", s.newToken())
	return Object{"token": Object{"methods": methods}}, nil
}

func (s *Server) newToken() string {
	s.count++
	token := fmt.Sprintf("token%d", s.count)
	s.tokens[token] = 0
	return token
}

// checkToken refuses requests without a token, and with one that has run out.
func (s *Server) checkToken(r *http.Request) error {
	if s.Open {
		return nil
	}
	token := r.Header.Get("X-Auth-Token")
	uses, known := s.tokens[token]
	if !known || s.TokenUses > 0 && uses >= s.TokenUses {
		return refuse(http.StatusUnauthorized, "Authentication required")
	}
	s.tokens[token]++
	return nil
}
