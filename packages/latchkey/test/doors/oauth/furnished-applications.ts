/** OAuth applications of every sort, one of which may use somebody's account: for pages that show them. */
import type { Context } from '../../../src/actions/ground/context.ts';
import { type Application, giveToApplication, insertApplication } from '../../../src/store/applications.ts';

export const OWN_CLIENT_ID = 'client-of-ada';

/** @returns the ids of the pages of one's own application, and of the instance's */
export async function furnishApplications(
  ctx: Context,
  owner: { readonly id: number; readonly tokenId: number },
): Promise<{ readonly own: number; readonly instance: number }> {
  const { db } = ctx.store;
  const at = ctx.clock.now();
  const application: Omit<Application, 'id' | 'usedAt'> = {
    clientId: OWN_CLIENT_ID,
    name: 'Reads everything there is, <b>all of it</b>, and draws charts',
    homepage: 'https://charts.example.org/about',
    source: 'person',
    ownerId: owner.id,
    redirectUris: ['https://charts.example.org/callback', 'http://127.0.0.1/callback', 'org.example.charts:/callback'],
    secretDigest: 'd'.repeat(43),
    secretLastFour: 'wxyz',
    approvedAt: at,
    createdAt: at,
  };
  const own = await insertApplication(db, application);
  await giveToApplication(db, owner.tokenId, own.id);
  const everybodys = { ...application, clientId: 'client-of-all', name: 'Git Credential Manager', ownerId: null };
  const instance = await insertApplication(db, {
    ...everybodys,
    source: 'instance',
    homepage: '',
    redirectUris: ['http://127.0.0.1/'],
    secretDigest: null,
    secretLastFour: null,
  });
  await insertApplication(db, {
    ...everybodys,
    clientId: 'client-that-waits',
    name: 'An editor that speaks MCP',
    source: 'registered',
    homepage: 'https://editor.example.org/',
    redirectUris: ['http://127.0.0.1:33418/', 'https://editor.example.org/redirect'],
    secretDigest: null,
    secretLastFour: null,
    approvedAt: null,
  });
  return { own: own.id, instance: instance.id };
}
