# access.py SERVER CA: reads {"credentials": {name: [certificate, key]}, "questions": {name: attributes}} and answers, for each
# credential, which of the questions its SelfSubjectAccessReview allows. One connection a credential.
import http.client, json, ssl, sys

server, ca = sys.argv[1], sys.argv[2]
asked = json.load(sys.stdin)
answers = {}
for name, (certificate, key) in asked["credentials"].items():
    context = ssl.create_default_context(cafile=ca)
    context.load_cert_chain(certificate, key)
    connection = http.client.HTTPSConnection(server, context=context)
    answers[name] = []
    for question, attributes in asked["questions"].items():
        kind = "nonResourceAttributes" if "path" in attributes else "resourceAttributes"
        body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": {kind: attributes}}
        connection.request(
            "POST",
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            json.dumps(body),
            {"Content-Type": "application/json"},
        )
        response = connection.getresponse()
        answer = json.loads(response.read())
        if response.status != 201:
            answers[name] = f"HTTP {response.status}"
            break
        if answer["status"]["allowed"]:
            answers[name].append(question)
json.dump(answers, sys.stdout)
