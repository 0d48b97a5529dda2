package config

import (
	"bufio"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// derive fills in the defaults that depend on other settings and checks the
// settings that go together.
func (l *loader) derive() {
	c := l.config
	l.pair("tls-cert", "tls-key")
	l.pair("access-key", "secret-key")
	if !c.values.Exists("data") {
		l.mistake(fromDefault, "there is no home folder to keep data in: name a folder with --data")
	}
	l.fill("store", &c.Store, filepath.Join(c.Data, "store"))
	l.fill("endpoint", &c.Endpoint, c.EndpointAt(c.Listen))
	if !c.values.Exists("memory") {
		c.Memory = defaultMemory()
		l.layer(map[string]any{"memory": strconv.FormatInt(c.Memory, 10)}, func(string) source { return fromDefault })
	}
}

func (l *loader) fill(key string, to *string, value string) {
	if !l.config.values.Exists(key) {
		*to = value
		l.layer(map[string]any{key: value}, func(string) source { return fromDefault })
	}
}

// pair reports a setting that was given without the other.
func (l *loader) pair(a, b string) {
	for range 2 {
		if l.config.values.Exists(a) && !l.config.values.Exists(b) {
			l.mistake(l.config.sources[a], "%s is needed too: set both or neither", b)
		}
		a, b = b, a
	}
}

// EndpointAt is the URL under which a gateway that listens on address answers
// clients on its machine.
func (c *Config) EndpointAt(address string) string {
	if c.TLSCert != "" {
		return "https://" + reachable(address)
	}
	return "http://" + reachable(address)
}

// reachable is an address that a client on this machine can use for one that
// is listened on.
func reachable(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return listen
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// maxDefaultMemory keeps a gateway that nobody configured a modest guest.
const maxDefaultMemory = 1 << 30 // bytes

// defaultMemory is a quarter of the machine's memory, at most
// maxDefaultMemory, and that much where the machine does not tell.
func defaultMemory() int64 {
	f, err := os.Open("/proc/meminfo")
	if err != nil {
		return maxDefaultMemory
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 2 || fields[0] != "MemTotal:" {
			continue
		}
		if kib, err := strconv.ParseInt(fields[1], 10, 64); err == nil {
			return max(minMemory, min(kib<<10/4, maxDefaultMemory))
		}
	}
	return maxDefaultMemory
}
