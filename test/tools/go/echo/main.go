// echo answers every HTTP request with what a network test wants to know, one "name: value" a line.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
	"time"
)

const version = "1.0.0"

func main() {
	address := ":8080"
	if len(os.Args) > 1 {
		address = os.Args[1]
	}
	if address == "--version" {
		fmt.Println(version)
		return
	}
	name, err := os.Hostname()
	if err != nil {
		log.Fatal(err)
	}
	handler := func(answer http.ResponseWriter, request *http.Request) {
		fmt.Fprintf(answer, "hostname: %s\nclient: %s\nhost: %s\npath: %s\n",
			name, request.RemoteAddr, request.Host, request.URL.Path)
	}
	server := &http.Server{
		Addr:              address,
		Handler:           http.HandlerFunc(handler),
		ReadHeaderTimeout: 10 * time.Second,
	}
	log.Fatal(server.ListenAndServe())
}
