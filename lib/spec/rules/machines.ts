import type { Issue } from '../../issue.ts';
import { contains, networkEnd, parseCidr, parseIpv4 } from '../../model/network.ts';
import type { EffectiveMachine } from '../effective-machines.ts';
import { finding } from '../issue-codes.ts';
import { eachDuplicate, machinePath, type Rule, type RuleContext, rule } from './rule.ts';

/** `localhost` and `kubernetes` stand in every API server certificate; `operator` names the operator's certificates. */
const RESERVED_NAMES: readonly string[] = ['localhost', 'kubernetes', 'operator'];

function controlPlaneExists({ machines }: RuleContext): readonly Issue[] {
  if (machines.some((machine) => machine.role === 'control-plane')) return [];
  const message = 'no machine has role control-plane';
  return [finding('MACHINE_NO_CONTROL_PLANE', ['spec', 'machines'], message, 'give one machine role: control-plane')];
}

function names({ machines }: RuleContext): readonly Issue[] {
  const issues: Issue[] = [];
  // Host names have no case: CP-1 and cp-1 would be one node.
  eachDuplicate(
    machines,
    ({ spec }) => spec.name.toLowerCase(),
    (machine, first) => {
      const message = `${machine.spec.name} is the name of machine ${first.index} too`;
      issues.push(
        finding('MACHINE_NAME_DUPLICATE', machinePath(machine, 'name'), message, 'give each machine a name of its own'),
      );
    },
  );
  for (const machine of machines) {
    if (!RESERVED_NAMES.includes(machine.spec.name)) continue;
    const message = `${machine.spec.name} means something else in a cluster`;
    issues.push(finding('MACHINE_NAME_RESERVED', machinePath(machine, 'name'), message, 'use another name'));
  }
  return issues;
}

function duplicateAddresses({ machines }: RuleContext): readonly Issue[] {
  const issues: Issue[] = [];
  eachDuplicate(
    machines,
    ({ spec }) => spec.address,
    (machine, first) => {
      const message = `${machine.spec.address} is the address of ${first.spec.name} too`;
      issues.push(
        finding(
          'MACHINE_ADDRESS_DUPLICATE',
          machinePath(machine, 'address'),
          message,
          'give each machine an address of its own',
        ),
      );
    },
  );
  return issues;
}

function addresses({ spec, machines }: RuleContext): readonly Issue[] {
  const subnet = parseCidr(spec.network.nodeSubnet);
  if (subnet === null) return [];
  return machines.flatMap((machine) => {
    const { address } = machine.spec;
    if (parseIpv4(address) === null) return [];
    const path = machinePath(machine, 'address');
    if (!contains(subnet, address)) {
      const message = `${address} is outside the node subnet ${subnet.text}`;
      return [
        finding(
          'MACHINE_ADDRESS_FOREIGN',
          path,
          message,
          'all machines are on the node subnet: mend the address or network.nodeSubnet',
        ),
      ];
    }
    const end = networkEnd(subnet, address);
    if (end !== null) {
      return [
        finding(
          'MACHINE_ADDRESS_TAKEN',
          path,
          `${address} is the ${end} address of ${subnet.text}`,
          'use a host address',
        ),
      ];
    }
    if (address !== spec.network.gateway) return [];
    return [finding('MACHINE_ADDRESS_TAKEN', path, `${address} is the gateway`, 'use another address')];
  });
}

function hardware({ machines }: RuleContext): readonly Issue[] {
  const issues: Issue[] = [];
  const macs = machines.flatMap((machine) =>
    machine.macs.map((mac, index) => ({
      machine,
      mac,
      rest: machine.spec.macs === undefined ? ['mac'] : ['macs', index],
    })),
  );
  eachDuplicate(
    macs,
    ({ mac }) => mac,
    ({ machine, mac, rest }, first) => {
      const owner = first.machine === machine ? 'stands twice' : `belongs to ${first.machine.spec.name} too`;
      issues.push(
        finding(
          'MACHINE_MAC_DUPLICATE',
          machinePath(machine, ...rest),
          `${mac} ${owner}`,
          'each network card has one address of its own',
        ),
      );
    },
  );
  for (const field of ['uuid', 'serial'] as const) {
    const named = machines.filter((machine) => machine.spec[field] !== undefined);
    eachDuplicate(
      named,
      (machine) => machine.spec[field] ?? '',
      (machine, first) => {
        const message = `the ${field} ${machine.spec[field]} belongs to ${first.spec.name} too`;
        const hint = 'one of them is wrong, or the firmware gives out no real one: use MAC addresses';
        issues.push(finding('MACHINE_IDENTITY_DUPLICATE', machinePath(machine, field), message, hint));
      },
    );
  }
  return issues;
}

function identity({ machines }: RuleContext): readonly Issue[] {
  return machines.flatMap((machine) => {
    const { spec } = machine;
    const path = machinePath(machine);
    if (spec.mac !== undefined && spec.macs !== undefined) {
      const message = 'mac and macs say the same thing';
      return [
        finding(
          'SPEC_FIELD_CONFLICT',
          machinePath(machine, 'mac'),
          message,
          "keep macs, with the address of the node's interface first",
        ),
      ];
    }
    if (machine.macs.length === 0 && spec.uuid === undefined && spec.serial === undefined) {
      const message = `nothing tells ${spec.name} from the other machines`;
      return [finding('MACHINE_IDENTITY_MISSING', path, message, 'add mac, uuid or serial')];
    }
    if (machine.macs.length > 0 || machine.interface !== null) return [];
    const message = `nothing says which network card of ${spec.name} has ${spec.address}`;
    return [finding('MACHINE_INTERFACE_UNKNOWN', path, message, 'add mac or interface')];
  });
}

function usableFields({ machines }: RuleContext): readonly Issue[] {
  return machines.flatMap((machine) => {
    const unusable: (readonly [string, string])[] = [];
    if (!machine.runsKubelet) {
      for (const field of ['labels', 'taints'] as const) {
        if (machine.spec[field] !== undefined)
          unusable.push([field, `${machine.spec.name} is no node: it has no ${field}`]);
      }
    }
    if (!machine.runsEtcd && machine.spec.dataDisk !== undefined) {
      unusable.push(['dataDisk', `${machine.spec.name} runs no etcd: it has no use for a data disk`]);
    }
    return unusable.map(([field, message]) =>
      finding('SPEC_FIELD_UNUSABLE', machinePath(machine, field), message, `remove ${field}, or change the role`),
    );
  });
}

/** Fields of machineDefaults that no machine takes over. */
function unusedDefaults({ spec, machines }: RuleContext): readonly Issue[] {
  const uses: Readonly<Record<string, (machine: EffectiveMachine) => boolean>> = {
    interface: (machine) => machine.spec.interface === undefined,
    installDisk: (machine) => machine.spec.installDisk === undefined,
    dataDisk: (machine) => machine.runsEtcd && machine.spec.dataDisk === undefined,
    labels: (machine) => machine.runsKubelet,
    taints: (machine) => machine.runsKubelet && machine.spec.taints === undefined,
  };
  return Object.entries(uses).flatMap(([field, isUsed]) => {
    if (spec.machineDefaults[field as 'labels'] === undefined || machines.some(isUsed)) return [];
    const message = `no machine takes ${field} from the defaults`;
    return [finding('MACHINE_DEFAULT_UNUSED', ['spec', 'machineDefaults', field], message, 'remove it')];
  });
}

function workload({ spec, machines }: RuleContext): readonly Issue[] {
  if (spec.controlPlane.schedulable || machines.some((machine) => machine.role === 'worker')) return [];
  const message = 'no machine takes ordinary pods: there is no worker and the control plane is not schedulable';
  return [
    finding(
      'MACHINE_NO_WORKLOAD',
      ['spec', 'machines'],
      message,
      'add a worker, or set controlPlane.schedulable: true',
    ),
  ];
}

export const machineRules: readonly Rule[] = [
  rule(['machines'], controlPlaneExists),
  rule([], names),
  rule([], duplicateAddresses),
  rule(['network'], addresses),
  rule([], hardware),
  rule(['machineDefaults'], identity),
  rule(['etcd', 'machines'], usableFields),
  rule(['etcd', 'machines', 'machineDefaults'], unusedDefaults),
  rule(['machines', 'controlPlane'], workload),
];
