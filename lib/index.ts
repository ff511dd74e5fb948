/**
 * Keelway as a library: one cluster file in, every machine's boot configuration out.
 *
 * What is named parse, resolve, plan, render, locate or format is pure. Of the others {@link createSecrets} and
 * {@link issueCertificates} ask for time and randomness, and what is named load, save or with touches the disk, all of it
 * through {@link Ports}.
 *
 * @module
 */
export { bootstrapManifest } from './components/bootstrap-objects.ts';
export { type ErrorCode, KeelwayError, type KeelwayErrorOptions } from './errors.ts';
export { formatIssuePath, type Issue, type IssuePath, type Severity, type SourcePosition } from './issue.ts';
export type * from './model/cluster.ts';
export type * from './model/machine.ts';
export { nodePorts } from './node-ports.ts';
export type { Authority } from './pki/authority-pem.ts';
export { planCertificates, superAdminRequest } from './pki/certificates.ts';
export { type IssueOptions, type IssueResult, issueCertificates } from './pki/issue-certificates.ts';
export type { KeptLeaf } from './pki/kept-leaf.ts';
export { type KubeconfigOptions, renderKubeconfig } from './pki/kubeconfig.ts';
export { type LeafStore, leafFolder, loadLeaves, saveLeaves } from './pki/leaf-store.ts';
export type * from './pki/pki-bundle.ts';
export type { BootGate, BootStage, ClusterPlan } from './plan/cluster-plan.ts';
export type * from './plan/machine-plan.ts';
export { planCluster } from './plan/plan-cluster.ts';
export type * from './ports.ts';
export { type CloudInitSeed, renderCloudInit } from './render/cloud-init.ts';
export { renderIgnition } from './render/ignition.ts';
export type { IgnitionConfig } from './render/ignition-config.ts';
export { type CreateSecretsOptions, createSecrets, loadSecrets, saveSecrets } from './secrets/bundle.ts';
export type { OpenOptions } from './secrets/encrypted-file.ts';
export { withSecretsLock } from './secrets/lock-secrets.ts';
export type { BundleEncryption, SecretsBundle } from './secrets/secrets-bundle.ts';
export type { ClusterSpec } from './spec/cluster-spec.ts';
export { locateIssues } from './spec/locate.ts';
export { type ParsedSpec, parseClusterSpec } from './spec/parse.ts';
export { type ResolvedCluster, resolveCluster } from './spec/resolve.ts';
export { VERSION } from './version.ts';
