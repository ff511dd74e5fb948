import { isDnsName } from './addresses.ts';
import { parseIpv4 } from './network.ts';

export interface Endpoint {
  /** Dotted IPv4 or a DNS name in lower case. */
  readonly host: string;
  readonly port: number;
}

/** Reads `10.0.0.100:6443` or `api.example.com:6443`; null when the text is no host with a port from 1 to 65535. */
export function parseEndpoint(text: string): Endpoint | null {
  const match = /^([a-z0-9.-]{1,253}):([1-9]\d{0,4})$/.exec(text);
  const host = match?.[1] ?? '';
  const port = Number(match?.[2] ?? 0);
  if (port < 1 || port > 65_535) return null;
  return parseIpv4(host) !== null || isDnsName(host) ? { host, port } : null;
}
