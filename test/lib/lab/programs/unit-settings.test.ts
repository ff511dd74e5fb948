import { describe, expect, it } from 'vitest';
import { environmentOf, unitSettings } from '../../../../lib/lab/programs/unit-settings.ts';

const UNIT = `[Unit]
Description=Not=this
[Service]
Type=notify
User=etcd
UMask=0077
Environment=A=1 "B=two words"
EnvironmentFile=/etc/x.env
RuntimeDirectory=etcd
CapabilityBoundingSet=
NoNewPrivileges=yes
ExecStartPre=+/usr/bin/install -d /var/lib/etcd
ExecStart=/bin/sh /guard \\
  /usr/local/bin/etcd \\
  "--name=a b" --x=50%% --y=$$z
ExecStopPost=+-/bin/sh /guard --report
Restart=always
RestartSec=1min
RestartPreventExitStatus=78 79
`;

describe('unitSettings', () => {
  it('reads accounts, environment, commands and restarts', () => {
    expect(unitSettings('etcd.service', [UNIT])).toMatchObject({
      type: 'notify',
      user: 'etcd',
      group: null,
      umask: '0077',
      environment: { A: '1', B: 'two words' },
      environmentFiles: ['/etc/x.env'],
      runtimeDirectory: 'etcd',
      capabilities: [],
      noNewPrivileges: true,
      startPre: [{ argv: ['/usr/bin/install', '-d', '/var/lib/etcd'], mayFail: false, asRoot: true }],
      start: [{ argv: ['/bin/sh', '/guard', '/usr/local/bin/etcd', '--name=a b', '--x=50%', '--y=$z'] }],
      stopPost: [{ argv: ['/bin/sh', '/guard', '--report'], mayFail: true, asRoot: true }],
      restart: 'always',
      restartSeconds: 60,
      preventRestartCodes: [78, 79],
    });
  });

  it('takes drop-ins after the unit: an empty value forgets', () => {
    const { start, capabilities } = unitSettings('a.service', [
      UNIT,
      '[Service]\nExecStart=\nExecStart=/bin/true\nCapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_RAW\n',
    ]);
    expect(start.map(({ argv }) => argv)).toEqual([['/bin/true']]);
    expect(capabilities).toEqual(['net_admin', 'net_raw']);
  });

  it('leaves a unit without a bounding set all capabilities', () => {
    expect(unitSettings('a.service', ['[Service]\nExecStart=/bin/true\n'])).toMatchObject({
      type: 'simple',
      user: null,
      capabilities: null,
      restart: 'no',
    });
  });
});

it('environmentOf skips comments and keeps what is behind the first =', () => {
  expect(environmentOf(['# no', '', 'A=b=c', '; no'])).toEqual({ A: 'b=c' });
});
