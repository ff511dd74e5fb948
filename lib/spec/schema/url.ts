import { isDnsName } from '../../model/addresses.ts';
import { parseIpv4 } from '../../model/network.ts';
import { showValue } from '../show-value.ts';
import type { Problem } from './checked.ts';

const URL_FORM = /^([a-z][a-z0-9+.-]*):\/\/(?:([^/?#]*)@)?([^/?#@]*)(\/[^?#\s]*)?$/;

const SECRET_HINT = 'remove it from the URL: no credential belongs in a file that is made to be committed';

/**
 * Checks a URL of a mirror, download or repository.
 *
 * @param schemes - Allowed schemes, without `://`.
 * @returns Null when it is one; credentials in it are `SPEC_URL_SECRET` and never repeated.
 */
export function urlProblem(text: string, schemes: readonly string[], example: string): Problem | null {
  const code = 'SPEC_URL_INVALID';
  const hint = `write ${schemes.map((scheme) => `${scheme}://`).join(' or ')}host/path, for instance ${example}`;
  const match = URL_FORM.exec(text);
  const scheme = match?.[1] ?? '';
  const user = match?.[2];
  if (user !== undefined && (scheme !== 'ssh' || user.includes(':') || user === '')) {
    return { code: 'SPEC_URL_SECRET', message: 'the URL carries a user name or password', hint: SECRET_HINT };
  }
  if (match === null) {
    const scp = /^([\w.-]+)@([\w.-]+):(?!\/\/)([^\s]+)$/.exec(text);
    if (scp !== null && schemes.includes('ssh')) {
      return { code, message: `${showValue(text)} is no URL`, hint: `write ssh://${scp[1]}@${scp[2]}/${scp[3]}` };
    }
    return { code, message: `${showValue(text)} is no URL`, hint };
  }
  if (!schemes.includes(scheme)) return { code, message: `${showValue(text)} has scheme ${scheme}`, hint };
  if (!isHostWithPort(match[3] ?? '')) return { code, message: `${showValue(text)} has no valid host`, hint };
  return null;
}

function isHostWithPort(text: string): boolean {
  const match = /^([^:]+)(?::([1-9]\d{0,4}))?$/.exec(text);
  const host = match?.[1]?.toLowerCase() ?? '';
  return (parseIpv4(host) !== null || isDnsName(host)) && Number(match?.[2] ?? 1) <= 65_535;
}

/** Flux reads repositories over ssh, https or http. */
export function repositoryProblem(text: string): Problem | null {
  return urlProblem(text, ['ssh', 'https', 'http'], 'ssh://git@github.com/example/fleet.git');
}

export function mirrorProblem(text: string): Problem | null {
  return urlProblem(text, ['https', 'http'], 'https://mirror.example.com');
}

/** Host of image references: `docker.io`, `registry.example.com:5000`, or `_default` for all others. */
export function registryProblem(text: string): Problem | null {
  if (text === '_default' || isHostWithPort(text)) return null;
  const code = 'SPEC_REGISTRY_INVALID';
  const host = /^(?:https?:\/\/)?([^/]+)/.exec(text)?.[1]?.toLowerCase() ?? '';
  const hint = isHostWithPort(host)
    ? `write ${host}`
    : 'write the host of image references, for instance registry.k8s.io';
  return { code, message: `${showValue(text)} is no registry host`, hint };
}
