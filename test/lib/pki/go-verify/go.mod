module keelway.dev/test/go-verify

go 1.24
