/**
 * `npm run test:fast`: the pure rooms, the house, and every test of a door that speaks to it within the process. Under
 * a minute on two cores.
 *
 * Which tests of doors those are, their own text says: it opens no socket and starts no program, no PostgreSQL and no
 * browser. So a new one needs no list.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { configurationOf } from './vitest.config.ts';

const TESTS = 'packages/latchkey/test';
const ROOMS = ['house', 'rules', 'catalogue', 'base', 'scopes'];
/** These need programs, sockets, a server on one (`server.ts`, `running.ts`), or both engines. */
const NEEDS_MORE = [
  /'node:(?:child_process|net|tls|http)'|\bfetch\(|\.listen\(|\bstartServer\b/,
  /\/(?:server|running)\.ts'|\/causes\/world|ENGINES|'postgres'/,
];

const doors = globSync(`${TESTS}/doors/**/*.test.{ts,tsx}`, { cwd: import.meta.dirname }).filter(
  (path) => !NEEDS_MORE.some((sign) => sign.test(readFileSync(join(import.meta.dirname, path), 'utf8'))),
);

export default configurationOf([...ROOMS.map((room) => `${TESTS}/${room}/**/*.test.{ts,tsx}`), ...doors]);
