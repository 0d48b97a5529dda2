// Package config reads the settings of the gateway: from flags, from AETHERFS_*
// variables and from a YAML file.
//
//  1. A flag beats a variable, a variable beats the file, the file beats the
//     default.
//  2. All mistakes are reported at once, and each names where the wrong value
//     came from and what to write instead. Names that nobody knows are
//     mistakes.
//  3. Secrets have no flag, since others can see the arguments of a process,
//     and are masked wherever settings are printed.
package config

import (
	"log/slog"
	"net/netip"
	"strings"
	"time"

	"github.com/knadh/koanf/v2"
)

// Config is what was asked for. Load makes only valid ones.
type Config struct {
	Listen      string   // host:port
	Data        string   // absolute path of the folder of local state
	Store       string   // absolute path of the folder that is the store, or the s3:// URL of a bucket
	TLSCert     string   // path, or "" for plain HTTP
	TLSKey      string   // path; given if and only if TLSCert is
	S3Domains   []string // requests to <bucket>.<domain> are virtual-host style
	Region      string
	Memory      int64 // bytes
	CacheSize   int64 // of what was read from a bucket, on disk, bytes; 0: none
	CachePart   int64 // in which it is kept, bytes
	LogFormat   string
	LogLevel    slog.Level
	MetricsOpen bool
	NFSListen   string         // host:port, or "" for no NFS
	NFSAllow    []netip.Prefix // networks beside this machine that may use NFS
	NFSExport   []string       // datasets that NFS shows; nil: all
	AccessKey   string         // "" for the keys in the data folder
	SecretKey   string         // given if and only if AccessKey is
	Endpoint    string         // URL of the gateway that client commands ask

	StoreAccessKey string        // of a bucket; "" for keys from elsewhere
	StoreSecretKey string        // given if and only if StoreAccessKey is
	ReadStaleness  time.Duration // how old what is read may be where gateways share a bucket

	WebDAVSideFiles bool // the Mac's are let into datasets

	// Getenv returns the variables of other programs, such as AWS_PROFILE.
	Getenv func(name string) string

	values  *koanf.Koanf      // every setting as it was written
	sources map[string]source // where each came from
}

// remoteScheme begins the URL of a bucket.
const remoteScheme = "s3://"

// Remote reports whether the store is a bucket, which other gateways may share.
func (c *Config) Remote() bool { return strings.HasPrefix(c.Store, remoteScheme) }
