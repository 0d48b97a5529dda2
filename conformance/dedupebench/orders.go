package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// The table: 500,000 orders in the order of their ids. A version changes 0.05 %
// of the rows and inserts 0.02 %, at random places.
const (
	orderRows     = 500_000
	changedShare  = 0.0005
	insertedShare = 0.0002
	orderGap      = 1000 // the most that two new neighbours' ids differ by
)

var orderColumns = []string{"id", "created", "email", "country", "city", "sku", "quantity", "price", "status", "note"}

type order struct {
	id       int64
	created  time.Time
	email    string
	place    place
	sku      string
	quantity int
	cents    int
	status   string
	note     string
}

type place struct{ country, city string }

var places = []place{
	{"DE", "Berlin"}, {"DE", "Hamburg"}, {"DE", "Munich"}, {"FR", "Paris"}, {"FR", "Lyon"}, {"GB", "London"},
	{"GB", "Leeds"}, {"US", "New York"}, {"US", "Chicago"}, {"US", "Austin"}, {"US", "Seattle"}, {"BR", "Recife"},
	{"IN", "Mumbai"}, {"IN", "Pune"}, {"JP", "Osaka"}, {"JP", "Tokyo"}, {"KE", "Nairobi"}, {"AU", "Perth"},
}

var statuses = []string{"new", "paid", "packed", "shipped", "delivered", "returned", "cancelled"}

// fields of the row, one a column, as text without quotes or commas.
func (o order) fields() []string {
	return []string{
		fmt.Sprint(o.id), o.created.Format(time.RFC3339), o.email, o.place.country, o.place.city, o.sku,
		fmt.Sprint(o.quantity), fmt.Sprintf("%d.%02d", o.cents/100, o.cents%100), o.status, o.note,
	}
}

// shop makes orders.
type shop struct {
	rng   *rand.Rand
	words []string
}

func newShop(s source) *shop {
	rng := s.rng(rngTable)
	return &shop{rng, newWords(rng, 4000)}
}

// table returns the first version.
func (s *shop) table(rows int) []order {
	table := make([]order, rows)
	id, created := int64(0), time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range table {
		id += 1 + s.rng.Int64N(orderGap)
		created = created.Add(time.Duration(s.rng.IntN(120)) * time.Second)
		table[i] = s.order(id, created)
	}
	return table
}

func (s *shop) order(id int64, created time.Time) order {
	o := order{
		id:       id,
		created:  created,
		email:    fmt.Sprintf("%s.%s%d@%s.example", s.word(), s.word(), s.rng.IntN(100), s.word()),
		place:    places[s.rng.IntN(len(places))],
		sku:      fmt.Sprintf("SKU-%06d", s.rng.IntN(20_000)),
		quantity: 1 + s.rng.IntN(9),
		cents:    99 + s.rng.IntN(50_000),
		status:   statuses[s.rng.IntN(len(statuses))],
	}
	for range s.rng.IntN(6) {
		o.note += s.word() + " "
	}
	return o
}

func (s *shop) word() string { return s.words[s.rng.IntN(len(s.words))] }

// next returns the version after table, and the rows that it changed and
// inserted.
func (s *shop) next(table []order) (next, changed, inserted []order) {
	next = slices.Clone(table)
	for range int(float64(len(table)) * changedShare) {
		i := s.rng.IntN(len(next))
		o := next[i]
		next[i] = s.order(o.id, o.created)
		next[i].email, next[i].place = o.email, o.place
		changed = append(changed, next[i])
	}
	taken := map[int64]bool{}
	for range int(float64(len(table)) * insertedShare) {
		i := 1 + s.rng.IntN(len(table)-1)
		before, gap := table[i-1], table[i].id-table[i-1].id
		id := before.id + gap/2
		if gap < 2 || taken[id] {
			continue // no room for another here
		}
		taken[id] = true
		inserted = append(inserted, s.order(id, before.created))
	}
	next = append(next, inserted...)
	slices.SortFunc(next, func(a, b order) int { return int(a.id - b.id) })
	return next, changed, inserted
}
