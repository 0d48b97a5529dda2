package nfs

import (
	"context"

	gonfs "github.com/willscott/go-nfs"

	"aetherfs/backend"
)

// mount: path → handle, flavours of credentials. MOUNT's statuses have the
// numbers of NFS's.
func (v *view) mount(ctx context.Context, d *fields) (encoder, error) {
	path := string(d.opaque(maxPathBytes))
	if d.bad {
		return nil, errGarbage
	}
	name, err := backend.CleanName(path)
	if err != nil {
		return nil, err
	}
	n, err := v.shown(ctx, name)
	switch {
	case err != nil:
		return nil, err
	case !n.Dir:
		return nil, errNotDir
	}
	e := succeeded()
	e.opaque(handleOf(n).seal(v.key))
	e.uint32(2)
	e.uint32(uint32(gonfs.AuthFlavorUnix))
	e.uint32(uint32(gonfs.AuthFlavorNull))
	return e, nil
}

// exports lists what MOUNT says can be mounted: the whole, and each dataset.
func (v *view) exports(ctx context.Context) (paths []string, err error) {
	defer v.recovered(ctx, "mount.export", &err)
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	paths = []string{"/"}
	for d, err := range v.tree.Datasets(ctx) {
		if err != nil {
			return nil, err
		}
		if v.exported(d.Name) {
			paths = append(paths, "/"+d.Name)
		}
	}
	return paths, nil
}
