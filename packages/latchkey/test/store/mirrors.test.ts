import { expect, it } from 'vitest';
import {
  deleteMirror,
  insertMirror,
  mirrorById,
  mirrorsOf,
  noteMirrorEnd,
  noteMirrorStart,
  setMirrorDue,
} from '../../src/store/mirrors.ts';
import { deleteRepository } from '../../src/store/repositories.ts';
import { forEachEngine } from '../engines/engines.ts';
import { THEN, worldIn } from './world.ts';

forEachEngine('mirrors', (open) => {
  it('are due at once, keep how their last run ended, and go with their repository', async () => {
    const { store, site } = await worldIn(await open());
    const draft = { repositoryId: site, url: 'https://git.example.org/x.git', username: '', secret: null } as const;
    const add = (direction: 'pull' | 'push') =>
      store.transaction((tx) => insertMirror(tx, { ...draft, direction, everySec: 900, at: THEN }));
    const [pull, push] = [await add('pull'), await add('push')];
    expect(await mirrorById(store.db, pull)).toMatchObject({
      nextRunAt: THEN,
      endedAt: null,
      error: null,
      everySec: 900,
    });
    await store.transaction((tx) => noteMirrorStart(tx, pull, THEN + 1));
    const end = (at: number, error: string | null) =>
      store.transaction((tx) => noteMirrorEnd(tx, pull, { at, nextRunAt: at + 900, error }));
    await end(THEN + 5, null);
    await end(THEN + 9, 'It said no.');
    expect(await mirrorById(store.db, pull)).toMatchObject({
      startedAt: THEN + 1,
      endedAt: THEN + 9,
      succeededAt: THEN + 5,
      error: 'It said no.',
      nextRunAt: THEN + 909,
    });
    await store.transaction((tx) => setMirrorDue(tx, pull, THEN + 10));
    expect((await mirrorsOf(store.db, site)).map(({ id, nextRunAt }) => [id, nextRunAt])).toEqual([
      [pull, THEN + 10],
      [push, THEN],
    ]);
    expect(await store.transaction((tx) => deleteMirror(tx, push))).toBe(true);
    expect(await store.transaction((tx) => deleteMirror(tx, push))).toBe(false);
    await store.transaction((tx) => deleteRepository(tx, site));
    expect(await mirrorById(store.db, pull)).toBeNull();
  });
});
