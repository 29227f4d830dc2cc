/** Clones with isomorphic-git: URL USERNAME PASSWORD FOLDER. */
import fs from 'node:fs';
import git from 'isomorphic-git';
import http from 'isomorphic-git/http/node';

const [url, username, password, dir] = process.argv.slice(2);
try {
  await git.clone({ fs, http, dir, url, onAuth: () => ({ username, password }) });
} catch (error) {
  process.stderr.write(`${error.name}: ${error.message}\n`);
  process.exitCode = 1;
}
