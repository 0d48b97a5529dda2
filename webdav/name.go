package webdav

import (
	"net"
	"net/http"
	"net/url"
	"strings"

	"aetherfs/backend"
)

// target is what a path means.
type target struct {
	name    string // as backend.Node has it: "" for the root of the tree
	slash   bool   // the path ends with '/': a directory is meant
	outside bool   // it is the root of the server, above the prefix
}

// parseTarget reads the target from the request's path. The root of the server
// is only for the two methods that Windows sends there.
func (q *request) parseTarget() (target, error) {
	escaped := q.r.URL.EscapedPath()
	if escaped == "/" && (q.r.Method == http.MethodOptions || q.r.Method == "PROPFIND") {
		return target{slash: true, outside: true}, nil
	}
	t, ok, err := parsePath(q.Prefix, escaped)
	if err == nil && !ok {
		err = refuse(http.StatusNotFound, "nothing is here")
	}
	return t, err
}

// parsePath takes an escaped path apart. ok is false for what is not under the
// prefix.
func parsePath(prefix, escaped string) (t target, ok bool, err error) {
	rest, ok := strings.CutPrefix(escaped, prefix)
	if !ok || rest != "" && rest[0] != '/' {
		return target{}, false, nil
	}
	rest = strings.TrimPrefix(rest, "/")
	t.slash = rest == "" || strings.HasSuffix(rest, "/")
	if rest == "" {
		return t, true, nil
	}
	var segments []string
	for s := range strings.SplitSeq(strings.TrimSuffix(rest, "/"), "/") {
		segment, err := url.PathUnescape(s)
		if err != nil || segment == "" || strings.ContainsAny(segment, `/\`) {
			return target{}, true, backend.ErrInvalidKey
		}
		segments = append(segments, segment)
	}
	t.name, err = backend.CleanName(strings.Join(segments, "/"))
	return t, true, err
}

// destination reads where a COPY or MOVE goes. A URL may have another scheme
// than the request had: a proxy that ends TLS is not told of it.
func (q *request) destination() (target, error) {
	text := q.r.Header.Get("Destination")
	u, err := url.Parse(text)
	if err != nil || text == "" || u.Opaque != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return target{}, refuse(http.StatusBadRequest, "Destination is not the URL of a file")
	}
	if u.Host != "" && !sameHost(u.Host, q.r.Host) {
		return target{}, refuse(http.StatusBadGateway, "Destination is on another server")
	}
	t, ok, err := parsePath(q.Prefix, u.EscapedPath())
	if err == nil && !ok {
		err = refuse(http.StatusBadGateway, "Destination is not below "+q.Prefix)
	}
	return t, err
}

// sameHost compares two hosts with their ports, of which those that the schemes
// imply may be left out.
func sameHost(a, b string) bool {
	return strings.EqualFold(withoutPort(a), withoutPort(b))
}

func withoutPort(host string) string {
	if name, port, err := net.SplitHostPort(host); err == nil && (port == "80" || port == "443" || port == "") {
		return name
	}
	return host
}

// shownHere reports whether a node can be named by a path: see parsePath.
func shownHere(n backend.Node) bool { return !strings.Contains(n.Name, `\`) }

// href is the path of a node, escaped.
func (q *request) href(name string, dir bool) string {
	u := url.URL{Path: q.Prefix + "/" + name}
	if dir && name != "" {
		u.Path += "/"
	}
	return u.EscapedPath()
}

// parent is the name of the directory that holds a node; "" is the root.
func parent(name string) string {
	return name[:max(0, strings.LastIndexByte(name, '/'))]
}

// base is the last segment of a name.
func base(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

// within reports whether name is at or below dir.
func within(name, dir string) bool {
	return name == dir || dir == "" || strings.HasPrefix(name, dir+"/")
}

// key returns the path of the file of a name, which is in a dataset.
func key(name string) (backend.Path, error) { return backend.ParsePath(backend.SplitName(name)) }

// marker returns the path of the marker of a directory in a dataset.
func marker(name string) (backend.Path, error) {
	dataset, k := backend.SplitName(name)
	return backend.ParsePath(dataset, k+"/")
}

// isDataset reports whether a name is that of a dataset, or the root.
func isDataset(name string) bool { return !strings.Contains(name, "/") }
