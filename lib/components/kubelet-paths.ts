/** Where the parts of every Kubernetes machine find each other's files. */

/** What API servers and kubelets prove themselves with: PEM of the kubernetes CAs. */
export const CLUSTER_AUTHORITIES = '/etc/kubernetes/pki/ca.crt';

/** What clients of the API servers prove themselves with: PEM of the kubernetes and node-signer CAs. */
export const CLIENT_AUTHORITIES = '/etc/kubernetes/pki/client-ca.crt';

export const KUBELET_PKI = '/etc/kubernetes/pki/kubelet';
export const KUBELET_KUBECONFIG = '/etc/kubernetes/kubelet.conf';

export const KUBELET_CONFIG_FOLDER = '/etc/kubernetes/kubelet';
/** Settings of the machine's administrator: files named `*.conf` win over Keelway's. */
export const KUBELET_DROP_INS: string = `${KUBELET_CONFIG_FOLDER}/config.d`;
