package backend

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"aetherfs/internal/manifest"
)

// MaxSegmentBytes is the longest name between two slashes that file views
// show: what the file systems of their clients can hold.
const MaxSegmentBytes = 255

// Node is what a file view shows under a name: a file or a directory.
//
// Names are "" for the root, the datasets in it, and below a dataset the keys,
// as "dataset/tag/file". Of the keys a view shows those that a tree of files
// can hold; see Shown. Where a key is also a directory of others, the directory
// is shown: the file stays reachable over S3.
type Node struct {
	Name string // whole, without '/' at its ends
	Dir  bool

	// Info is that of the file, perhaps without its Parts. That of a directory
	// is its marker's, the key with '/' at its end, if there is one, and else
	// zero.
	Info Info

	// Changed is when a directory's dataset was made, plus a nanosecond for
	// each commit since: it differs whenever what is below may do, and tells
	// people something. The root's counts the commits of the hub.
	Changed time.Time
}

// Time is when the file was last changed, as its writer says in the user
// metadata "mtime": seconds since 1970, perhaps with a fraction, as rclone and
// s3fs write them. Else, and of a directory, it is when it was stored.
func (n Node) Time() time.Time {
	if n.Dir {
		return n.Changed
	}
	for _, m := range n.Info.Attr.Meta {
		if m.Name == "mtime" {
			if at, ok := parseSeconds(m.Value); ok {
				return at
			}
		}
	}
	return n.Info.Modified
}

// latest is the end of the year 9999, which no format of a date goes beyond.
var latest = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)

func parseSeconds(s string) (time.Time, bool) {
	whole, fraction, _ := strings.Cut(s, ".")
	seconds, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || seconds < 0 || seconds > latest.Unix() {
		return time.Time{}, false
	}
	if fraction == "" {
		return time.Unix(seconds, 0).UTC(), true
	}
	nanos, err := strconv.ParseUint((fraction + "000000000")[:9], 10, 32)
	return time.Unix(seconds, int64(nanos)).UTC(), err == nil
}

// Mark is where a listing of the directory above goes on behind the node.
func (n Node) Mark() string {
	if n.Dir {
		return n.Base() + "/"
	}
	return n.Base()
}

// Base is the last segment of the name: "" of the root.
func (n Node) Base() string { return n.Name[strings.LastIndexByte(n.Name, '/')+1:] }

// SplitName splits a name into the dataset and the key, "" if it has none.
func SplitName(name string) (dataset, key string) {
	dataset, key, _ = strings.Cut(name, "/")
	return dataset, key
}

// CleanName returns the name that a client means by path, which is decoded and
// may have '/' at its ends. ErrInvalidKey if a view shows nothing there.
func CleanName(path string) (string, error) {
	if path == "" || path == "/" {
		return "", nil
	}
	name := strings.TrimSuffix(strings.TrimPrefix(path, "/"), "/")
	if !Shown(name) || strings.HasSuffix(name, "/") {
		return "", fmt.Errorf("no file can have the name %q: %w", path, ErrInvalidKey)
	}
	if _, key := SplitName(name); len(key) > MaxKeyBytes {
		return "", fmt.Errorf("name of %d bytes, the most is %d: %w", len(key), MaxKeyBytes, ErrKeyTooLong)
	}
	return name, nil
}

// Shown reports whether file views show a key, or a common prefix: none of its
// segments is empty, "." or "..", longer than MaxSegmentBytes or holds a
// control character. A '/' at its end is a directory's.
func Shown(key string) bool {
	for segment := range strings.SplitSeq(strings.TrimSuffix(key, "/"), "/") {
		if segment == "" || segment == "." || segment == ".." || len(segment) > MaxSegmentBytes {
			return false
		}
	}
	return utf8.ValidString(key) && !strings.ContainsFunc(key, unicode.IsControl)
}

// Node implements View.
func (b *Backend) Node(ctx context.Context, name string) (Node, error) {
	name, err := CleanName(name)
	if err != nil {
		return Node{}, fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	dataset, key := SplitName(name)
	if dataset == "" {
		return b.rootNode(ctx)
	}
	d, s, err := b.read(ctx, dataset)
	if err != nil {
		return Node{}, err
	}
	n := Node{Name: name, Dir: true, Changed: changed(d.Created, s.N())}
	if key == "" {
		return n, nil
	}
	return n, explain(b.below(ctx, s, &n, dataset, key))
}

// below fills in what a state shows at a key.
func (b *Backend) below(ctx context.Context, s *manifest.State, n *Node, dataset, key string) error {
	for x, err := range s.Keys(ctx, key+"/") {
		if err != nil {
			return fmt.Errorf("look up %s: %w", n.Name, err)
		}
		switch found := manifest.KeyOf(x.Tag, x.Name); {
		case found == key+"/":
			n.Info = info(Path{dataset, x.Tag, x.Name}, x.Entry)
			return nil
		case strings.HasPrefix(found, key+"/"):
			return nil
		}
		break
	}
	p, err := ParsePath(dataset, key)
	if err != nil {
		return err
	}
	e, err := s.Entry(ctx, p.Tag, p.Name)
	if err != nil {
		return fmt.Errorf("look up %s: %w", p, err)
	}
	if e == nil {
		return fmt.Errorf("%s: %w", p, ErrNotFound)
	}
	n.Dir, n.Info, n.Changed = false, info(p, e), time.Time{}
	return nil
}

func (b *Backend) rootNode(ctx context.Context) (Node, error) {
	n := Node{Dir: true}
	var last int64
	datasets, err := b.names.Datasets(ctx)
	if err != nil {
		return Node{}, explain(err)
	}
	for d := range datasets {
		last = max(last, d.Created)
	}
	n.Changed = changed(last, b.names.HubN())
	return n, nil
}

// changed is Node.Changed of a log that was made at a time, in Unix
// milliseconds, and has n segments.
func changed(made int64, n uint64) time.Time {
	return time.UnixMilli(made).UTC().Add(time.Duration(n))
}
