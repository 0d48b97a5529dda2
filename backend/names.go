package backend

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// reserved are names that one port serves beside the datasets.
var reserved = []string{"api", "fs", "ui", "webdav", "metrics", "healthz", "readyz"}

// Bounds of a dataset's name: S3's for buckets.
const (
	minNameBytes = 3
	maxNameBytes = 63
)

// Reserved reports whether no dataset can have that name because the gateway
// serves something else there.
func Reserved(name string) bool { return slices.Contains(reserved, name) }

// checkName returns ErrInvalidName, with the rule that is broken, unless name
// can be that of an S3 bucket.
func checkName(name string) error {
	if rule := brokenRule(name); rule != "" {
		return fmt.Errorf("dataset name %q: %s: %w", name, rule, ErrInvalidName)
	}
	return nil
}

func brokenRule(name string) string {
	alphanumeric := func(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' }
	switch {
	case len(name) < minNameBytes || len(name) > maxNameBytes:
		return fmt.Sprintf("it must have %d to %d characters", minNameBytes, maxNameBytes)
	case strings.ContainsFunc(name, func(r rune) bool { return r > 127 || !alphanumeric(byte(r)) && r != '-' && r != '.' }):
		return "it may hold lower-case letters, digits, '-' and '.' only"
	case !alphanumeric(name[0]) || !alphanumeric(name[len(name)-1]):
		return "it must begin and end with a letter or a digit"
	case strings.Contains(name, ".."):
		return "it may not hold two dots in a row"
	case strings.HasPrefix(name, "xn--") || strings.HasSuffix(name, "-s3alias"):
		return "S3 keeps this prefix or suffix for itself"
	case Reserved(name):
		return "the gateway serves something else under it"
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return "it may not be an IP address"
	}
	return ""
}
