package config

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/providers/posflag"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/pflag"
)

// maxFileBytes bounds the file; a full one has under 2 KiB.
const maxFileBytes = 1 << 20

// source is where a value came from, as it is told to people.
type source string

const fromDefault source = "default"

// AddFlags adds to flags the settings of these keys and --config.
func AddFlags(flags *pflag.FlagSet, keys ...string) {
	flags.String(fileFlag, "", "YAML `file` with settings, one \"name: value\" a line, named as the flags are")
	for _, key := range keys {
		s, ok := find(key)
		if !ok || s.secret {
			panic("config: no flag for " + key)
		}
		if s.toggle {
			flags.Bool(s.key, s.def == "true", s.usage)
			continue
		}
		flags.String(s.key, s.def, s.usage)
	}
}

// Load reads the settings: those of flags that were given, those of environ
// (as os.Environ has it) and those of the file that either names. Variables
// that are empty count as not given. The error holds all mistakes; see
// Mistakes.
func Load(flags *pflag.FlagSet, environ []string) (*Config, error) {
	l := loader{config: &Config{values: koanf.New("."), sources: map[string]source{}}}
	env := variables(environ)
	l.config.Getenv = func(name string) string { return env[name] }
	l.defaults(env)
	l.file(flags, env)
	l.environment(env)
	l.flags(flags)
	l.parse()
	l.derive()
	if len(l.mistakes) > 0 {
		return nil, errors.Join(l.mistakes...)
	}
	return l.config, nil
}

// Mistakes splits the error of Load into one line for each.
func Mistakes(err error) []string { return strings.Split(err.Error(), "\n") }

type loader struct {
	config   *Config
	mistakes []error
}

func (l *loader) mistake(from source, format string, args ...any) {
	l.mistakes = append(l.mistakes, fmt.Errorf("%s: %s", from, fmt.Sprintf(format, args...)))
}

// layer puts values over what is there. Their keys are known.
func (l *loader) layer(values map[string]any, from func(key string) source) {
	for _, key := range slices.Sorted(maps.Keys(values)) {
		v := values[key]
		switch v.(type) {
		case map[string]any, []any, nil:
			l.mistake(from(key), "write one value")
			continue
		}
		if err := l.config.values.Set(key, fmt.Sprint(v)); err != nil {
			l.mistake(from(key), "%v", err)
		}
		l.config.sources[key] = from(key)
	}
}

func (l *loader) defaults(env map[string]string) {
	values := map[string]any{}
	for _, s := range settings {
		if s.def != "" {
			values[s.key] = s.def
		}
	}
	if data := dataFolder(env); data != "" {
		values["data"] = data
	}
	l.layer(values, func(string) source { return fromDefault })
}

// dataFolder is where a user's programs keep their data, by the XDG rules, or
// "" where the environment does not tell.
func dataFolder(env map[string]string) string {
	if dir := env["XDG_DATA_HOME"]; filepath.IsAbs(dir) {
		return filepath.Join(dir, "aetherfs")
	}
	if dir := env["HOME"]; filepath.IsAbs(dir) {
		return filepath.Join(dir, ".local", "share", "aetherfs")
	}
	return ""
}

func (l *loader) file(flags *pflag.FlagSet, env map[string]string) {
	path, from := env[variable(fileFlag)], source("environment "+variable(fileFlag))
	if f := flags.Lookup(fileFlag); f != nil && f.Changed {
		path, from = f.Value.String(), source("flag --"+fileFlag)
	}
	if path == "" {
		return
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		l.mistake(from, "%v: name a file that can be read", err)
		return
	case info.Size() > maxFileBytes || !info.Mode().IsRegular():
		l.mistake(from, "%s is no file of settings", path)
		return
	}
	k := koanf.New(".")
	if err := k.Load(file.Provider(path), yaml.Parser()); err != nil {
		l.mistake(source("file "+path), "%v", strings.ReplaceAll(err.Error(), "\n", " "))
		return
	}
	from = source("file " + path)
	values := k.Raw()
	for _, key := range slices.Sorted(maps.Keys(values)) {
		s, ok := find(key)
		if !ok {
			l.mistake(from, "%q is no setting: it would be one of %s", key, strings.Join(keys(), ", "))
			delete(values, key)
		}
		if s.secret && info.Mode().Perm()&0o077 != 0 {
			l.mistake(from, "it holds %s and others can read it: chmod 600 %s", key, path)
		}
		if _, text := values[key].(string); s.secret && !text {
			l.mistake(from, "%s: write it in quotes: YAML takes it for a number or the like", key)
			delete(values, key)
		}
	}
	l.layer(values, func(key string) source { return source(fmt.Sprintf("file %s, %s", path, key)) })
}

func keys() []string {
	var all []string
	for _, s := range settings {
		all = append(all, s.key)
	}
	return all
}

// variables makes a map of what os.Environ returns; empty ones are left out.
func variables(environ []string) map[string]string {
	env := map[string]string{}
	for _, kv := range environ {
		if name, value, ok := strings.Cut(kv, "="); ok && value != "" {
			env[name] = value
		}
	}
	return env
}

func (l *loader) environment(env map[string]string) {
	values := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if !strings.HasPrefix(name, variablePrefix) || name == variable(fileFlag) {
			continue
		}
		key := keyOf(name)
		if _, ok := find(key); !ok || variable(key) != name {
			l.mistake(source("environment "+name), "there is no such setting: unset it, or see aetherfs run --help")
			continue
		}
		values[key] = env[name]
	}
	l.layer(values, func(key string) source { return source("environment " + variable(key)) })
}

func (l *loader) flags(flags *pflag.FlagSet) {
	given := koanf.New(".")
	provider := posflag.ProviderWithFlag(flags, ".", nil, func(f *pflag.Flag) (string, any) {
		if _, ok := find(f.Name); !ok || !f.Changed {
			return "", nil
		}
		return f.Name, f.Value.String()
	})
	from := func(key string) source { return source("flag --" + key) }
	if err := given.Load(provider, nil); err != nil {
		l.mistake("flags", "%v", err)
	}
	l.layer(given.Raw(), from)
}

// parse checks every value that was given, in the order of settings.
func (l *loader) parse() {
	for _, s := range settings {
		if !l.config.values.Exists(s.key) {
			continue
		}
		value := l.config.values.String(s.key)
		if err := s.parse(l.config, value); err != nil {
			if s.secret {
				l.mistake(l.config.sources[s.key], "%v", err)
				continue
			}
			l.mistake(l.config.sources[s.key], "%q: %v", hidden.ReplaceAllString(value, "$1"), err)
		}
	}
}

// hidden is what of a URL may be a secret that was written where none belongs:
// the name and password before a host, and the options.
var hidden = regexp.MustCompile(`(://)[^?]*@|\?.*`)
