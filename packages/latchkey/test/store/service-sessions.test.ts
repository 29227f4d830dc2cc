/** Sessions at services: listed by session and host, and ended one by one. */
import { expect, it } from 'vitest';
import {
  endOpenedService,
  endServiceSessionByDigest,
  insertServiceSession,
  openedServicesOf,
  openServiceSession,
} from '../../src/store/service-sessions.ts';
import { insertSession, sessionsOf } from '../../src/store/sessions.ts';
import { forEachEngine } from '../engines/engines.ts';
import { THEN, worldIn } from './world.ts';

forEachEngine('sessions at services', (open) => {
  it('are listed while they are open, and end alone', async () => {
    const { store, ada, bob } = await worldIn(await open());
    const { db } = store;
    const facts = { state: 'active', createdAt: THEN, endsAt: THEN + 1000, sudoUntil: 0, provedAt: 0 } as const;
    for (const [userId, digest] of [
      [ada, 'a'],
      [bob, 'b'],
    ] as const)
      await insertSession(db, { ...facts, userId, digest, address: '192.0.2.1', userAgent: '' });
    const [sessionId = 0] = (await sessionsOf(db, ada, THEN)).map(({ id }) => id);
    const begin = (digest: string, host: string) =>
      insertServiceSession(db, {
        codeDigest: `code ${digest}`,
        browserDigest: 'browser',
        sessionId,
        userId: ada,
        host,
        at: THEN,
        endsAt: THEN + 60,
      });
    const openAt = async (digest: string, host: string, at: number) => {
      await begin(digest, host);
      const opened = { codeDigest: `code ${digest}`, browserDigest: 'browser', host, digest, at, endsAt: at + 100 };
      expect(await openServiceSession(db, opened)).toEqual({ userId: ada, sessionId });
    };
    await openAt('1', 'wiki.example.org', THEN + 1);
    await openAt('2', 'wiki.example.org', THEN + 5);
    await openAt('3', 'app.example.org', THEN + 2);
    await begin('4', 'waiting.example.org');
    const app = { sessionId, host: 'app.example.org', createdAt: THEN + 2, lastSeenAt: THEN + 2 };
    const wiki = { sessionId, host: 'wiki.example.org', createdAt: THEN + 1, lastSeenAt: THEN + 5 };
    expect(await openedServicesOf(db, ada, THEN + 10)).toEqual([app, wiki]);
    expect(await openedServicesOf(db, bob, THEN + 10)).toEqual([]);
    expect(await openedServicesOf(db, ada, THEN + 104)).toEqual([{ ...wiki, createdAt: THEN + 5 }]);

    const endByCookie = (digest: string, host: string) =>
      store.transaction((tx) => endServiceSessionByDigest(tx, digest, host));
    const endAt = (userId: number, opened: typeof app) =>
      store.transaction((tx) => endOpenedService(tx, userId, opened));
    expect(await endByCookie('1', 'app.example.org')).toBeNull();
    expect(await endByCookie('code 4', 'waiting.example.org')).toBeNull();
    expect(await endByCookie('1', 'wiki.example.org')).toEqual({ userId: ada, sessionId });
    expect(await endByCookie('1', 'wiki.example.org')).toBeNull();
    expect(await openedServicesOf(db, ada, THEN + 10)).toEqual([app, { ...wiki, createdAt: THEN + 5 }]);

    expect(await endAt(bob, app)).toBe(false);
    expect(await endAt(ada, wiki)).toBe(true);
    expect(await endAt(ada, wiki)).toBe(false);
    expect(await openedServicesOf(db, ada, THEN + 10)).toEqual([app]);
  });
});
