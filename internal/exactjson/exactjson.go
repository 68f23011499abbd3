// Package exactjson decodes JSON as JavaScript's JSON.parse does.
package exactjson

import (
	"cmp"
	"encoding/json"
	"reflect"
)

// Unmarshal fills the fields of a struct by their exact names, and from the last of
// several with the same name. encoding/json would also read "Name" as "name", and so
// confuse packages or releases. If a field does not fit, Unmarshal still fills the others.
func Unmarshal(data []byte, into any) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return err
	}
	var first error // later fields may still be usable
	fields := reflect.ValueOf(into).Elem()
	for i := range fields.NumField() {
		name := fields.Type().Field(i).Tag.Get("json")
		if text, found := members[name]; found {
			first = cmp.Or(first, json.Unmarshal(text, fields.Field(i).Addr().Interface()))
		}
	}
	return first
}
