package nailguntest

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
)

// object answers for releases and clusters.
func (s *Server) object(method string, path []string, body []byte, force bool) (any, error) {
	all := map[string]map[int]Object{"releases": s.Releases, "clusters": s.Clusters}[path[0]]
	if all == nil {
		return nil, refuse(http.StatusNotFound, "Not Found")
	}
	if len(path) == 1 {
		if method != http.MethodGet {
			return nil, refuse(http.StatusMethodNotAllowed, "Method Not Allowed")
		}
		list := []any{}
		for _, id := range slices.SortedFunc(maps.Keys(all), cmp.Compare) {
			list = append(list, all[id])
		}
		return list, nil
	}
	id, err := strconv.Atoi(path[1])
	if err != nil || all[id] == nil {
		return nil, refuse(http.StatusNotFound, "%s not found", map[string]string{"releases": "Release", "clusters": "Cluster"}[path[0]])
	}
	what := ""
	if len(path) > 2 {
		what = path[2]
	}
	if len(path) > 3 {
		what += "/" + path[3]
	}
	switch path[0] + " " + what {
	case "releases ":
		return s.release(method, id, body)
	case "releases attributes_metadata":
		if s.Old {
			return nil, refuse(http.StatusNotFound, "Not Found")
		}
		return s.releaseAttributes(method, id, body)
	case "clusters ":
		if method == http.MethodGet {
			return all[id], nil
		}
		return nil, refuse(http.StatusMethodNotAllowed, "Method Not Allowed")
	case "clusters attributes":
		return s.clusterAttributes(method, id, body, force)
	case "clusters attributes/defaults":
		defaults := Object{"editable": clone(at(s.Releases[number(all[id]["release_id"])], "attributes_metadata", "editable"))}
		if method == http.MethodPut {
			s.Attributes[id] = defaults
		} else if method != http.MethodGet {
			return nil, refuse(http.StatusMethodNotAllowed, "Method Not Allowed")
		}
		return defaults, nil
	}
	return nil, refuse(http.StatusNotFound, "Not Found")
}

func number(v any) int {
	switch v := v.(type) {
	case int:
		return v
	case json.Number:
		n, _ := v.Int64()
		return int(n)
	}
	return -1
}

// release reads and replaces a whole release (handlers/base.py, validators/release.py).
func (s *Server) release(method string, id int, body []byte) (any, error) {
	switch method {
	case http.MethodGet:
		return s.Releases[id], nil
	case http.MethodPut:
	default:
		return nil, refuse(http.StatusMethodNotAllowed, "Method Not Allowed")
	}
	v, no := decode(body)
	if no != nil {
		return nil, no
	}
	now, ok := v.(Object)
	if !ok {
		return nil, refuse(http.StatusBadRequest, "Invalid data received")
	}
	for key := range s.Releases[id] {
		if _, ok := now[key]; !ok {
			s.t.Errorf("a release is replaced by one without %s", key)
		}
	}
	for other, x := range s.Releases {
		if other != id && x["name"] == now["name"] && x["version"] == now["version"] {
			return nil, refuse(http.StatusConflict, "Release with the same name and version already exists")
		}
	}
	s.Releases[id] = now
	return now, nil
}

// releaseAttributes reads and replaces the attributes of a release (handlers/release.py,
// validators/json_schema/release.py).
func (s *Server) releaseAttributes(method string, id int, body []byte) (any, error) {
	switch method {
	case http.MethodGet:
		return s.Releases[id]["attributes_metadata"], nil
	case http.MethodPut:
	default:
		return nil, refuse(http.StatusMethodNotAllowed, "Method Not Allowed")
	}
	v, no := decode(body)
	if no != nil {
		return nil, no
	}
	for _, key := range []string{"editable", "generated"} {
		if _, ok := at(v, key).(Object); !ok {
			return nil, refuse(http.StatusBadRequest, "'%s' is a required property", key)
		}
	}
	s.Releases[id]["attributes_metadata"] = v
	return v, nil
}

// clusterAttributes reads and changes those of an environment (handlers/cluster.py,
// validators/cluster.py).
func (s *Server) clusterAttributes(method string, id int, body []byte, force bool) (any, error) {
	switch method {
	case http.MethodGet:
		return s.Attributes[id], nil
	case http.MethodPut, http.MethodPatch:
	default:
		return nil, refuse(http.StatusMethodNotAllowed, "Method Not Allowed")
	}
	v, no := decode(body)
	if no != nil {
		return nil, no
	}
	now, ok := v.(Object)
	if !ok {
		return nil, refuse(http.StatusBadRequest, "Invalid data received")
	}
	if _, ok := now["generated"]; ok {
		return nil, refuse(http.StatusBadRequest, "It is not allowed to update generated attributes")
	}
	editable, ok := now["editable"].(Object)
	if !ok {
		return nil, refuse(http.StatusBadRequest, "Editable attributes should be a dictionary")
	}
	before := s.Attributes[id]["editable"].(Object)
	if isLocked(s.Clusters[id]["status"].(string)) && !force {
		for name := range editable {
			if at(before, name, "metadata", "always_editable") != true {
				return nil, refuse(http.StatusForbidden, "Environment attributes can't be changed after or during deployment.")
			}
		}
	}
	merged := merge(clone(before), editable)
	if no := checkRepositories(at(merged, "repo_setup", "repos", "value")); no != nil {
		return nil, no
	}
	s.Attributes[id] = Object{"editable": merged}
	return s.Attributes[id], nil
}

// merge puts objects together; all else, lists too, is replaced (utils/__init__.py).
func merge(into, from any) any {
	a, aIs := into.(Object)
	b, bIs := from.(Object)
	if !aIs || !bIs {
		return from
	}
	for key, v := range b {
		a[key] = merge(a[key], v)
	}
	return a
}

// checkRepositories is the schema of a list of repositories, of which the first item
// is checked (validators/json_schema/base_types.py). The double checks all, since the
// others are needed as much.
func checkRepositories(v any) *refusal {
	list, ok := v.([]any)
	if !ok || len(list) == 0 {
		return refuse(http.StatusBadRequest, "[] is too short")
	}
	for _, x := range list {
		item, ok := x.(Object)
		if !ok {
			return refuse(http.StatusBadRequest, "%v is not of type 'object'", x)
		}
		keys := []string{"name", "type", "uri"}
		switch item["type"] {
		case "deb":
			keys = append(keys, "suite", "section")
		case "rpm":
		default:
			return refuse(http.StatusBadRequest, "%v is not one of ['deb', 'rpm']", item["type"])
		}
		for _, key := range keys {
			if _, ok := item[key].(string); !ok {
				return refuse(http.StatusBadRequest, "%v is not of type 'string' (%s)", item[key], key)
			}
		}
		priority, ok := item["priority"]
		if _, isNumber := priority.(json.Number); !ok || priority != nil && !isNumber {
			return refuse(http.StatusBadRequest, "%v is not of type 'integer', 'null' (priority)", priority)
		}
	}
	return nil
}
