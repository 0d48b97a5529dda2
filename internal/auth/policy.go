package auth

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// policy is the document that says which forms may be posted.
type policy struct {
	expires            time.Time
	conditions         []condition
	minBytes, maxBytes int64 // of the file
}

// condition is what a field must be.
type condition struct {
	field  string // lower case
	value  string
	prefix bool // value is only its beginning
}

// parsePolicy parses a policy:
//
//	{"expiration": "2026-01-02T03:04:05Z", "conditions": [
//	  {"bucket": "photos"}, ["eq", "$acl", "private"],
//	  ["starts-with", "$key", "user/"], ["content-length-range", 1, 1048576]]}
//
// The two names at the top are case-sensitive.
func parsePolicy(text []byte) (*policy, error) {
	var top map[string]json.RawMessage
	if err := json.Unmarshal(text, &top); err != nil {
		return nil, badPolicy("Invalid JSON.")
	}
	var expiration string
	if err := json.Unmarshal(top["expiration"], &expiration); err != nil {
		return nil, badPolicy("Policy missing expiration.")
	}
	expires, err := time.Parse(time.RFC3339, expiration)
	if err != nil {
		return nil, badPolicy("Invalid 'expiration' value: '%s'", expiration)
	}
	var conditions []json.RawMessage
	if err := json.Unmarshal(top["conditions"], &conditions); err != nil || conditions == nil {
		return nil, badPolicy("Policy missing conditions.")
	}
	p := &policy{expires: expires, maxBytes: math.MaxInt64}
	for _, c := range conditions {
		if err := p.add(c); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// add parses a condition: an object of names and values, or a list.
func (p *policy) add(text json.RawMessage) error {
	var object map[string]string
	if err := json.Unmarshal(text, &object); err == nil && object != nil {
		for name, value := range object {
			p.conditions = append(p.conditions, condition{field: strings.ToLower(name), value: value})
		}
		return nil
	}
	var list []json.RawMessage
	if err := json.Unmarshal(text, &list); err != nil || len(list) != 3 {
		return badPolicy("Invalid condition: %s", text)
	}
	var words [3]string
	for i, word := range list {
		if json.Unmarshal(word, &words[i]) != nil {
			words[i] = string(word) // a number
		}
	}
	field, named := strings.CutPrefix(strings.ToLower(words[1]), "$")
	switch operator := strings.ToLower(words[0]); {
	case operator == "content-length-range":
		return p.limit(words[1], words[2])
	case named && (operator == "eq" || operator == "starts-with"):
		p.conditions = append(p.conditions, condition{field: field, value: words[2], prefix: operator == "starts-with"})
		return nil
	}
	return badPolicy("Invalid condition: %s", text)
}

// limit narrows the size of the file.
func (p *policy) limit(least, most string) error {
	low, err1 := strconv.ParseUint(least, 10, 63)
	high, err2 := strconv.ParseUint(most, 10, 63)
	if err1 != nil || err2 != nil {
		return badPolicy("Invalid content-length-range: %s, %s", least, most)
	}
	p.minBytes, p.maxBytes = max(p.minBytes, int64(low)), min(p.maxBytes, int64(high))
	return nil
}

// judge judges a form. Every field must have a condition, and the bucket counts
// as one.
func (p *policy) judge(form Form, now time.Time) error {
	if now.After(p.expires) {
		return denied("Policy expired.")
	}
	for _, c := range p.conditions {
		value := form.Fields[c.field]
		if c.field == "bucket" {
			value = form.Bucket
		}
		if !c.holds(value) {
			return denied("Policy Condition failed: [%q, %q, %q]", c.operator(), "$"+c.field, c.value)
		}
	}
	if !p.covers("bucket") {
		return denied("Extra input fields: bucket")
	}
	for field := range form.Fields {
		if !exempt(field) && !p.covers(field) {
			return denied("Extra input fields: %s", field)
		}
	}
	return nil
}

func (p *policy) covers(field string) bool {
	return slices.ContainsFunc(p.conditions, func(c condition) bool { return c.field == field })
}

func (c condition) holds(value string) bool {
	if c.prefix {
		return strings.HasPrefix(value, c.value)
	}
	return value == c.value
}

func (c condition) operator() string {
	if c.prefix {
		return "starts-with"
	}
	return "eq"
}

func badPolicy(format string, args ...any) error {
	return refuse(InvalidPolicyDocument, "Invalid Policy: "+format, args...)
}

func denied(format string, args ...any) error {
	return refuse(AccessDenied, "Invalid according to Policy: "+format, args...)
}
