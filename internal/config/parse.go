package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"aetherfs/internal/store/rangecache"
	"aetherfs/internal/store/s3store"
)

const (
	// minMemory has room for the program, two blocks of 8 MiB, a few uploads at
	// once and small caches. The collector has its peace in what remains.
	minMemory = 128 << 20 // bytes
	// minAccessKey and maxAccessKey are the limits that AWS has for key ids,
	// but for the shorter ones that self-hosted stores are used to.
	minAccessKey, maxAccessKey = 4, 128
	// minSecretKey is 96 bits as base64: too long to be guessed offline from a
	// signature that somebody saw.
	minSecretKey, maxSecretKey = 16, 128
	maxStoreKey                = 512
	// minCache holds a few of the largest pieces. Those are as rangecache takes
	// them.
	minCache                   = 64 << 20 // bytes
	minCachePart, maxCachePart = rangecache.MinPartBytes, rangecache.MaxPartBytes
	// maxStaleness is beyond what anybody would call a read of what is there.
	maxStaleness = time.Minute
)

// Each parse function checks s and stores it, or says what is wrong and what
// to write instead.

func parseAddress(to *string, s string) error {
	_, port, err := net.SplitHostPort(s)
	if err != nil {
		return errors.New("write host:port, such as 127.0.0.1:8080 or :8080")
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return errors.New("the port is a number from 0 to 65535")
	}
	*to = s
	return nil
}

func parsePath(to *string, s string) (err error) {
	*to, err = filepath.Abs(s)
	return err
}

func parseStore(to *string, s string) error {
	scheme, rest, isURL := strings.Cut(s, "://")
	switch {
	case !isURL:
		return parsePath(to, s)
	case scheme == "s3":
		return parseBucket(to, s)
	case scheme != "file":
		return errors.New("name a folder, such as /srv/aetherfs or file:///srv/aetherfs, or a bucket, s3://bucket/prefix?endpoint=https://host")
	case !strings.HasPrefix(rest, "/"):
		return errors.New("a file URL has three slashes: file:///srv/aetherfs")
	}
	u, err := url.Parse(s)
	if err != nil || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("write the URL as file:///srv/aetherfs, without options")
	}
	return parsePath(to, u.Path)
}

func parseBucket(to *string, s string) error {
	if _, err := s3store.ParseURL(s); err != nil {
		return errors.New(strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	*to = s
	return nil
}

var domain = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$`)

func parseDomains(to *[]string, s string) error {
	for name := range strings.SplitSeq(strings.ToLower(s), ",") {
		name = strings.TrimSuffix(strings.TrimSpace(name), ".")
		if !domain.MatchString(name) {
			return errors.New("write a host name without scheme or port, such as s3.example.org")
		}
		*to = append(*to, name)
	}
	return nil
}

func parseNetworks(to *[]netip.Prefix, s string) error {
	for text := range strings.SplitSeq(s, ",") {
		text = strings.TrimSpace(text)
		network, err := netip.ParsePrefix(text)
		if addr, plain := netip.ParseAddr(text); plain == nil {
			network, err = netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		if err != nil {
			return errors.New("write a network as 10.0.0.0/8, or an address")
		}
		*to = append(*to, network.Masked())
	}
	return nil
}

func parseDatasets(to *[]string, s string) error {
	for name := range strings.SplitSeq(s, ",") {
		if name = strings.TrimSpace(name); name == "" {
			return errors.New("write names of datasets with commas between")
		}
		*to = append(*to, name)
	}
	return nil
}

var region = regexp.MustCompile(`^[a-z0-9-]{1,64}$`)

func parseRegion(to *string, s string) error {
	if !region.MatchString(s) {
		return errors.New("a region is of lower-case letters, digits and '-', such as us-east-1")
	}
	*to = s
	return nil
}

func parseMemory(to *int64, s string) error {
	n, err := humanize.ParseBytes(s)
	if err != nil || n > 1<<50 {
		return errors.New("write a size, such as 512MiB or 2GiB")
	}
	if n < minMemory {
		return fmt.Errorf("at least %s are needed", humanize.IBytes(minMemory))
	}
	*to = int64(n)
	return nil
}

func parseCacheSize(to *int64, s string) error {
	n, err := humanize.ParseBytes(s)
	if err != nil || n > 1<<50 || n > 0 && n < minCache {
		return fmt.Errorf("write a size of at least %s, such as 4GiB, or 0 for no cache", humanize.IBytes(minCache))
	}
	*to = int64(n)
	return nil
}

func parseCachePart(to *int64, s string) error {
	n, err := humanize.ParseBytes(s)
	if err != nil || n < minCachePart || n > maxCachePart {
		return fmt.Errorf("write a size from %s to %s, such as 1MiB", humanize.IBytes(minCachePart), humanize.IBytes(maxCachePart))
	}
	*to = int64(n)
	return nil
}

func parseOneOf(to *string, s string, allowed ...string) error {
	if !slices.Contains(allowed, s) {
		return fmt.Errorf("write one of: %s", strings.Join(allowed, ", "))
	}
	*to = s
	return nil
}

func parseLevel(to *slog.Level, s string) error {
	if err := parseOneOf(new(string), s, "debug", "info", "warn", "error"); err != nil {
		return err
	}
	return to.UnmarshalText([]byte(s))
}

func parseBool(to *bool, s string) (err error) {
	if *to, err = strconv.ParseBool(s); err != nil {
		return errors.New("write true or false")
	}
	return nil
}

func parseEndpoint(to *string, s string) error {
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return errors.New("write scheme and host, such as http://127.0.0.1:8080")
	}
	*to = u.Scheme + "://" + u.Host
	return nil
}

var accessKey = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)

func parseAccessKey(to *string, s string) error {
	if len(s) < minAccessKey || len(s) > maxAccessKey || !accessKey.MatchString(s) {
		return fmt.Errorf("an access key is of %d to %d letters, digits, '_', '.' and '-'", minAccessKey, maxAccessKey)
	}
	*to = s
	return nil
}

func invisible(r rune) bool { return r <= ' ' || r > '~' }

func parseSecretKey(to *string, s string) error {
	if len(s) < minSecretKey || len(s) > maxSecretKey || strings.ContainsFunc(s, invisible) {
		return fmt.Errorf("a secret key is of %d to %d printable ASCII characters without spaces", minSecretKey, maxSecretKey)
	}
	*to = s
	return nil
}

// parseStoreKey takes what any service may have given out.
func parseStoreKey(to *string, s string) error {
	if s == "" || len(s) > maxStoreKey || strings.ContainsFunc(s, invisible) {
		return fmt.Errorf("a key of a store is of 1 to %d printable ASCII characters without spaces", maxStoreKey)
	}
	*to = s
	return nil
}

func parseStaleness(to *time.Duration, s string) error {
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 || d > maxStaleness {
		return fmt.Errorf("write a time from 0s to %v, such as 250ms", maxStaleness)
	}
	*to = d
	return nil
}
