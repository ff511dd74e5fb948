import type { PlannedFile, PlannedUnit } from '../plan/machine-plan.ts';

const FOLDER = '/etc/systemd/system';
const UNIT_MODE = 0o644;

/** Unit files and drop-ins as plain files, where Ignition puts them too. A masked unit is a link and not among them. */
export function unitFiles(units: readonly PlannedUnit[]): PlannedFile[] {
  return units.flatMap((unit) => [
    ...(unit.contents === null || unit.masked ? [] : [file(`${FOLDER}/${unit.name}`, unit.contents, unit.mode)]),
    ...unit.dropIns.map((dropIn) => file(`${FOLDER}/${unit.name}.d/${dropIn.name}`, dropIn.contents)),
  ]);
}

/** `/etc/systemd/system/<unit>`, the link that masks a unit when it points to /dev/null. */
export function unitPath(name: string): string {
  return `${FOLDER}/${name}`;
}

/** True when the unit file has another mode than Ignition gives to a unit. */
export function hasOwnMode({ contents, masked, mode = UNIT_MODE }: PlannedUnit): boolean {
  return contents !== null && !masked && mode !== UNIT_MODE;
}

/** The unit files that only a file can deliver, as Ignition knows no mode of a unit; without drop-ins. */
export function ownModeUnitFiles(units: readonly PlannedUnit[]): PlannedFile[] {
  return unitFiles(units.filter(hasOwnMode).map((unit) => ({ ...unit, dropIns: [] })));
}

function file(path: string, contents: string, mode: number = UNIT_MODE): PlannedFile {
  return { path, contents, mode, owner: 'root', group: 'root', secret: false };
}
