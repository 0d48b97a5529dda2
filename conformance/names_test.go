package conformance

import (
	"slices"
	"strings"
	"testing"
)

// atoms are what goes wrong in URLs, headers, XML, shells and file names.
var atoms = []string{
	" ", "+", "%", "%2F", "%25", "%zz", "#", "?", "&", "&amp;", "=", ";", ":", "@", "!", "$", "'", `"`, "(", ")", "*", ",",
	"[", "]", "{", "}", "|", `\`, "^", "`", "~", "<", ">", "_", "-", ".", "..", "\u00a0",
	"\u00e9", "u\u0308", // one letter composed, one decomposed
	"ß", "ﬁ", "日本語", "Ελληνικά", "עברית", "👩\u200d🚀", "\U0001F600",
}

// forms put an atom wherever a name can have it.
func forms(atom string) []string {
	return []string{
		"x" + atom,
		atom + "x",
		"x" + atom + "y",
		"x" + atom + atom + "y",
		"x " + atom + " y",
		"x" + atom + "+%20y",
		"before" + atom + "/x",
		atom + "before/x",
		"in" + atom + "between/" + atom + "x",
		"deep/er" + atom + "/x" + atom + ".bin",
		"at end/" + atom + "y",
	}
}

// onlyKeys are names that no folder can hold, or not together, or that tools
// cannot print in one line.
var onlyKeys = []string{
	"/leading", "//leading twice", "/v1/leading", "mid//dle", "mid///dle", "trailing/", "trailing//", "/", "a/",
	"./dot", "dot/./dot", "dot/.", "up/../up", "up/..", "../up", "/../up",
	"letter/\u00e9", "letter/e\u0301", // twins that rclone takes for one
	"both", "both/inside", "both/inside/deeper", "tab\tin", "line\nin",
	strings.Repeat("k", 1024), strings.Repeat("long/", 204) + "name", strings.Repeat("é", 512),
}

// oddNames are at least 500 keys, each unlike the others, in byte order.
func oddNames() []string {
	names := append(fileNames(), onlyKeys...)
	slices.Sort(names)
	return names
}

// fileNames are the odd names that one folder can hold all together, in byte
// order. There are at least 500 of them too.
func fileNames() []string {
	names := []string{"plain", "CASE/x", "case/x", "empty.bin", strings.Repeat("n", 255), strings.Repeat("d/", 60) + "x", "...", "... ../y"}
	for _, atom := range atoms {
		names = append(names, forms(atom)...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func TestNames(t *testing.T) {
	for what, names := range map[string][]string{"oddNames": oddNames(), "fileNames": fileNames()} {
		if len(names) < 500 {
			t.Errorf("%s are %d, want at least 500", what, len(names))
		}
		if n := len(slices.Compact(slices.Clone(names))); n != len(names) {
			t.Errorf("%s: %d of %d are there twice", what, len(names)-n, len(names))
		}
	}
}
