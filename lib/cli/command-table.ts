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

const LAB: OptionSpec = { value: 'NAME', summary: 'The lab, when several run (default: the only one)' };

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
    details:
      'With --super-admin it is the superuser of the group system:masters, by the address of the first control-plane ' +
      'machine: for the first permissions of a cluster whose node-signer is offline, and when permissions were lost. No ' +
      'binding can stop it, so it ends after hours, is kept nowhere, and is to be deleted after use.',
    operands: [CLUSTER_FILE],
    options: {
      out: { value: 'FILE', short: 'o', summary: 'Write it there instead of printing it' },
      server: { value: 'URL', summary: 'Another address of the API (default: the endpoint)' },
      'super-admin': { summary: 'The superuser, for hours, instead of the operator' },
      lifetime: { value: 'DURATION', summary: 'How long the superuser lives, 24h at most (default: 1h)' },
      secrets: SECRETS,
      identity: IDENTITY,
    },
    load: async () => (await import('./commands/kubeconfig.ts')).kubeconfig,
  },
  {
    name: 'lab up',
    summary: 'Run the cluster on this host: real programs, private namespaces',
    details:
      'Boots every machine of the cluster file from its rendered seed, as a container, on a network of its own that nothing ' +
      'leaves. Needs root, and a folder with the programs and images; says everything that is missing. Without a secrets ' +
      'bundle the lab makes secrets of its own. It runs until keelway lab down.\n' +
      'With --tier programs it is quicker and needs less: no systemd, containers or kubelet, only etcd, the control plane, ' +
      'kube-vip and BIRD, with the command lines, files and accounts that were rendered.',
    operands: [CLUSTER_FILE],
    options: {
      tier: {
        value: 'TIER',
        choices: ['machines', 'programs'],
        summary: 'Whole machines, or the control plane alone (default: machines)',
      },
      programs: { value: 'DIR', summary: 'Programs and images (default: $KEELWAY_LAB_PROGRAMS)' },
      name: { value: 'NAME', summary: 'Name of the lab (default: the name of the cluster)' },
      timeout: { value: 'DURATION', summary: 'How long to wait until it is up (default: 5m)' },
      'no-wait': { summary: 'Do not wait until it is up' },
      secrets: SECRETS,
      identity: IDENTITY,
      output: OUTPUT,
    },
    load: async () => (await import('./commands/lab-up.ts')).labUp,
  },
  {
    name: 'lab status',
    summary: 'Show the labs of this host, their machines and what they reached',
    operands: [],
    options: { name: LAB, output: OUTPUT },
    load: async () => (await import('./commands/lab-status.ts')).labStatus,
  },
  {
    name: 'lab kubeconfig',
    summary: "Print the lab's kubeconfig; it works inside, on the machine client",
    operands: [],
    options: { name: LAB },
    load: async () => (await import('./commands/lab-kubeconfig.ts')).labKubeconfig,
  },
  {
    name: 'lab exec',
    summary: 'Run a program on a machine, the router, or the client',
    details:
      'keelway lab exec client -- kubectl get nodes. Beside the machines of the cluster file there are: router (the gateway, ' +
      'with BGP), client (behind it, the operator with kubectl) and neighbour (on the node network, without routes).',
    operands: [
      { name: 'machine', required: true, summary: 'Name of a machine of the lab' },
      {
        name: 'command',
        required: false,
        rest: true,
        summary: 'After --: the program and its arguments (default: a shell)',
      },
    ],
    options: { name: LAB },
    load: async () => (await import('./commands/lab-exec.ts')).labExec,
  },
  {
    name: 'lab down',
    summary: 'End a lab and remove everything of it',
    operands: [],
    options: { name: LAB },
    load: async () => (await import('./commands/lab-down.ts')).labDown,
  },
  {
    name: 'lab supervise',
    summary: 'Keep the programs of a lab running; lab up starts it',
    hidden: true,
    operands: [],
    options: {},
    load: async () => (await import('./commands/lab-supervise.ts')).labSupervise,
  },
  {
    name: 'schema',
    summary: 'Print the JSON Schema of the cluster file, for editors',
    operands: [],
    options: {},
    load: async () => (await import('./commands/schema.ts')).schema,
  },
];
