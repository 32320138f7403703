package main

import (
	"context"
	"database/sql"
	"net"
	"os"
	"strings"

	"github.com/jackc/pgx/v5/pgproto3"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/rogpeppe/go-internal/testscript"
)

// sql STATEMENT: runs it on $USHER_DATABASE.
func statement(ts *testscript.TestScript, _ bool, args []string) {
	driver, source := "pgx", ts.Getenv("USHER_DATABASE")
	if file, ok := strings.CutPrefix(source, "sqlite:"); ok {
		driver, source = "sqlite", ts.MkAbs(file)
	}
	db, err := sql.Open(driver, source)
	ts.Check(err)
	defer db.Close()
	_, err = db.ExecContext(context.Background(), args[0])
	ts.Check(err)
}

// database-file FILE: writes $USHER_DATABASE into a file.
func databaseFile(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(ts.Getenv("USHER_DATABASE")+"\n"), 0o600))
}

// oldpostgres NAME: sets a variable to the URL of a server that says it is PostgreSQL 13.
func oldPostgres(ts *testscript.TestScript, _ bool, args []string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { listener.Close() })
	ts.Setenv(args[0], "postgres://usher@"+listener.Addr().String()+"/usher?sslmode=disable")
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				playOldPostgres(conn)
			}()
		}
	}()
}

// playOldPostgres answers every statement with the version number 130004.
func playOldPostgres(conn net.Conn) {
	backend := pgproto3.NewBackend(conn, conn)
	if _, err := backend.ReceiveStartupMessage(); err != nil {
		return
	}
	backend.Send(&pgproto3.AuthenticationOk{})
	backend.Send(&pgproto3.ParameterStatus{Name: "server_version", Value: "13.4"})
	backend.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	columns := &pgproto3.RowDescription{Fields: []pgproto3.FieldDescription{{
		Name: []byte("current_setting"), DataTypeOID: 23, DataTypeSize: 4, TypeModifier: -1,
	}}}
	for backend.Flush() == nil {
		message, err := backend.Receive()
		if err != nil {
			return
		}
		switch m := message.(type) {
		case *pgproto3.Parse:
			backend.Send(&pgproto3.ParseComplete{})
		case *pgproto3.Bind:
			backend.Send(&pgproto3.BindComplete{})
		case *pgproto3.Describe:
			if m.ObjectType == 'S' {
				backend.Send(&pgproto3.ParameterDescription{})
			}
			backend.Send(columns)
		case *pgproto3.Execute:
			backend.Send(&pgproto3.DataRow{Values: [][]byte{{0, 1, 0xfb, 0xd4}}}) // 130004
			backend.Send(&pgproto3.CommandComplete{CommandTag: []byte("SELECT 1")})
		case *pgproto3.Query:
			backend.Send(columns)
			backend.Send(&pgproto3.DataRow{Values: [][]byte{[]byte("130004")}})
			backend.Send(&pgproto3.CommandComplete{CommandTag: []byte("SELECT 1")})
			backend.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
		case *pgproto3.Sync:
			backend.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
		case *pgproto3.Terminate:
			return
		}
	}
}
