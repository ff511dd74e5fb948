import type { PlannedFile, PlannedUnit } from '../plan/machine-plan.ts';

const FOLDER = '/etc/systemd/system';

/** Unit files and drop-ins as plain files, where Ignition puts them too. A masked unit is a link and not among them. */
export function unitFiles(units: readonly PlannedUnit[]): PlannedFile[] {
  return units.flatMap((unit) => [
    ...(unit.contents === null || unit.masked ? [] : [file(`${FOLDER}/${unit.name}`, unit.contents)]),
    ...unit.dropIns.map((dropIn) => file(`${FOLDER}/${unit.name}.d/${dropIn.name}`, dropIn.contents)),
  ]);
}

/** `/etc/systemd/system/<unit>`, the link that masks a unit when it points to /dev/null. */
export function unitPath(name: string): string {
  return `${FOLDER}/${name}`;
}

function file(path: string, contents: string): PlannedFile {
  return { path, contents, mode: 0o644, owner: 'root', group: 'root', secret: false };
}
