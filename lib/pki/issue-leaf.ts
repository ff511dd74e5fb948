import { hash } from 'node:crypto';
import { KeelwayError } from '../errors.ts';
import type { RandomPort } from '../ports.ts';
import type { Signer } from './authority.ts';
import { leafExtensions } from './extensions.ts';
import type { KeyPair } from './keys.ts';
import { encodePem } from './pem.ts';
import type { CertificateRequest, IssuedCertificate } from './pki-bundle.ts';
import { randomSerial } from './serial.ts';
import { distinguishedName, signCertificate } from './sign-certificate.ts';

export interface LeafTimes {
  readonly nowSeconds: number;
  readonly backdateSeconds: number;
}

/**
 * Issues one leaf: valid from a little before now, within its CA's lifetime at both ends.
 *
 * Near the CA's end the leaf is cut short. A lifetime that even a new CA could not carry is refused.
 *
 * @throws KeelwayError `PKI_LIFETIME_INVALID`, `PKI_SAN_EMPTY`, `PKI_SAN_INVALID`.
 */
export function issueLeaf(
  request: CertificateRequest,
  key: KeyPair,
  signer: Signer,
  times: LeafTimes,
  random: RandomPort,
): IssuedCertificate {
  const notBeforeSeconds = Math.max(times.nowSeconds - times.backdateSeconds, signer.notBeforeSeconds);
  const notAfterSeconds = leafEnd(request, signer, times.nowSeconds);
  const certificate = signCertificate(
    {
      serial: randomSerial(random),
      issuer: signer.name,
      subject: distinguishedName(request.commonName, request.organizations),
      notBeforeSeconds,
      notAfterSeconds,
      publicKeyDer: key.publicKeyDer,
      extensions: leafExtensions(request, key.algorithm, signer.keyIdExtension),
    },
    signer.privateKey,
    signer.algorithm,
  );
  return {
    id: request.id,
    certificatePem: encodePem('CERTIFICATE', certificate),
    keyPem: key.privateKeyPem,
    notBeforeSeconds,
    notAfterSeconds,
    fingerprint: hash('sha256', certificate, 'hex'),
  };
}

/** When a leaf issued now would end, Unix seconds. Throws `PKI_LIFETIME_INVALID`. */
export function leafEnd(request: CertificateRequest, signer: Signer, nowSeconds: number): number {
  if (signer.notAfterSeconds <= nowSeconds) {
    throw new KeelwayError({
      code: 'PKI_LIFETIME_INVALID',
      message: `the ${request.authority} CA (${signer.subject}) ended on ${isoDay(signer.notAfterSeconds)}`,
      hint: 'rotate the CA; certificates cannot outlive it',
    });
  }
  if (request.validitySeconds <= 0 || request.validitySeconds > signer.notAfterSeconds - signer.notBeforeSeconds) {
    throw new KeelwayError({
      code: 'PKI_LIFETIME_INVALID',
      message: `certificate ${request.id} is asked to live longer than the whole life of the ${request.authority} CA`,
      hint: 'make spec.pki.leafLifetime shorter than the CA was made for',
    });
  }
  return Math.min(nowSeconds + request.validitySeconds, signer.notAfterSeconds);
}

function isoDay(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toISOString().slice(0, 10);
}
