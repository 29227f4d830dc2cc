import { describe, expect, it } from 'vitest';
import { gitEnvironment, protocolVersion } from '../../../src/git/processes/environment.ts';

const FOLDERS = { homeFolder: '/empty/home', hooksFolder: '/empty/hooks' };

describe('the environment of git', () => {
  it('holds nothing of the server but PATH', () => {
    process.env['LATCHKEY_TEST_SECRET'] = 'secret';
    process.env['GIT_TRACE'] = '1';
    process.env['GIT_SSH_COMMAND'] = 'evil';
    const environment = gitEnvironment(FOLDERS);
    delete process.env['LATCHKEY_TEST_SECRET'];
    delete process.env['GIT_TRACE'];
    delete process.env['GIT_SSH_COMMAND'];
    const names = Object.keys(environment)
      .filter((name) => !/^GIT_CONFIG_(?:KEY|VALUE)_\d+$/.test(name))
      .sort();
    expect(names).toEqual([
      'GIT_ALLOW_PROTOCOL',
      'GIT_ATTR_NOSYSTEM',
      'GIT_CONFIG_COUNT',
      'GIT_CONFIG_GLOBAL',
      'GIT_CONFIG_NOSYSTEM',
      'GIT_NO_LAZY_FETCH',
      'GIT_NO_REPLACE_OBJECTS',
      'GIT_TERMINAL_PROMPT',
      'HOME',
      'LANG',
      'LC_ALL',
      'PATH',
      'XDG_CONFIG_HOME',
    ]);
    expect(environment['PATH']).toBe(process.env['PATH']);
  });

  it.each([
    [undefined, 0],
    ['', 0],
    ['version=2', 2],
    ['version=1', 1],
    ['version=0', 0],
    ['version=3', 0],
    ['version=22', 0],
    ['foo:version=2', 2],
    ['version=1:version=2', 2],
    ['version=2\nGIT_DIR=/', 0],
    [`version=2:${'x'.repeat(300)}`, 0],
    ['VERSION=2', 0],
  ])('reads Git-Protocol %j as version %i', (header, version) => {
    expect(protocolVersion(header)).toBe(version);
    expect(gitEnvironment({ ...FOLDERS, protocol: header })['GIT_PROTOCOL']).toBe(
      version === 0 ? undefined : `version=${version}`,
    );
  });

  it('counts its settings', () => {
    const environment = gitEnvironment({ ...FOLDERS, config: [['hook.x.enabled', 'false']] });
    const last = Number(environment['GIT_CONFIG_COUNT']) - 1;
    expect(environment[`GIT_CONFIG_KEY_${last}`]).toBe('hook.x.enabled');
    expect(environment[`GIT_CONFIG_KEY_${last + 1}`]).toBeUndefined();
  });
});
