/**
 * Clones as GitHub Desktop does, with dugite: node clone.mjs URL USERNAME PASSWORD TO. Prints which kind of error dugite
 * makes of a failure, and what git said. `LOCAL_GIT_DIRECTORY` and `GIT_EXEC_PATH` name the git to use.
 */
import { exec, GitError, parseError } from 'dugite';

const [url = '', username = '', password = '', to = ''] = process.argv.slice(2);
const withCredential = url.replace('://', `://${username}:${encodeURIComponent(password)}@`);
const { exitCode, stderr } = await exec(['-c', 'credential.helper=', 'clone', '--quiet', withCredential, to], '.');
const kind = parseError(stderr);
if (exitCode !== 0) console.log(`${kind === null ? 'no kind of its own' : GitError[kind]}: ${stderr}`);
process.exitCode = exitCode;
