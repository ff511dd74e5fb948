import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { authenticationConfig } from '../../../lib/components/authentication.ts';

it('lets requests without a credential see the health paths only', () => {
  expect(parse(authenticationConfig().contents)).toEqual({
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AuthenticationConfiguration',
    jwt: [],
    anonymous: { enabled: true, conditions: [{ path: '/livez' }, { path: '/readyz' }, { path: '/healthz' }] },
  });
});
