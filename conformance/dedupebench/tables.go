package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// makeCSV writes the table as a text file.
func makeCSV(_ context.Context, s source) ([]string, error) {
	shop := newShop(s)
	table := shop.table(s.n(orderRows))
	return s.versions(func(v int, dir string) error {
		if v > 1 {
			table, _, _ = shop.next(table)
		}
		var text bytes.Buffer
		fmt.Fprintln(&text, strings.Join(orderColumns, ","))
		for _, o := range table {
			fmt.Fprintln(&text, strings.Join(o.fields(), ","))
		}
		return os.WriteFile(filepath.Join(dir, "orders.csv"), text.Bytes(), 0o644)
	})
}

// makeSQLite writes the same table as a database; each version is the one
// before with its changes applied in place.
func makeSQLite(ctx context.Context, s source) ([]string, error) {
	shop := newShop(s)
	table := shop.table(s.n(orderRows))
	before := ""
	return s.versions(func(v int, dir string) error {
		db := filepath.Join(dir, "orders.db")
		var sql bytes.Buffer
		if v == 1 {
			createTable(&sql)
			replaceRows(&sql, table)
		} else {
			if err := copyFile(db, before); err != nil {
				return err
			}
			var changed, inserted []order
			table, changed, inserted = shop.next(table)
			replaceRows(&sql, append(changed, inserted...))
		}
		before = db
		return sqlite(ctx, db, &sql)
	})
}

func createTable(sql io.Writer) {
	types := map[string]string{"id": "INTEGER PRIMARY KEY", "quantity": "INTEGER", "price": "REAL"}
	var columns []string
	for _, c := range orderColumns {
		if types[c] == "" {
			types[c] = "TEXT"
		}
		columns = append(columns, c+" "+types[c])
	}
	fmt.Fprintf(sql, "CREATE TABLE orders (%s);\n", strings.Join(columns, ", "))
}

// replaceRows inserts rows, in one transaction, over those of the same id.
func replaceRows(sql io.Writer, rows []order) {
	fmt.Fprintln(sql, "BEGIN;")
	for _, o := range rows {
		fmt.Fprintf(sql, "REPLACE INTO orders VALUES ('%s');\n", strings.Join(o.fields(), "','"))
	}
	fmt.Fprintln(sql, "COMMIT;")
}

// sqlite runs statements on the database file db.
func sqlite(ctx context.Context, db string, statements io.Reader) error {
	cmd := exec.CommandContext(ctx, "sqlite3", "-batch", "-bail", db)
	cmd.Stdin = statements
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("sqlite3 %s: %w: %s", db, err, out)
	}
	return nil
}

func copyFile(dst, src string) error {
	data, err := os.ReadFile(src)
	if err != nil {
		return err
	}
	return os.WriteFile(dst, data, 0o644)
}
