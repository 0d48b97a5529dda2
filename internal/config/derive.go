package config

import (
	"fmt"
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
	l.pair("store-access-key", "store-secret-key")
	if c.NFSListen != "" && !onLoopback(c.NFSListen) && len(c.NFSAllow) == 0 {
		l.mistake(c.sources["nfs-listen"], "NFS has no credentials, and %s is not of this machine alone: name with nfs-allow the networks that may read", c.NFSListen)
	}
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

// Shared returns what is missing for a gateway on a bucket: keys, as those that
// one gateway made for itself would be unknown to the next.
func (c *Config) Shared() error {
	if c.Remote() && c.AccessKey == "" {
		return fmt.Errorf("%s: the gateways of a bucket share their keys: set access-key and secret-key, by %s and %s or in the file",
			c.sources["store"], variable("access-key"), variable("secret-key"))
	}
	return nil
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

// onLoopback reports whether only this machine can connect to what listens on
// address.
func onLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return err == nil && (host == "localhost" || ip != nil && ip.IsLoopback())
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

// defaultMemory is a quarter of what the machine, or the container, has; at
// most maxDefaultMemory, and that where neither tells.
func defaultMemory() int64 {
	memory := int64(4 * maxDefaultMemory)
	if kib, ok := number("/proc/meminfo", "MemTotal:"); ok {
		memory = min(memory, kib<<10)
	}
	if limit, ok := number("/sys/fs/cgroup/memory.max", ""); ok {
		memory = min(memory, limit)
	}
	return max(minMemory, memory/4)
}

// number returns the number that follows name at the beginning of a line of a
// file, if there is one.
func number(file, name string) (int64, bool) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(text)) {
		rest, ok := strings.CutPrefix(line, name)
		if fields := strings.Fields(rest); ok && len(fields) > 0 {
			n, err := strconv.ParseInt(fields[0], 10, 64)
			return n, err == nil
		}
	}
	return 0, false
}
