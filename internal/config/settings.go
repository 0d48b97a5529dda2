package config

import "strings"

// setting is one thing that can be set. Its key is the name of its flag and of
// its line in the file; in the environment it is variable(key).
type setting struct {
	key    string
	usage  string
	def    string // "" if the default depends on other settings
	secret bool
	toggle bool // true or false
	parse  func(c *Config, s string) error
}

// settings is every setting there is.
var settings = []setting{
	{key: "listen", def: "127.0.0.1:8080", usage: "`address` to serve S3 on",
		parse: func(c *Config, s string) error { return parseAddress(&c.Listen, s) }},
	{key: "data", usage: "`folder` of local state (default: aetherfs in the user's data folder)",
		parse: func(c *Config, s string) error { return parsePath(&c.Data, s) }},
	{key: "store", usage: "`folder`, file:// URL or s3:// URL of the store (default: store in the data folder)",
		parse: func(c *Config, s string) error { return parseStore(&c.Store, s) }},
	{key: "tls-cert", usage: "`file` with the TLS certificate chain, PEM",
		parse: func(c *Config, s string) error { return parsePath(&c.TLSCert, s) }},
	{key: "tls-key", usage: "`file` with the key of the TLS certificate, PEM",
		parse: func(c *Config, s string) error { return parsePath(&c.TLSKey, s) }},
	{key: "s3-domain", usage: "`domain` under which buckets have host names of their own; several with commas between",
		parse: func(c *Config, s string) error { return parseDomains(&c.S3Domains, s) }},
	{key: "region", def: "us-east-1", usage: "`region` that clients sign for",
		parse: func(c *Config, s string) error { return parseRegion(&c.Region, s) }},
	{key: "memory", usage: "`size` of the memory to use, as in 512MiB (default: a quarter of the machine's, at most 1GiB)",
		parse: func(c *Config, s string) error { return parseMemory(&c.Memory, s) }},
	{key: "cache-size", def: "4GiB", usage: "`size` of the disk cache of what was read from a bucket, as in 50GiB; 0 for none",
		parse: func(c *Config, s string) error { return parseCacheSize(&c.CacheSize, s) }},
	{key: "cache-part", def: "1MiB", usage: "`size` of the pieces in which that cache fetches and keeps, 64KiB to 16MiB",
		parse: func(c *Config, s string) error { return parseCachePart(&c.CachePart, s) }},
	{key: "log-format", def: "text", usage: "`form` of the log: text or json",
		parse: func(c *Config, s string) error { return parseOneOf(&c.LogFormat, s, "text", "json") }},
	{key: "log-level", def: "info", usage: "least `level` that is logged: debug, info, warn or error",
		parse: func(c *Config, s string) error { return parseLevel(&c.LogLevel, s) }},
	{key: "metrics-open", def: "false", toggle: true, usage: "serve /metrics to anybody, without credentials",
		parse: func(c *Config, s string) error { return parseBool(&c.MetricsOpen, s) }},
	{key: "webdav-side-files", def: "false", toggle: true, usage: "let the Mac's side files, ._* and .DS_Store, into datasets over WebDAV",
		parse: func(c *Config, s string) error { return parseBool(&c.WebDAVSideFiles, s) }},
	{key: "nfs-listen", usage: "`address` to serve NFS on, for reading, such as 127.0.0.1:2049 (default: none)",
		parse: func(c *Config, s string) error { return parseAddress(&c.NFSListen, s) }},
	{key: "nfs-allow", usage: "`network` that may use NFS beside this machine, such as 10.0.0.0/8; several with commas between",
		parse: func(c *Config, s string) error { return parseNetworks(&c.NFSAllow, s) }},
	{key: "nfs-export", usage: "`dataset` that NFS shows; several with commas between (default: all)",
		parse: func(c *Config, s string) error { return parseDatasets(&c.NFSExport, s) }},
	{key: "read-staleness", def: "0s", usage: "`time` that reads may lag behind other gateways on the same bucket, as in 250ms",
		parse: func(c *Config, s string) error { return parseStaleness(&c.ReadStaleness, s) }},
	{key: "endpoint", usage: "`URL` of the gateway to ask (default: where run listens)",
		parse: func(c *Config, s string) error { return parseEndpoint(&c.Endpoint, s) }},
	{key: "access-key", secret: true,
		parse: func(c *Config, s string) error { return parseAccessKey(&c.AccessKey, s) }},
	{key: "secret-key", secret: true,
		parse: func(c *Config, s string) error { return parseSecretKey(&c.SecretKey, s) }},
	{key: "store-access-key", secret: true,
		parse: func(c *Config, s string) error { return parseStoreKey(&c.StoreAccessKey, s) }},
	{key: "store-secret-key", secret: true,
		parse: func(c *Config, s string) error { return parseStoreKey(&c.StoreSecretKey, s) }},
}

// fileFlag names the file. It is no setting, as a file cannot name itself.
const fileFlag = "config"

func find(key string) (setting, bool) {
	for _, s := range settings {
		if s.key == key {
			return s, true
		}
	}
	return setting{}, false
}

const variablePrefix = "AETHERFS_"

func variable(key string) string {
	return variablePrefix + strings.ToUpper(strings.ReplaceAll(key, "-", "_"))
}

func keyOf(variable string) string {
	return strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(variable, variablePrefix), "_", "-"))
}
