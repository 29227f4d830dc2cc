/** Which partial clones are served, as the operator set it, in each version of the protocol. */
import { afterEach, describe, expect, it } from 'vitest';
import { makeWorld, type World } from './server.ts';

let world: World;

async function filled(flags: Readonly<Record<string, unknown>>): Promise<string> {
  world = await makeWorld(flags);
  const remote = world.remote('ada/closed', world.full);
  await world.ok(['init', '-q', '-b', 'main', 'work']);
  await world.ok(['-c', 'core.hooksPath=/dev/null', 'commit', '-q', '--allow-empty', '-m', 'one'], { in: 'work' });
  await world.ok(['push', '-q', remote, 'main'], { in: 'work' });
  // A repository may narrow what is served, never widen it.
  const path = world.server.context.git.path('ada', 'closed');
  await world.ok(['--git-dir', path, 'config', 'uploadpackfilter.allow', 'true']);
  return remote;
}

/** What git says of a clone with this filter, in protocol 2 and 0. */
async function cloned(remote: string, filter: string): Promise<[code: number | null, said: string][]> {
  const said: [number | null, string][] = [];
  for (const version of ['2', '0']) {
    const into = `${filter.replaceAll(/\W/g, '-')}-${version}`;
    const args = ['-c', `protocol.version=${version}`, 'clone', '--bare', `--filter=${filter}`, remote, into];
    const { code, stderr } = await world.git(args);
    said.push([code, stderr]);
  }
  return said;
}

afterEach(() => world.close());

describe('partial clones', () => {
  it('are all served where nothing is set', async () => {
    const remote = await filled({});
    for (const filter of ['blob:none', 'tree:3', 'object:type=commit'])
      for (const [code, said] of await cloned(remote, filter))
        expect([filter, code, said.includes('filtering not recognized')]).toEqual([filter, 0, false]);
  });

  it('that cost much are refused by name where only simple ones are served', async () => {
    const remote = await filled({ partialClones: 'simple' });
    for (const filter of ['blob:none', 'blob:limit=1k', 'tree:0'])
      for (const [code] of await cloned(remote, filter)) expect([filter, code]).toEqual([filter, 0]);
    for (const [filter, words] of [
      ['tree:1', 'tree filter allows max depth 0, but got 1'],
      ['object:type=commit', "filter 'object:type' not supported"],
      ['combine:blob:none+tree:0', "filter 'combine' not supported"],
    ] as const)
      for (const [code, said] of await cloned(remote, filter))
        expect([filter, code, said.includes(words)]).toEqual([filter, 128, true]);
  });

  it('are clones of everything where none are served', async () => {
    const remote = await filled({ partialClones: 'none' });
    for (const [code, said] of await cloned(remote, 'blob:none'))
      expect([code, said.includes('filtering not recognized by server, ignoring')]).toEqual([0, true]);
  });
});
