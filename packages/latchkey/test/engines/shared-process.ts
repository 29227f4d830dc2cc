/**
 * Runs before each test file, as Vitest's setup. Files share a process: what one changes in it (the umask, which
 * commands restrict, and the environment) is put back after it.
 */
import { afterAll } from 'vitest';

const umask = process.umask(0o022);
process.umask(umask);
const environment = { ...process.env };

afterAll(() => {
  process.umask(umask);
  for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
  Object.assign(process.env, environment);
});
