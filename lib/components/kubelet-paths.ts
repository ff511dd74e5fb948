/** Where the parts of every Kubernetes machine find each other's files. */

/** What API servers and kubelets prove themselves with: PEM of the kubernetes CAs. */
export const CLUSTER_AUTHORITIES = '/etc/kubernetes/pki/ca.crt';

/** What clients of the API servers prove themselves with: PEM of the kubernetes and node-signer CAs. */
export const CLIENT_AUTHORITIES = '/etc/kubernetes/pki/client-ca.crt';

export const KUBELET_PKI = '/etc/kubernetes/pki/kubelet';
export const KUBELET_KUBECONFIG = '/etc/kubernetes/kubelet.conf';
