// Command probe is what tests put into pods to see what pods see:
//
//	probe serve ADDRESS [FILE]   answer every HTTP request with the host's name; first write it to FILE
//	probe get URL                fetch it, print how long it took and the answer; fail when there is none
//	probe dial ADDRESS           open a TCP connection and close it; fail when it is not accepted
//	probe lookup NAME            print the addresses of a name
//	probe sleep                  wait for SIGTERM
package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// patience is short: what a policy drops is never answered.
const patience = 2 * time.Second

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Println("probe:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 2 && args[0] == "serve":
		return serve(args[1], "")
	case len(args) == 3 && args[0] == "serve":
		return serve(args[1], args[2])
	case len(args) == 2 && args[0] == "get":
		return get(args[1])
	case len(args) == 2 && args[0] == "dial":
		return dial(args[1])
	case len(args) == 2 && args[0] == "lookup":
		addresses, err := net.LookupHost(args[1])
		fmt.Println(strings.Join(addresses, " "))
		return err
	case len(args) == 1 && args[0] == "sleep":
		ended := make(chan os.Signal, 1)
		signal.Notify(ended, syscall.SIGTERM)
		<-ended
		return nil
	}
	return errors.New("usage: probe serve ADDRESS [FILE] | get URL | dial ADDRESS | lookup NAME | sleep")
}

func serve(address, file string) error {
	name, err := os.Hostname()
	if err != nil {
		return err
	}
	if file != "" {
		if err := os.WriteFile(file, []byte(name+"\n"), 0o644); err != nil {
			return err
		}
	}
	fmt.Println("serving", address)
	return http.ListenAndServe(address, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, name)
	}))
}

func get(url string) error {
	begin := time.Now()
	dialer := net.Dialer{Timeout: patience}
	client := http.Client{Timeout: 2 * patience, Transport: &http.Transport{DialContext: dialer.DialContext}}
	answer, err := client.Get(url)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	fmt.Printf("%v %s", time.Since(begin).Round(time.Microsecond), body)
	return err
}

func dial(address string) error {
	connection, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		return err
	}
	return connection.Close()
}
