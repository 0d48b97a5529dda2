package main

import "fmt"

const (
	kib = 1 << 10 // bytes
	mib = 1 << 20
	gib = 1 << 30
)

// What the rows for reading and listing find: put once, at the first need.
var (
	heldKiB  = content{name: "held/1KiB", count: 1000, size: kib}
	held64K  = content{name: "held/64KiB", count: 1000, size: 64 * kib}
	heldMiB  = content{name: "held/1MiB", count: 128, size: mib}
	held64M  = content{name: "held/64MiB", count: 4, size: 64 * mib}
	heldGiB  = content{name: "held/1GiB", count: 1, size: gib}
	listKeys = content{name: "k", count: 100_000, size: 256}
)

// rows is all that is measured, with what it must show.
func rows() []row {
	all := largePuts()
	all = append(all, smallPuts()...)
	all = append(all, gets()...)
	all = append(all,
		ranged("ranges of 64 KiB × 16", heldGiB, 4000, 64*kib, 16),
		heading("HEAD × 16", heldKiB, 4, 16).to(cpu(0.4, 0.25)),
		// Rclone reads the whole tree for each page: hours.
		listing("LIST 100,000 keys", listKeys).to(cpu(0.2, 0.1)).sparing(rclone),
		deleting("DELETE × 4", content{name: "deleted", count: 2000, size: kib}, 4).to(cpu(0.8, 0.4)),
	)
	return append(all, awsRows()...)
}

// largePuts are the rows of streams. A copy follows what it is a copy of, so
// that the bytes are made once.
func largePuts() []row {
	one := content{name: "new/1GiB", count: 1, size: gib}
	four := content{name: "new/64MiB", count: 4, size: 64 * mib}
	again := func(c content) content { c.of, c.name = c.name, "again/"+c.name; return c }
	shifted := func(c content) content { c.of, c.name, c.shift = c.name, "shifted/"+c.name, true; return c }
	named := func(c content, name string) content { c.name = name + "/" + c.name; return c }
	text := func(count, size int) content {
		return content{name: fmt.Sprintf("text/%d", count), count: count, size: size, text: true}
	}
	return []row{
		putting("PUT 1 GiB × 1, new", one, 1, bySDK).to(cpu(1.3, 0), speed(1.0, 1.2)),
		putting("PUT 1 GiB × 1, again", again(one), 1, bySDK).to(speed(1.1, 1.4)),
		putting("PUT 1 GiB × 1, shifted", shifted(one), 1, bySDK).to(speed(1.1, 1.4)),
		putting("PUT 64 MiB × 4, new", four, 4, bySDK).to(cpu(1.3, 0), speed(0.7, 0.9)),
		putting("PUT 64 MiB × 4, again", again(four), 4, bySDK).to(speed(0.85, 1.1)),
		putting("PUT 64 MiB × 4, shifted", shifted(four), 4, bySDK).to(speed(0.85, 1.1)),
		putting("PUT text 256 MiB × 1", text(1, 256*mib), 1, bySDK).to(speed(0.4, 0.7), stored(3)),
		putting("PUT text 64 MiB × 4", text(4, 64*mib), 4, bySDK).to(speed(0.4, 0.7), stored(3)),
		putting("PUT 1 GiB × 1, unsigned", named(one, "unsigned"), 1, bySDKUnsigned),
		putting("PUT 64 MiB × 4, unsigned", named(four, "unsigned"), 4, bySDKUnsigned),
		putting("PUT 1 GiB × 1, minio-go", named(one, "minio"), 1, byMinio),
		putting("PUT 64 MiB × 4, minio-go", named(four, "minio"), 4, byMinio),
	}
}

func smallPuts() []row {
	var all []row
	for _, p := range []struct {
		size   string
		bytes  int
		counts map[int]int // by workers
	}{
		{"1 KiB", kib, map[int]int{1: 250, 4: 1000, 16: 4000, 64: 4000}},
		{"64 KiB", 64 * kib, map[int]int{1: 250, 4: 1000, 16: 1000, 64: 1000}},
		{"1 MiB", mib, map[int]int{1: 64, 4: 128, 16: 128, 64: 128}},
	} {
		for _, workers := range []int{1, 4, 16, 64} {
			name := fmt.Sprintf("PUT %s × %d", p.size, workers)
			r := putting(name, content{name: fmt.Sprintf("new/%d/%d", p.bytes, workers), count: p.counts[workers], size: p.bytes}, workers, bySDK)
			if p.bytes == kib && workers == 64 {
				r = r.to(cpu(1.0, 0), speed(0, 1.5), perFsync(10))
			}
			all = append(all, r)
		}
	}
	return append(all, putting("PUT 1 KiB × 64, minio-go", content{name: "minio/new/1KiB", count: 4000, size: kib}, 64, byMinio))
}

func gets() []row {
	all := []row{
		getting("GET 64 MiB × 4, second read", held64M, 2, 4, bySDK).to(speed(0.65, 0.85), overRclone(2)),
		getting("GET 64 MiB × 4, minio-go", held64M, 2, 4, byMinio),
		getting("GET 64 MiB × 1", held64M, 1, 1, bySDK),
		getting("GET 1 GiB × 1", heldGiB, 1, 1, bySDK).to(speed(0.5, 0.8), overRclone(2)),
		getting("GET 1 GiB × 1, minio-go", heldGiB, 1, 1, byMinio),
		getting("GET 1 KiB × 16, minio-go", heldKiB, 4, 16, byMinio),
	}
	for _, workers := range []int{1, 4, 16, 64} {
		times := min(workers, 4)
		small := getting(fmt.Sprintf("GET 1 KiB × %d", workers), heldKiB, times, workers, bySDK)
		if workers == 16 {
			small = small.to(cpu(0.8, 0), speed(1.1, 1.5))
		}
		all = append(all, small,
			getting(fmt.Sprintf("GET 64 KiB × %d", workers), held64K, min(times, 2), workers, bySDK),
			getting(fmt.Sprintf("GET 1 MiB × %d", workers), heldMiB, times, workers, bySDK))
	}
	return all
}
