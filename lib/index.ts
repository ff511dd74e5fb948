/**
 * Keelway as a library: one cluster file in, every machine's boot configuration out.
 *
 * Everything here but {@link createSecrets}, {@link issueCertificates} and {@link nodePorts} is a pure function: parse,
 * resolve, planCertificates, (issue), planCluster, render.
 *
 * @module
 */
export { bootstrapManifest } from './components/bootstrap-objects.ts';
export { type ErrorCode, KeelwayError, type KeelwayErrorOptions } from './errors.ts';
export { formatIssuePath, type Issue, type IssuePath, type Severity, type SourcePosition } from './issue.ts';
export type * from './model/cluster.ts';
export type * from './model/machine.ts';
export { nodePorts } from './node-ports.ts';
export { planCertificates, superAdminRequest } from './pki/certificates.ts';
export { type IssueOptions, type IssueResult, issueCertificates } from './pki/issue-certificates.ts';
export type { KeptLeaf } from './pki/kept-leaf.ts';
export { type KubeconfigOptions, renderKubeconfig } from './pki/kubeconfig.ts';
export type * from './pki/pki-bundle.ts';
export type { BootGate, BootStage, ClusterPlan } from './plan/cluster-plan.ts';
export type * from './plan/machine-plan.ts';
export { planCluster } from './plan/plan-cluster.ts';
export type * from './ports.ts';
export { type CloudInitSeed, renderCloudInit } from './render/cloud-init.ts';
export { renderIgnition } from './render/ignition.ts';
export type { IgnitionConfig } from './render/ignition-config.ts';
export { type CreateSecretsOptions, createSecrets } from './secrets/bundle.ts';
export type { SecretsBundle } from './secrets/secrets-bundle.ts';
export type { ClusterSpec } from './spec/cluster-spec.ts';
export { locateIssues } from './spec/locate.ts';
export { type ParsedSpec, parseClusterSpec } from './spec/parse.ts';
export { type ResolvedCluster, resolveCluster } from './spec/resolve.ts';
export { VERSION } from './version.ts';
