/** Commands of the documents that no test runs as they stand, and why. */
export const NOT_RUN: Readonly<Record<string, string>> = {
  'npm ci': 'done once, before all of them',
  'npm test': 'is what is running',
  'npm run test:control-plane': 'a suite of its own; a step of .ci/run',
  'npm run test:cluster': 'the same',
  'KEELWAY_WRITE_TIMELINE=1 npm run test:control-plane': 'the same',
  'KEELWAY_WRITE_TIMELINE=1 npm run test:cluster': 'the same',
  'npm run test:versions': 'the same',
  'npm run bench': 'measures time, which wants a machine of its own; test/bench is compiled and linted like all else',
  'npm run bench -- --write': 'the same',
  'npm run lint': 'a step of .ci/run before the tests',
  'npm run types': 'a step of .ci/run before the tests',
};

interface Elsewhere {
  /** The test that runs it, on a cluster and with a name of its own. */
  readonly file: string;
  /** What stands in it. */
  readonly words: readonly string[];
}

const LAB_TEST = 'test/lab/commands.test.ts';

/** Commands that need root and the programs of a cluster: the longer suites run them. */
export const RUN_BY: Readonly<Record<string, Elsewhere>> = {
  'export KEELWAY_LAB_PROGRAMS=$(npx node test/tools/lab-programs.ts)': {
    file: LAB_TEST,
    words: ['lab-programs.ts', 'KEELWAY_LAB_PROGRAMS'],
  },
  'keelway lab up cluster.yaml': { file: LAB_TEST, words: ["'lab', 'up'"] },
  'keelway lab status': { file: LAB_TEST, words: ["'lab', 'status'"] },
  'keelway lab exec client -- kubectl get nodes': {
    file: LAB_TEST,
    words: ["'lab', 'exec'", "'client', '--', 'kubectl', 'get', 'nodes'"],
  },
  'keelway lab exec etcd-1 -- journalctl -u etcd': {
    file: LAB_TEST,
    words: ["'lab', 'exec', '--name', NAME, 'node-1', '--'"],
  },
  'keelway lab down': { file: LAB_TEST, words: ["'lab', 'down'"] },
  'keelway lab up cluster.yaml --tier programs': {
    file: 'test/control-plane/lab-command.test.ts',
    words: ["'up'", "'--tier', 'programs'"],
  },
};
