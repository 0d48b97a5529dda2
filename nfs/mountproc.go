package nfs

import (
	"encoding/binary"
	"fmt"
)

// maxExports bounds a list of exports, to the number that a page can hold.
const maxExports = 10_000

// export answers MOUNT's EXPORT: the paths that can be mounted, by anybody whom
// Access lets in.
func export(o *connOptions) ([]byte, error) {
	if o.Exports == nil {
		return words(0), nil
	}
	paths, err := o.Exports()
	if err != nil {
		return nil, fmt.Errorf("list exports: %w", err)
	}
	var list []byte
	for _, path := range paths[:min(len(paths), maxExports)] {
		list = append(list, words(1)...) // one more follows
		list = appendString(list, path)
		list = append(list, words(0)...) // no groups: everybody
	}
	return append(list, words(0)...), nil
}

// dump answers MOUNT's DUMP, the list of mounts: empty, because a mount is
// nothing that a gateway would remember.
func dump(*connOptions) ([]byte, error) { return words(0), nil }

// appendString appends a string as XDR lays it out.
func appendString(b []byte, s string) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
	b = append(b, s...)
	return append(b, make([]byte, -len(s)&3)...)
}
