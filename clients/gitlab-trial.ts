/**
 * The map for GitLab, tried by its client for Python. GitLab itself is in no registry, so behind the proxy stands this
 * server's own API in GitLab's dialect.
 */
import { join } from 'node:path';
import { run } from '../bench/command.ts';
import { bare, expectAll, refused, type Service } from './service-trial.ts';

const PROGRAM = join(import.meta.dirname, 'programs/gitlab_calls.py');

export const gitlab: Service = {
  name: 'gitlab',
  title: 'GitLab’s API, by this server itself',
  programs: ['python_gitlab'],
  map: 'gitlab.yaml',
  host: 'gitlab.example.org',
  address: '127.0.2.8',
  permission: 'contents',
  writes: 'write',
  passesToken: true,
  start: async ({ latchkey }) => Number(latchkey.split(':')[1]),
  use: async ({ folder, programs, at, tokens: { reader, writer } }) => {
    const env = bare({ PYTHONPATH: join(programs, 'python') }, folder);
    const calls = (token: string, what: string): Promise<unknown> =>
      run('python3', [PROGRAM, `http://${at}`, token, what], { env });
    await refused(calls(reader, 'write'), /403.*lacks contents: write/s);
    await calls(writer, 'write');
    await calls(reader, 'read');
    await refused(calls('', 'read'), /401/);
    await refused(calls(writer, 'number'), /403/);
    await expectAll(at, [
      ['GET /api/v4/projects/acme%2Felsewhere', writer, 403],
      ['GET /api/v4/projects/acme/site', writer, 403],
      ['GET /api/v4/projects/acme%2Fsite/protected_branches', writer, 403],
      ['DELETE /api/v4/projects/acme%2Fsite', writer, 403],
      ['GET /api/v4/application/settings', writer, 403],
    ]);
    return 'project, files, branches, commits, tree, tags; a project by its number';
  },
};
