// Measures Go's crypto/x509 doing what Keelway does for one leaf: a P-256 key, a certificate signed by a P-256 CA,
// both as PEM. Prints the CPU time (user and system) of one leaf in nanoseconds, the median of the rounds.
//
// Usage: go run . [-leaves N] [-rounds N]
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"flag"
	"fmt"
	"log"
	"math/big"
	"net"
	"slices"
	"syscall"
	"time"
)

func main() {
	leaves := flag.Int("leaves", 2000, "leaves in a round")
	rounds := flag.Int("rounds", 5, "rounds; the median counts")
	flag.Parse()

	authority, authorityKey := newAuthority()
	costs := make([]int64, *rounds)
	for round := range costs {
		start := cpuNanoseconds()
		for range *leaves {
			issue(authority, authorityKey)
		}
		costs[round] = (cpuNanoseconds() - start) / int64(*leaves)
	}
	slices.Sort(costs)
	fmt.Println(costs[len(costs)/2])
}

func newAuthority() (*x509.Certificate, *ecdsa.PrivateKey) {
	key := newKey()
	template := &x509.Certificate{
		SerialNumber:          newSerial(),
		Subject:               pkix.Name{CommonName: "kubernetes-ca", Organization: []string{"ha"}},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().AddDate(10, 0, 0),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		log.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		log.Fatal(err)
	}
	return certificate, key
}

func issue(authority *x509.Certificate, authorityKey *ecdsa.PrivateKey) ([]byte, []byte) {
	key := newKey()
	template := &x509.Certificate{
		SerialNumber: newSerial(),
		Subject:      pkix.Name{CommonName: "kube-apiserver"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().AddDate(1, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: []string{
			"cp-1", "localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc",
			"kubernetes.default.svc.cluster.local",
		},
		IPAddresses: []net.IP{
			net.IPv4(10, 96, 0, 1).To4(), net.IPv4(10, 0, 0, 11).To4(), net.IPv4(127, 0, 0, 1).To4(), net.IPv6loopback,
			net.IPv4(10, 0, 0, 100).To4(),
		},
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, authority, &key.PublicKey, authorityKey)
	if err != nil {
		log.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		log.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
}

func newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	return key
}

func newSerial() *big.Int {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 126))
	if err != nil {
		log.Fatal(err)
	}
	return serial.Add(serial, new(big.Int).Lsh(big.NewInt(1), 126))
}

func cpuNanoseconds() int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		log.Fatal(err)
	}
	return usage.Utime.Nano() + usage.Stime.Nano()
}
