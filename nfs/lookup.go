package nfs

import (
	"context"
	"strings"

	gonfs "github.com/willscott/go-nfs"

	"aetherfs/backend"
)

// getattr: handle → attributes.
func (v *view) getattr(ctx context.Context, d *fields) (encoder, error) {
	n, err := v.nodeOf(ctx, d)
	if err != nil {
		return nil, err
	}
	e := succeeded()
	e.attributes(attributesOf(n))
	return e, nil
}

// succeeded begins results.
func succeeded() encoder { return encoder(words(uint32(gonfs.NFSStatusOk))) }

// lookup: handle of a directory, name → handle, its attributes, the
// directory's, which are left out: it takes one look at the tree.
func (v *view) lookup(ctx context.Context, d *fields) (encoder, error) {
	h, err := v.handle(d)
	base := string(d.opaque(maxNameBytes))
	switch {
	case err != nil:
		return nil, err
	case d.bad:
		return nil, errGarbage
	case h.kind != directory:
		return nil, errNotDir
	}
	dir, err := v.finder.name(ctx, h)
	if err != nil {
		return nil, err
	}
	name, err := join(dir, base)
	if err != nil {
		return nil, err
	}
	n, err := v.shown(ctx, name)
	if err != nil {
		return nil, err
	}
	e := succeeded()
	e.opaque(handleOf(n).seal(v.key))
	e.someAttributes(attributesOf(n))
	e.noAttributes()
	return e, nil
}

// join returns the name of what has the name base in a directory.
func join(dir, base string) (string, error) {
	switch {
	case base == ".":
		return dir, nil
	case base == "..":
		return above(dir), nil
	case len(base) > backend.MaxSegmentBytes:
		return "", errLongName
	case base == "" || strings.Contains(base, "/"):
		return "", errNoEnt
	case dir == "":
		return base, nil
	}
	return dir + "/" + base, nil
}

// above is the name of the directory that a name is in; the root's is its own.
func above(name string) string { return name[:max(0, strings.LastIndexByte(name, '/'))] }

// shown returns what a client may see under a name, and remembers the name, for
// the client gets a handle.
func (v *view) shown(ctx context.Context, name string) (backend.Node, error) {
	if dataset, _ := backend.SplitName(name); dataset != "" && !v.exported(dataset) {
		return backend.Node{}, errNoEnt
	}
	n, err := v.tree.Node(ctx, name)
	if err != nil {
		return backend.Node{}, err
	}
	v.finder.remember(n.Name)
	return n, nil
}

// What ACCESS is asked about (RFC 1813, section 3.3.4), of what is ever granted.
const (
	mayRead    = 0x01
	mayLookup  = 0x02
	mayExecute = 0x20
)

// access: handle, rights → attributes, those of the rights that anybody has.
func (v *view) access(ctx context.Context, d *fields) (encoder, error) {
	n, err := v.nodeOf(ctx, d)
	asked := d.uint32()
	switch {
	case err != nil:
		return nil, err
	case d.bad:
		return nil, errGarbage
	}
	granted := uint32(mayRead)
	if n.Dir {
		granted |= mayLookup | mayExecute
	}
	e := succeeded()
	e.someAttributes(attributesOf(n))
	e.uint32(asked & granted)
	return e, nil
}

// readlink: handle → there are no links.
func (v *view) readlink(_ context.Context, d *fields) (encoder, error) {
	if _, err := v.handle(d); err != nil {
		return nil, err
	}
	return nil, errNoLink
}
