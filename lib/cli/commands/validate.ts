import { checkInputs } from '../../build/check-inputs.ts';
import { checkSupport } from '../../build/check-support.ts';
import { invalidSpec, type LoadedCluster, loadCluster } from '../../build/load-cluster.ts';
import { countIssues } from '../../format/format-issues.ts';
import { formatNodeSigner } from '../../format/format-node-signer.ts';
import { formatQuorum } from '../../format/format-quorum.ts';
import { formatReachability } from '../../format/format-reachability.ts';
import { votingMembers } from '../../model/cluster.ts';
import { quorumOf } from '../../model/quorum.ts';
import { vipReachability } from '../../model/reachability.ts';
import { locateIssues } from '../../spec/locate.ts';
import { type CommandInput, isJson } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { clusterFile } from '../places.ts';
import { showWarnings } from '../show-warnings.ts';

/** Checks a cluster file and says what it comes to: who reaches the virtual IP, what etcd survives, where a CA key lies. */
export async function validate(input: CommandInput): Promise<number> {
  const { io } = input;
  const file = await clusterFile(input);
  const strict = input.options.strict === true;
  const loaded = withSupport(loadCluster(file, { strict }), input.ports.clock.nowSeconds());
  if (strict && loaded.warnings.length > 0) throw invalidSpec(file.name, loaded.warnings, true);
  await checkInputs(loaded, input.ports.files);
  if (isJson(input)) {
    io.stdout(`${JSON.stringify(reportOf(loaded), null, 2)}\n`);
    return EXIT.ok;
  }
  showWarnings(loaded.warnings, io);
  const { cluster, warnings } = loaded;
  io.stdout(formatReachability(cluster));
  io.stdout(formatQuorum(cluster));
  io.stdout(formatNodeSigner(cluster));
  io.stderr(`${file.name} is valid${warnings.length === 0 ? '' : `, with ${countIssues(warnings)}`}\n`);
  return EXIT.ok;
}

/** The same, with what depends on the day. */
function withSupport(loaded: LoadedCluster, nowSeconds: number): LoadedCluster {
  const support = checkSupport(loaded.cluster.versions.kubernetes, nowSeconds);
  return { ...loaded, warnings: locateIssues([...loaded.warnings, ...support], loaded.source) };
}

/** The resolved cluster, every default filled in, with what follows from it. */
function reportOf({ cluster, warnings }: LoadedCluster): object {
  return {
    valid: true,
    issues: warnings,
    cluster,
    reachability: vipReachability(cluster),
    quorum: quorumOf(votingMembers(cluster).length),
  };
}
