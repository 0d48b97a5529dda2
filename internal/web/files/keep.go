package files

import (
	"strconv"
	"strings"
	"time"

	"aetherfs/backend"
)

// neverKept lets nobody show what they have without asking. Everything is
// private: what was given to one who showed credentials is no other's.
const neverKept = "private, no-cache"

// maxAge bounds for how long a browser is told to keep a file. A year, which
// RFC 9111's predecessors allow at most.
const maxAge = 365 * 24 * time.Hour

// keepFor is the Cache-Control of a file: what a rule says, else the uploader.
func keepFor(info backend.Info, r backend.HTTPRule) string {
	if r.MaxAge != nil {
		return keepSeconds(int64(time.Duration(*r.MaxAge) / time.Second))
	}
	keep := neverKept
	for directive := range strings.SplitSeq(strings.ToLower(info.Attr.CacheControl), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		switch seconds, ok := digits(strings.Trim(value, `"`)); {
		case name == "no-store":
			return "no-store"
		case name == "no-cache":
			return neverKept
		case name == "max-age" && ok:
			keep = keepSeconds(seconds)
		}
	}
	return keep
}

func keepSeconds(n int64) string {
	return "private, max-age=" + strconv.FormatInt(min(n, int64(maxAge/time.Second)), 10)
}
