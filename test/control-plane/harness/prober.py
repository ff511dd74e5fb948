# prober.py HOST PORT CA: opens a fresh TCP and TLS connection ten times a second and asks for /readyz, each try for at
# most two seconds, whatever became of the tries before. Prints one line a try: when it began (ms), how much later than it
# should have, because the host had no processor for it (ms), and the name of the machine that answered, or why not.
import socket, ssl, sys, threading, time

host, port, ca = sys.argv[1], int(sys.argv[2]), sys.argv[3]
context = ssl.create_default_context(cafile=ca)
context.check_hostname = False
print_lock = threading.Lock()


def attempt(planned):
    began = time.time()
    try:
        with socket.create_connection((host, port), timeout=2) as plain:
            plain.settimeout(began + 2 - time.time())
            with context.wrap_socket(plain) as tls:
                names = [value for _, value in tls.getpeercert()["subjectAltName"]]
                tls.settimeout(began + 2 - time.time())
                tls.sendall(b"GET /readyz HTTP/1.1\r\nHost: kubernetes\r\nConnection: close\r\n\r\n")
                status = tls.recv(64).split(b" ")[1].decode()
                answer = names[0] if status == "200" else "HTTP-" + status
    except Exception as error:
        answer = "!" + type(error).__name__
    with print_lock:
        print(int(began * 1000), int((began - planned) * 1000), answer, flush=True)


tick = time.time()
while True:
    threading.Thread(target=attempt, args=(tick,), daemon=True).start()
    tick += 0.1
    time.sleep(max(0, tick - time.time()))
