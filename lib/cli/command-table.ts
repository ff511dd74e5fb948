import type { CommandSpec, OperandSpec, OptionSpec } from './command.ts';

const CLUSTER_FILE: OperandSpec = {
  name: 'cluster.yaml',
  required: false,
  summary: 'The cluster file; - reads standard input (default: cluster.yaml)',
};
const OUTPUT: OptionSpec = {
  value: 'FORMAT',
  choices: ['text', 'json'],
  summary: 'text for people, json for programs (default: text)',
};
const STRICT: OptionSpec = { summary: 'Treat warnings as errors' };
const SECRETS: OptionSpec = {
  value: 'PATH',
  summary: 'The secrets bundle (default: secrets.yaml beside the cluster file)',
};
const IDENTITY: OptionSpec = {
  value: 'PATH',
  summary: 'age identity file that opens an encrypted bundle',
};
const OUT: OptionSpec = { value: 'DIR', short: 'o', summary: 'The output folder (default: build/<cluster name>)' };
const CLUSTER: OptionSpec = { value: 'FILE', summary: 'The cluster file (default: cluster.yaml)' };

/** Every verb of the program, in the order of the help. */
export const commands: readonly CommandSpec[] = [
  {
    name: 'validate',
    summary: 'Check a cluster file; print who reaches the virtual IP and what etcd survives',
    operands: [CLUSTER_FILE],
    options: { strict: STRICT, output: OUTPUT },
    load: async () => (await import('./commands/validate.ts')).validate,
  },
  {
    name: 'build',
    summary: 'Write what every machine needs to boot',
    details:
      'Reuses every certificate that still fits and says which it issued again. The output folder is replaced as a whole, ' +
      'and not touched when nothing changed. It holds keys: keep it out of Git.',
    operands: [CLUSTER_FILE],
    options: {
      out: OUT,
      secrets: SECRETS,
      identity: IDENTITY,
      strict: STRICT,
      'dry-run': { summary: 'Write nothing; print what would change, like plan' },
      output: OUTPUT,
    },
    load: async () => (await import('./commands/build.ts')).build,
  },
  {
    name: 'plan',
    summary: 'Show what a build would change on each machine; write nothing',
    operands: [CLUSTER_FILE],
    options: { out: OUT, secrets: SECRETS, identity: IDENTITY, strict: STRICT, output: OUTPUT },
    load: async () => (await import('./commands/plan.ts')).plan,
  },
  {
    name: 'render',
    summary: "Print one of a machine's files, secrets redacted",
    details:
      'The path is a file on the machine (/etc/...), a unit (etcd.service) or an output (user-data, ignition.json). Without ' +
      'one, lists what the machine gets.',
    operands: [
      { name: 'machine', required: true, summary: 'Name of a machine of the cluster file' },
      { name: 'path', required: false, summary: 'What to print (default: the list of files)' },
    ],
    options: {
      cluster: CLUSTER,
      secrets: SECRETS,
      identity: IDENTITY,
      'show-secrets': { summary: 'Print secret contents instead of a note' },
      output: OUTPUT,
    },
    load: async () => (await import('./commands/render.ts')).render,
  },
  {
    name: 'secrets create',
    summary: "Make the cluster's CAs and keys, once",
    details:
      'Never replaces a bundle: that would make another cluster. Keep the file; whoever has it owns the cluster.',
    operands: [CLUSTER_FILE],
    options: {
      secrets: SECRETS,
      recipient: { value: 'RECIPIENT', summary: 'Encrypt for this age recipient (age1...); commas between several' },
      format: { value: 'FORMAT', choices: ['age', 'sops'], summary: 'How to encrypt (default: age)' },
      output: OUTPUT,
    },
    load: async () => (await import('./commands/secrets-create.ts')).secretsCreate,
  },
  {
    name: 'secrets show',
    summary: 'Print names, lifetimes and fingerprints; never keys',
    operands: [CLUSTER_FILE],
    options: { secrets: SECRETS, identity: IDENTITY, output: OUTPUT },
    load: async () => (await import('./commands/secrets-show.ts')).secretsShow,
  },
  {
    name: 'kubeconfig',
    summary: "Print the operator's kubeconfig, or write it (0600)",
    operands: [CLUSTER_FILE],
    options: {
      out: { value: 'FILE', short: 'o', summary: 'Write it there instead of printing it' },
      server: { value: 'URL', summary: 'Another address of the API (default: the endpoint)' },
      secrets: SECRETS,
      identity: IDENTITY,
    },
    load: async () => (await import('./commands/kubeconfig.ts')).kubeconfig,
  },
  {
    name: 'schema',
    summary: 'Print the JSON Schema of the cluster file, for editors',
    operands: [],
    options: {},
    load: async () => (await import('./commands/schema.ts')).schema,
  },
];
