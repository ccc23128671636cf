package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/invopop/jsonschema"
	"go.yaml.in/yaml/v4"
)

const schemaFile = "../docs/mirrorkeeper.schema.json"

func TestSchemaIsCurrent(t *testing.T) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(publishedSchema(t)); err != nil {
		t.Fatal(err)
	}
	golden(t, schemaFile, b.String())
}

// publishedSchema makes the schema of the configuration from its types.
func publishedSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	r := &jsonschema.Reflector{
		FieldNameTag:               "yaml",
		RequiredFromJSONSchemaTags: true,
		DoNotReference:             true,
		Anonymous:                  true,
	}
	if err := r.AddGoComments("github.com/mirrorkeeper/mirrorkeeper/config", "."); err != nil {
		t.Fatal(err)
	}
	r.Mapper = func(t reflect.Type) *jsonschema.Schema {
		switch t {
		case durationType:
			return &jsonschema.Schema{Type: "string", Pattern: durationForm}
		case seedType, secretType:
			return &jsonschema.Schema{Type: "string"}
		}
		return nil
	}
	s := r.ReflectFromType(reflect.TypeFor[Config]())
	accept(r, s, reflect.TypeFor[Config]())
	s.ID = "https://github.com/mirrorkeeper/mirrorkeeper/blob/main/docs/mirrorkeeper.schema.json"
	s.Title = "Configuration of mirrorkeeper"
	s.Description = "What mirrorkeeper mirrors and creates, from where, and how."
	s.AnyOf = []*jsonschema.Schema{
		{Required: []string{"destination", "sources", "mirrors"}},
		{Required: []string{"repositories", "destination"}},
		{Required: []string{"watch", "destination"}},
		{Required: []string{"watch", "state"}},
	}
	return s
}

// accept makes a schema of a struct say what the reader accepts beyond the types:
// mappings for named entries, one text for a list, and units.
func accept(r *jsonschema.Reflector, s *jsonschema.Schema, t reflect.Type) {
	s.Description = sentence(s.Description)
	for _, f := range fields(t) {
		property, _ := s.Properties.Get(f.name)
		t := t.Field(f.index).Type
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		property.Description = sentence(property.Description)
		isList := t.Kind() == reflect.Slice
		switch {
		case f.is("named"):
			entry := r.ReflectFromType(t.Elem())
			entry.Version = ""
			accept(r, entry, t.Elem())
			*property = jsonschema.Schema{
				Type: "object", Description: property.Description,
				PropertyNames: &jsonschema.Schema{Pattern: entryName.String()}, AdditionalProperties: entry,
			}
		case f.is("bytes"):
			*property = jsonschema.Schema{Description: property.Description, Default: property.Default, AnyOf: []*jsonschema.Schema{
				{Type: "integer", Minimum: "0"}, {Type: "string", Pattern: sizeForm},
			}}
		case f.is("numbers") && t.Kind() == reflect.String:
			*property = jsonschema.Schema{Description: property.Description, AnyOf: []*jsonschema.Schema{{Type: "string"}, {Type: "number"}}}
		case isList && t.Elem() == exclusionType:
			accept(r, property.Items, t.Elem())
			list := *property
			list.Description, list.Items = "", &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "string"}, property.Items}}
			*property = jsonschema.Schema{Description: property.Description, AnyOf: []*jsonschema.Schema{{Type: "string"}, &list}}
		case isList && t.Elem().Kind() == reflect.Struct && t.Elem() != seedType:
			accept(r, property.Items, t.Elem())
			if f.is("single") {
				*property = orOne(*property, f)
			}
		case t.Kind() == reflect.Struct:
			accept(r, property, t)
		case isList && !f.is("command"):
			*property = orOne(*property, f)
		case t.Kind() == reflect.Map && t.Elem().Kind() == reflect.Slice:
			property.AdditionalProperties = &jsonschema.Schema{Type: "array", Items: &jsonschema.Schema{Type: "string"}, MinItems: new(uint64(1))}
			*property.AdditionalProperties = orOne(*property.AdditionalProperties, f)
		}
	}
	switch t {
	case reflect.TypeFor[Source]():
		s.AnyOf = []*jsonschema.Schema{{Required: []string{"from"}}, {Required: []string{"type", "architectures"}}}
	case reflect.TypeFor[Sign]():
		s.OneOf = []*jsonschema.Schema{{Required: []string{"key"}}, {Required: []string{"gpg"}}, {Required: []string{"public"}}}
	case reflect.TypeFor[Repository]():
		s.AnyOf = []*jsonschema.Schema{{Required: []string{"packages"}}, {Required: []string{"from"}}, {Required: []string{"incoming"}}}
	case reflect.TypeFor[WatchedRepository]():
		s.OneOf = []*jsonschema.Schema{{Required: []string{"source"}}, {Required: []string{"directories"}}}
	}
}

// orOne makes the schema of a list accept one item without brackets.
func orOne(list jsonschema.Schema, f field) jsonschema.Schema {
	if f.is("numbers") {
		list.Items = &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "string"}, {Type: "number"}}}
	}
	one := jsonschema.Schema{Description: list.Description, AnyOf: []*jsonschema.Schema{list.Items, &list}}
	list.Description = ""
	return one
}

// sentence returns a comment on one line.
func sentence(comment string) string { return strings.Join(strings.Fields(comment), " ") }

// Editors check configurations by the schema: it must accept what Parse accepts,
// and find the mistakes that its means allow.
func TestSchemaAgreesWithParse(t *testing.T) {
	schema := readSchema(t)
	valid, err := filepath.Glob("testdata/valid/*.yaml")
	if err != nil || len(valid) == 0 {
		t.Fatalf("no valid configurations: %v", err)
	}
	for _, file := range slices.Concat(examples(t), valid) {
		if defects := conform(schema, readYAML(t, file), ""); len(defects) > 0 {
			t.Errorf("the schema refuses %s:\n%s", file, strings.Join(defects, "\n"))
		}
	}
	for _, name := range []string{"empty", "missing", "unknown-keys", "types", "ranges", "sign", "watch"} {
		file := "testdata/problems/" + name + ".yaml"
		if defects := conform(schema, readYAML(t, file), ""); len(defects) == 0 {
			t.Errorf("the schema accepts %s", file)
		}
	}
}

func readSchema(t testing.TB) map[string]any {
	t.Helper()
	data, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if err := json.Unmarshal(data, &schema); err != nil {
		t.Fatal(err)
	}
	return schema
}

func readYAML(t *testing.T, file string) any {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := yaml.Load(data, &value); err != nil && len(bytes.TrimSpace(data)) > 0 && value != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return value
}

// conform returns how a value violates a schema, for the keywords that the
// published schema uses; others are a violation, so that none goes unnoticed.
func conform(schema map[string]any, value any, at string) (defects []string) {
	defect := func(format string, args ...any) {
		defects = append(defects, at+": "+fmt.Sprintf(format, args...))
	}
	matching := func(alternatives any) (n int) {
		for _, s := range alternatives.([]any) {
			if len(conform(s.(map[string]any), value, at)) == 0 {
				n++
			}
		}
		return n
	}
	object, _ := value.(map[string]any)
	list, _ := value.([]any)
	text, isText := value.(string)
	for keyword, rule := range schema {
		switch keyword {
		case "$schema", "$id", "title", "description", "default":
		case "type":
			if kind := kindOf(value); kind != rule && !(rule == "number" && kind == "integer") {
				defect("is %s, not %s", kind, rule)
			}
		case "enum":
			if !slices.Contains(rule.([]any), value) {
				defect("%v is none of %v", value, rule)
			}
		case "pattern":
			if isText && !regexp.MustCompile(rule.(string)).MatchString(text) {
				defect("%q does not match %s", text, rule)
			}
		case "minimum":
			if n, ok := value.(int); ok && float64(n) < rule.(float64) {
				defect("%d is less than %v", n, rule)
			}
		case "maximum":
			if n, ok := value.(int); ok && float64(n) > rule.(float64) {
				defect("%d is more than %v", n, rule)
			}
		case "minItems":
			if list != nil && float64(len(list)) < rule.(float64) {
				defect("has %d items, not %v", len(list), rule)
			}
		case "items":
			for i, v := range list {
				defects = append(defects, conform(rule.(map[string]any), v, item(at, i))...)
			}
		case "required":
			for _, name := range rule.([]any) {
				if _, ok := object[name.(string)]; object != nil && !ok {
					defect("lacks %s", name)
				}
			}
		case "properties":
			for name, s := range rule.(map[string]any) {
				if v, ok := object[name]; ok {
					defects = append(defects, conform(s.(map[string]any), v, join(at, name))...)
				}
			}
		case "additionalProperties":
			known, _ := schema["properties"].(map[string]any)
			for name, v := range object {
				if _, ok := known[name]; ok {
					continue
				}
				if s, ok := rule.(map[string]any); ok {
					defects = append(defects, conform(s, v, join(at, name))...)
				} else if rule == false {
					defect("has the unknown key %s", name)
				}
			}
		case "propertyNames":
			for name := range object {
				defects = append(defects, conform(rule.(map[string]any), name, join(at, name))...)
			}
		case "anyOf":
			if matching(rule) == 0 {
				defect("matches no alternative of anyOf")
			}
		case "oneOf":
			if n := matching(rule); n != 1 {
				defect("matches %d alternatives of oneOf", n)
			}
		default:
			defect("the schema uses the unexpected keyword %s", keyword)
		}
	}
	return defects
}

func kindOf(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case string, time.Time: // what looks like a date is text to us
		return "string"
	case bool:
		return "boolean"
	case int, int64, uint64:
		return "integer"
	case float64:
		return "number"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	}
	return fmt.Sprintf("%T", value)
}

// properties yields the properties of each object of the schema, by the path of
// the object, such as "sources.NAME.auth"; those of alternatives once.
func properties(schema map[string]any, path string, yield func(path, name string, property map[string]any)) {
	seen := map[string]bool{}
	allProperties(schema, path, func(path, name string, property map[string]any) {
		if key := join(path, name); !seen[key] {
			seen[key] = true
			yield(path, name, property)
		}
	})
}

func allProperties(schema map[string]any, path string, yield func(path, name string, property map[string]any)) {
	all, _ := schema["properties"].(map[string]any)
	for name, s := range all {
		property := s.(map[string]any)
		yield(path, name, property)
		allProperties(property, join(path, name), yield)
	}
	if items, ok := schema["items"].(map[string]any); ok {
		allProperties(items, path, yield)
	}
	alternatives, _ := schema["anyOf"].([]any)
	for _, s := range alternatives {
		allProperties(s.(map[string]any), path, yield)
	}
	if entry, ok := schema["additionalProperties"].(map[string]any); ok {
		allProperties(entry, join(path, "NAME"), yield)
	}
}

// The descriptions tell the defaults that the tags set.
func TestDescriptionsTellDefaults(t *testing.T) {
	properties(readSchema(t), "", func(path, name string, property map[string]any) {
		description, _ := property["description"].(string)
		if description == "" {
			t.Errorf("%s has no description", join(path, name))
		}
		fallback, ok := property["default"]
		if ok && !strings.Contains(description, fmt.Sprintf("Default %v", fallback)) {
			t.Errorf("the description of %s does not tell its default %v: %s", join(path, name), fallback, description)
		}
	})
}
