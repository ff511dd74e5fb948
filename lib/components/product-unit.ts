import type { Machine } from '../model/machine.ts';
import type { PlannedFile, PlannedUnit } from '../plan/machine-plan.ts';
import { type UnitSection, unitFile } from '../render/systemd.ts';

/** Folder of Keelway's scripts: /usr is read-only on Flatcar and Fedora CoreOS. */
export const SCRIPT_DIRECTORY = '/etc/keelway/bin';

/** Starts everything that is not the OS's own; wanted by multi-user.target. */
export const TARGET = 'keelway.target';

/** Checks that this is the right machine and that every file is as delivered; everything else requires it. */
export const SEED_UNIT = 'keelway-seed.service';

/** The gate that opens when the clock is right. */
export const TIME_SYNC_UNIT = 'keelway-time-sync.service';

/** Loads the firewall. */
export const FIREWALL_UNIT = 'keelway-firewall.service';

/** Made when the firewall's own rules are loaded. */
export const FIREWALL_LOADED = '/run/keelway/firewall-loaded';

/** What differs between the services of the product; the order behind the seed and the clock is common to all. */
export interface ProductService {
  /** With suffix. */
  readonly name: string;
  readonly description: string;
  readonly documentation?: string;
  /** Units that must have started well; ordering included. */
  readonly requires?: readonly string[];
  /** Units that are started too, and waited for, but may fail. */
  readonly wants?: readonly string[];
  readonly after?: readonly string[];
  readonly before?: readonly string[];
  /**
   * Starts behind the firewall, and not without it. An assertion and no `Requires=`: that would stop the service, etcd for
   * instance, whenever the firewall is restarted.
   */
  readonly firewalled?: boolean;
  /** Further lines of `[Unit]`. */
  readonly unit?: UnitSection;
  readonly service: UnitSection;
}

/**
 * A service that runs only on a verified machine with a right clock, started and stopped with {@link TARGET}.
 *
 * The order behind multi-user.target is said in so many words: a package of the distribution may have made that target
 * want, and so wait for, a service of the same name, which waits for the seed check, which waits for cloud-init's last
 * stage, which comes after multi-user.target.
 */
export function productService(options: ProductService): PlannedUnit {
  const { requires = [], wants = [], after = [], before = [], firewalled = false } = options;
  const gates = [SEED_UNIT, TIME_SYNC_UNIT, ...(firewalled ? [FIREWALL_UNIT] : [])];
  return {
    name: options.name,
    enabled: true,
    masked: false,
    dropIns: [],
    contents: unitFile({
      Unit: [
        ['Description', options.description],
        ...(options.documentation === undefined ? [] : [['Documentation', options.documentation] as const]),
        ['Requires', [SEED_UNIT, ...requires].join(' ')],
        ...(wants.length === 0 ? [] : [['Wants', wants.join(' ')] as const]),
        ['After', ['multi-user.target', ...gates, ...requires, ...wants, ...after].join(' ')],
        ...(before.length === 0 ? [] : [['Before', before.join(' ')] as const]),
        ['PartOf', TARGET],
        ...(firewalled ? [['AssertPathExists', FIREWALL_LOADED] as const] : []),
        ...(options.unit ?? []),
      ],
      Service: options.service,
      Install: [['WantedBy', TARGET]],
    }),
  };
}

/**
 * The services of a machine that need its kernel settings, firewall and programs, for `Before=`.
 *
 * Never a service that is not ours here: an etcd machine may have the OS's own containerd, which multi-user.target waits
 * for.
 */
export function mainServices(machine: Machine): readonly string[] {
  return [
    ...(machine.runsEtcd ? ['etcd.service'] : []),
    ...(machine.runsKubelet ? ['containerd.service', 'kubelet.service', 'kube-proxy.service'] : []),
  ];
}

/** Lines of a `[Service]` that runs a script once and counts as active after it. */
export function oneshotScript(name: string): UnitSection {
  return [
    ['Type', 'oneshot'],
    ['RemainAfterExit', 'yes'],
    ['ExecStart', scriptCommand(name)],
  ];
}

/** Runs a script of {@link SCRIPT_DIRECTORY}. Through sh: SELinux lets systemd run no program below /etc. */
export function scriptCommand(name: string): string {
  return `/bin/sh ${SCRIPT_DIRECTORY}/${name}`;
}

export function scriptFile(name: string, contents: string): PlannedFile {
  return { path: `${SCRIPT_DIRECTORY}/${name}`, contents, mode: 0o755, owner: 'root', group: 'root', secret: false };
}

/** A configuration file that every program may read. */
export function plainFile(path: string, contents: string): PlannedFile {
  return { path, contents, mode: 0o644, owner: 'root', group: 'root', secret: false };
}
