module keelway.dev/bench/go-x509

go 1.24
