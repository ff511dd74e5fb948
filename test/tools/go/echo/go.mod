module keelway.test/echo

go 1.26.0
