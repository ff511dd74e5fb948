import type { Issue } from '../issue.ts';
import type { ClusterBody, MachineSpec } from './cluster-spec.ts';
import type { Section } from './rules/rule.ts';
import type { Unreadable } from './rules.ts';

export interface ReadablePart {
  readonly body: ClusterBody;
  readonly unreadable: Unreadable;
}

/** A machine that could not be read; rules never see it. */
const NO_MACHINE: MachineSpec = { name: '', role: 'worker', address: '' };

const OBJECTS = ['versions', 'network', 'controlPlane', 'etcd', 'pki', 'access', 'assets', 'machineDefaults'] as const;
const LISTS = ['registries', 'machines'] as const;

/**
 * The parts of a faulty file that rules can judge.
 *
 * A misspelled text (an address, a version) leaves its section readable, because rules pass over what they cannot parse; a
 * missing field, an unknown key or a wrong kind does not: it would make rules report what nobody meant.
 *
 * @param value - What the schema could make of the file.
 * @returns Null when there is no `spec` to look into.
 */
export function readablePart(value: unknown, issues: readonly Issue[]): ReadablePart | null {
  const spec = isObject(value) ? value.spec : undefined;
  if (!isObject(spec)) return null;
  const sections = new Set<Section>();
  const machines = new Set<number>();
  for (const { code, path } of issues) {
    const [root, section, index] = path;
    if (SPELLING.has(code) || root !== 'spec' || typeof section !== 'string') continue;
    if (section === 'machines' && typeof index === 'number') machines.add(index);
    else sections.add(section as Section);
  }
  const body: Record<string, unknown> = { ...spec };
  for (const name of OBJECTS) if (sections.has(name) || !isObject(body[name])) replace(body, name, {}, sections);
  for (const name of LISTS) if (sections.has(name) || !Array.isArray(body[name])) replace(body, name, [], sections);
  body.machines = (body.machines as unknown[]).map((machine, index) => {
    if (!machines.has(index) && isObject(machine)) return machine;
    machines.add(index);
    return { ...NO_MACHINE };
  });
  return { body: body as unknown as ClusterBody, unreadable: { sections, machines } };
}

/** Findings about the spelling of one text. */
const SPELLING: ReadonlySet<string> = new Set([
  'SPEC_ADDRESS_INVALID',
  'SPEC_CIDR_INVALID',
  'SPEC_MAC_INVALID',
  'SPEC_NAME_INVALID',
  'SPEC_VERSION_INVALID',
  'SPEC_DURATION_INVALID',
  'SPEC_SIZE_INVALID',
  'SPEC_ENDPOINT_INVALID',
  'SPEC_PATH_INVALID',
  'SPEC_UUID_INVALID',
  'SPEC_SERIAL_INVALID',
  'SPEC_INTERFACE_INVALID',
  'SPEC_URL_INVALID',
  'SPEC_URL_SECRET',
  'SPEC_SECRET',
  'SPEC_SSH_KEY_INVALID',
  'SPEC_BRANCH_INVALID',
  'SPEC_REGISTRY_INVALID',
  'SPEC_USER_INVALID',
  'ETCD_DATA_DIRECTORY',
]);

function replace(body: Record<string, unknown>, name: Section, value: unknown, sections: Set<Section>): void {
  body[name] = value;
  sections.add(name);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
