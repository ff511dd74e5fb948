// Verifies certificates as Kubernetes and etcd do: Go's crypto/tls loads the pair, crypto/x509 builds the chain, checks
// every usage and every name. Reads a JSON list on standard input; prints one line for each fault and "ok N" at the end.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"time"
)

type leaf struct {
	ID          string   `json:"id"`
	Roots       string   `json:"roots"`
	Certificate string   `json:"certificate"`
	Key         string   `json:"key"`
	Usages      []string `json:"usages"`
	Hosts       []string `json:"hosts"`
	NowSeconds  int64    `json:"nowSeconds"`
}

var usages = map[string]x509.ExtKeyUsage{"server": x509.ExtKeyUsageServerAuth, "client": x509.ExtKeyUsageClientAuth}

func main() {
	var leaves []leaf
	if err := json.NewDecoder(os.Stdin).Decode(&leaves); err != nil {
		log.Fatal(err)
	}
	for _, each := range leaves {
		if err := verify(each); err != nil {
			fmt.Printf("%s: %v\n", each.ID, err)
		}
	}
	fmt.Printf("ok %d\n", len(leaves))
}

func verify(each leaf) error {
	pair, err := tls.X509KeyPair([]byte(each.Certificate), []byte(each.Key))
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(each.Roots)) {
		return fmt.Errorf("no root is readable")
	}
	for name, usage := range usages {
		_, err := pair.Leaf.Verify(x509.VerifyOptions{
			Roots:       roots,
			KeyUsages:   []x509.ExtKeyUsage{usage},
			CurrentTime: time.Unix(each.NowSeconds, 0),
		})
		wanted := false
		for _, asked := range each.Usages {
			wanted = wanted || asked == name
		}
		if wanted != (err == nil) {
			return fmt.Errorf("usage %s: wanted %v, got %v", name, wanted, err)
		}
	}
	for _, host := range each.Hosts {
		if err := pair.Leaf.VerifyHostname(host); err != nil {
			return err
		}
	}
	if got := len(pair.Leaf.DNSNames) + len(pair.Leaf.IPAddresses); got != len(each.Hosts) {
		return fmt.Errorf("%d names, wanted %d", got, len(each.Hosts))
	}
	return nil
}
